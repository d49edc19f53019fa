//! `first-boot-topology` as it is called: what it prints, which files it makes, its exit codes.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

fn case(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../nixos-module/tests/topology").join(name)
}

fn call(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_first-boot-topology")).args(arguments).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[test]
fn check_lists_all_problems_and_ends_with_78() {
    let file = case("wrong/everything-at-once.json");
    let done = call(&["check", file.to_str().unwrap()]);
    assert_eq!(done.status.code(), Some(78));
    let reported = text(&done.stderr);
    let problems = fs::read_to_string(case("wrong/everything-at-once.txt")).unwrap();
    assert!(reported.contains("has 10 problems\n"), "{reported}");
    assert!(problems.lines().all(|problem| reported.contains(&format!("  {problem}\n"))), "{reported}");
    assert!(done.stdout.is_empty());
}

#[test]
fn check_of_a_sound_topology_warns_and_succeeds() {
    let done = call(&["check", case("good/seed.json").to_str().unwrap()]);
    assert_eq!(done.status.code(), Some(0));
    assert!(text(&done.stdout).ends_with("seed.json: sound, 3 nodes\n"));
    let warnings = fs::read_to_string(case("good/seed/warnings.txt")).unwrap();
    assert_eq!(
        text(&done.stderr),
        warnings.lines().map(|line| format!("warning: {line}\n")).collect::<Vec<_>>().concat()
    );
}

#[test]
fn render_writes_a_file_of_mode_0600_for_each_node() {
    let base = tempfile::tempdir().unwrap();
    let directory = base.path().join("configs");
    let call =
        |file: &str| call(&["render", case(file).to_str().unwrap(), "--output-dir", directory.to_str().unwrap()]);
    assert_eq!(call("good/four-nodes.json").status.code(), Some(0));
    let mode = |path: &PathBuf| fs::metadata(path).unwrap().permissions().mode() & 0o7777;
    assert_eq!(mode(&directory), 0o700);
    assert_eq!(fs::read_dir(&directory).unwrap().count(), 4);
    let file = directory.join("node04.json");
    assert_eq!(mode(&file), 0o600);
    assert_eq!(fs::read(&file).unwrap(), fs::read(case("good/four-nodes/node04.json")).unwrap());
    // A topology with problems leaves what is there as it is.
    assert_eq!(call("wrong/role.json").status.code(), Some(78));
    assert_eq!(fs::read_dir(&directory).unwrap().count(), 4);
}

#[test]
fn render_prints_one_node_as_its_file_and_all_as_one_object() {
    let file = case("good/two-sites.json");
    let file = file.to_str().unwrap();
    let one = call(&["render", file, "--node", "osaka04"]);
    assert_eq!(text(&one.stdout), fs::read_to_string(case("good/two-sites/osaka04.json")).unwrap());
    let all: serde_json::Value = serde_json::from_slice(&call(&["render", file]).stdout).unwrap();
    assert_eq!(all["osaka04"], serde_json::from_slice::<serde_json::Value>(&one.stdout).unwrap());
    assert_eq!(all.as_object().unwrap().len(), 5);
    let none = call(&["render", file, "--node", "node01"]);
    assert_eq!(none.status.code(), Some(78));
    assert!(text(&none.stderr).contains("node01 is not a node of the topology; known are: osaka01"));
}

#[test]
fn what_cannot_be_read_or_written_is_named() {
    let missing = call(&["check", "/nonexistent/topology.json"]);
    assert_eq!(missing.status.code(), Some(78));
    assert!(text(&missing.stderr).contains("the topology /nonexistent/topology.json: No such file"));
    let wide = tempfile::NamedTempFile::new().unwrap();
    fs::write(wide.path(), b"\xff\xfe{\0}\0").unwrap();
    let refused = call(&["check", wide.path().to_str().unwrap()]);
    assert_eq!(refused.status.code(), Some(78));
    let said = text(&refused.stderr);
    assert!(said.contains(&format!("the topology {}: it is UTF-16", wide.path().display())), "{said}");
    let file = case("good/seed.json");
    let target = file.join("below-a-file");
    let failed = call(&["render", file.to_str().unwrap(), "--output-dir", target.to_str().unwrap()]);
    assert_eq!(failed.status.code(), Some(1));
    assert!(text(&failed.stderr).contains("cannot make the directory"), "{}", text(&failed.stderr));
}

#[test]
fn a_topology_comes_through_standard_input_too() {
    let input = fs::File::open(case("good/four-nodes.json")).unwrap();
    let done = Command::new(env!("CARGO_BIN_EXE_first-boot-topology"))
        .args(["render", "-", "--node", "node01"])
        .stdin(Stdio::from(input))
        .output()
        .unwrap();
    assert_eq!(text(&done.stdout), fs::read_to_string(case("good/four-nodes/node01.json")).unwrap());
}

#[test]
fn what_an_earlier_try_left_is_not_followed_and_what_is_in_the_way_is_named() {
    let base = tempfile::tempdir().unwrap();
    let (others, file) = (base.path().join("others"), base.path().join("node04.json"));
    fs::write(&others, "precious").unwrap();
    std::os::unix::fs::symlink(&others, base.path().join("node04.json.first-boot-topology.new")).unwrap();
    let topology = case("good/four-nodes.json");
    let arguments =
        ["render", topology.to_str().unwrap(), "--node", "node04", "--output-dir", base.path().to_str().unwrap()];
    assert_eq!(call(&arguments).status.code(), Some(0));
    assert_eq!(fs::read_to_string(&others).unwrap(), "precious");
    assert!(fs::symlink_metadata(&file).unwrap().is_file());
    fs::remove_file(&file).unwrap();
    fs::create_dir(&file).unwrap();
    let failed = call(&arguments);
    assert_eq!(failed.status.code(), Some(1));
    assert!(text(&failed.stderr).contains(&format!("cannot write {}: ", file.display())), "{}", text(&failed.stderr));
    assert!(!base.path().join("node04.json.first-boot-topology.new").exists(), "nothing is left behind");
}
