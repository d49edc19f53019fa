# A NixOS that is too old is told so, by each module that a user can import; what is no NixOS at all is by the class.
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
