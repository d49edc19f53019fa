# The modules by name: all at once, and each part for itself. They need nothing of the flake,
# but for the installer and disks, which know disko.
{ disko }:
let
  parts = {
    first-boot-automation = ../first-boot-automation.nix;
    fiberlb-bgp = ../services/fiberlb-bgp.nix;
    services = ../services;
    topology = ../topology.nix;
    pxe-server = ../pxe-server.nix;
  };
in
{
  exported = import ../services/modules.nix // parts // { default = ../default.nix; };
  disko = disko.nixosModules.disko;
}
