//! The command that makes every node's configuration from a topology, where there is no Nix: everything is in the
//! library.

use std::process::ExitCode;

fn main() -> ExitCode {
    first_boot_topology::command::main()
}
