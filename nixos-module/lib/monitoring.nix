# The settings for Prometheus to monitor the clusters of a topology: the `/health` of every
# node's services.
#
# That is JSON and no metrics, so Prometheus cannot read it directly: its blackbox exporter
# asks, and exports `probe_success`. Builtins only.
let
  inherit (builtins)
    attrNames
    attrValues
    concatMap
    elem
    filter
    ;
  topology = import ./topology;
  inherit (import ./topology/address.nix) bracketed;
  inherit (topology.rules) ports;

  module = "cluster_health";
  given = key: value: if value == null then { } else { ${key} = value; };

  # A key of the configuration; null is as good as absent.
  valueOr =
    default: object: key:
    if object.${key} or null == null then default else object.${key};

  # From outside, at the port and path that the configuration has. Its `url` is how the node asks itself.
  urlOf =
    node: service:
    let
      config = node.config.services.${service} or { };
      # By name if there is one: certificates are issued for names.
      host = if node.fqdn == null then bracketed node.ip else node.fqdn;
      port = valueOr ports.${service}.api_port config "api_port";
      path =
        if service == "iam" then
          valueOr "/health" config "health_path"
        else
          valueOr "/health" (valueOr { } config "paths") "health";
    in
    "https://${host}:${toString port}${path}";

  endpoint = node: service: {
    targets = [ (urlOf node service) ];
    labels = {
      inherit (node) cluster;
      inherit service;
      node = node.name;
    }
    // given "site" node.site
    // given "rack" node.rack;
  };
  endpointsOf =
    node: map (endpoint node) (filter (service: elem service node.services) (attrNames ports));

  copied = from: to: {
    source_labels = [ from ];
    target_label = to;
  };
in
{
  # The exporter's configuration: how it asks, and which CA it trusts.
  blackbox =
    { caFile }:
    {
      modules.${module} = {
        prober = "http";
        timeout = "5s";
        http = {
          fail_if_not_ssl = true;
          follow_redirects = false;
          tls_config.ca_file = caFile;
        };
      };
    };

  # The job of a topology's clusters; `exporter` is HOST:PORT of the blackbox exporter.
  scrapeConfig =
    { exporter }:
    said: {
      job_name = "cluster-health";
      metrics_path = "/probe";
      params.module = [ module ];
      static_configs = concatMap endpointsOf (attrValues (topology.nodesOf said));
      relabel_configs = [
        (copied "__address__" "__param_target")
        (copied "__param_target" "instance")
        {
          target_label = "__address__";
          replacement = exporter;
        }
      ];
    };
}
