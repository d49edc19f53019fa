//! The files that are generated, from the code or from templates: a test fails where one drifts, `make generate` writes them anew.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::fs;
use std::path::Path;

use first_boot_agent::{cli, config, events, topology};

mod units;

/// Compares a committed file with what its source says now, or writes it where `GENERATE` is set.
fn is_current(path: &str, text: &str) {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path);
    if std::env::var_os("GENERATE").is_some() {
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(&file, text).unwrap();
    }
    let committed = fs::read_to_string(&file).unwrap_or_default();
    assert!(committed == text, "{path} is not what its source says; run `make generate`");
}

#[test]
fn the_journal_catalog() {
    is_current("agent/catalog/first-boot-agent.catalog", &events::catalog_text());
}

#[test]
fn the_units() {
    for (file, text) in units::files() {
        is_current(&format!("agent/systemd/{file}"), &text);
    }
}

#[test]
fn the_event_reference() {
    is_current("docs/src/reference/events.md", &events::reference_page());
}

#[test]
fn the_command_line_reference() {
    is_current("docs/src/reference/command-line.md", &cli::reference_page());
}

#[test]
fn the_configuration_reference() {
    let page = format!(
        "# Cluster configuration\n\n<!-- Generated from agent/config/src/table.rs by `make generate`; do not edit. -->\n\n\
         The JSON Schema is [cluster-config.schema.json](cluster-config.schema.json), also printed by \
         `first-boot-agent config schema`.\n\n{}",
        config::reference()
    );
    is_current("docs/src/reference/configuration.md", &page);
}

#[test]
fn the_json_schema() {
    is_current("docs/src/reference/cluster-config.schema.json", &config::schema());
}

#[test]
fn the_topology_reference() {
    let page = format!(
        "# Topology\n\n<!-- Generated from nixos-module/lib/topology/rules.json by `make generate`; do not edit. -->\n\n\
         A topology names clusters and their nodes; every node's [configuration](configuration.md) follows from it. How to \
         write and use one: [Describe a cluster as a topology](../how-to/topology.md). In NixOS it is `nix-nos.clusters.NAME`; as JSON, for \
         `first-boot-topology`, it is `{{\"clusters\": {{NAME: …}}}}` with the same options.\n\n{}",
        topology::reference_page(&topology::Rules::built_in().unwrap())
    );
    is_current("docs/src/reference/topology.md", &page);
}
