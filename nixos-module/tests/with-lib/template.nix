# The template of `nix flake init`, evaluated with nixpkgs' lib and stubs of NixOS: as it is, it makes three nodes of an etcd
# cluster. The harness asks for the rest of what it makes (test_nixos_page.py).
{ lib }:
let
  evaluate = import ../stubs/nixos.nix { inherit lib; };
  nodes =
    ((import ../../template/flake.nix).outputs {
      nixpkgs.lib = lib // {
        nixosSystem = { modules }: evaluate modules;
      };
      first-boot.nixosModules.default = ../../default.nix;
    }).nixosConfigurations;
  every = f: lib.mapAttrs f nodes;
  always = value: every (_: _: value);
  etcd = node: node.systemd.services.etcd;
  # What the agent checks when the system is built.
  generated = node: builtins.fromJSON node.system.build.clusterConfig.attributes.text;
in
{
  theJoinOfEtcdAloneIsEnabled = {
    expr = every (
      _: node: lib.attrNames (lib.filterAttrs (_: unit: unit.wantedBy != [ ]) node.systemd.services)
    );
    expected = always [
      "cluster-health-check"
      "cluster-join@etcd"
    ];
  };

  # Else it would begin a cluster of its own.
  etcdWaitsForTheAgent = {
    expr = every (
      _: node: [
        node.services.etcd.enable
        (etcd node).unitConfig.ConditionPathExists
        (etcd node).serviceConfig.EnvironmentFile
      ]
    );
    expected = always [
      true
      "/var/lib/first-boot-automation/etcd.env"
      "/var/lib/first-boot-automation/etcd.env"
    ];
  };

  # A file that is no credential is not there for etcd.
  everyFileOfItsTlsIsACredential = {
    expr = every (_: node: lib.unique (lib.sort lib.lessThan (lib.attrValues (etcd node).environment)));
    expected = every (
      _: node:
      map (credential: "%d/${lib.head (lib.splitString ":" credential)}")
        (etcd node).serviceConfig.LoadCredential
    );
  };

  theConfigurationIsOfEtcdAlone = {
    expr = every (_: node: (generated node).services);
    expected = always {
      chainfire.enable = false;
      flaredb.enable = false;
      iam.enable = false;
      etcd.protocol = "etcd-v3";
    };
  };

  # As the certificates name it.
  eachNodeIsItself = {
    expr = every (
      _: node: [
        node.networking.hostName
        (generated node).node_id
        (lib.last (etcd node).serviceConfig.LoadCredential)
      ]
    );
    expected = every (
      name: _: [
        name
        name
        "node.key:/etc/nixos/secrets/${name}.key"
      ]
    );
  };
}
