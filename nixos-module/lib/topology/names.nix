# What names, places, hardware addresses and disks may look like. Must not know where they stand.
let
  fits = pattern: text: builtins.match pattern text != null;
  label = "[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?";
in
{
  isClusterName = fits "[A-Za-z0-9][A-Za-z0-9._-]{0,127}";
  isNodeName = fits label;

  # What ends in a number is an address to every resolver. 253 bytes with the name of a node.
  isDomain =
    text:
    builtins.stringLength text <= 189 && fits "(${label}\\.)*[a-z]([a-z0-9-]{0,61}[a-z0-9])?" text;

  isPlace =
    text: text != "" && builtins.stringLength text <= 128 && !fits "( .*|.* |.*[[:cntrl:]].*)" text;

  # Of one machine: the lowest bit of the first byte stands for many.
  isHardwareAddress =
    text: fits "[0-9A-Fa-f][02468ACEace](:[0-9A-Fa-f]{2}){5}" text && text != "00:00:00:00:00:00";

  lowerCase = builtins.replaceStrings [ "A" "B" "C" "D" "E" "F" ] [ "a" "b" "c" "d" "e" "f" ];

  isStableDisk =
    text: fits "/dev/disk/by-id/[A-Za-z0-9][A-Za-z0-9#+.:=@_-]*" text && !fits ".*-part[0-9]+" text;

  isSecretsDirectory =
    text: fits "(/[A-Za-z0-9_@:+,-][A-Za-z0-9._@:+,-]*)+" text && !fits "/nix/store(/.*)?" text;
}
