# 5. Two servers, one of which may fail: Kea synchronises their leases, and the standby answers
# when the primary has been silent for a quarter of a minute.
#
# The other server has the same file with `serverAddress = "10.0.100.11"` and
# `failover.this = "pxe02"`. Scripts and images are files: copy them to both.
{
  services.pxe-boot-server = {
    enable = true;
    serverAddress = "10.0.100.10";
    dhcp.backend = "kea";
    failover = {
      this = "pxe01";
      peers = {
        pxe01 = {
          address = "10.0.100.10";
          role = "primary";
        };
        pxe02 = {
          address = "10.0.100.11";
          role = "standby";
        };
      };
    };
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
        mac = "52:54:00:00:05:01";
        profile = "control-plane";
        address = "10.0.100.50";
      };
      # No fixed address: one from the range.
      node02 = {
        mac = "52:54:00:00:05:02";
        profile = "worker";
      };
    };
  };
}
