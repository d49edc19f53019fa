# Whole systems: the netboot images of every profile, and the example cluster.
{ lib, modules }:
let
  inherit (import ../lib/images.nix) profiles;
  system =
    platform: module:
    lib.nixosSystem {
      modules = [
        modules.disko
        modules.first-boot-automation
        module
        { nixpkgs.hostPlatform = lib.mkDefault platform; }
      ];
    };
  # node01.nix and similar; what they share has other names.
  cluster = ../examples/cluster;
  nodeNames = map builtins.head (
    builtins.filter (found: found != null) (
      map (builtins.match "(node[0-9]+)\\.nix") (builtins.attrNames (builtins.readDir cluster))
    )
  );
in
{
  netboot =
    platform: builtins.mapAttrs (profile: _: system platform (../images + "/${profile}.nix")) profiles;

  exampleCluster =
    platform:
    builtins.listToAttrs (
      map (name: {
        inherit name;
        value = system platform (cluster + "/${name}.nix");
      }) nodeNames
    );
}
