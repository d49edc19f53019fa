# The etcd of a node, which the agent starts, and the agent. Called with the node's name.
name:
{ pkgs, ... }:
let
  # Written by the agent. Without it, etcd would begin a cluster of its own.
  members = "/var/lib/first-boot-automation/etcd.env";
  secrets = "/etc/nixos/secrets";
in
{
  networking.hostName = name;

  services.first-boot-automation = {
    enable = true;
    # Services of a platform that is not part of this.
    enableChainfire = false;
    enableFlareDB = false;
    enableIAM = false;
    additionalServices = [ "etcd" ];
    settings.services.etcd.protocol = "etcd-v3";
  };

  services.etcd = {
    enable = true;
    # The agent was tested with etcd 3.4 and 3.5; nixos-unstable has 3.6.
    # package = pkgs.etcd_3_5;
    openFirewall = true;
    clientCertAuth = true;
    peerClientCertAuth = true;
  };
  systemd.services.etcd = {
    unitConfig = {
      ConditionPathExists = members;
      RequiresMountsFor = "/var/lib/etcd";
    };
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
        "node.crt:${secrets}/${name}.crt"
        "node.key:${secrets}/${name}.key"
      ];
    };
  };
}
