# 4. An interface in each of three networks; nodes receive the server's address in their own.
#
# The third has no range: only its nodes, by MAC address, get an answer there.
{
  services.pxe-boot-server = {
    enable = true;
    serverAddress = "10.0.100.10";
    subnets = {
      control = {
        interface = "eth1";
        network = "10.0.100.0/24";
        range = {
          start = "10.0.100.100";
          end = "10.0.100.200";
        };
      };
      compute = {
        interface = "eth2";
        network = "10.0.200.0/23";
        serverAddress = "10.0.200.10";
        range = {
          start = "10.0.200.100";
          end = "10.0.201.200";
        };
      };
      storage = {
        interface = "eth3";
        network = "172.16.0.0/26";
        serverAddress = "172.16.0.10";
      };
    };
    nodes = {
      node01 = {
        mac = "52:54:00:00:04:01";
        profile = "control-plane";
        address = "10.0.100.50";
      };
      node21 = {
        mac = "52:54:00:00:04:21";
        profile = "worker";
        address = "10.0.200.50";
      };
      store01 = {
        mac = "52:54:00:00:04:31";
        profile = "all-in-one";
        address = "172.16.0.20";
      };
    };
  };
}
