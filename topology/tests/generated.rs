//! The reference page of the topology, from the table: a test fails where it drifts, `make generate` writes it anew.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use first_boot_topology::{Rules, reference_page};
use generated_file::is_current;

#[path = "../../agent/tests/generated_file/mod.rs"]
mod generated_file;

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
