# The template of `nix flake init`, evaluated with nixpkgs' lib and stubs of NixOS: as it is, it makes a node of an etcd cluster.
{ lib }:
let
  evaluate = import ../stubs/nixos.nix { inherit lib; };
  # Free in form: what NixOS has of its own, its etcd included.
  rest.config._module.freeformType = lib.types.attrsOf lib.types.anything;
  node = (import ../../template/flake.nix).outputs {
    nixpkgs.lib.nixosSystem = { modules }: evaluate (modules ++ [ rest ]);
    first-boot.nixosModules.default = ../../default.nix;
  };
  config = node.nixosConfigurations.node01;
  etcd = config.systemd.services.etcd;
in
{
  theJoinOfEtcdAloneIsEnabled = {
    expr = lib.attrNames (lib.filterAttrs (_: unit: unit.wantedBy != [ ]) config.systemd.services);
    expected = [
      "cluster-health-check"
      "cluster-join@etcd"
    ];
  };

  # Else it would begin a cluster of its own.
  etcdWaitsForTheAgent = {
    expr = [
      config.services.etcd.enable
      etcd.unitConfig.ConditionPathExists
      etcd.serviceConfig.EnvironmentFile
    ];
    expected = [
      true
      "/var/lib/first-boot-automation/etcd.env"
      "/var/lib/first-boot-automation/etcd.env"
    ];
  };

  # A file that is no credential is not there for etcd.
  everyFileOfItsTlsIsACredential = {
    expr = lib.unique (lib.sort lib.lessThan (lib.attrValues etcd.environment));
    expected = map (
      credential: "%d/${lib.head (lib.splitString ":" credential)}"
    ) etcd.serviceConfig.LoadCredential;
  };

  # As its certificate and the configuration of the agent name it.
  theNodeIsOne = {
    expr = config.networking.hostName;
    expected = lib.head (lib.attrNames node.nixosConfigurations);
  };
}
