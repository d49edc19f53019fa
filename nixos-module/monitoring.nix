# nix-nos.monitoring: this host's Prometheus watches the health of every cluster of the topology. Off by default.
#
# Must not know how a service is asked: that is lib/monitoring.nix.
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
    enable = lib.mkEnableOption "Prometheus on this host, asking every service of {option}`nix-nos.clusters` for its health";

    caFile = mkOption {
      type = types.path;
      example = lib.literalExpression "./ca.crt";
      description = ''
        The CA of the clusters: a certificate, and no secret. It has to be readable by the blackbox
        exporter's user.
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
