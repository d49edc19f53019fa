# The example cluster: three nodes that bootstrap, and a fourth that joins. Each node of the
# topology has a file here, which is a NixOS module; the flake makes `nixosConfigurations` of
# them, and nixos-anywhere installs them.
builtins.mapAttrs (name: _: ./. + "/${name}.nix") (import ./nodes.nix)
