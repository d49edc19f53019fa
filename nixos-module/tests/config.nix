# The generated configuration, and the line that puts it in place.
let
  config = import ../lib/config.nix;
  all = {
    chainfire = true;
    flaredb = true;
    iam = true;
  };
  generate =
    given:
    config.clusterConfig (
      {
        hostName = "node04";
        settings = { };
        enable = all;
        ports = config.usualPorts;
      }
      // given
    );
  # What the scenarios' nodes are configured with, where it is a configuration at all.
  inherit (import ../../vm-tests/nixos/scenarios.nix) configs;
in
{
  # A configuration written as settings comes out as it went in.
  scenariosComeOutAsTheyWentIn = {
    expr = builtins.mapAttrs (_: settings: generate { inherit settings; }) configs;
    expected = configs;
  };

  thereAreScenarios = {
    expr = builtins.length (builtins.attrNames configs) > 50;
    expected = true;
  };

  nothingButTheName = {
    expr = generate { };
    expected.node_id = "node04";
  };

  settingsWin = {
    expr = generate {
      settings = {
        node_id = "spare";
        policies.join.attempts = 10;
        tls.ca = null;
      };
    };
    expected = {
      node_id = "spare";
      policies.join.attempts = 10;
    };
  };

  aServiceThatIsOffIsOffInTheConfiguration = {
    expr = generate {
      enable = all // {
        iam = false;
      };
      settings.services.iam.unit = "idp.service";
    };
    expected = {
      node_id = "node04";
      services.iam = {
        enable = false;
        unit = "idp.service";
      };
    };
  };

  anotherPort = {
    expr = generate {
      ports = {
        chainfire = 12379;
        flaredb = 2479;
      };
    };
    expected = {
      node_id = "node04";
      services.chainfire.api_port = 12379;
    };
  };

  whatIsNotSetHidesNoDefault = {
    expr = generate { settings.node_id = null; };
    expected.node_id = "node04";
  };

  anotherFolder = {
    expr = generate {
      dataDirs = config.usualDataDirs // {
        flaredb = "/data/flaredb";
      };
    };
    expected = {
      node_id = "node04";
      services.flaredb.data_dir = "/data/flaredb";
    };
  };

  listsStay = {
    expr = (generate { settings.initial_peers = [ "node01:2380" ]; }).initial_peers;
    expected = [ "node01:2380" ];
  };

  onlyRootReadsIt = {
    expr = config.writtenBy { text = ''{"node_id":"100%"}''; };
    expected = {
      "/etc/nixos/secrets".d = {
        mode = ":0700";
        user = ":root";
        group = ":root";
      };
      "/etc/nixos/secrets/cluster-config.json"."f+" = {
        mode = "0600";
        user = "root";
        group = "root";
        argument = ''{"node_id":"100%%"}'';
      };
    };
  };
}
