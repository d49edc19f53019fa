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
  exporter = config.services.prometheus.exporters.blackbox;
in
import ./lib/oldest-nixos.nix lib {
  imports = [ ./topology.nix ];

  options.nix-nos.monitoring = {
    enable = lib.mkEnableOption "Prometheus health checks of {option}`nix-nos.clusters`";

    caFile = mkOption {
      type = types.path;
      example = lib.literalExpression "./ca.crt";
      description = ''
        CA certificate of the clusters. It is not a secret, and must be readable by the user of
        the blackbox exporter.
      '';
    };
  };

  config.services.prometheus = lib.mkIf cfg.enable {
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
}
