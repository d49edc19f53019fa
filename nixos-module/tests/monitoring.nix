# The Prometheus settings for a topology, on bare Nix.
let
  monitoring = import ../lib/monitoring.nix;
  job = monitoring.scrapeConfig { exporter = "127.0.0.1:9115"; };
  targetsOf = said: builtins.concatMap (one: one.targets) (job said).static_configs;
  lab = services: node: {
    clusters.lab = {
      extraConfig = { inherit services; };
      nodes.lab01 = {
        role = "control-plane";
        bootstrap = true;
      }
      // node;
    };
  };
in
{
  # As in the first-boot specification: every node, by name.
  everyServiceOfEveryNode = {
    expr = targetsOf (builtins.fromJSON (builtins.readFile ./topology/good/four-nodes.json));
    expected =
      builtins.concatMap
        (
          number:
          map (port: "https://node0${toString number}.prod.example.com:${toString port}/health") [
            2379
            2479
            8080
          ]
        )
        [
          1
          2
          3
          4
        ];
  };

  anAddressOfVersion6 = {
    expr = targetsOf (
      lab { } {
        ip = "fd00::1";
        services = [ "chainfire" ];
      }
    );
    expected = [ "https://[fd00::1]:2379/health" ];
  };

  anotherPortAndAnotherPath = {
    expr = targetsOf (
      lab
        {
          chainfire = {
            api_port = 12379;
            paths.health = "/v1/health";
          };
          flaredb.api_port = null;
          iam.health_path = "/ready";
        }
        {
          ip = "10.0.9.1";
        }
    );
    expected = [
      "https://10.0.9.1:12379/v1/health"
      "https://10.0.9.1:2479/health"
      "https://10.0.9.1:8080/ready"
    ];
  };

  # All the settings of Prometheus, so that nothing goes missing unnoticed.
  theWholeJob = {
    expr = job (
      lab { } {
        ip = "10.0.9.1";
        rack = "r01";
        services = [ "chainfire" ];
        site = "tokyo-1";
      }
    );
    expected = {
      job_name = "cluster-health";
      metrics_path = "/probe";
      params.module = [ "cluster_health" ];
      static_configs = [
        {
          targets = [ "https://10.0.9.1:2379/health" ];
          labels = {
            cluster = "lab";
            node = "lab01";
            rack = "r01";
            service = "chainfire";
            site = "tokyo-1";
          };
        }
      ];
      relabel_configs = [
        {
          source_labels = [ "__address__" ];
          target_label = "__param_target";
        }
        {
          source_labels = [ "__param_target" ];
          target_label = "instance";
        }
        {
          target_label = "__address__";
          replacement = "127.0.0.1:9115";
        }
      ];
    };
  };

  theExportersConfiguration = {
    expr = monitoring.blackbox { caFile = "/ca.crt"; };
    expected.modules.cluster_health = {
      prober = "http";
      timeout = "5s";
      http = {
        fail_if_not_ssl = true;
        follow_redirects = false;
        tls_config.ca_file = "/ca.crt";
      };
    };
  };
}
