# What a build of the Rust workspace sees of this repository: all that it reads, and nothing
# else, so that a word in the docs builds nothing anew.
#
# Without .cargo: it makes the binary static for the gnu target, which musl's is anyway.
{
  paths = [
    ../Cargo.lock
    ../Cargo.toml
    ../agent
    ../clippy.toml
    ../rustfmt.toml
    ../vm-tests/cluster
    # Generated from the code; a test compares.
    ../docs/src/reference
    # The rules of topologies, of which there is one table for both languages.
    ./lib/topology/rules.json
    ./tests/topology
  ];

  __functor =
    self: lib:
    lib.fileset.toSource {
      root = ../.;
      fileset = lib.fileset.unions self.paths;
    };
}
