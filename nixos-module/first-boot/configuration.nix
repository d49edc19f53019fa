# A configuration written in Nix is validated by the agent when the system is built, and put in
# place on the node, readable by root alone. Must not put anything there otherwise.
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
  # The option of the agent, else that of the service on this node, if it uses a module of ours.
  portOf =
    service: said:
    if said != configuration.usualPorts.${service} then
      said
    else
      config.services.${service}.port or said;

  said = configuration.clusterConfig {
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
  };
  text = builtins.toJSON said;

  # A unit that is enabled although the configuration disables its service.
  silent =
    service: option: on:
    lib.optional (generated && on && !(said.services.${service}.enable or true)) ''
      services.first-boot-automation.settings.services.${service}.enable is false, and its unit is
      enabled all the same. Set ${option} = false instead, which says both.
    '';

  # The port that the agent asks must be the one that the service on this node listens on.
  agrees =
    service: option: asked:
    let
      listens = config.services.${service}.${option} or asked;
      here = generated && config.services.${service}.enable or false;
    in
    {
      assertion = here -> asked == null || listens == asked;
      message = ''
        services.${service}.${option} is ${toString listens}, and the agent's configuration says
        ${toString asked}. Set it to that, or say the other in
        services.first-boot-automation.settings.
      '';
    };
  apiPortOf = service: said.services.${service}.api_port or configuration.usualPorts.${service};
  raftPort =
    let
      found = builtins.match ".*:([0-9]{1,5})" (said.raft_addr or "");
    in
    if found == null then null else lib.toIntBase10 (builtins.head found);

  # By the binary that will read it. If that cannot run on the builder, it checks at boot.
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
      (agrees "chainfire" "port" (apiPortOf "chainfire"))
      (agrees "chainfire" "raftPort" raftPort)
      (agrees "flaredb" "port" (apiPortOf "flaredb"))
      (agrees "flaredb" "raftPort" (said.services.flaredb.raft_port or null))
      {
        assertion = !generated || configuration.directoryOf (toString cfg.configFile) != "";
        message = ''
          services.first-boot-automation.configFile: ${toString cfg.configFile} is directly below /.
          Set a path in a directory, such as ${configuration.defaultFile}.
        '';
      }
    ];

    warnings =
      silent "flaredb" "enableFlareDB" cfg.enableFlareDB ++ silent "iam" "enableIAM" cfg.enableIAM;

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
