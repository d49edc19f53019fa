# services.first-boot-automation: what a node's administrator can say.
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

  # What the agent does for a service: its configuration speaks of it as well.
  careOf =
    what:
    on ''
      Whether ${what}.

      Turned off, its unit is not enabled, and a configuration that is generated from
      {option}`services.first-boot-automation.settings` says that the agent is not to take
      care of it.
    '';

  apiPort =
    service:
    mkOption {
      type = types.port;
      default = configuration.usualPorts.${service};
      description = ''
        The port of ${service}'s API on every node, as a generated configuration tells it to the
        agent. A configuration from elsewhere says it itself (`services.${service}.api_port`).
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
    enable = mkEnableOption "joining this machine to its cluster, unattended";

    installer = mkOption {
      type = types.bool;
      default = false;
      description = ''
        Whether this system is an installer that was booted from the network: the agent's command
        and its stage in the initrd are there, but nothing joins.
      '';
    };

    installerConsoleLogin = mkOption {
      type = types.bool;
      default = false;
      description = ''
        Whether a netboot image of {file}`nixos-module/images` is logged in on its consoles without a password, as nixpkgs'
        installers are. Whoever reaches the machine's serial line over its management controller is root then.
        Without it, the way in is SSH with a key.
      '';
    };

    package = mkOption {
      type = types.package;
      default = pkgs.first-boot-agent or (pkgs.callPackage ./package.nix { });
      defaultText = lib.literalExpression "pkgs.first-boot-agent or (pkgs.callPackage ./package.nix { })";
      description = "The agent: one static binary, its units and its journal catalog.";
    };

    configFile = mkOption {
      type = types.externalPath;
      default = configuration.defaultFile;
      example = "/persist/secrets/cluster-config.json";
      description = ''
        The cluster's configuration on the running node. It must not be in the Nix store, which
        everybody can read; the agent refuses such a file. An installer puts it there (mode 0600),
        or {option}`services.first-boot-automation.settings` generates it.

        At another place than the usual one, commands by hand need `--config`, and neither a
        credential nor what an initrd found is looked at.
      '';
    };

    enableChainfire = careOf "the node joins, or bootstraps, chainfire";
    enableFlareDB = careOf "the node joins, or bootstraps, flaredb";
    enableIAM = careOf "IAM is set up";
    enableHealthCheck = on "Whether the cluster's health is judged at every boot.";

    chainfirePort = apiPort "chainfire";
    flaredbPort = apiPort "flaredb";

    adminPasswordFile = mkOption {
      type = types.nullOr types.externalPath;
      default = null;
      example = "/etc/nixos/secrets/iam-admin-password";
      description = ''
        A file with the password of IAM's first administrator, handed to the setup as a
        credential. Where there is none, the first node of `initial_peers` makes one up.
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
        Where the units' events go: `auto` is native entries in the journal, `json` and `text` are
        lines on standard output, which the journal takes as plain messages.
      '';
    };
  };
}
