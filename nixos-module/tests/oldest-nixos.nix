# A NixOS that is too old is told so, by each module that a user can import.
let
  releaseOf = release: {
    trivial = { inherit release; };
    versionAtLeast = a: b: builtins.compareVersions a b >= 0;
  };
  on =
    release: path:
    let
      given = {
        config = { };
        lib = releaseOf release;
        options = { };
        pkgs = { };
        utils = { };
        modulesPath = "";
      };
    in
    builtins.isAttrs (import path given);
  modules = [
    ../first-boot-automation.nix
    ../pxe-server.nix
    ../topology.nix
    ../images/base.nix
  ];
  service =
    release:
    builtins.isAttrs (
      import ../services/service.nix "chainfire" {
        config = { };
        lib = releaseOf release;
        pkgs = { };
        utils = { };
      }
    );
  tooOld = "need NixOS 25.11 or later, and this is 25.05";
in
{
  theOldestIsTaken = {
    expr = map (on "25.11") modules ++ [ (service "26.05") ];
    expected = map (_: true) modules ++ [ true ];
  };

  agent = {
    expr = on "25.05" ../first-boot-automation.nix;
    expectedError = tooOld;
  };

  pxeServer = {
    expr = on "25.05" ../pxe-server.nix;
    expectedError = tooOld;
  };

  topology = {
    expr = on "25.05" ../topology.nix;
    expectedError = tooOld;
  };

  image = {
    expr = on "25.05" ../images/base.nix;
    expectedError = tooOld;
  };

  aService = {
    expr = service "25.05";
    expectedError = tooOld;
  };
}
