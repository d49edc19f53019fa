# The pure functions behind the modules: builtins only, no nixpkgs, so that they are
# evaluated and tested wherever a Nix is. Each room says in its own file what it is for.
{
  config = import ./config.nix;
  disko = import ../disko;
  images = import ./images.nix;
  services = import ./services.nix;
  units = import ./units.nix;
}
