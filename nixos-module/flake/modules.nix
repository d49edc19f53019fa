# The modules by name: all at once, and each part for itself. They need nothing of the flake,
# but for the installer and disks, which know disko.
{ disko }:
let
  services = builtins.attrNames (import ../lib/services.nix).table;
  each = builtins.listToAttrs (
    map (name: {
      inherit name;
      value = import ../services/service.nix name;
    }) services
  );
  parts = {
    first-boot-automation = ../first-boot-automation.nix;
    fiberlb-bgp = ../services/fiberlb-bgp.nix;
    services = ../services;
    topology = ../topology.nix;
    pxe-server = ../pxe-server.nix;
  };
in
{
  exported = each // parts // { default = ../default.nix; };
  disko = disko.nixosModules.disko;
}
