# 1. The smallest server: one NIC, one subnet, a menu for every machine that boots.
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
  };
}
