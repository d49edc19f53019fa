//! `status` for a user who may read neither the configuration nor the markers: what is closed is not called damaged.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

const NOBODY: u32 = 65534;
const MARKER: &str = "2025-12-10T10:30:45+09:00\n";

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

/// The whole text of `status`, with these modes of the state directory and of the marker of chainfire in it.
fn status(directory: u32, marker: u32) -> String {
    let folder = tempfile::tempdir().unwrap();
    set_mode(folder.path(), 0o755);
    let path = |name: &str| folder.path().join(name);
    let (config, state, agent) = (path("cluster-config.json"), path("state"), path("first-boot-agent"));
    // Where it was built, another user may not look.
    fs::copy(env!("CARGO_BIN_EXE_first-boot-agent"), &agent).unwrap();
    fs::write(&config, "{}").unwrap();
    set_mode(&config, 0);
    fs::create_dir(&state).unwrap();
    fs::write(state.join(".chainfire-joined"), MARKER).unwrap();
    set_mode(&state.join(".chainfire-joined"), marker);
    set_mode(&state, directory);
    let mut command = Command::new(agent);
    command.arg("--config").arg(config).arg("--state-dir").arg(&state).arg("status");
    // Root may read everything.
    if fs::metadata("/proc/self").unwrap().uid() == 0 {
        command.uid(NOBODY).gid(NOBODY);
    }
    let output = command.output().unwrap();
    set_mode(&state, 0o755);
    String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned()
}

#[test]
fn a_marker_that_may_not_be_read_is_not_called_damaged() {
    const CLOSED: &str = "its marker cannot be read without root";
    for (directory, marker, closed) in [(0, 0o644, 3), (0o755, 0, 1), (0o755, 0o644, 0)] {
        let text = status(directory, marker);
        assert!(text.contains("Run it as root"), "{text}");
        assert_eq!(text.matches(CLOSED).count(), closed, "{directory:o} {marker:o}: {text}");
        assert!(!text.contains("damaged") && !text.contains('✗'), "{text}");
    }
    assert!(status(0o755, 0o644).contains("marked at 2025-12-10"));
}
