# services.first-boot-automation: the options for a node's administrator.
#
# Declares only; what follows from it is in ./first-boot. The units are not written here: they
# are the package's, the same as on every systemd host.
{
  lib,
  pkgs,
  ...
}:
let
  inherit (lib) mkEnableOption mkOption types;
  configuration = import ./lib/config.nix;

  on =
    description:
    mkOption {
      type = types.bool;
      default = true;
      inherit description;
    };

  # A service that the agent manages: its configuration covers it as well.
  careOf =
    what:
    on ''
      Whether ${what}.

      If disabled, the corresponding unit is not enabled, and a configuration generated from
      {option}`services.first-boot-automation.settings` excludes the service from what the agent
      manages.
    '';

  apiPort =
    service:
    mkOption {
      type = types.port;
      default = configuration.usualPorts.${service};
      description = ''
        Port of the ${service} API on every node, written to the configuration generated from
        {option}`services.first-boot-automation.settings`. If the configuration is provided by
        other means, set `services.${service}.api_port` there instead.
      '';
    };
in
import ./lib/oldest-nixos.nix lib {
  imports = [
    ./first-boot/configuration.nix
    ./first-boot/initrd.nix
    ./first-boot/settings.nix
    ./first-boot/units.nix
  ];

  options.services.first-boot-automation = {
    enable = mkEnableOption "unattended joining of this machine to its cluster";

    installer = mkOption {
      type = types.bool;
      default = false;
      description = ''
        Whether this system is a network-booted installer. The agent's command and initrd stage
        are included, but no join units are enabled.
      '';
    };

    installerConsoleLogin = mkOption {
      type = types.bool;
      default = false;
      description = ''
        Whether to log in automatically, without a password, on the consoles of the netboot
        images in {file}`nixos-module/images`, as the nixpkgs installers do. Anyone with access
        to the serial console, for example through the BMC, then has root access. If disabled,
        use SSH with a key.
      '';
    };

    package = mkOption {
      type = types.package;
      default = pkgs.first-boot-agent or (pkgs.callPackage ./package.nix { });
      defaultText = lib.literalExpression "pkgs.first-boot-agent or (pkgs.callPackage ./package.nix { })";
      description = ''
        The first-boot-agent package to use. It contains a static binary, the systemd units and
        the journal catalog.
      '';
    };

    configFile = mkOption {
      type = types.externalPath;
      default = configuration.defaultFile;
      example = "/persist/secrets/cluster-config.json";
      description = ''
        Path of the cluster configuration on the running node. It must not be in the
        world-readable Nix store; the agent rejects such a file. It is put there by an installer
        (mode 0600), or generated from {option}`services.first-boot-automation.settings`.

        If this is not the default path, manual invocations of the agent need `--config`, and
        configurations from a systemd credential or from the initrd are ignored.
      '';
    };

    enableChainfire = careOf "the node joins or bootstraps chainfire";
    enableFlareDB = careOf "the node joins or bootstraps flaredb";
    enableIAM = careOf "to set up IAM";
    enableHealthCheck = on "Whether to check the health of the cluster at every boot.";

    additionalServices = mkOption {
      type = types.listOf (types.strMatching "[a-z]([a-z0-9-]*[a-z0-9])?");
      default = [ ];
      example = [ "etcd" ];
      description = ''
        Names of further services whose clusters the node joins. Each enables an instance of the
        unit template `cluster-join@`, for example `cluster-join@etcd.service`. The cluster
        configuration must describe a service of that name.
      '';
    };

    chainfirePort = apiPort "chainfire";
    flaredbPort = apiPort "flaredb";

    adminPasswordFile = mkOption {
      type = types.nullOr types.externalPath;
      default = null;
      example = "/etc/nixos/secrets/iam-admin-password";
      description = ''
        File with the password of the initial IAM administrator, passed to the setup unit as a
        systemd credential. If neither this option nor `services.iam.admin_password_file` in the
        configuration is set, the first node in `initial_peers` generates a password.
      '';
    };

    logFormat = mkOption {
      type = types.enum [
        "auto"
        "json"
        "text"
      ];
      default = "auto";
      description = ''
        Log format of the units. `auto` writes native journal entries; `json` and `text` write
        lines to standard output, which the journal stores as plain messages.
      '';
    };
  };
}
