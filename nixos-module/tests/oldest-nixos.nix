# On a NixOS that is too old, every module that a user can import says so; the class excludes what is not NixOS.
let
  given = release: {
    config = { };
    lib = {
      trivial = { inherit release; };
      versionAtLeast = a: b: builtins.compareVersions a b >= 0;
    };
    options = { };
    pkgs = { };
    utils = { };
    modulesPath = "";
  };
  modules = {
    agent = import ../first-boot-automation.nix;
    image = import ../images/base.nix;
    monitoring = import ../monitoring.nix;
    pxeServer = import ../pxe-server.nix;
    service = import ../services/service.nix "chainfire";
    topology = import ../topology.nix;
  };
  classOn = release: module: (module (given release))._class;
in
{
  theOldestIsTaken = {
    expr = builtins.mapAttrs (_: classOn "25.11") modules;
    expected = builtins.mapAttrs (_: _: "nixos") modules;
  };
}
// builtins.mapAttrs (_: module: {
  expr = classOn "25.05" module;
  expectedError = "need NixOS 25.11 or later, and this is 25.05";
}) modules
