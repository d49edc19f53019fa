# 7. For experiments: next to an existing DHCP server, on another port, with a short menu that
# installs automatically, and a profile built by hand.
{
  services.pxe-boot-server = {
    enable = true;
    serverAddress = "192.168.1.20";
    # The network's own server assigns the addresses; this one only provides boot information.
    dhcp.mode = "proxy";
    http.port = 8000;
    subnets.home = {
      interface = "eth0";
      network = "192.168.1.0/24";
    };
    menu = {
      timeout = 5;
      default = "experiment";
    };
    profiles = {
      all-in-one.title = "All in one";
      # A kernel and an initrd, without a script of their own.
      experiment = {
        title = "Experiment (latest build)";
        kernel = "images/experiment/bzImage";
        initrd = "images/experiment/initrd";
        kernelParameters = [
          "systemd.log_level=debug"
          "rd.systemd.debug_shell"
        ];
      };
    };
  };
}
