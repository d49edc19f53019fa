# The etcd of node01, which the agent starts. Add what this machine's hardware needs, as `nixos-generate-config` writes it, and
# its network: `raft_addr` in /etc/nixos/secrets/cluster-config.json is an address of this machine.
let
  # Written by the agent. Without it, etcd would begin a cluster of its own.
  members = "/var/lib/first-boot-automation/etcd.env";
  secrets = "/etc/nixos/secrets";
in
{
  nixpkgs.hostPlatform = "x86_64-linux";
  networking.hostName = "node01";
  system.stateVersion = "26.05"; # the release that this machine was installed with

  services.etcd = {
    enable = true;
    openFirewall = true;
    clientCertAuth = true;
    peerClientCertAuth = true;
  };
  systemd.services.etcd = {
    unitConfig.ConditionPathExists = members;
    environment = {
      ETCD_TRUSTED_CA_FILE = "%d/ca.crt";
      ETCD_CERT_FILE = "%d/node.crt";
      ETCD_KEY_FILE = "%d/node.key";
      ETCD_PEER_TRUSTED_CA_FILE = "%d/ca.crt";
      ETCD_PEER_CERT_FILE = "%d/node.crt";
      ETCD_PEER_KEY_FILE = "%d/node.key";
    };
    serviceConfig = {
      EnvironmentFile = members;
      # The key is for root alone; systemd passes it to etcd's account.
      LoadCredential = [
        "ca.crt:${secrets}/ca.crt"
        "node.crt:${secrets}/node01.crt"
        "node.key:${secrets}/node01.key"
      ];
    };
  };
}
