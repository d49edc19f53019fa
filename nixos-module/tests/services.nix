# The table of services: the ports of the specification, and units that follow from it.
let
  services = import ../lib/services.nix;
  inherit (services) table;
  ports = builtins.mapAttrs (_: row: row.ports) table;
  all = builtins.concatLists (map (row: builtins.attrValues row.ports) (builtins.attrValues table));
  unit = name: services.serviceConfig name { };
in
{
  portsOfTheDocuments = {
    expr = ports;
    expected = {
      chainfire = {
        port = 2379;
        raftPort = 2380;
        gossipPort = 2381;
      };
      flaredb = {
        port = 2479;
        raftPort = 2480;
      };
      iam.port = 8080;
      plasmavmc.port = 8081;
      prismnet.port = 8082;
      flashdns.port = 53;
      fiberlb.port = 8083;
      lightningstor.port = 8084;
      nightlight.port = 9090;
      k8shost.port = 8085;
    };
  };

  noPortTwice = {
    expr = builtins.length all;
    expected = builtins.length (builtins.attrNames (builtins.groupBy toString all));
  };

  # As in the specification of the images, for every service.
  limitsInAnInstaller = {
    expr = builtins.attrValues (builtins.mapAttrs (_: row: row.installerLimits) table);
    expected = map (_: {
      MemoryMax = "512M";
      CPUQuota = "50%";
    }) (builtins.attrNames table);
  };

  flaredbStartsAfterChainfire = {
    expr = services.ordering table.flaredb;
    expected = [ "chainfire.service" ];
  };

  stateIsPrivate = {
    expr = {
      inherit (unit "chainfire")
        StateDirectory
        StateDirectoryMode
        User
        UMask
        ;
    };
    expected = {
      StateDirectory = "chainfire";
      StateDirectoryMode = "0700";
      User = "chainfire";
      UMask = "0077";
    };
  };

  anotherFolderIsWritable = {
    expr =
      let
        moved = services.serviceConfig "chainfire" { dataDir = "/data/chainfire"; };
      in
      [
        moved.ReadWritePaths
        (moved ? StateDirectory)
      ];
    expected = [
      [ "/data/chainfire" ]
      false
    ];
  };

  onlyWhoNeedsDevicesSeesThem = {
    expr = builtins.filter (name: !((unit name).PrivateDevices or false)) (builtins.attrNames table);
    expected = [
      "plasmavmc"
      "prismnet"
    ];
  };

  containersAreNamespacesAndControlGroups = {
    expr = {
      inherit (unit "k8shost") Delegate ProtectControlGroups RestrictNamespaces;
    };
    expected = {
      Delegate = true;
      ProtectControlGroups = false;
      RestrictNamespaces = false;
    };
  };

  ordinaryServicesHaveNoCapability = {
    expr = map (name: (unit name).CapabilityBoundingSet) [
      "chainfire"
      "flaredb"
      "iam"
      "lightningstor"
    ];
    expected = [
      [ "" ]
      [ "" ]
      [ "" ]
      [ "" ]
    ];
  };
}
