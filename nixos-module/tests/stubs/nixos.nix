# Stands in for what our modules use of NixOS, so that they are evaluated with `lib` alone:
# options of the right names and types, and packages that are only paths.
#
# Must not do what NixOS does with them: the harness writes units (nix_units.py).
{
  lib,
  # Further packages, and a folder that stands in for nixpkgs' nixos/modules.
  packages ? _: { },
  modulesPath ? null,
  # What is asked for: the configuration, or the declared options.
  result ? "config",
}:
let
  inherit (lib) mkOption types;

  any = mkOption {
    type = types.attrsOf types.anything;
    default = { };
  };
  list = mkOption {
    type = types.listOf types.anything;
    default = [ ];
  };
  bool =
    default:
    mkOption {
      type = types.bool;
      inherit default;
    };
  # As NixOS has it: free in form, lists of several definitions joined.
  section = mkOption {
    type = types.attrsOf (
      types.oneOf [
        types.str
        types.bool
        types.int
        (types.listOf types.str)
      ]
    );
    default = { };
  };
  unit =
    extra:
    types.attrsOf (
      types.submodule {
        options = {
          description = mkOption {
            type = types.str;
            default = "";
          };
          wantedBy = list;
          wants = list;
          after = list;
        }
        // extra;
      }
    );
  units =
    extra:
    mkOption {
      type = unit extra;
      default = { };
    };
  services = units {
    restartIfChanged = bool true;
    restartTriggers = list;
    unitConfig = section;
    serviceConfig = section;
  };

  # A package: where it would be, and what is asked of it.
  package = name: rec {
    type = "derivation";
    inherit name;
    pname = name;
    outPath = "/nix/store/00000000000000000000000000000000-${name}";
    drvPath = "${outPath}.drv";
    meta.mainProgram = name;
  };

  pkgs = {
    formats =
      let
        format = suffix: {
          type = types.lazyAttrsOf types.anything;
          generate = name: value: package name // { inherit value; };
        };
      in
      {
        json = _: format "json";
        toml = _: format "toml";
      };
    callPackage = _: _: package "first-boot-agent" // { initrd = package "first-boot-agent-initrd"; };
    runCommand =
      name: attributes: script:
      package name // { inherit attributes script; };
    stdenv = {
      buildPlatform.canExecute = _: true;
      hostPlatform = {
        isx86 = true;
        isx86_64 = true;
        isAarch64 = false;
      };
    };
    ipxe = package "ipxe";
    kea = package "kea";
    linkFarm = name: entries: package name // { inherit entries; };
    writeText = name: text: package name // { inherit text; };
    chainfire-server = package "chainfire-server";
    plasmavmc-server = package "plasmavmc-server";
    flashdns-server = package "flashdns-server";
    gobgpd = package "gobgpd";
    fiberlb-server = package "fiberlb-server";
  }
  // packages package;

  # As a command line of systemd.service(5) is quoted: `%` and `$` mean something there.
  utils.escapeSystemdExecArgs = lib.concatMapStringsSep " " (
    argument: lib.replaceStrings [ "%" "$" ] [ "%%" "$$" ] (builtins.toJSON "${argument}")
  );

  options = {
    assertions = list;
    boot.initrd.availableKernelModules = list;
    boot.initrd.secrets = any;
    boot.initrd.systemd = {
      enable = bool true;
      packages = list;
      storePaths = list;
      contents = any;
      inherit services;
    };
    boot.initrd.network.enable = bool false;
    boot.loader.grub.enable = bool false;
    boot.kernelParams = list;
    environment.etc = any;
    environment.systemPackages = list;
    networking.hostName = mkOption {
      type = types.str;
      default = "node04";
    };
    networking.firewall = {
      allowedTCPPorts = list;
      allowedUDPPorts = list;
      interfaces = any;
    };
    hardware.firmware = list;
    services.dnsmasq = any;
    services.getty = {
      autologinUser = mkOption {
        type = types.nullOr types.str;
        default = null;
      };
      helpLine = mkOption {
        type = types.lines;
        default = "";
      };
    };
    services.kea = {
      package = mkOption {
        type = types.package;
        default = pkgs.kea;
      };
      dhcp4 = any;
    };
    services.nginx = any;
    services.prometheus = {
      enable = bool false;
      scrapeConfigs = list;
      exporters.blackbox = {
        enable = bool false;
        listenAddress = mkOption {
          type = types.str;
          default = "0.0.0.0";
        };
        port = mkOption {
          type = types.port;
          default = 9115;
        };
        configFile = mkOption {
          type = types.path;
        };
      };
    };
    services.gobgpd = {
      enable = bool false;
      settings = any;
    };
    services.resolved = {
      enable = bool false;
      settings = any;
    };
    system.build = any;
    system.checks = list;
    systemd = {
      packages = list;
      paths = units { pathConfig = section; };
      inherit services;
      tmpfiles.settings = any;
    };
    users.users = mkOption {
      type = types.attrsOf (
        types.submodule {
          freeformType = types.attrsOf types.anything;
          options.openssh.authorizedKeys = {
            keys = list;
            keyFiles = list;
          };
        }
      );
      default = { };
    };
    users.groups = any;
    warnings = list;
  };
in
# The configuration that these modules make, or an error with every assertion that fails.
modules:
let
  evaluated = lib.evalModules {
    modules = [ { inherit options; } ] ++ modules;
    specialArgs = { inherit modulesPath pkgs utils; };
  };
  failed = builtins.filter (one: !one.assertion) evaluated.config.assertions;
in
if result == "options" then
  evaluated.options
else if failed == [ ] then
  evaluated.config
else
  throw (lib.concatMapStringsSep "\n" (one: one.message) failed)
