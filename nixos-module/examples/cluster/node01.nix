# A control-plane node with a disk of its own for what Raft writes.
let
  layouts = import ../../disko;
in
{
  imports = [
    (import ./every-node.nix "node01")
    ./data-disk.nix
    (layouts.controlPlane {
      root = (import ./nodes.nix).node01.disk;
      data = "/dev/disk/by-id/nvme-eui.0000000000000110";
    })
  ];
}
