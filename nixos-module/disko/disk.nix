# Names of disks and of partitions that still mean the same after a reboot.
#
# Must not accept /dev/sda: the kernel numbers disks as it finds them, and an installer that
# formats by number formats the wrong one some day.
let
  inherit (import ../lib/topology/names.nix) isStableDisk;

  stableFolder = "/dev/disk/by-id/";
  isPartition = path: builtins.match "${stableFolder}.*-part[0-9]+" path != null;

  # The disk as it was given, or an error that says what to write instead.
  stable =
    purpose: path:
    if !(builtins.isString path) then
      throw "disk for ${purpose}: give its path as a string, below ${stableFolder}"
    else if isStableDisk path then
      path
    else if isPartition path then
      throw "disk for ${purpose}: ${path} is a partition; give the whole disk"
    else
      throw "disk for ${purpose}: ${path} may be another disk after the next boot; use its name below ${stableFolder} (ls -l ${stableFolder} on the machine shows it)";

  # All of them stable, and no disk twice.
  distinct =
    disks:
    let
      checked = builtins.mapAttrs stable disks;
      others = name: builtins.attrValues (removeAttrs checked [ name ]);
      twice = builtins.filter (name: builtins.elem checked.${name} (others name)) (
        builtins.attrNames checked
      );
    in
    if twice == [ ] then
      checked
    else
      throw "disks for ${builtins.concatStringsSep " and " twice} are the same: ${checked.${builtins.head twice}}; each needs one of its own";

  # The UUID of a partition, made of its disk and its name: RFC 9562, version 8.
  uuidOf =
    device: name:
    let
      digest = builtins.hashString "sha256" "${device} ${name}";
      digits = from: count: builtins.substring from count digest;
    in
    builtins.concatStringsSep "-" [
      (digits 0 8)
      (digits 8 4)
      "8${digits 12 3}"
      "8${digits 15 3}"
      (digits 18 12)
    ];

  # Shell for disko, before it formats: ends the installation where another disk carries what the system will be found by.
  # `others` prints the kernel names of what does.
  refuse = others: what: ''
    others=$(${others})
    if [ -n "$others" ]; then
      echo "$(echo $others): ${what} is there already, on another disk. Take that disk out, and install again." >&2
      exit 1
    fi
  '';
  kernelName = path: ''"$(basename -- "$(readlink --canonicalize -- ${path})")"'';

  # Partitions are mounted by UUIDs that the layout fixes, not by disko's default, the label: an old disk may carry the same
  # label, and would be mounted instead, or would keep the machine from its boot. A copy carries the same UUIDs, too.
  gpt =
    device: partitions:
    let
      withUuids = builtins.mapAttrs (
        name: partition: partition // { uuid = uuidOf device name; }
      ) partitions;
      uuids = map (partition: partition.uuid) (builtins.attrValues withUuids);
    in
    {
      type = "disk";
      inherit device;
      preCreateHook = refuse ''
        lsblk --json --list --output NAME,PKNAME,PARTUUID |
          jq --raw-output --arg own ${kernelName "\"$device\""} '.blockdevices[]
            | select(.pkname != $own and (.partuuid | IN(${builtins.concatStringsSep ", " (map builtins.toJSON uuids)})))
            | .name'
      '' "a partition with a UUID of this layout";
      content = {
        type = "gpt";
        partitions = withUuids;
      };
    };

  ext4 = label: mountpoint: {
    type = "filesystem";
    format = "ext4";
    extraArgs = [
      "-L"
      label
    ];
    inherit mountpoint;
  };

  # Only root reads the loader's files: initrds may hold what others should not see.
  esp = label: mountpoint: extraOptions: {
    inherit label;
    priority = 1;
    type = "EF00";
    size = "1G";
    content = {
      type = "filesystem";
      format = "vfat";
      inherit mountpoint;
      mountOptions = [ "umask=0077" ] ++ extraOptions;
    };
  };

  # Where the initrd stage looks for a configuration on a machine that cannot be given one
  # otherwise. Not mounted: the agent reads it by itself.
  firstBootConfig = {
    label = "first-boot-config";
    priority = 2;
    type = "6e328cbc-545f-4c41-9d31-5b8f86844c39";
    size = "64M";
    content = {
      type = "filesystem";
      format = "vfat";
    };
  };
in
{
  inherit
    stable
    distinct
    gpt
    ext4
    esp
    firstBootConfig
    refuse
    kernelName
    ;
}
