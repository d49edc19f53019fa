# Everything that a NixOS user can import at once, with or without flakes. Nothing is on by
# importing it.
{
  imports = [
    ./first-boot-automation.nix
    ./services
    ./topology.nix
    ./monitoring.nix
    ./pxe-server.nix
  ];
}
