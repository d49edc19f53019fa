# A control-plane node on a mirror of two disks: either boots alone.
let
  layouts = import ../../disko;
in
{
  imports = [
    (import ./every-node.nix "node03")
    (layouts.mirror {
      name = "node03";
      first = (import ./nodes.nix).node03.disk;
      second = "/dev/disk/by-id/nvme-eui.0000000000000112";
    })
  ];
}
