# The scenarios as NixOS tests, over stubs: each folder is a test, or says why it is not.
let
  scenarios = import ../../vm-tests/nixos/scenarios.nix;
  lib = {
    mkForce = value: value;
    mkIf = condition: value: if condition then value else { };
    genAttrs =
      names: f:
      builtins.listToAttrs (
        map (name: {
          inherit name;
          value = f name;
        }) names
      );
    optional = condition: value: if condition then [ value ] else [ ];
    optionalAttrs = condition: value: if condition then value else { };
  };
  pkgs = {
    testers.runNixOSTest = test: test // { isTest = true; };
    runCommand =
      name: attributes: script:
      attributes
      // {
        inherit script;
        outPath = "/nix/store/${name}";
      };
    writeText = name: _: "/nix/store/${name}";
    writeTextDir = path: text: { inherit path text; };
    curl = "curl";
    dnsmasq = "dnsmasq";
    iptables = "iptables";
    jq = "jq";
  };
  tests = import ../../vm-tests/nixos.nix {
    inherit pkgs;
    agent = "/agent";
    standin = "/standin";
  };
  folders = builtins.readDir ../../vm-tests/scenarios;
  node = test: name: tests.${test}.nodes.${name} { inherit lib pkgs; };
in
{
  everyFolderIsAnAttribute = {
    expr = builtins.attrNames tests;
    expected = builtins.filter (name: folders.${name} == "directory") (builtins.attrNames folders);
  };

  notPlayedTellsWhy = {
    expr = builtins.mapAttrs (_: test: test.reason) (
      removeAttrs tests (builtins.attrNames scenarios.played)
    );
    expected = builtins.mapAttrs (_: scenario: scenario.harnessOnly) scenarios.harnessOnly;
  };

  # Forces every option of every node of every test.
  everyNodeEvaluates = {
    expr = builtins.all (
      name:
      builtins.all (
        machine:
        let
          config = node name machine;
        in
        builtins.deepSeq (removeAttrs config [ "imports" ]) (config.systemd.packages != [ ])
      ) (builtins.attrNames tests.${name}.nodes)
    ) (builtins.attrNames scenarios.played);
    expected = true;
  };

  everyScriptBeginsWithItsMachines = {
    expr = builtins.head (builtins.split "\n" tests.three-node-bootstrap.testScript);
    expected = "nodes = [node01, node02, node03]";
  };

  aNode = {
    expr =
      let
        config = node "two-agents" "node04";
      in
      {
        inherit (config.services.first-boot-automation) enable;
        inherit (config.networking.interfaces.eth1.ipv4) addresses;
        hosts = config.networking.hosts."10.0.1.10";
        units = map (unit: unit.path or unit) config.systemd.packages;
        wanted = config.systemd.services.chainfire.wantedBy;
      };
    expected = {
      enable = true;
      addresses = [
        {
          address = "10.0.1.13";
          prefixLength = 24;
        }
      ];
      hosts = [
        "node01.prod.example.com"
        "node01"
      ];
      units = [
        "/agent"
        "lib/systemd/system/chainfire.service"
        "lib/systemd/system/chainfire.service.d/50-held.conf"
      ];
      wanted = [ "multi-user.target" ];
    };
  };

  hardware = {
    expr =
      let
        config = import ../../vm-tests/nixos/node.nix {
          agent = "/agent";
          standin = "/standin";
          certificates = "/certificates";
          scenario.hosts = { };
          node = {
            name = "node04";
            address = "10.0.1.13";
            services = [ ];
            agent = true;
            files = { };
            unitFiles = { };
            hardware = {
              memory_mib = 2048;
              cpus = 2;
              boot = "initrd";
              initrd = {
                agent = true;
                shell = true;
              };
              kernel_command_line = [ "first_boot.required" ];
              credentials.cluster-config.node_id = "node04";
              credential_transport = "fw_cfg";
              uuid = "00000000-0000-0000-0000-000000000004";
              serial = "S4";
            };
          };
        } { inherit lib pkgs; };
      in
      {
        inherit (config) testing virtualisation;
        inherit (config.boot) kernelParams;
        inherit (config.services.first-boot-automation) initrd;
      };
    expected = {
      testing.initrdBackdoor = true;
      virtualisation = {
        memorySize = 2048;
        cores = 2;
        credentials.cluster-config = {
          mechanism = "fw_cfg";
          text = ''{"node_id":"node04"}'';
        };
        qemu.options = [
          "-uuid 00000000-0000-0000-0000-000000000004"
          "-smbios type=1,serial=S4"
        ];
      };
      kernelParams = [ "first_boot.required" ];
      initrd = {
        enable = true;
        caFile = "/certificates/ca.crt";
      };
    };
  };

  standInsAreFoundInTheirPackage = {
    expr =
      let
        unit = builtins.elemAt (node "two-agents" "node04").systemd.packages 1;
      in
      [
        (builtins.match ".*ExecStart=/standin/bin/cluster-standin raft .*" unit.text != null)
        (builtins.match ".*/usr/lib.*" unit.text != null)
      ];
    expected = [
      true
      false
    ];
  };
}
