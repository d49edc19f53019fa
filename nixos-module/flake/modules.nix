# The modules by name: all at once, and each part separately. They need nothing of the flake,
# except for the installer and disks, which know disko, and the agent's, which takes its package
# from the overlay.
{ disko, overlay }:
let
  parts = {
    fiberlb-bgp = ../services/fiberlb-bgp.nix;
    services = ../services;
    topology = ../topology.nix;
    monitoring = ../monitoring.nix;
    pxe-server = ../pxe-server.nix;
  };

  # The agent is that of the overlay, even if the overlay was not added: it knows the date of
  # the source, which is lost in the store.
  first-boot-automation = {
    key = "first-boot-agent/first-boot-automation";
    _file = ./modules.nix;
    imports = [
      ../first-boot-automation.nix
      (
        { lib, pkgs, ... }:
        {
          services.first-boot-automation.package =
            lib.mkDefault
              pkgs.first-boot-agent or (overlay pkgs pkgs).first-boot-agent;
        }
      )
    ];
  };
in
{
  inherit first-boot-automation;
  exported =
    import ../services/modules.nix
    // parts
    // {
      inherit first-boot-automation;
      default = {
        _file = ./modules.nix;
        imports = [
          ../default.nix
          first-boot-automation
        ];
      };
    };
  disko = disko.nixosModules.disko;
}
