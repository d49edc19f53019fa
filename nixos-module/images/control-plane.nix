# The netboot image of control-plane nodes: all services, off.
{
  imports = [
    ./base.nix
    (import ./profile.nix "control-plane")
  ];
}
