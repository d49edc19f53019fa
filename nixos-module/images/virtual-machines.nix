# What a machine needs to run virtual machines: KVM, Open vSwitch, QEMU and libvirt.
#
# Must not start any: plasmavmc and prismnet do. Lists are in ../lib/images.nix.
{ lib, pkgs, ... }:
let
  images = import ../lib/images.nix;
in
{
  boot.kernelModules = images.virtualMachineModules;
  boot.kernel.sysctl = lib.mapAttrs (_: lib.mkDefault) images.virtualMachineSysctl;

  environment.systemPackages = map (name: pkgs.${name}) images.virtualMachineTools;

  virtualisation.vswitch.enable = true;
  virtualisation.libvirtd = {
    enable = true;
    # The default brings a second QEMU, which emulates every other architecture.
    qemu.package = pkgs.qemu_kvm;
  };
}
