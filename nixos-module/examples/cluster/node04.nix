# The node that joins later: one disk, with a small partition from which its initrd can take
# another configuration than the system's, put there by hand.
let
  layouts = import ../../disko;
in
{
  imports = [
    (import ./every-node.nix "node04")
    (layouts.single {
      disk = (import ./nodes.nix).node04.disk;
      configPartition = true;
    })
  ];

  services.first-boot-automation.initrd.enable = true;
}
