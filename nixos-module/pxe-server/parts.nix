# The types of the PXE server's parts: a subnet, a node, a profile, TLS, a pair of servers.
#
# Loose where `lib/pxe/problems` says more than a type could: which node, and what to do.
{ lib }:
let
  inherit (lib) mkOption types;
in
{
  subnet = types.submodule {
    options = {
      network = mkOption {
        type = types.str;
        description = "The network in CIDR form, such as `10.0.100.0/24`.";
      };

      interface = mkOption {
        type = types.str;
        description = "The card on which its requests arrive.";
      };

      range = mkOption {
        type = types.nullOr (
          types.submodule {
            options = {
              start = mkOption {
                type = types.str;
                description = "The first address.";
              };

              end = mkOption {
                type = types.str;
                description = "The last address.";
              };
            };
          }
        );
        default = null;
        description = "Addresses to give away; `null` answers only nodes with an address of their own.";
      };

      gateway = mkOption {
        type = types.nullOr types.str;
        default = null;
        description = "The router that nodes are told.";
      };

      dns = mkOption {
        type = types.listOf types.str;
        default = [ ];
        description = "The resolvers that nodes are told.";
      };

      domain = mkOption {
        type = types.nullOr types.str;
        default = null;
        description = "The domain that nodes are told.";
      };

      relay = mkOption {
        type = types.nullOr types.str;
        default = null;
        description = "The DHCP relay's address in this network, where this server has no leg in it.";
      };

      serverAddress = mkOption {
        type = types.nullOr types.str;
        default = null;
        description = "This server's address in this network; by default the server's.";
      };

      leaseTime = mkOption {
        type = types.ints.positive;
        default = 43200;
        description = "Seconds that an address is given for.";
      };

      options = mkOption {
        type = types.attrsOf types.str;
        default = { };
        description = "Further DHCP options, by number from 1 to 254: `{ \"42\" = \"10.0.100.2\"; }`. Values are in the words of `dhcp.backend`; kea takes 43, and codes that it does not know (150, in kea 2.2 also 121), as bytes: `01:0a:ff`.";
      };
    };
  };

  node = types.submodule {
    options = {
      mac = mkOption {
        type = types.str;
        description = "The MAC address of the card that it boots from.";
      };

      profile = mkOption {
        type = types.str;
        description = "What it boots.";
      };

      address = mkOption {
        type = types.nullOr types.str;
        default = null;
        description = "Its address, outside of the range; `null` takes one of the range.";
      };

      hostname = mkOption {
        type = types.nullOr types.str;
        default = null;
        description = "Its host name; by default its name here.";
      };

      boot = mkOption {
        type = types.enum [
          "profile"
          "disk"
        ];
        default = "profile";
        description = "`disk` once it is installed, for firmware that tries the network first.";
      };

      configUrl = mkOption {
        type = types.nullOr types.str;
        default = null;
        description = "Where its first-boot stage finds its configuration, over HTTPS (`first_boot.config_url`).";
      };

      configSha256 = mkOption {
        type = types.nullOr types.str;
        default = null;
        description = "The configuration's digest (`first_boot.config_sha256`).";
      };

      kernelParameters = mkOption {
        type = types.listOf types.str;
        default = [ ];
        description = "Its further kernel parameters. Readable by everybody: no secrets.";
      };
    };
  };

  profile = types.submodule {
    options = {
      title = mkOption {
        type = types.nullOr types.str;
        default = null;
        description = "What the menu calls it; by default its name.";
      };

      script = mkOption {
        type = types.nullOr types.str;
        default = null;
        description = "The image's iPXE script below `http.root`; by default `images/NAME/netboot.ipxe`.";
      };

      kernel = mkOption {
        type = types.nullOr types.str;
        default = null;
        description = "A kernel below `http.root`, where the image has no script.";
      };

      initrd = mkOption {
        type = types.nullOr types.str;
        default = null;
        description = "The initrd that goes with `kernel`.";
      };

      kernelParameters = mkOption {
        type = types.listOf types.str;
        default = [ ];
        description = "Its further kernel parameters.";
      };
    };
  };

  tls = types.submodule {
    options = {
      certificate = mkOption {
        type = types.path;
        description = "The certificate and what it hangs on, as PEM.";
      };

      key = mkOption {
        type = types.externalPath;
        description = "Its key, outside of the Nix store; nginx reads it as its own user (0640 root:nginx).";
      };

      port = mkOption {
        type = types.port;
        default = 443;
        description = "Port of HTTPS.";
      };

      name = mkOption {
        type = types.nullOr types.str;
        default = null;
        description = "The name in the certificate; by default the server's address.";
      };
    };
  };

  failover = types.submodule {
    options = {
      this = mkOption {
        type = types.str;
        description = "Which of the peers this server is.";
      };

      peers = mkOption {
        type = types.attrsOf (
          types.submodule {
            options = {
              address = mkOption {
                type = types.str;
                description = "Where its kea listens for the other.";
              };

              port = mkOption {
                type = types.port;
                default = 8000;
                description = "The port of it.";
              };

              role = mkOption {
                type = types.enum [
                  "primary"
                  "standby"
                ];
                description = "Who answers as long as both are well.";
              };
            };
          }
        );
        description = "The two servers, by name.";
      };
    };
  };
}
