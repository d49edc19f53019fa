//! What is printed to where there is no space (row F21), by every command of the topology's program.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::fs;
use std::path::Path;
use std::process::Command;

use printing::Commands;

#[path = "../../agent/tests/printing/mod.rs"]
mod printing;

const TOPOLOGY: &str = env!("CARGO_BIN_EXE_first-boot-topology");

fn commands(folder: &Path) -> Commands {
    let good = concat!(env!("CARGO_MANIFEST_DIR"), "/../nixos-module/tests/topology/good");
    let some = fs::read_dir(good).unwrap().map(|entry| entry.unwrap().path());
    let one = some.filter(|path| path.extension().is_some_and(|end| end == "json")).min().unwrap();
    fs::copy(one, folder.join("topology.json")).unwrap();
    let made = |arguments: &[&str]| {
        let mut command = Command::new(TOPOLOGY);
        command.args(arguments).current_dir(folder);
        (command, 0)
    };
    vec![
        made(&["check", "topology.json"]),
        made(&["render", "topology.json"]),
        made(&["render", "topology.json", "--output-dir", "made"]),
        made(&["--help"]),
        made(&["--version"]),
    ]
}

#[test]
fn f21_a_full_device_is_an_error_of_the_topologys_commands_too() {
    let folder = tempfile::tempdir().unwrap();
    printing::a_full_device_is_an_error(commands(folder.path()));
    assert!(folder.path().join("made").read_dir().unwrap().count() > 0, "the files are made all the same");
}

#[test]
fn f21_a_reader_of_the_topologys_commands_may_go_away_early() {
    let folder = tempfile::tempdir().unwrap();
    printing::a_reader_that_goes_away_early_is_no_error(commands(folder.path()));
}

#[test]
fn wrong_usage_goes_to_standard_error_and_has_its_code() {
    printing::wrong_usage_goes_to_standard_error_and_has_its_code(TOPOLOGY);
}
