# One disk: an ESP of 1 GB labelled esp, the rest is root, labelled root.
{
  disk,
  # Whether a small partition for the initrd stage's configuration is made as well.
  configPartition ? false,
}:
let
  inherit (import ./disk.nix)
    esp
    ext4
    firstBootConfig
    gpt
    stable
    ;
in
{
  disko.devices.disk.root = gpt (stable "root" disk) (
    {
      esp = esp "esp" "/boot" [ ];
      root = {
        label = "root";
        size = "100%";
        content = ext4 "root" "/";
      };
    }
    // (if configPartition then { first-boot-config = firstBootConfig; } else { })
  );

  boot.loader.systemd-boot.enable = true;
  boot.loader.efi.canTouchEfiVariables = true;
}
