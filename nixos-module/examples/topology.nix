# Three nodes that begin a cluster, and a fourth that joins: the cluster of the documentation.
# A NixOS module; `(import ./topology.nix).nix-nos` is the topology itself.
{
  nix-nos.clusters.prod-cluster = {
    domain = "prod.example.com";
    site = "tokyo-1";
    network.cluster = "10.0.1.0/24";
    nodes = {
      node01 = {
        role = "control-plane";
        bootstrap = true;
        ip = "10.0.1.10";
        mac = "52:54:00:00:01:10";
        disk = "/dev/disk/by-id/nvme-eui.0000000000000010";
      };
      node02 = {
        role = "control-plane";
        bootstrap = true;
        ip = "10.0.1.11";
        mac = "52:54:00:00:01:11";
        disk = "/dev/disk/by-id/nvme-eui.0000000000000011";
      };
      node03 = {
        role = "control-plane";
        bootstrap = true;
        ip = "10.0.1.12";
        mac = "52:54:00:00:01:12";
        disk = "/dev/disk/by-id/nvme-eui.0000000000000012";
      };
      node04 = {
        role = "control-plane";
        ip = "10.0.1.13";
        mac = "52:54:00:00:01:13";
        disk = "/dev/disk/by-id/nvme-eui.0000000000000013";
      };
    };
  };
}
