# The netboot image of a machine that is everything: a lab, an edge site, a trial.
{
  imports = [
    ./base.nix
    ./virtual-machines.nix
    (import ./profile.nix "all-in-one")
  ];
}
