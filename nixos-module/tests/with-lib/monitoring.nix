# The module of the monitoring, evaluated with nixpkgs' lib and stubs of NixOS.
{ lib }:
let
  evaluate = import ../stubs/nixos.nix { inherit lib; };
  # Not the example, which is for its reader to change.
  example.nix-nos = lib.importJSON ../topology/good/four-nodes.json;
  watching =
    module:
    (evaluate [
      ../../monitoring.nix
      example
      module
    ]).services.prometheus;
  on.nix-nos.monitoring = {
    enable = true;
    caFile = "/etc/cluster/ca.crt";
  };
in
{
  offByDefault = {
    expr = (watching { }).scrapeConfigs;
    expected = [ ];
  };

  theExporterAsksAndPrometheusAsksTheExporter = {
    expr =
      let
        prometheus = watching on;
        inherit (prometheus.exporters) blackbox;
        job = builtins.head prometheus.scrapeConfigs;
      in
      [
        prometheus.enable
        blackbox.listenAddress
        blackbox.configFile.value.modules.cluster_health.http.tls_config
        (builtins.length job.static_configs)
        (lib.last job.relabel_configs).replacement
      ];
    expected = [
      true
      "127.0.0.1"
      { ca_file = "/etc/cluster/ca.crt"; }
      12
      "127.0.0.1:9115"
    ];
  };

  nothingToWatch = {
    expr =
      map (lib.hasInfix "has no cluster")
        (evaluate [
          ../../monitoring.nix
          on
        ]).warnings;
    expected = [ true ];
  };

  twoOnOnePort = {
    expr = evaluate [
      ../../default.nix
      example
      on
      { services.nightlight.enable = true; }
    ];
    expectedError = "services.nightlight and services.prometheus both listen on port 9090";
  };

  anExporterElsewhere = {
    expr =
      (lib.last
        (builtins.head
          (watching {
            imports = [ on ];
            services.prometheus.exporters.blackbox.port = 19115;
          }).scrapeConfigs
        ).relabel_configs
      ).replacement;
    expected = "127.0.0.1:19115";
  };
}
