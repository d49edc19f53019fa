# The pure functions behind the modules: builtins only, no nixpkgs, so that they are
# evaluated and tested wherever a Nix is. Each room says in its own file what it is for.
{
  disko = import ../disko;
  images = import ./images.nix;
  services = import ./services.nix;
}
