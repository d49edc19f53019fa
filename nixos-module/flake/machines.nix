# Whole systems: the netboot images of every profile, and the example cluster.
{
  lib,
  modules,
  overlays,
}:
let
  inherit (import ../lib/images.nix) profiles;
  system =
    platform: module:
    lib.nixosSystem {
      modules = [
        modules.disko
        modules.first-boot-automation
        module
        {
          nixpkgs = {
            hostPlatform = lib.mkDefault platform;
            inherit overlays;
          };
        }
      ];
    };
in
{
  netboot =
    platform: builtins.mapAttrs (profile: _: system platform (../images + "/${profile}.nix")) profiles;

  exampleCluster = platform: builtins.mapAttrs (_: system platform) (import ../examples/cluster);
}
