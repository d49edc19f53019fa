# What names, places, hardware addresses and disks may look like. Must not know where they are used.
let
  inherit (builtins)
    elemAt
    genList
    match
    replaceStrings
    stringLength
    substring
    ;
  fits = pattern: text: match pattern text != null;
  label = "[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?";
  letters = text: genList (index: substring index 1 text) (stringLength text);
  lowerCase = replaceStrings (letters "ABCDEFGHIJKLMNOPQRSTUVWXYZ") (
    letters "abcdefghijklmnopqrstuvwxyz"
  );

  isStableDisk =
    text: fits "/dev/disk/by-id/[A-Za-z0-9][A-Za-z0-9#+.:=@_-]*" text && !fits ".*-part[0-9]+" text;
in
{
  inherit lowerCase isStableDisk;

  isClusterName = fits "[A-Za-z0-9][A-Za-z0-9._-]{0,127}";
  isNodeName = fits label;

  # Whether resolvers take a name for an address: `10` is 0.0.0.10 to them, and `0x1f` 0.0.0.31
  # (inet_aton(3)).
  isNumber = fits "[0-9]+|0x[0-9A-Fa-f]*";

  # What ends in a number is an address to every resolver. 253 bytes with the name of a node.
  isDomain =
    text: stringLength text <= 189 && fits "(${label}\\.)*[a-z]([a-z0-9-]{0,61}[a-z0-9])?" text;

  isPlace = text: text != "" && stringLength text <= 128 && !fits "( .*|.* |.*[[:cntrl:]].*)" text;

  # Of one machine: the lowest bit of the first byte marks a group address.
  isHardwareAddress =
    text: fits "[0-9A-Fa-f][02468ACEace](:[0-9A-Fa-f]{2}){5}" text && text != "00:00:00:00:00:00";

  # What identifies a disk, whichever of its names is written: its worldwide number, else its
  # model and serial number. Null for a virtual disk, whose name the creator of the virtual
  # machine chose.
  diskIdentity =
    text:
    let
      name = elemAt (match "/dev/disk/by-id/(.*)" text) 0;
      number = match "(wwn-0x|(wwn|nvme)-eui\\.|(scsi|dm-uuid-mpath)-[23])([0-9A-Fa-f]{16}([0-9A-Fa-f]{16})?)" name;
      serial = match "(ata-|scsi-SATA_)(.*)" name;
      # The kernel's later names of an NVMe disk end with its namespace.
      namespace = match "(nvme-.*)_1" name;
    in
    if !isStableDisk text then
      null
    else if number != null then
      lowerCase (elemAt number 3)
    else if fits "(virtio-|google-|scsi-0).*" name || fits ".*(QEMU|VBOX|VMware).*" name then
      null
    else if serial != null then
      elemAt serial 1
    else if namespace != null then
      elemAt namespace 0
    else
      name;

  isSecretsDirectory =
    text: fits "(/[A-Za-z0-9_@:+,-][A-Za-z0-9._@:+,-]*)+" text && !fits "/nix/store(/.*)?" text;
}
