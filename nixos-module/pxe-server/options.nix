# The options of the PXE server; defaults come from `lib/pxe/settings.nix`, said once.
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
      defaultText = lib.literalMD "from `package`, where it holds one; else `null`";
      description = "iPXE for ${firmware}; `null` leaves that firmware without an answer.";
    };
  on = condition: name: if condition then "${cfg.package}/${name}" else null;
in
{
  options.services.pxe-boot-server = {
    enable = mkEnableOption "the PXE server: DHCP, TFTP and HTTP for machines that boot from the network";

    package = mkPackageOption pkgs "ipxe" {
      extraDescription = "For HTTPS it must trust the authority: see the how-to.";
    };

    serverAddress = mkOption {
      type = types.nullOr types.str;
      default = defaults.serverAddress;
      description = "The IPv4 address under which nodes reach this server; a subnet may have its own.";
    };

    subnets = mkOption {
      type = types.attrsOf parts.subnet;
      default = defaults.subnets;
      description = "The networks that nodes boot from, by name.";
    };

    nodes = mkOption {
      type = types.attrsOf parts.node;
      default = defaults.nodes;
      description = "Machines by name. Others get the menu.";
    };

    profiles = mkOption {
      type = types.attrsOf parts.profile;
      default = defaults.profiles;
      description = "What can be booted, by name: an image below `http.root`.";
    };

    kernelParameters = mkOption {
      type = types.listOf types.str;
      default = defaults.kernelParameters;
      description = "Kernel parameters of every profile. Readable by everybody: no secrets.";
    };

    menu = {
      timeout = mkOption {
        type = types.ints.positive;
        default = defaults.menu.timeout;
        description = "Seconds until the menu chooses by itself.";
      };

      default = mkOption {
        type = types.str;
        default = defaults.menu.default;
        description = "What it chooses: a profile, or `disk`.";
      };
    };

    dhcp = {
      backend = mkOption {
        type = types.enum [
          "dnsmasq"
          "kea"
        ];
        default = defaults.dhcp.backend;
        description = "Who answers DHCP. TFTP is dnsmasq's in any case.";
      };

      mode = mkOption {
        type = types.enum [
          "server"
          "proxy"
        ];
        default = defaults.dhcp.mode;
        description = "`server` gives addresses; `proxy` leaves them to the DHCP server that the network has, and only says what to boot.";
      };

      onlyKnownNodes = mkOption {
        type = types.bool;
        default = defaults.dhcp.onlyKnownNodes;
        description = "Whether machines that `nodes` does not list get no answer.";
      };

      extraSettings = mkOption {
        type = (pkgs.formats.json { }).type;
        default = defaults.dhcp.extraSettings;
        description = "Further settings of dnsmasq, or of kea's Dhcp4, in their own words; they win.";
      };
    };

    failover = mkOption {
      type = types.nullOr parts.failover;
      default = defaults.failover;
      description = "Two servers with kea that know each other's leases; `null` for one server.";
    };

    http = {
      port = mkOption {
        type = types.port;
        default = defaults.http.port;
        description = "Port of plain HTTP.";
      };

      root = mkOption {
        type = types.externalPath;
        default = defaults.http.root;
        description = "What HTTP serves; put images below `images/PROFILE/`.";
      };

      concurrentTransfers = mkOption {
        type = types.ints.positive;
        default = defaults.http.concurrentTransfers;
        description = "Images sent at the same time. Who comes later is told to try again, and does, after 1 to 32 s.";
      };

      rate = mkOption {
        type = types.nullOr (types.strMatching "[1-9][0-9]{0,9}[kKmM]?");
        default = defaults.http.rate;
        description = "Bytes per second for each transfer, as nginx writes it (`500k`, `50m`); `null` for no limit.";
      };

      statusFrom = mkOption {
        type = types.listOf types.str;
        default = defaults.http.statusFrom;
        description = "Addresses that may read `/status`, nginx' counters, beside this server itself.";
      };
    };

    tls = mkOption {
      type = types.nullOr parts.tls;
      default = defaults.tls;
      description = "HTTPS for scripts and images; iPXE itself is still fetched without.";
    };

    tftp.root = mkOption {
      type = types.externalPath;
      default = defaults.tftp.root;
      description = "What TFTP serves.";
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
      description = "Whether to open the ports of DHCP, TFTP and HTTP, on the interfaces of `subnets` only.";
    };
  };
}
