# A profile's services, disabled until one is enabled, and its artefacts in one tree.
#
# Must not define what a service is: that is in ../services. Called with the profile's name.
profile:
{
  config,
  lib,
  pkgs,
  ...
}:
let
  images = import ../lib/images.nix;
  inherit (images.profiles.${profile}) services;
  inherit (import ../lib/services.nix) table;
  inherit (config.system) build;
  inherit (config.system.boot.loader) kernelFile;
in
{
  services = lib.genAttrs services (_: {
    enable = lib.mkDefault false;
  });

  systemd.services = lib.genAttrs services (
    name:
    lib.mkIf config.services.${name}.enable {
      serviceConfig = lib.mapAttrs (_: lib.mkDefault) table.${name}.installerLimits;
    }
  );

  system.nixos.tags = [ profile ];

  # What a PXE server needs, under the names that the iPXE script asks for. The script is that
  # of nixpkgs and ends in ${cmdline}, so a script that chains to it can add parameters.
  system.build.netbootTree = pkgs.linkFarm "netboot-${profile}" {
    ${kernelFile} = "${build.kernel}/${kernelFile}";
    initrd = "${build.netbootRamdisk}/initrd";
    "netboot.ipxe" = "${build.netbootIpxeScript}/netboot.ipxe";
    expected-sizes = pkgs.writeText "expected-sizes" (
      images.expectedSizes { inherit profile kernelFile; }
    );
  };
}
