# 3. Customised DHCP: options by number, short leases, no answer for unknown machines, and a
# rack behind a relay.
{
  services.pxe-boot-server = {
    enable = true;
    serverAddress = "10.0.100.10";
    dhcp = {
      onlyKnownNodes = true;
      extraSettings.dhcp-lease-max = 500;
    };
    subnets = {
      provisioning = {
        interface = "eth1";
        network = "10.0.100.0/24";
        range = {
          start = "10.0.100.100";
          end = "10.0.100.200";
        };
        gateway = "10.0.100.1";
        dns = [
          "10.0.100.2"
          "10.0.100.3"
        ];
        domain = "provisioning.example.com";
        leaseTime = 3600;
        options = {
          # NTP, and the MTU of the links.
          "42" = "10.0.100.2";
          "26" = "9000";
        };
      };
      # The switch of rack 7 forwards requests; its address in that subnet is the relay's.
      rack07 = {
        interface = "eth1";
        network = "10.0.107.0/24";
        relay = "10.0.107.1";
        gateway = "10.0.107.1";
        range = {
          start = "10.0.107.100";
          end = "10.0.107.200";
        };
      };
    };
    nodes = {
      node01 = {
        mac = "52:54:00:00:03:01";
        profile = "control-plane";
        address = "10.0.100.50";
      };
      node71 = {
        mac = "52:54:00:00:03:71";
        profile = "worker";
        address = "10.0.107.50";
      };
    };
  };
}
