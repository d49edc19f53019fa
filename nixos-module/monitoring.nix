# nix-nos.monitoring: Prometheus on this host monitors the health of every cluster of the
# topology. Off by default.
#
# Must not know how a service is asked: that is in lib/monitoring.nix.
{
  config,
  lib,
  pkgs,
  ...
}:
let
  inherit (lib) mkDefault mkOption types;
  monitoring = import ./lib/monitoring.nix;
  cfg = config.nix-nos.monitoring;
  inherit (config.services) prometheus;
  exporter = prometheus.exporters.blackbox;
  # Where the modules of the platform's services are here as well.
  nightlight = config.services.nightlight or { };
in
import ./lib/oldest-nixos.nix lib {
  imports = [ ./topology.nix ];

  options.nix-nos.monitoring = {
    enable = lib.mkEnableOption "Prometheus health checks of {option}`nix-nos.clusters`";

    caFile = mkOption {
      type = types.path;
      example = lib.literalExpression "./ca.crt";
      description = ''
        CA certificate of the clusters. It is not a secret: as a path of the flake it is copied to
        the store. A file of the running system must be readable by the blackbox exporter, which
        {file}`/etc/nixos/secrets` is not.
      '';
    };
  };

  config = lib.mkIf cfg.enable {
    assertions = [
      {
        assertion = !(nightlight.enable or false && nightlight.port == prometheus.port);
        message = ''
          services.nightlight and services.prometheus both listen on port ${toString prometheus.port}; whichever
          starts second fails. Set services.prometheus.port to another one.
        '';
      }
    ];
    warnings = lib.optional (config.nix-nos.clusters == { }) ''
      nix-nos.monitoring checks nothing: nix-nos.clusters has no cluster on this host. Import the
      topology that the nodes have.
    '';

    services.prometheus = {
      enable = true;
      exporters.blackbox = {
        enable = true;
        listenAddress = mkDefault "127.0.0.1";
        configFile = (pkgs.formats.json { }).generate "blackbox.json" (
          monitoring.blackbox { caFile = "${cfg.caFile}"; }
        );
      };
      scrapeConfigs = [
        (monitoring.scrapeConfig { exporter = "${exporter.listenAddress}:${toString exporter.port}"; } {
          inherit (config.nix-nos) clusters;
        })
      ];
    };
  };
}
