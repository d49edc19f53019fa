//! What is generated of the topology: its reference page from the table, its man page and completions from the command
//! line. A test fails where one drifts, `make generate` writes it again.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use first_boot_topology::{Rules, command, reference_page};
use generated_file::is_current;

#[path = "../../agent/tests/generated_file/mod.rs"]
mod generated_file;
#[path = "../../agent/tests/shell_files/mod.rs"]
mod shell_files;

#[test]
fn the_topology_reference() {
    let page = format!(
        "# Topology\n\n<!-- Generated from nixos-module/lib/topology/rules.json by `make generate`; do not edit. -->\n\n\
         A topology names clusters and their nodes; every node's [configuration](configuration.md) follows from it. How to \
         write and use one: [Describe a cluster as a topology](../how-to/topology.md). In NixOS it is `nix-nos.clusters.NAME`; as JSON, for \
         `first-boot-topology`, it is `{{\"clusters\": {{NAME: …}}}}` with the same options.\n\n{}",
        reference_page(&Rules::built_in().unwrap())
    );
    is_current("docs/src/reference/topology.md", &page);
}

#[test]
fn the_man_page_and_the_completions() {
    for (file, text) in shell_files::of(command::command()) {
        is_current(&format!("agent/packaging/{file}"), &text);
    }
}
