# The options of the PXE server; their defaults are defined once, in `lib/pxe/settings.nix`.
{
  config,
  lib,
  pkgs,
  ...
}:
let
  cfg = config.services.pxe-boot-server;
  inherit (lib)
    mkEnableOption
    mkOption
    mkPackageOption
    types
    ;
  inherit (import ../lib/pxe) defaults;
  parts = import ./parts.nix { inherit lib; };

  loader =
    default: firmware:
    mkOption {
      type = types.nullOr types.path;
      inherit default;
      defaultText = lib.literalMD ''
        the file in `package` for the server's own architecture, otherwise `null`
      '';
      description = ''
        iPXE binary for ${firmware}. If `null`, clients with this firmware are not given a boot
        file.
      '';
    };
  on = condition: name: if condition then "${cfg.package}/${name}" else null;
in
{
  options.services.pxe-boot-server = {
    enable = mkEnableOption "the PXE server: DHCP, TFTP and HTTP for network boot";

    package = mkPackageOption pkgs "ipxe" {
      extraDescription = "For HTTPS it must trust the CA of this server; see the how-to guide.";
    };

    serverAddress = mkOption {
      type = types.nullOr types.str;
      default = defaults.serverAddress;
      description = "IPv4 address at which nodes reach this server. Can be overridden per subnet.";
    };

    subnets = mkOption {
      type = types.attrsOf parts.subnet;
      default = defaults.subnets;
      example = lib.literalExpression ''
        {
          provisioning = {
            interface = "eth1";
            network = "10.0.100.0/24";
            range = {
              start = "10.0.100.100";
              end = "10.0.100.200";
            };
            gateway = "10.0.100.1";
            dns = [ "10.0.100.1" ];
          };
        }
      '';
      description = "Networks from which nodes boot, by name.";
    };

    nodes = mkOption {
      type = types.attrsOf parts.node;
      default = defaults.nodes;
      example = lib.literalExpression ''
        {
          node01 = {
            mac = "52:54:00:00:01:01";
            profile = "control-plane";
            address = "10.0.100.50";
          };
        }
      '';
      description = "Known machines, by name. Other machines get the boot menu.";
    };

    profiles = mkOption {
      type = types.attrsOf parts.profile;
      default = defaults.profiles;
      description = "Bootable images below `http.root`, by profile name.";
    };

    kernelParameters = mkOption {
      type = types.listOf types.str;
      default = defaults.kernelParameters;
      description = ''
        Kernel parameters added to every profile. They are world-readable and must not contain
        secrets.
      '';
    };

    menu = {
      timeout = mkOption {
        type = types.ints.positive;
        default = defaults.menu.timeout;
        description = "Seconds until the default entry is booted.";
      };

      default = mkOption {
        type = types.str;
        default = defaults.menu.default;
        description = "Default menu entry: a profile name or `disk`.";
      };
    };

    dhcp = {
      backend = mkOption {
        type = types.enum [
          "dnsmasq"
          "kea"
        ];
        default = defaults.dhcp.backend;
        description = "DHCP server to use. TFTP is always served by dnsmasq.";
      };

      mode = mkOption {
        type = types.enum [
          "server"
          "proxy"
        ];
        default = defaults.dhcp.mode;
        description = ''
          `server` assigns addresses. `proxy` leaves that to an existing DHCP server and only
          provides boot information (proxyDHCP).
        '';
      };

      onlyKnownNodes = mkOption {
        type = types.bool;
        default = defaults.dhcp.onlyKnownNodes;
        description = ''
          Whether to ignore machines that are not listed in `nodes`. Has no effect if
          `dhcp.mode` is `proxy`.
        '';
      };

      extraSettings = mkOption {
        type = (pkgs.formats.json { }).type;
        default = defaults.dhcp.extraSettings;
        description = ''
          Additional settings for dnsmasq, or for Kea's `Dhcp4`, under their native names. They
          take precedence.
        '';
      };
    };

    failover = mkOption {
      type = types.nullOr parts.failover;
      default = defaults.failover;
      description = "Kea high-availability pair that shares leases. `null` for a single server.";
    };

    http = {
      port = mkOption {
        type = types.port;
        default = defaults.http.port;
        description = "Port for plain HTTP.";
      };

      root = mkOption {
        type = types.externalPath;
        default = defaults.http.root;
        description = "Document root of the HTTP server. Place images in `images/PROFILE/`.";
      };

      concurrentTransfers = mkOption {
        type = types.ints.positive;
        default = defaults.http.concurrentTransfers;
        description = ''
          Maximum number of concurrent image transfers. Further clients receive status 503 and
          retry after 1 to 32 seconds.
        '';
      };

      rate = mkOption {
        type = types.nullOr (types.strMatching "[1-9][0-9]{0,9}[kKmM]?");
        default = defaults.http.rate;
        example = "50m";
        description = ''
          Bandwidth limit per transfer of an image in bytes per second, in nginx notation;
          `null` for no limit.
        '';
      };

      statusFrom = mkOption {
        type = types.listOf types.str;
        default = defaults.http.statusFrom;
        description = ''
          Addresses, in addition to this server, that may access `/status` (nginx's stub
          status).
        '';
      };
    };

    tls = mkOption {
      type = types.nullOr parts.tls;
      default = defaults.tls;
      description = ''
        HTTPS settings for scripts and images. The iPXE binaries are still served over TFTP or
        plain HTTP.
      '';
    };

    tftp.root = mkOption {
      type = types.externalPath;
      default = defaults.tftp.root;
      description = "Root directory of the TFTP server.";
    };

    loaders = {
      bios = loader (on pkgs.stdenv.hostPlatform.isx86 "undionly.kpxe") "BIOS";
      efi32 = loader null "UEFI on 32-bit x86";
      efi64 = loader (on pkgs.stdenv.hostPlatform.isx86_64 "ipxe.efi") "UEFI on x86-64";
      arm64 = loader (on pkgs.stdenv.hostPlatform.isAarch64 "ipxe.efi") "UEFI on 64-bit Arm";
    };

    openFirewall = mkOption {
      type = types.bool;
      default = true;
      description = ''
        Whether to open the firewall for DHCP, TFTP, HTTP(S) and the `failover` peer, only on
        the interfaces of `subnets`.
      '';
    };
  };
}
