//! What is printed to where there is no space (row F21): every command that prints, of both programs.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::fs::{self, File};
use std::io::{BufRead, BufReader, Read};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Output, Stdio};

const AGENT: &str = env!("CARGO_BIN_EXE_first-boot-agent");
const TOPOLOGY: &str = env!("CARGO_BIN_EXE_first-boot-topology");

/// The commands, each with the code that it ends with where it can print.
fn commands(folder: &Path) -> Vec<(Command, i32)> {
    let (config, topology) = (folder.join("cluster-config.json"), folder.join("topology.json"));
    let good = concat!(env!("CARGO_MANIFEST_DIR"), "/../nixos-module/tests/topology/good");
    let some = fs::read_dir(good).unwrap().map(|entry| entry.unwrap().path());
    let one = some.filter(|path| path.extension().is_some_and(|end| end == "json")).min().unwrap();
    fs::copy(one, &topology).unwrap();
    // Everything is off, so that nobody is asked and nothing is to be done.
    let text = r#"{"node_id": "node01", "bootstrap": true, "initial_peers": ["10.0.1.10:2380"], "raft_addr": "10.0.1.10:2380",
        "services": {"chainfire": {"enable": false}, "flaredb": {"enable": false}, "iam": {"enable": false}}}"#;
    fs::write(&config, text).unwrap();
    fs::set_permissions(&config, fs::Permissions::from_mode(0o600)).unwrap();
    let agent = |arguments: &[&str], code| {
        let mut command = Command::new(AGENT);
        command.arg("--config").arg(&config).arg("--state-dir").arg(folder).args(arguments);
        (command, code)
    };
    let made = |arguments: &[&str]| {
        let mut command = Command::new(TOPOLOGY);
        command.args(arguments).current_dir(folder);
        (command, 0)
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
        made(&["check", "topology.json"]),
        made(&["render", "topology.json"]),
        made(&["render", "topology.json", "--output-dir", "made"]),
        made(&["--help"]),
        made(&["--version"]),
    ]
}

fn complaint(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn f21_a_full_device_is_an_error_of_every_command_that_prints() {
    let folder = tempfile::tempdir().unwrap();
    for (mut command, code) in commands(folder.path()) {
        let printed = command.output().unwrap();
        assert_eq!(printed.status.code(), Some(code), "{command:?}: {}", complaint(&printed));
        assert!(!printed.stdout.is_empty(), "{command:?} prints");
        assert!(!complaint(&printed).contains("standard output"), "{command:?}: {}", complaint(&printed));

        let full = File::options().write(true).open("/dev/full").unwrap();
        let lost = command.stdout(full).output().unwrap();
        assert_eq!(lost.status.code(), Some(1), "{command:?}: {}", complaint(&lost));
        let words = "cannot write to standard output: No space left on device";
        assert_eq!(
            complaint(&lost).matches(words).count(),
            complaint(&lost).matches("standard output").count(),
            "{}",
            complaint(&lost)
        );
        assert!(complaint(&lost).contains(words), "{command:?}: {}", complaint(&lost));
    }
    assert!(folder.path().join("made").read_dir().unwrap().count() > 0, "the files are made all the same");
}

#[test]
fn f21_a_reader_that_goes_away_early_is_no_error() {
    let folder = tempfile::tempdir().unwrap();
    for (mut command, code) in commands(folder.path()) {
        // Nobody reads from the beginning: the first byte is one too many.
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let ended = command.stdout(writer).output().unwrap();
        assert_eq!(ended.status.code(), Some(code), "{command:?}: {}", complaint(&ended));
        assert!(
            !complaint(&ended).contains("standard output") && !complaint(&ended).contains("panicked"),
            "{}",
            complaint(&ended)
        );
    }
    let mut schema = Command::new(AGENT).args(["config", "schema"]).stdout(Stdio::piped()).spawn().unwrap();
    let mut first = String::new();
    BufReader::new(schema.stdout.take().unwrap()).read_line(&mut first).unwrap();
    assert_eq!((schema.wait().unwrap().code(), first.trim()), (Some(0), "{"));
}

#[test]
fn wrong_usage_goes_to_standard_error_and_has_its_code() {
    for program in [AGENT, TOPOLOGY] {
        for arguments in [&["no-such-command"][..], &[], &["--no-such-option"]] {
            let mut child =
                Command::new(program).args(arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
            let mut stdout = String::new();
            child.stdout.take().unwrap().read_to_string(&mut stdout).unwrap();
            let ended = child.wait_with_output().unwrap();
            assert_eq!((ended.status.code(), stdout.as_str()), (Some(2), ""), "{arguments:?}");
            assert!(complaint(&ended).contains("Usage: "), "{arguments:?}: {}", complaint(&ended));
        }
    }
}
