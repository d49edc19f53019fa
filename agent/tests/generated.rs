//! The files that are generated, from the code or from templates: a test fails on drift, `make generate` writes them.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use first_boot_agent::{cli, config};
use generated_file::is_current;

mod command_line_page;
mod event_pages;
mod generated_file;
mod shell_files;
mod units;

#[test]
fn the_journal_catalog() {
    is_current("agent/catalog/first-boot-agent.catalog", &event_pages::catalog());
}

#[test]
fn the_units() {
    for (file, text) in units::files() {
        is_current(&format!("agent/systemd/{file}"), &text);
    }
}

#[test]
fn the_event_reference() {
    is_current("docs/src/reference/events.md", &event_pages::reference());
}

#[test]
fn the_command_line_reference() {
    is_current("docs/src/reference/command-line.md", &command_line_page::reference());
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
fn the_man_page_and_the_completions() {
    for (file, text) in shell_files::of(cli::command()) {
        is_current(&format!("agent/packaging/{file}"), &text);
    }
}

#[test]
fn bash_completes_what_comes_behind_a_command() {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/packaging/completions/bash/first-boot-agent");
    for (words, expected) in [
        ("st", "status"),
        ("config ''", "validate"),
        ("leave --d", "--dry-run"),
        ("health-check --w", "--wait"),
        ("config example ''", "bootstrap"),
    ] {
        let script = format!(
            "source {file}; COMP_WORDS=(first-boot-agent {words}); COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1)); \
             _first__boot__agent first-boot-agent \"${{COMP_WORDS[-1]}}\" \"${{COMP_WORDS[-2]}}\"; \
             printf '%s\\n' \"${{COMPREPLY[@]}}\""
        );
        let ended = std::process::Command::new("bash").args(["-c", &script]).output().unwrap();
        let said = String::from_utf8_lossy(&ended.stdout).into_owned();
        assert!(said.lines().any(|line| line == expected), "{words}: {said}{}", String::from_utf8_lossy(&ended.stderr));
    }
}
