# The scenarios as data: what each node of each is, and which of them NixOS cannot play.
#
# Reads the same `nodes.json` as the harness. What an installer leaves on a node's disk is
# worked out here as in harness/provision.py; a test compares the two. Needs no nixpkgs.
let
  folder = ../scenarios;
  secrets = "/etc/nixos/secrets";
  domain = "prod.example.com";
  apiPorts = {
    chainfire = 2379;
    flaredb = 2479;
    iam = 8080;
  };
  raftPorts = {
    chainfire = 2380;
    flaredb = 2480;
  };

  # Keys of `hardware` that a NixOS test machine can be given.
  mapped = [
    "boot"
    "clock"
    "cpus"
    "credential_transport"
    "credentials"
    "initrd"
    "kernel_command_line"
    "memory_mib"
    "serial"
    "uuid"
  ];
  mappedInitrd = [
    "agent"
    "shell"
  ];

  attrValues = set: map (name: set.${name}) (builtins.attrNames set);
  words = builtins.concatStringsSep " ";
  textOf = value: if builtins.isString value then value else builtins.toJSON value + "\n";

  withDefaults =
    name: node:
    {
      services = [ ];
      agent = false;
      cluster_config = null;
      arguments = { };
      files = { };
      hardware = { };
      initial_member =
        builtins.isAttrs (node.cluster_config or null) && node.cluster_config.bootstrap or false;
    }
    // node
    // {
      inherit name;
      fullyQualified = "${name}.${domain}";
    };

  initialCluster =
    nodes: service:
    builtins.concatStringsSep "," (
      map (node: "${node.name}=${node.address}:${toString raftPorts.${service}}") (
        builtins.filter (node: node.initial_member && builtins.elem service node.services) nodes
      )
    );

  # The command line of a stand-in on a node.
  argumentsOf =
    nodes: node: service:
    let
      own = node.name;
      databases = builtins.filter (other: builtins.elem "flaredb" other.services) (
        [ node ] ++ builtins.filter (other: other.name != own) nodes
      );
      common = [
        "--listen 0.0.0.0:${toString apiPorts.${service}}"
        "--ca ${secrets}/ca.crt --cert ${secrets}/${own}.crt --key ${secrets}/${own}.key"
      ];
      ofIam = map (
        database: "--flaredb-url https://${database.address}:${toString apiPorts.flaredb}"
      ) databases;
      ofRaft = [
        "--node-id ${own} --data-dir /var/lib/${service}"
        "--raft-addr ${node.address}:${toString raftPorts.${service}}"
        "--advertise https://${node.address}:${toString apiPorts.${service}}"
      ]
      # As the harness has it (UNHURRIED; test_nix_scenarios compares the words); NixOS' test machines are all emulated where there
      # is no KVM.
      ++ (
        if builtins.any (other: other.hardware or { } != { }) nodes then
          [ "--heartbeat-interval 1000" ]
        else
          [ ]
      )
      ++ (if node.initial_member then [ "--initial-cluster ${initialCluster nodes service}" ] else [ ]);
      extra = if node.arguments ? ${service} then [ node.arguments.${service} ] else [ ];
    in
    words (common ++ (if service == "iam" then ofIam else ofRaft) ++ extra);

  # Drop-ins come as units of a package: /etc/systemd/system is read-only on NixOS.
  isUnitFile = path: builtins.match "/etc/systemd/system/.*" path != null;

  file = entry: {
    inherit (entry) text;
    mode = entry.mode or "0644";
  };

  # Everything about one node, computed.
  describe =
    nodes: node:
    let
      given = builtins.mapAttrs (_: file) node.files;
      choose =
        wanted:
        removeAttrs given (builtins.filter (path: isUnitFile path != wanted) (builtins.attrNames given));
      defaults = builtins.listToAttrs (
        map (service: {
          name = "/etc/default/${service}";
          value = file { text = "ARGUMENTS=${argumentsOf nodes node service}\n"; };
        }) node.services
      );
      config =
        if node.cluster_config == null then
          { }
        else
          {
            "${secrets}/cluster-config.json" = {
              text = textOf node.cluster_config;
              mode = "0600";
            };
          };
      without = known: set: builtins.filter (key: !builtins.elem key known) (builtins.attrNames set);
      unknown =
        without mapped node.hardware
        ++ map (key: "initrd.${key}") (without mappedInitrd (node.hardware.initrd or { }))
        ++ (if node.hardware.boot or "kernel" == "netboot" then [ "boot" ] else [ ]);
    in
    {
      config = node.cluster_config;
      inherit (node)
        name
        address
        fullyQualified
        services
        agent
        ;
      hardware =
        if unknown == [ ] then
          node.hardware
        else
          throw "${node.name}: NixOS is not given hardware.${builtins.head unknown}; say harness_only in nodes.json, with the reason";
      files = defaults // config // choose false;
      unitFiles = choose true;
      certificate = "${node.name}=${
        builtins.concatStringsSep "," [
          node.name
          node.fullyQualified
          "localhost"
          "127.0.0.1"
          node.address
        ]
      }";
    };

  read =
    name:
    let
      json = builtins.fromJSON (builtins.readFile (folder + "/${name}/nodes.json"));
      nodes = attrValues (builtins.mapAttrs withDefaults json.nodes);
    in
    {
      inherit name;
      inherit (json) description;
      script = folder + "/${name}/test.py";
      # Why only the harness can play it, or null.
      harnessOnly = json.harness_only or null;
      nodes = builtins.listToAttrs (
        map (node: {
          inherit (node) name;
          value = describe nodes node;
        }) nodes
      );
      hosts = builtins.listToAttrs (
        map (node: {
          name = node.address;
          value = [
            node.fullyQualified
            node.name
          ];
        }) nodes
      );
    };

  isScenario = name: builtins.pathExists (folder + "/${name}/nodes.json");
  all = map read (builtins.filter isScenario (builtins.attrNames (builtins.readDir folder)));
  byName =
    scenarios:
    builtins.listToAttrs (
      map (scenario: {
        inherit (scenario) name;
        value = scenario;
      }) scenarios
    );
in
{
  inherit secrets;

  # The configuration of every node that is given a whole one, by SCENARIO/NODE.
  configs = builtins.listToAttrs (
    builtins.concatMap (
      scenario:
      map (node: {
        name = "${scenario.name}/${node.name}";
        value = node.config;
      }) (builtins.filter (node: builtins.isAttrs node.config) (attrValues scenario.nodes))
    ) all
  );

  played = byName (builtins.filter (scenario: scenario.harnessOnly == null) all);
  harnessOnly = byName (builtins.filter (scenario: scenario.harnessOnly != null) all);
}
