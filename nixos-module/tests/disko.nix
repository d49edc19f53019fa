# Disk layouts: what is on which disk, and which names of disks are refused.
let
  layouts = import ../disko;
  byId = name: "/dev/disk/by-id/${name}";
  single = layouts.single { disk = byId "nvme-WD_A"; };
  withConfig = layouts.single {
    disk = byId "nvme-WD_A";
    configPartition = true;
  };
  mirror = layouts.mirror {
    name = "node03";
    first = byId "ata-ST_1";
    second = byId "ata-ST_2";
  };
  controlPlane = layouts.controlPlane {
    root = byId "nvme-WD_A";
    data = byId "nvme-WD_B";
  };
  partitions = layout: disk: layout.disko.devices.disk.${disk}.content.partitions;
  devices = layout: builtins.mapAttrs (_: disk: disk.device) layout.disko.devices.disk;
  refused = disk: expectedError: {
    expr = layouts.single { inherit disk; };
    inherit expectedError;
  };
in
{
  espAndRoot = {
    expr = builtins.mapAttrs (_: partition: [
      partition.label
      partition.size
      partition.content.format
      partition.content.mountpoint
    ]) (partitions single "root");
    expected = {
      esp = [
        "esp"
        "1G"
        "vfat"
        "/boot"
      ];
      root = [
        "root"
        "100%"
        "ext4"
        "/"
      ];
    };
  };

  # An old disk may carry the same labels; disko mounts by UUID where the layout has one.
  everyPartitionHasAUuidOfItsOwn = {
    expr =
      let
        uuids =
          builtins.concatMap
            (
              layout:
              builtins.concatMap (
                disk: map (partition: partition.uuid) (builtins.attrValues disk.content.partitions)
              ) (builtins.attrValues layout.disko.devices.disk)
            )
            [
              withConfig
              mirror
              controlPlane
            ];
        form = "[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-8[0-9a-f]{3}-[0-9a-f]{12}";
      in
      {
        count = builtins.length uuids;
        malformed = builtins.filter (uuid: builtins.match form uuid == null) uuids;
        # The ESP and the root of one disk are in two of the layouts.
        different = builtins.length (builtins.attrNames (builtins.groupBy (uuid: uuid) uuids));
        again = (partitions withConfig "root").root.uuid == (partitions controlPlane "root").root.uuid;
      };
    expected = {
      count = 10;
      malformed = [ ];
      different = 8;
      again = true;
    };
  };

  theEspIsOne = {
    expr = (partitions single "root").esp.type;
    expected = "EF00";
  };

  configPartition = {
    expr = {
      inherit ((partitions withConfig "root").first-boot-config) label type;
      mounted = (partitions withConfig "root").first-boot-config.content ? mountpoint;
    };
    expected = {
      label = "first-boot-config";
      type = "6e328cbc-545f-4c41-9d31-5b8f86844c39";
      mounted = false;
    };
  };

  theAgentLooksForThatType = {
    expr =
      let
        known = builtins.readFile ../../agent/src/disks/partition_type.rs;
        inherit ((partitions withConfig "root").first-boot-config) label type;
      in
      builtins.length (builtins.split "\"${label}\", \"${type}\"" known);
    expected = 3;
  };

  bothHalvesOfTheMirror = {
    expr = {
      disks = devices mirror;
      halves = map (disk: (partitions mirror disk).root.content) [
        "first"
        "second"
      ];
      inherit (mirror.disko.devices.mdadm.node03) level;
      root = mirror.disko.devices.mdadm.node03.content.mountpoint;
    };
    expected = {
      disks = {
        first = "/dev/disk/by-id/ata-ST_1";
        second = "/dev/disk/by-id/ata-ST_2";
      };
      halves = [
        {
          type = "mdraid";
          name = "node03";
        }
        {
          type = "mdraid";
          name = "node03";
        }
      ];
      level = 1;
      root = "/";
    };
  };

  eitherDiskBoots = {
    expr = {
      loaders = map (boot: boot.path) mirror.boot.loader.grub.mirroredBoots;
      waitedFor = map (disk: builtins.elem "nofail" (partitions mirror disk).esp.content.mountOptions) [
        "first"
        "second"
      ];
    };
    expected = {
      loaders = [
        "/boot"
        "/boot-second"
      ];
      waitedFor = [
        true
        true
      ];
    };
  };

  dataHasADiskOfItsOwn = {
    expr = {
      disks = devices controlPlane;
      inherit ((partitions controlPlane "data").data.content) format mountpoint;
      root = partitions controlPlane "root" == partitions single "root";
      inherit (controlPlane) boot;
    };
    expected = {
      disks = {
        root = "/dev/disk/by-id/nvme-WD_A";
        data = "/dev/disk/by-id/nvme-WD_B";
      };
      format = "xfs";
      mountpoint = "/data";
      root = true;
      inherit (single) boot;
    };
  };

  aNumberedDisk = refused "/dev/sda" "disk for root: /dev/sda may be another disk after the next boot; use its name below /dev/disk/by-id/";
  anNvmeByNumber = refused "/dev/nvme0n1" "/dev/nvme0n1 may be another disk";
  aPath = refused "/dev/disk/by-path/pci-0000" "use its name below /dev/disk/by-id/";
  aWayAround = refused "/dev/disk/by-id/../../sda" "may be another disk";
  aPartition = refused (byId "nvme-WD_A-part1") "is a partition; give the whole disk";
  noText = refused null "give its path as a string";

  oneDiskTwice = {
    expr = layouts.mirror {
      name = "node03";
      first = byId "ata-ST_1";
      second = byId "ata-ST_1";
    };
    expectedError = "disks for first and second are the same: /dev/disk/by-id/ata-ST_1";
  };

  aMirrorOfANumberedDisk = {
    expr = layouts.mirror {
      name = "node03";
      first = byId "ata-ST_1";
      second = "/dev/sdb";
    };
    expectedError = "disk for second: /dev/sdb may be another disk";
  };
}
