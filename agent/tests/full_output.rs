//! What is printed to where there is no space (row F21), by every command of the agent that prints.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Stdio};

use printing::Commands;

mod printing;

const AGENT: &str = env!("CARGO_BIN_EXE_first-boot-agent");

fn commands(folder: &Path) -> Commands {
    let config = folder.join("cluster-config.json");
    // Everything is off, so that no request is made and nothing is to be done.
    let text = r#"{"node_id": "node01", "bootstrap": true, "initial_peers": ["10.0.1.10:2380"], "raft_addr": "10.0.1.10:2380",
        "services": {"chainfire": {"enable": false}, "flaredb": {"enable": false}, "iam": {"enable": false}}}"#;
    fs::write(&config, text).unwrap();
    fs::set_permissions(&config, fs::Permissions::from_mode(0o600)).unwrap();
    let agent = |arguments: &[&str], code| {
        let mut command = Command::new(AGENT);
        command.arg("--config").arg(&config).arg("--state-dir").arg(folder).args(arguments);
        (command, code)
    };
    vec![
        agent(&["inventory"], 0),
        agent(&["inventory", "--json"], 0),
        agent(&["status"], 78),
        agent(&["status", "--json"], 78),
        agent(&["status", "--watch", "--wait"], 78),
        agent(&["plan"], 78),
        agent(&["plan", "--json"], 78),
        agent(&["config", "validate"], 0),
        agent(&["config", "show"], 0),
        agent(&["config", "show", "--json"], 0),
        agent(&["config", "schema"], 0),
        agent(&["config", "example", "join"], 0),
        agent(&["--help"], 0),
        agent(&["help", "join"], 0),
        agent(&["config", "show", "-h"], 0),
        agent(&["--version"], 0),
    ]
}

#[test]
fn f21_a_full_device_is_an_error_of_every_command_that_prints() {
    let folder = tempfile::tempdir().unwrap();
    printing::a_full_device_is_an_error(commands(folder.path()));
}

#[test]
fn f21_a_reader_that_goes_away_early_is_no_error() {
    let folder = tempfile::tempdir().unwrap();
    printing::a_reader_that_goes_away_early_is_no_error(commands(folder.path()));
    let mut schema = Command::new(AGENT).args(["config", "schema"]).stdout(Stdio::piped()).spawn().unwrap();
    let mut first = String::new();
    BufReader::new(schema.stdout.take().unwrap()).read_line(&mut first).unwrap();
    assert_eq!((schema.wait().unwrap().code(), first.trim()), (Some(0), "{"));
}

#[test]
fn wrong_usage_goes_to_standard_error_and_has_its_code() {
    printing::wrong_usage_goes_to_standard_error_and_has_its_code(AGENT);
}
