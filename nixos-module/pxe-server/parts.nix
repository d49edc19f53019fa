# The types of the PXE server's parts: a subnet, a node, a profile, TLS, a pair of servers.
#
# Loose where `lib/pxe/problems` can report more than a type could: which node, and what to do.
{ lib }:
let
  inherit (lib) mkOption types;
in
{
  subnet = types.submodule {
    options = {
      network = mkOption {
        type = types.str;
        example = "10.0.100.0/24";
        description = "Network in CIDR notation.";
      };

      interface = mkOption {
        type = types.str;
        description = "Network interface on which requests from this subnet arrive.";
      };

      range = mkOption {
        type = types.nullOr (
          types.submodule {
            options = {
              start = mkOption {
                type = types.str;
                description = "First address.";
              };

              end = mkOption {
                type = types.str;
                description = "Last address.";
              };
            };
          }
        );
        default = null;
        description = "Dynamic address range. If `null`, only nodes with a fixed address get one.";
      };

      gateway = mkOption {
        type = types.nullOr types.str;
        default = null;
        description = "Default gateway advertised to nodes.";
      };

      dns = mkOption {
        type = types.listOf types.str;
        default = [ ];
        description = "DNS servers advertised to nodes.";
      };

      domain = mkOption {
        type = types.nullOr types.str;
        default = null;
        description = "Domain name advertised to nodes.";
      };

      relay = mkOption {
        type = types.nullOr types.str;
        default = null;
        description = ''
          Address of the DHCP relay in this subnet, if this server has no interface in it.
        '';
      };

      serverAddress = mkOption {
        type = types.nullOr types.str;
        default = null;
        description = ''
          Address of this server in this subnet. Defaults to
          {option}`services.pxe-boot-server.serverAddress`.
        '';
      };

      leaseTime = mkOption {
        type = types.ints.positive;
        default = 43200;
        description = "Lease time in seconds.";
      };

      options = mkOption {
        type = types.attrsOf types.str;
        default = { };
        example = {
          "42" = "10.0.100.2";
        };
        description = ''
          Additional DHCP options, by number from 1 to 254. Values use the syntax of
          `dhcp.backend`. Kea expects option 43, and codes it does not define (150, in Kea 2.2
          also 121), as hexadecimal bytes, for example `01:0a:ff`.
        '';
      };
    };
  };

  node = types.submodule {
    options = {
      mac = mkOption {
        type = types.str;
        description = "MAC address of the NIC that the node boots from.";
      };

      profile = mkOption {
        type = types.str;
        description = "Profile to boot.";
      };

      address = mkOption {
        type = types.nullOr types.str;
        default = null;
        description = ''
          Fixed address, outside the dynamic range. If `null`, an address from the range is
          assigned.
        '';
      };

      hostname = mkOption {
        type = types.nullOr types.str;
        default = null;
        description = "Hostname. Defaults to the attribute name.";
      };

      boot = mkOption {
        type = types.enum [
          "profile"
          "disk"
        ];
        default = "profile";
        description = ''
          Whether to boot the profile or the local disk. Set to `disk` after installation if the
          firmware boots from the network first.
        '';
      };

      configUrl = mkOption {
        type = types.nullOr types.str;
        default = null;
        description = ''
          HTTPS URL of the node's configuration for its first-boot stage
          (`first_boot.config_url`).
        '';
      };

      configSha256 = mkOption {
        type = types.nullOr types.str;
        default = null;
        description = "SHA-256 digest of the configuration (`first_boot.config_sha256`).";
      };

      kernelParameters = mkOption {
        type = types.listOf types.str;
        default = [ ];
        description = ''
          Additional kernel parameters of this node. They are world-readable and must not
          contain secrets.
        '';
      };
    };
  };

  profile = types.submodule {
    options = {
      title = mkOption {
        type = types.nullOr types.str;
        default = null;
        description = "Title in the boot menu. Defaults to the profile name.";
      };

      script = mkOption {
        type = types.nullOr types.str;
        default = null;
        description = ''
          Path of the image's iPXE script below `http.root`. Defaults to
          `images/NAME/netboot.ipxe`.
        '';
      };

      kernel = mkOption {
        type = types.nullOr types.str;
        default = null;
        description = ''
          Path of the kernel below `http.root`, for images without an iPXE script.
        '';
      };

      initrd = mkOption {
        type = types.nullOr types.str;
        default = null;
        description = "Path of the matching initrd below `http.root`.";
      };

      kernelParameters = mkOption {
        type = types.listOf types.str;
        default = [ ];
        description = "Additional kernel parameters of this profile.";
      };
    };
  };

  tls = types.submodule {
    options = {
      certificate = mkOption {
        type = types.path;
        description = "Certificate followed by its chain, in PEM format.";
      };

      key = mkOption {
        type = types.externalPath;
        description = ''
          Private key, outside the Nix store. It must be readable by the nginx user (for example
          mode 0640, `root:nginx`).
        '';
      };

      port = mkOption {
        type = types.port;
        default = 443;
        description = "Port for HTTPS.";
      };

      name = mkOption {
        type = types.nullOr types.str;
        default = null;
        description = "Name in the certificate. Defaults to the address of the server.";
      };
    };
  };

  failover = types.submodule {
    options = {
      this = mkOption {
        type = types.str;
        description = "Name of this server in `peers`.";
      };

      peers = mkOption {
        type = types.attrsOf (
          types.submodule {
            options = {
              address = mkOption {
                type = types.str;
                description = "Address on which Kea listens for its partner.";
              };

              port = mkOption {
                type = types.port;
                default = 8000;
                description = "Port on which Kea listens for its partner.";
              };

              role = mkOption {
                type = types.enum [
                  "primary"
                  "standby"
                ];
                description = ''
                  High-availability role. The primary answers while both servers are healthy.
                '';
              };
            };
          }
        );
        description = "The two servers, by name.";
      };
    };
  };
}
