# The example cluster, evaluated with nixpkgs' lib and stubs of NixOS: who bootstraps, who
# joins, and that what one file says fits what another does.
{ lib }:
let
  cluster = import ../../../examples/cluster;
  nodes = import ../../../examples/cluster/nodes.nix;
  evaluate = import ../../stubs/nixos.nix {
    inherit lib;
    packages =
      package:
      lib.genAttrs [
        "flaredb-server"
        "gptfdisk"
        "iam-server"
      ] package;
  };
  # Free in form: disko, and what else NixOS has.
  rest.config._module.freeformType = lib.types.attrsOf lib.types.anything;
  machines = lib.mapAttrs (
    _: node:
    evaluate [
      node
      rest
    ]
  ) cluster;
  generated = config: builtins.fromJSON config.system.build.clusterConfig.attributes.text;
  every = f: lib.mapAttrs (_: f) machines;
  disks = config: lib.mapAttrsToList (_: disk: disk.device) config.disko.devices.disk;
  allDisks = lib.concatLists (lib.attrValues (every disks));
in
{
  whoBootstraps = {
    expr = every (config: config.services.first-boot-automation.settings.bootstrap);
    expected = lib.mapAttrs (_: node: node.bootstrap) nodes;
  };

  eachIsItself = {
    expr = every (config: [
      config.networking.hostName
      config.services.first-boot-automation.settings.node_id
    ]);
    expected = lib.mapAttrs (name: _: [
      name
      name
    ]) cluster;
  };

  noDiskTwice = {
    expr = lib.length (lib.unique allDisks);
    expected = lib.length allDisks;
  };

  theDiskOfTheTopologyIsTheOneThatBoots = {
    expr = lib.mapAttrs (name: config: lib.elem nodes.${name}.disk (disks config)) machines;
    expected = lib.mapAttrs (_: _: true) cluster;
  };

  theAgentKnowsWhereTheDataIs = {
    expr = every (
      config:
      map
        (service: [
          (toString config.services.${service}.dataDir)
          ((generated config).services.${service}.data_dir or "/var/lib/${service}")
        ])
        [
          "chainfire"
          "flaredb"
        ]
    );
    expected = every (
      config:
      map
        (service: [
          (toString config.services.${service}.dataDir)
          (toString config.services.${service}.dataDir)
        ])
        [
          "chainfire"
          "flaredb"
        ]
    );
  };

  keysAreHandedOver = {
    expr = every (config: config.systemd.services.chainfire.serviceConfig.LoadCredential);
    expected = lib.mapAttrs (name: _: [
      "ca.crt:/etc/nixos/secrets/ca.crt"
      "node.crt:/etc/nixos/secrets/${name}.crt"
      "node.key:/etc/nixos/secrets/${name}.key"
    ]) nodes;
  };

  whoBootstrapsKnowsItsPeers = {
    expr = lib.mapAttrs (_: config: config.services.chainfire.settings ? initial_cluster) machines;
    expected = lib.mapAttrs (_: node: node.bootstrap) nodes;
  };

  everybodyFindsEverybody = {
    expr = every (config: config.networking.hosts);
    expected = every (_: lib.mapAttrs' (_: other: lib.nameValuePair other.ip [ other.fqdn ]) nodes);
  };

  aMirrorBootsFromEither = {
    expr = every (
      config:
      lib.length (config.boot.loader.grub.mirroredBoots or [ ])
      == lib.length (lib.attrNames config.disko.devices.mdadm or { }) * 2
    );
    expected = every (_: true);
  };

  # The repository holds nobody's key; if somebody has added one, there is no warning.
  aNodeThatNobodyCanLogInTo = {
    expr = every (config: lib.any (lib.hasInfix "nobody can log in") config.warnings);
    expected = every (_: !lib.pathExists ../../../examples/cluster/authorized_keys);
  };

  rootByKeyOnly = {
    expr = every (config: config.services.openssh.settings.PermitRootLogin);
    expected = every (_: "prohibit-password");
  };
}
