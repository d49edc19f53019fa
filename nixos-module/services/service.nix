# The module of one service, made of its row in ../lib/services.nix. Off by default.
#
# Must not know what a service does: a peculiarity is a column of the table.
name:
{
  config,
  lib,
  options,
  pkgs,
  utils,
  ...
}:
let
  inherit (lib) mkOption types;
  services = import ../lib/services.nix;
  inherit (import ../lib/units.nix) literal;
  row = services.table.${name};
  cfg = config.services.${name};
  format = pkgs.formats.json { };

  program = "${name}-server";
  configFile = format.generate "${name}.json" cfg.settings;
  ports = map (port: cfg.${port}) (services.portNames row);
  resolved = config.services.resolved;
  # NixOS 25.11 has a text instead of settings. Later releases removed that option: reading it is an error.
  stubListener =
    if options.services.resolved ? settings then
      resolved.settings.Resolve.DNSStubListener or true
    else
      !lib.hasInfix "DNSStubListener=no" resolved.extraConfig;
  stubListens =
    resolved.enable
    && !builtins.elem stubListener [
      false
      "no"
      "false"
    ];
  # As a JSON file writes it: raftPort is raft_port.
  snake = lib.stringAsChars (c: if lib.toLower c == c then c else "_${lib.toLower c}");

  # What a port is for, by the name of its option.
  portUses = {
    port = "Port on which ${name} serves clients";
    raftPort = "Raft port of ${name}";
    gossipPort = "Gossip port of ${name}";
  };
  portOption =
    port: number:
    mkOption {
      type = types.port;
      default = number;
      description = "${portUses.${port}} (`${snake port}` in its configuration).";
    };
in
import ../lib/oldest-nixos.nix lib {
  options.services.${name} = {
    enable = lib.mkEnableOption "${name} (${row.description})";

    package = mkOption {
      type = types.package;
      default =
        pkgs.${program} or (throw ''
          services.${name}.package: there is no package ${program} here.
          Set it, or add ${program} by an overlay of the platform's flake.
        '');
      defaultText = lib.literalExpression "pkgs.${program}";
      description = "The ${program} package to use.";
    };

    command = mkOption {
      type = types.listOf types.str;
      default = [
        (lib.getExe cfg.package)
        "--config"
        "${configFile}"
      ];
      defaultText = lib.literalExpression ''
        [
          (lib.getExe config.services.${name}.package)
          "--config"
          (pkgs.writeText "${name}.json" (builtins.toJSON config.services.${name}.settings))
        ]
      '';
      description = "Command line of ${name}, as a list of the program and its arguments.";
    };

    dataDir = mkOption {
      type = types.externalPath;
      default = row.dataDir;
      description = "Data directory of ${name}.";
    };

    credentials = mkOption {
      type = types.attrsOf types.externalPath;
      default = { };
      example = {
        "tls.key" = "/etc/nixos/secrets/node01.key";
      };
      description = ''
        Secret files passed to ${name} as systemd credentials, by the name that each has below
        {file}`/run/credentials/${name}.service`.
      '';
    };

    openFirewall = mkOption {
      type = types.bool;
      default = false;
      description = "Whether to open the ports of ${name} in the firewall.";
    };

    settings = mkOption {
      type = format.type;
      default = { };
      description = ''
        Configuration of ${name}. It is world-readable in the Nix store, so refer to secrets by
        path (see {option}`services.${name}.credentials`).
      '';
    };
  }
  // lib.mapAttrs portOption row.ports;

  config = lib.mkIf cfg.enable {
    warnings = lib.optional (builtins.elem 53 ports && stubListens) ''
      services.${name} listens on port 53, and so does systemd-resolved on 127.0.0.53: whoever comes
      second fails. Set services.resolved.settings.Resolve.DNSStubListener = "no" (on NixOS 25.11:
      services.resolved.extraConfig = "DNSStubListener=no"), or another port.
    '';

    services.${name}.settings = {
      data_dir = lib.mkDefault (toString cfg.dataDir);
    }
    // lib.mapAttrs' (port: _: lib.nameValuePair (snake port) (lib.mkDefault cfg.${port})) row.ports;

    users.users.${name} = {
      isSystemUser = true;
      group = name;
      home = toString cfg.dataDir;
    };
    users.groups.${name} = { };

    systemd.services.${name} = {
      inherit (row) description restartIfChanged;
      wants = [ "network-online.target" ];
      after = [ "network-online.target" ] ++ services.ordering row;
      wantedBy = [ "multi-user.target" ];
      # Implied by StateDirectory=, but not for a dataDir elsewhere.
      unitConfig.RequiresMountsFor = [ (literal (toString cfg.dataDir)) ];
      serviceConfig = services.serviceConfig name { dataDir = literal (toString cfg.dataDir); } // {
        ExecStart = utils.escapeSystemdExecArgs cfg.command;
        LoadCredential = lib.mapAttrsToList (
          file: path: "${file}:${literal (toString path)}"
        ) cfg.credentials;
      };
    };

    systemd.tmpfiles.settings = lib.mkIf (toString cfg.dataDir != row.dataDir) {
      "10-${name}".${literal (toString cfg.dataDir)}.d = {
        mode = "0700";
        user = name;
        group = name;
      };
    };

    networking.firewall = lib.mkIf cfg.openFirewall {
      allowedTCPPorts = ports;
      allowedUDPPorts = map (port: cfg.${port}) row.udp;
    };
  };
}
