# A configuration written in Nix is checked by the agent when the system is built, and put in
# its place on the node, readable by root alone. Must not put anything there otherwise.
{
  config,
  lib,
  pkgs,
  ...
}:
let
  cfg = config.services.first-boot-automation;
  configuration = import ../lib/config.nix;

  generated = configuration.pruned cfg.settings != { };
  # What is said here, else what the service on this node is told, where it is a module of ours.
  portOf =
    service: said:
    if said != configuration.usualPorts.${service} then
      said
    else
      config.services.${service}.port or said;

  text = builtins.toJSON (
    configuration.clusterConfig {
      inherit (config.networking) hostName;
      inherit (cfg) settings;
      enable = {
        chainfire = cfg.enableChainfire;
        flaredb = cfg.enableFlareDB;
        iam = cfg.enableIAM;
      };
      ports = {
        chainfire = portOf "chainfire" cfg.chainfirePort;
        flaredb = portOf "flaredb" cfg.flaredbPort;
      };
      dataDirs = lib.mapAttrs (
        service: usual: toString (config.services.${service}.dataDir or usual)
      ) configuration.usualDataDirs;
    }
  );

  # The very binary that will read it. A stage that cannot run on the builder checks at boot.
  checked =
    pkgs.runCommand "cluster-config.json"
      {
        inherit text;
        passAsFile = [ "text" ];
        nativeBuildInputs = [ cfg.package ];
      }
      ''
        first-boot-agent --config "$textPath" config validate --strict
        cp "$textPath" "$out"
      '';
  runs = pkgs.stdenv.buildPlatform.canExecute pkgs.stdenv.hostPlatform;

  moved = service: port: {
    assertion = generated || port == configuration.usualPorts.${service};
    message = ''
      services.first-boot-automation.${service}Port is written into a generated configuration, and
      there is none: say services.${service}.api_port in ${toString cfg.configFile} instead, or
      write the configuration in services.first-boot-automation.settings.
    '';
  };
in
{
  config = lib.mkIf cfg.enable {
    assertions = [
      (moved "chainfire" cfg.chainfirePort)
      (moved "flaredb" cfg.flaredbPort)
      {
        assertion = !generated || configuration.directoryOf (toString cfg.configFile) != "";
        message = ''
          services.first-boot-automation.configFile: ${toString cfg.configFile} lies in no folder.
          Set a path below one, like ${configuration.defaultFile}.
        '';
      }
    ];

    systemd.tmpfiles.settings."10-first-boot-automation" = lib.mkIf generated (
      configuration.writtenBy {
        file = toString cfg.configFile;
        inherit text;
      }
    );

    system.build.clusterConfig = lib.mkIf generated checked;
    system.checks = lib.mkIf (generated && runs) [ checked ];
  };
}
