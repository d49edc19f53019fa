# A control-plane node: root as on a single disk, and a disk of its own for what Raft writes,
# whose fsync must not wait for logs and builds.
#
# It is mounted at /data, not at a service's data directory: `reset` moves that directory
# aside, and a mount point cannot be moved. So chainfire's data directory is /data/chainfire.
{
  root,
  data,
  configPartition ? false,
}:
let
  disk = import ./disk.nix;
  disks = disk.distinct { inherit root data; };
  single = import ./single.nix {
    disk = disks.root;
    inherit configPartition;
  };
in
single
// {
  disko.devices.disk = single.disko.devices.disk // {
    data = disk.gpt disks.data {
      data = {
        label = "data";
        size = "100%";
        content = {
          type = "filesystem";
          format = "xfs";
          extraArgs = [
            "-L"
            "data"
          ];
          mountpoint = "/data";
          # Without the disk the system comes up, and the services do not: they require the mount.
          # Their directories are made by tmpfiles, which would not wait for what may fail.
          mountOptions = [
            "noatime"
            "nofail"
            "x-systemd.device-timeout=30s"
            "x-systemd.before=systemd-tmpfiles-setup.service"
          ];
        };
      };
    };
  };
}
