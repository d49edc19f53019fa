# Replaces what our modules use of NixOS, so that they are evaluated with `lib` alone:
# options of the right names and types, and packages that are only paths.
#
# Must not do what NixOS does with them: the harness writes units (nix_units.py).
{
  lib,
  # Further packages, and a folder that stands in for nixpkgs' nixos/modules.
  packages ? _: { },
  modulesPath ? null,
  # Where it matters: the oldest supported NixOS, or a newer one.
  release ? "26.05",
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
  listOf =
    type:
    mkOption {
      type = types.listOf type;
      default = [ ];
    };
  setOf =
    options:
    mkOption {
      type = types.attrsOf (types.submodule { inherit options; });
      default = { };
    };
  optional =
    type:
    mkOption {
      type = types.nullOr type;
      default = null;
    };
  packages' = listOf types.package;
  unitNames = listOf (types.strMatching "[a-zA-Z0-9@%:_.\\-]+[.](service|path|socket|target)");
  units =
    extra:
    setOf (
      {
        description = mkOption {
          type = types.singleLineStr;
          default = "";
        };
        wantedBy = unitNames;
        wants = unitNames;
        after = unitNames;
        overrideStrategy = mkOption {
          type = types.enum [
            "asDropinIfExists"
            "asDropin"
          ];
          default = "asDropinIfExists";
        };
      }
      // extra
    );
  service = {
    unitConfig = section;
    serviceConfig = section;
  };
  ports = {
    allowedTCPPorts = listOf types.port;
    allowedUDPPorts = listOf types.port;
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
          type = types.lazyAttrsOf types.anything // {
            description = "${lib.toUpper suffix} value";
          };
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
      packages = packages';
      storePaths = listOf (types.either types.singleLineStr types.package);
      contents = setOf {
        source = optional types.path;
        text = optional types.lines;
      };
      # No switch reaches an initrd: there is nothing to restart.
      services = units service;
    };
    boot.initrd.network.enable = bool false;
    boot.loader.grub.enable = bool false;
    boot.kernelParams = listOf (types.strMatching "([^\"[:space:]]|\"[^\"]*\")+");
    environment.etc = setOf {
      source = optional types.path;
      text = optional types.lines;
      mode = optional types.str;
    };
    environment.systemPackages = packages';
    networking.hostName = mkOption {
      type = types.strMatching "[a-zA-Z0-9]([a-zA-Z0-9_-]*[a-zA-Z0-9])?";
      default = "node04";
    };
    networking.firewall = ports // {
      interfaces = setOf ports;
    };
    hardware.firmware = packages';
    nixpkgs.hostPlatform = optional types.str;
    services.dnsmasq = {
      enable = bool false;
      resolveLocalQueries = bool true;
      # A key, or a key several times; nothing is nested.
      settings = mkOption {
        type =
          let
            atom = types.oneOf [
              types.bool
              types.int
              types.str
            ];
          in
          types.attrsOf (types.either atom (types.listOf atom));
        default = { };
      };
    };
    services.etcd = {
      enable = bool false;
      package = optional types.package;
      openFirewall = bool false;
      clientCertAuth = bool false;
      peerClientCertAuth = bool false;
    };
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
      port = mkOption {
        type = types.port;
        default = 9090;
      };
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
    }
    // (
      if release == "25.11" then
        {
          extraConfig = mkOption {
            type = types.lines;
            default = "";
          };
        }
      else
        { settings = any; }
    );
    system.build = any;
    system.checks = list;
    system.stateVersion = optional types.str;
    systemd = {
      packages = packages';
      paths = units { pathConfig = section; };
      services = units (
        service
        // {
          environment = mkOption {
            type = types.attrsOf (types.nullOr types.str);
            default = { };
          };
          restartIfChanged = bool true;
          restartTriggers = list;
        }
      );
      tmpfiles.settings =
        let
          fields = [
            "age"
            "argument"
            "group"
            "mode"
            "user"
          ];
          line = types.addCheck (types.attrsOf types.str) (
            line: lib.subtractLists fields (lib.attrNames line) == [ ]
          );
        in
        mkOption {
          type = types.attrsOf (types.attrsOf (types.attrsOf line));
          default = { };
        };
    };
    users.users = setOf {
      isSystemUser = bool false;
      isNormalUser = bool false;
      group = optional types.str;
      home = optional types.path;
      initialHashedPassword = optional types.str;
      openssh.authorizedKeys = {
        keys = listOf types.singleLineStr;
        keyFiles = listOf types.path;
      };
    };
    users.groups = setOf { };
    warnings = listOf types.str;
  };
in
# The configuration that these modules make, or an error with every assertion that fails.
modules:
let
  evaluated = lib.evalModules {
    modules = [
      { inherit options; }
    ]
    # A removed option is still declared, and an error to read.
    ++ lib.optional (release != "25.11") (
      lib.mkRemovedOptionModule [ "services" "resolved" "extraConfig" ] "Use settings."
    )
    ++ modules;
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
