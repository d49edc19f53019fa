# The netboot image of workers: what runs virtual machines and their networks.
{
  imports = [
    ./base.nix
    ./virtual-machines.nix
    (import ./profile.nix "worker")
  ];
}
