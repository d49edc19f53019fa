# Stands in for nixpkgs' module of this name: what our images take from it, and what it sets
# that they must win over. Free in form, for nothing else of NixOS is there.
{ lib, ... }:
let
  inherit (lib) mkOption types;
  package = name: "/nix/store/00000000000000000000000000000000-${name}";
in
{
  options.system.nixos.variant_id = mkOption { type = types.str; };
  options.system.extraDependencies = mkOption { type = types.listOf types.str; };

  config = {
    _module.freeformType = types.attrsOf types.anything;
    system = {
      nixos.variant_id = lib.mkDefault "installer";
      boot.loader.kernelFile = "bzImage";
      build = {
        kernel = package "kernel";
        netbootRamdisk = package "ramdisk";
        netbootIpxeScript = package "script";
      };
      extraDependencies = [ "stdenv" ];
    };
    # As nixpkgs' profile of installation devices has them.
    documentation.enable = lib.mkOverride 60 true;
    documentation.nixos.enable = lib.mkOverride 60 true;
    networking.wireless.enable = lib.mkDefault true;
    services.getty.autologinUser = "nixos";
    services.getty.helpLine = "The accounts have empty passwords.";
    users.users.root.initialHashedPassword = "";
    users.users.nixos.initialHashedPassword = "";
    services.openssh.settings.PermitRootLogin = lib.mkDefault "yes";
  };
}
