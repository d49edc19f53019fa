//! Errors of the operating system reach people in words, without their numbers.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

const AGENT: &str = env!("CARGO_BIN_EXE_first-boot-agent");
/// What the standard library puts before a number, in two parts: the word lint reads this file too.
const NUMBER: &str = concat!("os", " error ");

const CONFIG: &str = r#"{"node_id": "node01", "bootstrap": true, "initial_peers": ["10.0.1.10:2380"], "raft_addr": "10.0.1.10:2380",
    "tls": {"ca": "/no/such/ca.crt", "cert": "/no/such/node01.crt", "key": "/no/such/node01.key"},
    "services": {"iam": {"admin_password_file": "/no/such/password"}}}"#;

fn printed(arguments: &[&str]) -> String {
    let output = Command::new(AGENT).args(arguments).output().unwrap();
    String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned()
}

#[test]
fn no_command_prints_the_number_of_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).display().to_string();
    let config = path("cluster-config.json");
    fs::write(&config, CONFIG).unwrap();
    fs::set_permissions(&config, fs::Permissions::from_mode(0o600)).unwrap();
    let (below_a_file, too_long, output) =
        (path("cluster-config.json/x"), path(&"x".repeat(300)), path("no/such/output"));
    let state = path("");
    let mut all = String::new();
    for arguments in [
        &["--config", &below_a_file, "config", "validate"][..],
        &["--config", &too_long, "config", "validate"],
        &["--config", &too_long, "status"],
        &["--config", &too_long, "plan"],
        &["--config", &too_long, "leave", "--dry-run"],
        &["--config", &config, "config", "validate"],
        &["--config", &config, "--state-dir", &state, "status"],
        &["--config", &config, "--state-dir", &state, "plan"],
        &["--config", &config, "--state-dir", &state, "reset", "all", "--dry-run"],
        &["--config", &config, "--state-dir", &below_a_file, "join", "chainfire"],
        &["--config", &config, "--state-dir", &state, "join", "chainfire"],
        &["--config", &config, "--state-dir", &state, "diagnose", "--output", "-"],
        &["--config", &config, "diagnose", "--output", &output],
        &["--config", &config, "status", "--prometheus", "--output", &below_a_file],
    ] {
        let text = printed(arguments);
        assert!(!text.contains(NUMBER), "{arguments:?}: {text}");
        all += &text;
    }
    for words in ["No such file or directory", "File name too long"] {
        assert!(all.contains(words), "nothing was met: {all}");
    }
}

/// An error that displays a `std::io::Error` as it is displays its number.
#[test]
fn no_error_displays_an_io_error_as_it_is() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut found = Vec::new();
    for folder in ["src", "output/src", "config/src", "../topology/src"] {
        for path in sources(&root.join(folder)) {
            let text = fs::read_to_string(&path).unwrap();
            let of_file = as_it_is(&text).into_iter().map(|words| format!("{}: {words}", path.display()));
            found.extend(of_file);
        }
    }
    assert!(found.is_empty(), "use first_boot_output::plain_error: {found:#?}");
}

#[test]
fn the_search_for_io_errors_finds_them() {
    for wrong in [
        "#[error(\"a {source}\")]\nFailed {\n    path: PathBuf,\n    source: io::Error,\n},",
        "#[error(transparent)]\nIo(#[from] io::Error),",
        "#[error(\"{0}\")]\nIo(std::io::Error),",
    ] {
        assert_eq!(as_it_is(wrong).len(), 1, "{wrong}");
    }
    for right in
        ["#[error(\"{}\", plain_error(.0))]\nIo(io::Error),", "#[error(\"{0}\")]\nOther(String),\nIo(io::Error),"]
    {
        assert_eq!(as_it_is(right), Vec::<&str>::new(), "{right}");
    }
}

/// The texts of errors that show what they hold as it is, where that is a `std::io::Error`. It sees typed errors alone: those of
/// `thiserror`, not an `io::Error` that a `format!` or an `impl Display` shows.
fn as_it_is(text: &str) -> Vec<&str> {
    let attributes = text.split("#[error(").skip(1).filter_map(|after| after.split_once(")]"));
    let of_io = attributes.filter(|(words, after)| {
        let fields = after.split_once(['(', '{']).map_or("", |(_, fields)| fields);
        let fields = fields.split(['}', ';']).next().unwrap_or_default().split("),").next().unwrap_or_default();
        let shows = ["{source}", "{0}", "{error}", "transparent"].iter().any(|shown| words.contains(shown));
        shows && fields.contains("io::Error")
    });
    of_io.map(|(words, _)| words).collect()
}

fn sources(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let (folders, files): (Vec<_>, Vec<_>) = entries.partition(|path| path.is_dir());
    let below = folders.iter().flat_map(|folder| sources(folder));
    below.chain(files).filter(|path| path.extension().is_some_and(|extension| extension == "rs")).collect()
}
