# Disk layouts of the example nodes. Each function takes disks by id and gives the settings of
# a NixOS module: `disko.devices`, and the boot loader that fits.
#
# Pure: must not need nixpkgs. What a disk may be called is decided in ./disk.nix.
{
  single = import ./single.nix;
  mirror = import ./mirror.nix;
  controlPlane = import ./control-plane.nix;
}
