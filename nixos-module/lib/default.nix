# The pure functions behind the modules: builtins only, no nixpkgs, so that they are
# evaluated and tested wherever a Nix is. Each room says in its own file what it is for.
{
  config = import ./config.nix;
  disko = import ../disko;
  images = import ./images.nix;
  monitoring = import ./monitoring.nix;
  pxe = import ./pxe;
  services = import ./services.nix;
  topology = import ./topology;
  units = import ./units.nix;
}
