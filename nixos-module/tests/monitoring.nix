# What Prometheus is told about a topology, on bare Nix.
let
  monitoring = import ../lib/monitoring.nix;
  job = monitoring.scrapeConfig { exporter = "127.0.0.1:9115"; };
  targetsOf = said: builtins.concatMap (one: one.targets) (job said).static_configs;
  lab = node: {
    clusters.lab.nodes.lab01 = {
      role = "control-plane";
      bootstrap = true;
    }
    // node;
  };
in
{
  # As the first-boot document has it: every node, by name.
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

  onlyWhatANodeRuns = {
    expr = targetsOf (lab {
      ip = "10.0.9.1";
      services = [ "chainfire" ];
    });
    expected = [ "https://10.0.9.1:2379/health" ];
  };

  anAddressOfVersion6AndAnotherPort = {
    expr = targetsOf (
      let
        said = lab {
          ip = "fd00::1";
          services = [ "chainfire" ];
        };
      in
      {
        clusters.lab = said.clusters.lab // {
          extraConfig.services.chainfire.api_port = 12379;
        };
      }
    );
    expected = [ "https://[fd00::1]:12379/health" ];
  };

  labelsTellWhichOne = {
    expr =
      (builtins.head
        (job (lab {
          ip = "10.0.9.1";
          site = "tokyo-1";
        })).static_configs
      ).labels;
    expected = {
      cluster = "lab";
      node = "lab01";
      service = "chainfire";
      site = "tokyo-1";
    };
  };
}
