# The example cluster: three nodes that bootstrap, and a fourth that joins. Each is a NixOS
# module; the flake makes `nixosConfigurations` of them, and nixos-anywhere installs those.
{
  node01 = ./node01.nix;
  node02 = ./node02.nix;
  node03 = ./node03.nix;
  node04 = ./node04.nix;
}
