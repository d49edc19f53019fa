# The modules of the services, evaluated with nixpkgs' lib and stubs of NixOS.
{ lib }:
let
  evaluate = import ../stubs/nixos.nix { inherit lib; };
  node =
    services:
    evaluate [
      ../../services
      { inherit services; }
    ];
  inherit
    (import ../../flake/modules.nix {
      disko.nixosModules.disko = { };
      overlay = _: _: { first-boot-agent = "the agent"; };
    })
    exported
    ;
in
{
  # By itself, among all and by another: a module is there once.
  modulesOfTheFlakeAtOnce = {
    expr = (evaluate (lib.attrValues exported)).systemd.services;
    expected = { };
  };

  eachModuleOfTheFlakeAlone = {
    expr = lib.mapAttrs (_: module: (evaluate [ module ]).systemd.services) exported;
    expected = lib.mapAttrs (_: _: { }) exported;
  };

  prismnetAloneHasItsOldName = {
    expr =
      (evaluate [
        exported.prismnet
        { services.novanet.port = 18082; }
      ]).services.prismnet.port;
    expected = 18082;
  };

  allOffByDefault = {
    expr =
      let
        config = node { };
      in
      [
        config.systemd.services
        config.users.users
        config.networking.firewall.allowedTCPPorts
      ];
    expected = [
      { }
      { }
      [ ]
    ];
  };

  chainfire = {
    expr =
      let
        config = node { chainfire.enable = true; };
        unit = config.systemd.services.chainfire;
      in
      {
        inherit (unit) wantedBy after;
        inherit (unit.serviceConfig)
          User
          StateDirectory
          ExecStart
          ProtectSystem
          ;
        inherit (config.services.chainfire) settings;
        user = config.users.users.chainfire.isSystemUser;
      };
    expected = {
      wantedBy = [ "multi-user.target" ];
      after = [ "network-online.target" ];
      User = "chainfire";
      StateDirectory = "chainfire";
      ExecStart =
        let
          store = "/nix/store/00000000000000000000000000000000";
        in
        ''"${store}-chainfire-server/bin/chainfire-server" "--config" "${store}-chainfire.json"'';
      ProtectSystem = "strict";
      settings = {
        data_dir = "/var/lib/chainfire";
        port = 2379;
        raft_port = 2380;
        gossip_port = 2381;
      };
      user = true;
    };
  };

  portsAreOptions = {
    expr =
      let
        config = node {
          chainfire = {
            enable = true;
            raftPort = 12380;
            openFirewall = true;
          };
        };
      in
      [
        config.services.chainfire.settings.raft_port
        { inherit (config.networking.firewall) allowedTCPPorts allowedUDPPorts; }
      ];
    expected = [
      12380
      {
        allowedTCPPorts = [
          2381
          2379
          12380
        ];
        allowedUDPPorts = [ 2381 ];
      }
    ];
  };

  dataElsewhere = {
    expr =
      let
        config = node {
          chainfire = {
            enable = true;
            dataDir = "/data/chainfire";
          };
        };
      in
      [
        config.systemd.services.chainfire.serviceConfig.ReadWritePaths
        config.systemd.tmpfiles.settings."10-chainfire"."/data/chainfire".d
      ];
    expected = [
      [ "/data/chainfire" ]
      {
        mode = "0700";
        user = "chainfire";
        group = "chainfire";
      }
    ];
  };

  dataIsThereFirst = {
    expr =
      (node {
        chainfire = {
          enable = true;
          dataDir = "/data/chainfire";
        };
      }).systemd.services.chainfire.unitConfig.RequiresMountsFor;
    expected = [ "/data/chainfire" ];
  };

  machinesOutliveASwitch = {
    expr =
      let
        unit = (node { plasmavmc.enable = true; }).systemd.services.plasmavmc;
      in
      [
        unit.restartIfChanged
        unit.serviceConfig.KillMode
      ];
    expected = [
      false
      "process"
    ];
  };

  twoOnThePortOfDns = {
    expr =
      map
        (
          resolved:
          lib.length
            (node {
              flashdns.enable = true;
              inherit resolved;
            }).warnings
        )
        [
          { }
          { enable = true; }
          {
            enable = true;
            settings.Resolve.DNSStubListener = "no";
          }
        ];
    expected = [
      0
      1
      0
    ];
  };

  twoOnThePortOfDnsOnTheOldestNixos = {
    expr =
      map
        (
          extraConfig:
          lib.length
            (import ../stubs/nixos.nix
              {
                inherit lib;
                release = "25.11";
              }
              [
                ../../services
                {
                  services.flashdns.enable = true;
                  services.resolved = {
                    enable = true;
                    inherit extraConfig;
                  };
                }
              ]
            ).warnings
        )
        [
          ""
          "DNSStubListener=no"
        ];
    expected = [
      1
      0
    ];
  };

  credentials = {
    expr =
      (node {
        chainfire = {
          enable = true;
          credentials."tls.key" = "/etc/nixos/secrets/node01.key";
        };
      }).systemd.services.chainfire.serviceConfig.LoadCredential;
    expected = [ "tls.key:/etc/nixos/secrets/node01.key" ];
  };

  theOldNameOfPrismnet = {
    expr =
      (node {
        novanet = {
          enable = true;
          port = 18082;
          command = [ "prismnet" ];
        };
      }).systemd.services.prismnet.serviceConfig.User;
    expected = "prismnet";
  };

  noPackage = {
    expr = (node { iam.enable = true; }).systemd.services.iam.serviceConfig.ExecStart;
    expectedError = "there is no package iam-server here";
  };

  virtualMachinesReachKvm = {
    expr =
      let
        unit = (node { plasmavmc.enable = true; }).systemd.services.plasmavmc.serviceConfig;
      in
      [
        unit.DeviceAllow
        unit.SupplementaryGroups
        (unit ? PrivateDevices)
      ];
    expected = [
      [
        "/dev/kvm rw"
        "/dev/net/tun rw"
        "/dev/vhost-net rw"
      ]
      [ "kvm" ]
      false
    ];
  };

  bgp = {
    expr =
      let
        config = node {
          fiberlb = {
            enable = true;
            bgp = {
              enable = true;
              settings.global.config = {
                as = 65000;
                router-id = "10.0.1.10";
              };
            };
          };
        };
      in
      [
        config.services.gobgpd
        config.services.fiberlb.settings.bgp.gobgp_address
        (lib.hasInfix "--api-hosts=127.0.0.1:50051" config.systemd.services.gobgpd.serviceConfig.ExecStart)
      ];
    expected = [
      {
        enable = true;
        settings.global.config = {
          as = 65000;
          router-id = "10.0.1.10";
        };
      }
      "127.0.0.1:50051"
      true
    ];
  };

  bgpKnowsWhoItIs = {
    expr = node {
      fiberlb = {
        enable = true;
        bgp.enable = true;
      };
    };
    expectedError = "settings.global.config.router-id";
  };
}
