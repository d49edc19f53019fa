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

  option =
    type: default: description:
    mkOption { inherit type default description; };
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

    serverAddress =
      option (types.nullOr types.str) defaults.serverAddress
        "The IPv4 address under which nodes reach this server; a subnet may have its own.";

    subnets =
      option (types.attrsOf parts.subnet) defaults.subnets
        "The networks that nodes boot from, by name.";

    nodes = option (types.attrsOf parts.node) defaults.nodes "Machines by name. Others get the menu.";

    profiles =
      option (types.attrsOf parts.profile) defaults.profiles
        "What can be booted, by name: an image below `http.root`.";

    kernelParameters =
      option (types.listOf types.str) defaults.kernelParameters
        "Kernel parameters of every profile. Readable by everybody: no secrets.";

    menu = {
      timeout =
        option types.ints.positive defaults.menu.timeout
          "Seconds until the menu chooses by itself.";
      default = option types.str defaults.menu.default "What it chooses: a profile, or `disk`.";
    };

    dhcp = {
      backend = option (types.enum [
        "dnsmasq"
        "kea"
      ]) defaults.dhcp.backend "Who answers DHCP. TFTP is dnsmasq's in any case.";
      mode =
        option
          (types.enum [
            "server"
            "proxy"
          ])
          defaults.dhcp.mode
          "`server` gives addresses; `proxy` leaves them to the DHCP server that the network has, and only says what to boot.";
      onlyKnownNodes =
        option types.bool defaults.dhcp.onlyKnownNodes
          "Whether machines that `nodes` does not list get no answer.";
      extraSettings = mkOption {
        type = (pkgs.formats.json { }).type;
        default = defaults.dhcp.extraSettings;
        description = "Further settings of dnsmasq, or of kea's Dhcp4, in their own words; they win.";
      };
    };

    failover =
      option (types.nullOr parts.failover) defaults.failover
        "Two servers with kea that know each other's leases; `null` for one server.";

    http = {
      port = option types.port defaults.http.port "Port of plain HTTP.";
      root = option types.path defaults.http.root "What HTTP serves; put images below `images/PROFILE/`.";
      concurrentTransfers =
        option types.ints.positive defaults.http.concurrentTransfers
          "Images sent at the same time. Who comes later is told to try again, and does, after 1 to 32 s.";
      rate =
        option (types.nullOr (types.strMatching "[0-9]+[kmg]?")) defaults.http.rate
          "Bytes per second for each transfer, as nginx writes it; `null` for no limit.";
      statusFrom =
        option (types.listOf types.str) defaults.http.statusFrom
          "Addresses that may read `/status`, nginx' counters, beside this server itself.";
    };

    tls =
      option (types.nullOr parts.tls) defaults.tls
        "HTTPS for scripts and images; iPXE itself is still fetched without.";

    tftp.root = option types.path defaults.tftp.root "What TFTP serves.";

    loaders = {
      bios = loader (on pkgs.stdenv.hostPlatform.isx86 "undionly.kpxe") "BIOS";
      efi32 = loader null "UEFI on 32-bit x86";
      efi64 = loader (on pkgs.stdenv.hostPlatform.isx86_64 "ipxe.efi") "UEFI on x86-64";
      arm64 = loader (on pkgs.stdenv.hostPlatform.isAarch64 "ipxe.efi") "UEFI on 64-bit Arm";
    };

    openFirewall =
      option types.bool true
        "Whether to open the ports of DHCP, TFTP and HTTP, on the interfaces of `subnets` only.";
  };
}
