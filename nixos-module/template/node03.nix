# node03 alone: put what `nixos-generate-config` wrote on it beside this file, and import it; add its network, so that it has
# the address that flake.nix names, and who may log in.
{
  # imports = [ ./node03-hardware.nix ];
  nixpkgs.hostPlatform = "x86_64-linux";
  system.stateVersion = "26.05"; # the release that this machine was installed with
}
