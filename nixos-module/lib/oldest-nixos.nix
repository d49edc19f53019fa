# Wraps our modules, so that an older NixOS fails with a clear message instead of a missing
# attribute.
#
# The first `lib` with `types.externalPath` is that of 25.11; the cases of `tests/with-lib` hold
# with it.
let
  oldest = "25.11";
in
lib: module:
if lib.versionAtLeast lib.trivial.release oldest then
  { _class = "nixos"; } // module
else
  throw "first-boot-agent's modules need NixOS ${oldest} or later, and this is ${lib.trivial.release}: take a newer nixpkgs (with a flake: `nix flake update nixpkgs`)"
