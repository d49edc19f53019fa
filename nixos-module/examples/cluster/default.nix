# The example cluster: three nodes that bootstrap, and a fourth that joins. Each is a NixOS
# module; the flake makes `nixosConfigurations` of those that the topology has, and
# nixos-anywhere installs them.
builtins.intersectAttrs (import ./nodes.nix) {
  node01 = ./node01.nix;
  node02 = ./node02.nix;
  node03 = ./node03.nix;
  node04 = ./node04.nix;
}
