# 2. Nodes by MAC address: each boots its profile without a menu.
#
# A topology gives the same list, see `docs/src/how-to/pxe-server.md`.
{
  services.pxe-boot-server = {
    enable = true;
    serverAddress = "10.0.100.10";
    subnets.provisioning = {
      interface = "eth1";
      network = "10.0.100.0/24";
      range = {
        start = "10.0.100.100";
        end = "10.0.100.200";
      };
      gateway = "10.0.100.1";
      dns = [ "10.0.100.1" ];
    };
    nodes = {
      node01 = {
        mac = "52:54:00:00:01:01";
        profile = "control-plane";
        address = "10.0.100.50";
      };
      node02 = {
        mac = "52:54:00:00:01:02";
        profile = "worker";
        address = "10.0.100.51";
        # For an image of your own that runs from memory: one built with initrd.caFile, and with
        # the agent enabled. An installer has no use for it: it does not join.
        configUrl = "https://deploy.example.com/node02/cluster-config.json";
        # With the digest, not even the server that holds the file can change it.
        configSha256 = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";
      };
      # Installed already: whatever its firmware tries first, it boots from its disk.
      node03 = {
        mac = "52:54:00:00:01:03";
        profile = "worker";
        address = "10.0.100.52";
        boot = "disk";
      };
    };
  };
}
