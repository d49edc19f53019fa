# 8. Production: unknown machines get no answer, transfers are limited, and monitoring covers
# the daemons, HTTP and the machine.
{
  services.pxe-boot-server = {
    enable = true;
    serverAddress = "10.0.100.10";
    dhcp.onlyKnownNodes = true;
    http = {
      concurrentTransfers = 16;
      rate = "100m";
      statusFrom = [ "10.0.100.5" ];
    };
    kernelParameters = [
      "console=tty0"
      "console=ttyS0,115200n8"
      # A node that panics reboots, and asks again.
      "panic=30"
    ];
    subnets.provisioning = {
      interface = "eth1";
      network = "10.0.100.0/24";
      gateway = "10.0.100.1";
      dns = [ "10.0.100.2" ];
    };
    nodes = {
      node01 = {
        mac = "52:54:00:00:08:01";
        profile = "control-plane";
        address = "10.0.100.50";
      };
      node02 = {
        mac = "52:54:00:00:08:02";
        profile = "control-plane";
        address = "10.0.100.51";
      };
      node03 = {
        mac = "52:54:00:00:08:03";
        profile = "worker";
        address = "10.0.100.52";
      };
    };
  };

  services.prometheus.exporters = {
    # The dnsmasq exporter queries its name server, which is off here.
    node = {
      enable = true;
      enabledCollectors = [ "systemd" ];
    };
    nginx = {
      enable = true;
      scrapeUri = "http://127.0.0.1/status";
    };
  };
}
