# Two disks, either of which boots alone: root is a RAID1, and each has an ESP of its own.
#
# The ESPs are no RAID: firmware writes to one half behind its back. GRUB is installed into
# both instead, under the name that firmware tries by itself, and a dead disk's ESP is not
# waited for.
{
  first,
  second,
  # What the array is called: the node's name. An old disk may hold one that is called root as well.
  name,
}:
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
          inherit name;
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
    mdadm.${name} = {
      type = "mdadm";
      # An array of this name that is there by now is of other disks, or was made by an earlier run.
      preCreateHook = disk.refuse ''
        [ ! -e /dev/md/${name} ] || lsblk --json --list --inverse --output NAME,TYPE /dev/md/${name} |
          jq --raw-output --arg first ${disk.kernelName disks.first} \
            --arg second ${disk.kernelName disks.second} '.blockdevices[]
            | select(.type == "disk" and (.name | IN($first, $second) | not))
            | .name'
      '' "the array ${name}";
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
