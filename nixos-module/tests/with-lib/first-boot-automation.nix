# The module of the agent, evaluated with nixpkgs' lib and stubs of NixOS.
{ lib }:
let
  evaluate = import ../stubs/nixos.nix { inherit lib; };
  agent = "/nix/store/00000000000000000000000000000000-first-boot-agent/bin/first-boot-agent";
  node =
    settings:
    evaluate [
      ../../first-boot-automation.nix
      { services.first-boot-automation = settings; }
    ];
  on = settings: node ({ enable = true; } // settings);
  # The agent's; the one unit of systemd's that is changed has a case of its own.
  unitsOf = config: removeAttrs config.systemd.services [ "systemd-journal-catalog-update" ];
  wanted = config: lib.mapAttrs (_: unit: unit.wantedBy) (unitsOf config);
  written =
    config:
    config.systemd.tmpfiles.settings."10-first-boot-automation"."/etc/nixos/secrets/cluster-config.json";
  inherit (import ../../../vm-tests/nixos/scenarios.nix) configs;
in
{
  offByDefault = {
    expr =
      let
        config = node { };
      in
      [
        config.systemd.packages
        config.systemd.services
        config.environment.systemPackages
        config.boot.initrd.systemd.packages
      ];
    expected = [
      [ ]
      { }
      [ ]
      [ ]
    ];
  };

  # As `systemctl enable` would, and as the scenarios do it.
  enabledAsInstallSectionsSay = {
    expr = wanted (on { });
    expected = {
      chainfire-cluster-join = [ "multi-user.target" ];
      flaredb-cluster-join = [
        "multi-user.target"
        "chainfire-cluster-join.target"
      ];
      iam-initial-setup = [ "multi-user.target" ];
      cluster-health-check = [ "multi-user.target" ];
    };
  };

  unitsAreThePackages = {
    expr =
      let
        config = on { };
      in
      [
        (map (package: package.name) config.systemd.packages)
        (lib.mapAttrsToList (_: unit: unit.serviceConfig) (unitsOf config))
        config.systemd.paths
      ];
    expected = [
      [ "first-boot-agent" ]
      [
        { }
        { }
        { }
        { }
      ]
      { }
    ];
  };

  # systemd would compile the texts where /var is new, and never after an upgrade.
  theCatalogIsRefreshed = {
    expr = (on { }).systemd.services.systemd-journal-catalog-update;
    expected =
      let
        catalog = "/nix/store/00000000000000000000000000000000-first-boot-agent/lib/systemd/catalog/first-boot-agent.catalog";
      in
      {
        description = "";
        environment = { };
        wantedBy = [ ];
        wants = [ ];
        after = [ ];
        overrideStrategy = "asDropinIfExists";
        restartIfChanged = true;
        unitConfig.ConditionNeedsUpdate = "";
        serviceConfig.BindReadOnlyPaths = [
          "${catalog}:/usr/local/lib/systemd/catalog/first-boot-agent.catalog"
        ];
        restartTriggers = [ catalog ];
      };
  };

  aSwitchDoesNotWaitForAJoin = {
    expr = lib.mapAttrsToList (_: unit: unit.restartIfChanged) (unitsOf (on { }));
    expected = [
      false
      false
      false
      false
    ];
  };

  withoutFlaredb = {
    expr = lib.attrNames (
      wanted (on {
        enableFlareDB = false;
      })
    );
    expected = [
      "chainfire-cluster-join"
      "cluster-health-check"
      "iam-initial-setup"
    ];
  };

  # NixOS finds no file of an instance, and would otherwise write a unit that has nothing else.
  furtherServicesAreDropInsOfInstances = {
    expr =
      let
        config = on {
          additionalServices = [ "etcd" ];
          configFile = "/persist/cluster-config.json";
        };
        service = config.systemd.services."cluster-join@etcd";
        path = config.systemd.paths."cluster-join@etcd";
      in
      [
        service.overrideStrategy
        service.wantedBy
        service.restartIfChanged
        service.serviceConfig.ExecStart
        path.overrideStrategy
        path.wantedBy
        path.pathConfig
      ];
    expected = [
      "asDropin"
      [ "multi-user.target" ]
      false
      [
        ""
        ''${agent} "--config" "/persist/cluster-config.json" join %i''
      ]
      "asDropin"
      [ ]
      { PathChanged = [ "/persist/cluster-config.json" ]; }
    ];
  };

  furtherServicesLeaveTheOthersAsTheyAre = {
    expr =
      let
        config = on { additionalServices = [ "etcd" ]; };
      in
      [
        (removeAttrs config.systemd.services [ "cluster-join@etcd" ] == (on { }).systemd.services)
        config.systemd.services."cluster-join@etcd".serviceConfig
        config.systemd.paths
      ];
    expected = [
      true
      { }
      { }
    ];
  };

  aServiceThatHasAUnit = {
    expr = on {
      additionalServices = [
        "etcd"
        "flaredb"
      ];
    };
    expectedError = "additionalServices: flaredb would be";
  };

  aServiceThatIsNoName = {
    expr = wanted (on {
      additionalServices = [ "Etcd@1" ];
    });
    expectedError = "additionalServices";
  };

  flaredbNeedsChainfire = {
    expr = on { enableChainfire = false; };
    expectedError = "Set enableFlareDB = false as well";
  };

  anInstallerJoinsNothing = {
    expr =
      let
        config = node { installer = true; };
      in
      [
        config.systemd.services
        config.boot.initrd.systemd.services
        (map (package: package.name) config.boot.initrd.systemd.packages)
        config.boot.initrd.systemd.storePaths
        (map (package: package.name) config.environment.systemPackages)
      ];
    expected = [
      { }
      {
        first-boot-initrd = {
          after = [ "initrd-nixos-copy-secrets.service" ];
          description = "";
          overrideStrategy = "asDropinIfExists";
          serviceConfig = { };
          unitConfig = { };
          wantedBy = [ "initrd.target" ];
          wants = [ ];
        };
      }
      [ "first-boot-agent-initrd" ]
      [ agent ]
      [ "first-boot-agent" ]
    ];
  };

  notBoth = {
    expr = on { installer = true; };
    expectedError = "an installer joins nothing";
  };

  aFileElsewhere = {
    expr =
      let
        config = on { configFile = "/persist/100%.json"; };
        unit = config.systemd.services.chainfire-cluster-join;
      in
      [
        unit.serviceConfig.ExecStart
        config.systemd.paths.chainfire-cluster-join.pathConfig
        config.systemd.tmpfiles.settings
      ];
    expected = [
      [
        ""
        ''${agent} "--config" "/persist/100%%.json" join chainfire''
      ]
      { PathChanged = [ "/persist/100%%.json" ]; }
      { }
    ];
  };

  tlsFilesElsewhereAreWatched = {
    expr =
      (on {
        settings.tls = {
          ca = "/etc/nixos/secrets/ca.crt";
          key = "/run/keys/node04.key";
        };
      }).systemd.paths.chainfire-cluster-join.pathConfig.PathChanged;
    expected = [ "/run/keys/node04.key" ];
  };

  offInOneOfTwoPlaces = {
    expr =
      map (text: lib.hasInfix "Set enableIAM = false instead" text)
        (on { settings.services.iam.enable = false; }).warnings;
    expected = [ true ];
  };

  linesOfJson = {
    expr = (on { logFormat = "json"; }).systemd.services.cluster-health-check.serviceConfig.ExecStart;
    expected = [
      ""
      ''${agent} "--log-format" "json" health-check --wait''
    ];
  };

  theStoreIsRefused = {
    expr =
      (on { configFile = "${builtins.storeDir}/00000000000000000000000000000000-cluster-config.json"; })
      .services.first-boot-automation.configFile;
    expectedError = "is not of type `absolute path not in the Nix store'";
  };

  aKeyInTheStoreIsRefused = {
    expr =
      (on { settings.tls.key = "${builtins.storeDir}/00000000000000000000000000000000-node04.key"; })
      .system.build.clusterConfig.attributes.text;
    expectedError = "is not of type";
  };

  thePasswordIsACredential = {
    expr =
      (on { adminPasswordFile = "/run/keys/iam"; })
      .systemd.services.iam-initial-setup.serviceConfig.LoadCredential;
    expected = [ "iam-admin-password:/run/keys/iam" ];
  };

  settingsBecomeTheFile = {
    expr =
      let
        config = on {
          enableIAM = false;
          settings = {
            leader_url = "https://node01.prod.example.com:2379";
            raft_addr = "10.0.1.13:2380";
            policies.join.attempts = 10;
          };
        };
        line = (written config)."f+";
      in
      [
        line.mode
        (builtins.fromJSON line.argument)
      ];
    expected = [
      "0600"
      {
        node_id = "node04";
        leader_url = "https://node01.prod.example.com:2379";
        raft_addr = "10.0.1.13:2380";
        policies.join.attempts = 10;
        services.iam.enable = false;
      }
    ];
  };

  # The options take what the scenarios are configured with, and change nothing about it.
  scenariosComeOutAsTheyWentIn = {
    expr = lib.mapAttrs (
      _: settings:
      builtins.fromJSON
        (written (on {
          inherit settings;
        }))."f+".argument
    ) configs;
    expected = configs;
  };

  declaredAndFreeFieldsMeet = {
    expr = (
      builtins.fromJSON
        (written (on {
          settings = {
            services.iam.admin_password_file = "/run/keys/iam";
            services.iam.admin_user = "root";
            services.chainfire.url = "https://node04:2379";
            expect.memory = "8GiB";
          };
        }))."f+".argument
    );
    expected = {
      node_id = "node04";
      services.iam = {
        admin_password_file = "/run/keys/iam";
        admin_user = "root";
      };
      services.chainfire.url = "https://node04:2379";
      expect.memory = "8GiB";
    };
  };

  aWrongRole = {
    expr = written (on {
      settings.node_role = "master";
    });
    expectedError = "node_role";
  };

  checkedByTheAgentWhenBuilt = {
    expr =
      let
        inherit (on { settings.raft_addr = "10.0.1.13:2380"; }) system;
        check = builtins.head system.checks;
      in
      [
        (builtins.length system.checks)
        (lib.hasInfix "config validate --strict" check.script)
        (builtins.fromJSON check.attributes.text)
      ];
    expected = [
      1
      true
      {
        node_id = "node04";
        raft_addr = "10.0.1.13:2380";
      }
    ];
  };

  theFolderOfAFileElsewhereStaysAsItIs = {
    expr =
      (on {
        configFile = "/etc/cluster-config.json";
        settings.raft_addr = "10.0.1.13:2380";
      }).systemd.tmpfiles.settings."10-first-boot-automation"."/etc".d.mode;
    expected = ":0700";
  };

  aFileInNoFolder = {
    expr = on {
      configFile = "/cluster-config.json";
      settings.raft_addr = "10.0.1.13:2380";
    };
    expectedError = "/cluster-config.json is directly below /";
  };

  aPortWithoutAConfiguration = {
    expr = on { chainfirePort = 12379; };
    expectedError = "say services.chainfire.api_port in /etc/nixos/secrets/cluster-config.json";
  };

  # `reset` moves the data aside, so the agent has to know where it is.
  theAgentFollowsTheServices = {
    expr =
      (builtins.fromJSON
        (written (evaluate [
          ../../first-boot-automation.nix
          ../../services
          {
            services = {
              chainfire.dataDir = "/data/chainfire";
              flaredb.port = 12479;
              first-boot-automation.enable = true;
              first-boot-automation.settings.raft_addr = "10.0.1.13:2380";
            };
          }
        ]))."f+".argument
      ).services;
    expected = {
      chainfire.data_dir = "/data/chainfire";
      flaredb.api_port = 12479;
    };
  };

  aPortThatTheAgentIsToldOtherwise = {
    expr = evaluate [
      ../../first-boot-automation.nix
      ../../services
      {
        services = {
          chainfire.enable = true;
          chainfire.raftPort = 12380;
          first-boot-automation.enable = true;
          first-boot-automation.settings.raft_addr = "[fd00::4]:2380";
        };
      }
    ];
    expectedError = "services.chainfire.raftPort is 12380, and the agent's configuration says\n2380";
  };

  aPortInAConfiguration = {
    expr =
      (builtins.fromJSON
        (written (on {
          chainfirePort = 12379;
          settings.raft_addr = "10.0.1.13:2380";
        }))."f+".argument
      ).services;
    expected.chainfire.api_port = 12379;
  };

  theInitrdIsToldByTheCommandLine = {
    expr =
      let
        config = on {
          initrd = {
            enable = true;
            configUrl = "https://boot.example.com/node04.json";
            caFile = ../../package.nix;
            required = true;
            timeout = "2min";
          };
        };
      in
      [
        config.boot.kernelParams
        config.boot.initrd.network.enable
        (lib.attrNames config.boot.initrd.systemd.contents)
        config.boot.initrd.secrets
      ];
    expected = [
      [
        "first_boot.config_url=https://boot.example.com/node04.json"
        "first_boot.timeout=2min"
        "first_boot.required"
      ]
      true
      [ "/etc/nixos/secrets/ca.crt" ]
      { }
    ];
  };

  theInitrdsFileIsASecret = {
    expr =
      (on {
        initrd = {
          enable = true;
          configFile = "/etc/nixos/secrets/cluster-config.json";
        };
      }).boot.initrd.secrets;
    expected."/etc/nixos/secrets/cluster-config.json" = "/etc/nixos/secrets/cluster-config.json";
  };

  anAuthorityBringsANetwork = {
    expr =
      map
        (
          initrd:
          (on {
            initrd = {
              enable = true;
            }
            // initrd;
          }).boot.initrd.network.enable
        )
        [
          { }
          { caFile = ../../package.nix; }
        ];
    expected = [
      false
      true
    ];
  };

  theMachineFillsInTheUrl = {
    expr =
      (on {
        initrd = {
          enable = true;
          configUrl = "https://[fd00::2]:8443/\${mac:hexhyp}/config.json";
        };
      }).boot.kernelParams;
    expected = [ "first_boot.config_url=https://[fd00::2]:8443/\${mac:hexhyp}/config.json" ];
  };

  grubWouldFillItIn = {
    expr = evaluate [
      ../../first-boot-automation.nix
      {
        services.first-boot-automation.initrd = {
          enable = true;
          configUrl = "https://boot.example.com/\${uuid}.json";
        };
        boot.loader.grub.enable = true;
      }
    ];
    expectedError = "GRUB would take what begins with";
  };

  aUrlThatEndsACommand = {
    expr =
      (on {
        initrd = {
          enable = true;
          configUrl = "https://boot.example.com/node04.json;reboot";
        };
      }).boot.kernelParams;
    expectedError = "configUrl";
  };

  aTimeoutThatTheAgentDoesNotTake = {
    expr =
      (on {
        initrd = {
          enable = true;
          timeout = "11min";
        };
      }).boot.kernelParams;
    expectedError = "timeout";
  };

  aGeneratedFileIsNotThereForTheInitrd = {
    expr = on {
      settings.raft_addr = "10.0.1.13:2380";
      initrd = {
        enable = true;
        configFile = "/etc/nixos/secrets/cluster-config.json";
      };
    };
    expectedError = "not there\nyet when the boot loader is installed";
  };

  aGeneratedFileIsNotThereToBeRequired = {
    expr = on {
      settings.raft_addr = "10.0.1.13:2380";
      initrd = {
        enable = true;
        required = true;
      };
    };
    expectedError = "no machine would come up";
  };

  theInitrdDoesNotLookElsewhere = {
    expr = on {
      configFile = "/persist/cluster-config.json";
      initrd.enable = true;
    };
    expectedError = "the initrd neither looks at /persist/cluster-config.json";
  };

  aDigestOfNothing = {
    expr = on {
      initrd = {
        enable = true;
        configSha256 = lib.concatStrings (lib.replicate 64 "0");
      };
    };
    expectedError = "set configUrl as well";
  };

  aScriptedInitrdIsRefused = {
    expr = evaluate [
      ../../first-boot-automation.nix
      {
        services.first-boot-automation = {
          enable = true;
          initrd.enable = true;
        };
        boot.initrd.systemd.enable = false;
      }
    ];
    expectedError = "needs systemd in the initrd";
  };
}
