# The module of the topology, evaluated with nixpkgs' lib and stubs of NixOS.
{ lib }:
let
  evaluate = import ../stubs/nixos.nix { inherit lib; };
  topology = import ../../lib/topology;
  # Not the example, which is for its reader to change.
  example.nix-nos = lib.importJSON ../topology/good/four-nodes.json;
  said = example.nix-nos;

  host =
    name: modules:
    evaluate (
      [
        ../../topology.nix
        { networking.hostName = name; }
      ]
      ++ modules
    );
  node04 = host "node04" [ example ];
  withAgent = host "node04" [
    example
    ../../first-boot-automation.nix
    {
      services.first-boot-automation = {
        enable = true;
        settings.policies.join.attempts = 10;
      };
    }
  ];
  # A cluster whose ports are not the usual ones.
  moved =
    services:
    host "node04" [
      example
      ../../default.nix
      {
        nix-nos.clusters.prod-cluster.extraConfig.services = {
          chainfire.api_port = 12379;
          chainfire.raft_port = 12380;
          flaredb.raft_port = 12480;
        };
        services = lib.mkMerge [
          {
            first-boot-automation.enable = true;
            chainfire.enable = true;
          }
          services
        ];
      }
    ];
in
{
  nothingSaidIsNothingWrong = {
    expr =
      let
        inherit (host "node04" [ ]) assertions nix-nos warnings;
      in
      [
        (lib.filter (one: !one.assertion) assertions)
        warnings
        nix-nos.cluster
        nix-nos.node
      ];
    expected = [
      [ ]
      [ ]
      null
      null
    ];
  };

  theModuleSaysWhatThePureFunctionsDo = {
    expr = node04.nix-nos.node.configText;
    expected = (topology.nodesOf said).node04.configText;
  };

  aConfigurationForEachHost = {
    expr = lib.genAttrs [ "node01" "node04" ] (
      hostname: node04.nix-nos.cluster.generateClusterConfig { inherit hostname; }
    );
    expected = lib.genAttrs [ "node01" "node04" ] (topology.clusterConfig said "prod-cluster");
  };

  aHostOutsideTheTopology = {
    expr = (host "pxe01" [ example ]).nix-nos.node;
    expected = null;
  };

  everyProblemIsAnAssertion = {
    expr = host "node04" [
      example
      {
        nix-nos.clusters.prod-cluster.nodes = {
          node02.bootstrap = lib.mkForce false;
          node04.ip = lib.mkForce "10.0.1.12";
        };
      }
    ];
    expectedError = "node04: address 10.0.1.12 is also the address of prod-cluster/node03";
  };

  # With its file and line.
  aValueThatIsNone = {
    expr =
      (host "node04" [
        example
        { nix-nos.clusters.prod-cluster.nodes.node03.disk = lib.mkForce "/dev/sda"; }
      ]).nix-nos.node.disk;
    expectedError = "prod-cluster.nodes.node03.disk' is not of type `null or whole disk below /dev/disk/by-id'";
  };

  aServiceThatIsNone = {
    expr =
      (host "node04" [
        example
        { nix-nos.clusters.prod-cluster.nodes.node03.services = lib.mkForce [ "nginx" ]; }
      ]).nix-nos.node.disk;
    expectedError = "one of \"chainfire\", \"fiberlb\"";
  };

  warningsAreToldToWhoeverBuilds = {
    expr =
      (host "lab01" [
        {
          nix-nos.clusters.lab.nodes = {
            lab01 = {
              role = "control-plane";
              bootstrap = true;
              ip = "10.0.9.1";
            };
            lab02 = {
              role = "worker";
              ip = "10.0.9.2";
            };
          };
        }
      ]).warnings;
    expected = [
      "lab: chainfire would have two members (lab01, lab02), and losing either stops it; let a third node run chainfire [two-members]"
    ];
  };

  theAgentsModuleIsToldAndSettingsAddToIt = {
    expr =
      let
        inherit (withAgent.services.first-boot-automation) settings;
      in
      {
        inherit (settings) node_id raft_addr policies;
        # Checked by the agent when the system is built.
        generated = builtins.fromJSON withAgent.system.build.clusterConfig.attributes.text;
      };
    expected = {
      node_id = "node04";
      raft_addr = "10.0.1.13:2380";
      policies.join.attempts = 10;
      generated = topology.clusterConfig said "prod-cluster" "node04" // {
        policies.join.attempts = 10;
      };
    };
  };

  # Moved once, for everybody.
  theServicesListenWhereTheTopologySays = {
    expr =
      let
        config = moved { };
        inherit (config.services) chainfire flaredb first-boot-automation;
      in
      [
        chainfire.port
        chainfire.settings.raft_port
        flaredb.raftPort
        first-boot-automation.settings.raft_addr
      ];
    expected = [
      12379
      12380
      12480
      "10.0.1.13:12380"
    ];
  };

  theServicesListenElsewhere = {
    expr = moved {
      chainfire.raftPort = 2380;
      flaredb.enable = true;
      flaredb.port = 9999;
    };
    expectedError = "services.chainfire.raftPort is 2380, and every other node\nasks 12380(.*\n)*.*services.flaredb.port is 9999";
  };

  anUnknownHostIsReported = {
    expr =
      map
        (
          settings:
          map (lib.hasPrefix "node4 is not a node of nix-nos.clusters")
            (host "node4" [
              example
              ../../first-boot-automation.nix
              { services.first-boot-automation = settings; }
            ]).warnings
        )
        [
          { enable = true; }
          { enable = false; }
          {
            enable = true;
            settings.bootstrap = false;
          }
        ];
    expected = [
      [ true ]
      [ ]
      [ ]
    ];
  };

  theAgentCaresForWhatTheNodeRuns = {
    expr =
      let
        inherit
          ((host "osaka04" [
            { nix-nos = lib.importJSON ../topology/good/two-sites.json; }
            ../../first-boot-automation.nix
          ]).services.first-boot-automation
          )
          enableChainfire
          enableFlareDB
          enableIAM
          ;
      in
      {
        inherit enableChainfire enableFlareDB enableIAM;
      };
    expected = {
      enableChainfire = true;
      enableFlareDB = false;
      enableIAM = false;
    };
  };
}
