# The pure functions behind the modules: builtins only, no nixpkgs, so that they can be
# evaluated and tested wherever Nix is available. Each file documents its purpose.
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
