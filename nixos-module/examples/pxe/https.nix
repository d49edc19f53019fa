# 6. Scripts and images over HTTPS: only from servers with a certificate that the CA has signed.
#
# iPXE must trust that CA, see `docs/src/how-to/pxe-server.md`; the `loaders` here are such a
# build. What the firmware itself fetches (iPXE) stays on TFTP and plain HTTP.
{
  services.pxe-boot-server = {
    enable = true;
    serverAddress = "10.0.100.10";
    tls = {
      certificate = "/var/lib/pxe-boot/tls/pxe.crt";
      key = "/var/lib/pxe-boot/tls/pxe.key";
      name = "pxe.example.com";
    };
    subnets.provisioning = {
      interface = "eth1";
      network = "10.0.100.0/24";
      range = {
        start = "10.0.100.100";
        end = "10.0.100.200";
      };
      gateway = "10.0.100.1";
      # It must resolve pxe.example.com.
      dns = [ "10.0.100.1" ];
    };
    loaders = {
      bios = "/var/lib/pxe-boot/trusting/undionly.kpxe";
      efi64 = "/var/lib/pxe-boot/trusting/ipxe.efi";
    };
    nodes.node01 = {
      mac = "52:54:00:00:06:01";
      profile = "control-plane";
      address = "10.0.100.50";
    };
  };
}
