# Two disks, either of which boots alone: root is a RAID1, and each has an ESP of its own.
#
# The ESPs are no RAID: firmware writes to one half behind its back. GRUB is installed into
# both instead, under the name that firmware tries by itself, and a dead disk's ESP is not
# waited for.
{ first, second }:
let
  disk = import ./disk.nix;
  disks = disk.distinct { inherit first second; };
  half =
    device: label: mountpoint:
    disk.gpt device {
      esp = disk.esp label mountpoint [ "nofail" ];
      root = {
        label = "${label}-root-half";
        size = "100%";
        content = {
          type = "mdraid";
          name = "root";
        };
      };
    };
  loaderIn = path: {
    devices = [ "nodev" ];
    inherit path;
    efiSysMountPoint = path;
  };
in
{
  disko.devices = {
    disk.first = half disks.first "esp" "/boot";
    disk.second = half disks.second "esp-second" "/boot-second";
    mdadm.root = {
      type = "mdadm";
      level = 1;
      metadata = "1.2";
      content = disk.ext4 "root" "/";
    };
  };

  # A disk that fails is in the journal; where mail is read, say so here.
  boot.swraid.enable = true;
  boot.swraid.mdadmConf = "MAILADDR root\n";

  boot.loader.grub = {
    enable = true;
    efiSupport = true;
    efiInstallAsRemovable = true;
    mirroredBoots = [
      (loaderIn "/boot")
      (loaderIn "/boot-second")
    ];
  };
}
