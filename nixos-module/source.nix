# What a build of the Rust workspace sees of this repository: all that it reads, and nothing
# else, so that a word in the docs builds nothing anew (the agent's package aside, which names its commit).
#
# Without .cargo: package.nix says what it does, and nixpkgs writes its own.
{
  paths = [
    ../Cargo.lock
    ../Cargo.toml
    ../agent
    ../clippy.toml
    ../rustfmt.toml
    ../topology
    ../vm-tests/cluster
    # Generated from the code; a test compares.
    ../docs/src/reference
    # The rules of topologies, of which there is one table for both languages.
    ./lib/topology/rules.json
    ./tests/topology
    # What a URL of a configuration may be, for both as well.
    ./tests/config-urls.json
  ];

  __functor =
    self: lib:
    lib.fileset.toSource {
      root = ../.;
      fileset = lib.fileset.unions self.paths;
    };
}
