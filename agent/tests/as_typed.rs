//! The command line as people type it: a file where a file is expected, standard input, one cause once, and what a command
//! says before it changes anything.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

#[allow(dead_code, reason = "each test file uses its share")]
mod openssl;

use std::fs::{self, File};
use std::io::Read;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use openssl::{Ca, EC};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};
use serde_json::json;
use tempfile::TempDir;

/// As long as the configuration lets a request take.
const LONGEST_REQUEST: &str = "10min";

/// A configuration whose CA does not exist.
fn configuration(folder: &TempDir) -> PathBuf {
    let config = json!({
        "node_id": "node04", "leader_url": "https://192.0.2.1:2379", "raft_addr": "192.0.2.4:2380",
        "tls": {"ca": folder.path().join("ca.crt")},
    });
    let path = folder.path().join("cluster-config.json");
    fs::write(&path, config.to_string()).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    path
}

/// Exit code, standard output and standard error; with a file as standard input.
fn ran(arguments: &[&str], input: Option<&Path>) -> (i32, String, String) {
    let input = input.map_or_else(Stdio::null, |path| File::open(path).unwrap().into());
    let mut command = Command::new(env!("CARGO_BIN_EXE_first-boot-agent"));
    let ended = command.args(arguments).stdin(input).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (ended.status.code().unwrap(), text(ended.stdout), text(ended.stderr))
}

#[test]
fn a_configuration_is_named_as_an_argument_as_an_option_or_comes_from_standard_input() {
    let folder = tempfile::tempdir().unwrap();
    let path = configuration(&folder);
    let name = path.to_str().unwrap();
    for (arguments, input, source) in [
        (["config", "validate", name].as_slice(), None, name),
        (&["--config", name, "config", "validate"], None, name),
        (&["config", "validate", "-"], Some(path.as_path()), "standard input"),
        (&["config", "validate", "--config", "-"], Some(&path), "standard input"),
    ] {
        let (code, said, _) = ran(arguments, input);
        assert_eq!((code, said), (0, format!("{source}: valid for node04\n")), "{arguments:?}");
    }
    let (code, shown, _) = ran(&["config", "show", "-"], Some(&path));
    assert!(code == 0 && shown.contains("node04") && shown.contains("standard input"), "{shown}");
    let (code, _, complaint) = ran(&["config", "validate", name, "--config", name], None);
    assert!(code == 2 && complaint.contains("cannot be used with"), "{complaint}");
    let (code, _, complaint) = ran(&["config", "validate", "-"], None);
    assert!(code == 78 && complaint.contains("standard input"), "{complaint}");
}

/// Who waits reads the configuration again and again.
#[test]
fn standard_input_is_refused_where_it_would_be_read_twice() {
    let folder = tempfile::tempdir().unwrap();
    let path = configuration(&folder);
    for command in ["run", "join chainfire", "leave", "diagnose", "status --wait", "status --watch", "health-check"] {
        let arguments: Vec<&str> = ["--config", "-"].into_iter().chain(command.split(' ')).collect();
        let (code, said, complaint) = ran(&arguments, Some(&path));
        assert_eq!((code, said.as_str()), (2, ""), "{command}: {complaint}");
        assert!(complaint.contains("name a file"), "{command}: {complaint}");
    }
}

/// The book and the README show what the command prints.
#[test]
fn the_examples_of_etcd_are_those_of_the_book() {
    let read = |page: &str| fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(page)).unwrap();
    for (kind, pages) in
        [("etcd", &["README.md", "docs/src/how-to/etcd.md"][..]), ("etcd-join", &["docs/src/how-to/etcd.md"])]
    {
        let (code, example, complaint) = ran(&["config", "example", kind], None);
        assert_eq!(code, 0, "{complaint}");
        for page in pages {
            assert!(read(page).contains(&example), "{page} has not the example {kind}");
        }
    }
}

#[test]
fn an_argument_of_any_bytes_gets_an_answer() {
    use std::os::unix::ffi::OsStrExt;
    let odd = std::ffi::OsStr::from_bytes(b"/no/such/\xff");
    for command in [&["status"][..], &["leave"], &["reset", "all"], &["join", "chainfire"], &["config", "show"]] {
        let mut agent = Command::new(env!("CARGO_BIN_EXE_first-boot-agent"));
        let ended = agent.args(command).arg("--config").arg(odd).output().unwrap();
        let complaint = String::from_utf8_lossy(&ended.stderr);
        assert!(ended.status.code() == Some(78) && !complaint.contains("panicked"), "{command:?}: {complaint}");
    }
}

#[test]
fn what_a_terminal_obeys_in_a_path_is_not_printed_and_the_remedy_still_names_that_file() {
    let folder = tempfile::tempdir().unwrap();
    let usual = configuration(&folder);
    let odd = folder.path().join("a\u{1b}]0;title\u{7}\u{9b}31m\u{202e}\r\nvalid for node09.json");
    let path = odd.to_str().unwrap();
    let is_plain = |text: &str| text.chars().all(|c| c == '\n' || (!c.is_control() && c != '\u{202e}'));
    let both = |arguments: &[&str]| {
        let (_, out, err) = ran(arguments, None);
        assert!(is_plain(&out) && is_plain(&err), "{arguments:?}: {out:?} {err:?}");
        assert!(!err.contains("\nvalid for"), "{err:?}");
        out + &err
    };
    for content in ["", "7", "{\"tls\": 7}", "{\"rack\": 7, \"node\": 7}"] {
        for command in
            [&["config", "validate"][..], &["config", "show"], &["config", "show", "--json"], &["status"], &["plan"]]
        {
            let _ = fs::remove_file(&odd);
            both(&[command, &["--config", path]].concat());
            fs::write(&odd, content).unwrap();
            both(&[command, &["--config", path]].concat());
        }
    }
    fs::remove_file(&odd).unwrap();
    fs::copy(&usual, &odd).unwrap();
    fs::set_permissions(&odd, fs::Permissions::from_mode(0o644)).unwrap();
    assert!(both(&["config", "show", path]).contains("\\u{1b}]0;title"));
    let shown: serde_json::Value = serde_json::from_str(&both(&["config", "show", "--json", path])).unwrap();
    assert!(shown["source"].as_str().unwrap().contains("\\u{1b}]0;title"));
    let said = both(&["config", "validate", path]);
    let (_, command) = said.split_once("run `").unwrap();
    let (command, _) = command.split_once('`').unwrap();
    assert!(Command::new("bash").args(["-c", command]).status().unwrap().success(), "{command}");
    assert_eq!(fs::metadata(&odd).unwrap().permissions().mode() & 0o777, 0o600, "{command}");
    // What is no path, too: the command line's own complaint quotes it.
    for arguments in
        [&["config", "\u{1b}[31m"][..], &["join", "\u{1b}[31m\u{7}"], &["status", "--timeout", "\u{9b}31m"]]
    {
        let (code, out, err) = ran(arguments, None);
        assert!(code != 0 && is_plain(&out) && is_plain(&err), "{arguments:?}: {err:?}");
    }
}

/// Root writes the metrics: what is not a file stays what it is.
#[test]
fn metrics_are_written_to_a_file_and_in_the_place_of_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let path = configuration(&folder);
    let written = |directory: &Path, output: &Path| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_first-boot-agent"));
        command.current_dir(directory).arg("--config").arg(&path).args(["status", "--prometheus", "--output"]);
        let ended = command.arg(output).output().unwrap();
        (ended.status.code(), String::from_utf8(ended.stderr).unwrap())
    };
    let beside = folder.path().join("node.prom.new");
    fs::write(&beside, "precious").unwrap();
    assert_eq!(written(folder.path(), Path::new("node.prom")), (Some(0), String::new()));
    assert_eq!(fs::read_to_string(beside).unwrap(), "precious");
    let files = fs::read_dir(folder.path()).unwrap().count();
    assert_eq!(files, 3, "the configuration, the metrics and the file beside them");
    let metrics = fs::read_to_string(folder.path().join("node.prom")).unwrap();
    assert!(metrics.contains("first_boot_agent_step_state{step=\"chainfire\",state=\"blocked\"} 1\n"), "{metrics}");
    let pipe = folder.path().join("pipe");
    nix::unistd::mkfifo(&pipe, nix::sys::stat::Mode::S_IRWXU).unwrap();
    let link = folder.path().join("link");
    std::os::unix::fs::symlink("/dev/null", &link).unwrap();
    for other in [&pipe, &link] {
        let (code, complaint) = written(folder.path(), other);
        assert!(code == Some(1) && complaint.contains("is not a file"), "{complaint}");
        assert!(!fs::symlink_metadata(other).unwrap().is_file(), "{}", other.display());
    }
    let (code, complaint) = written(folder.path(), &folder.path().join("nowhere/node.prom"));
    assert!(code == Some(1) && complaint.contains("directory does not exist"), "{complaint}");
    assert!(!folder.path().join("nowhere").exists());
}

/// A member that takes the connection and never answers holds a look up, not the end of the wait.
#[test]
fn a_wait_ends_at_its_limit_though_a_member_is_silent() {
    let folder = tempfile::tempdir().unwrap();
    let (silent, ca) = (TcpListener::bind("127.0.0.1:0").unwrap(), Ca::create(EC));
    let config = json!({
        "node_id": "node04", "leader_url": format!("https://{}", silent.local_addr().unwrap()),
        "raft_addr": "127.0.0.4:2380", "tls": {"ca": ca.path().join("ca.crt")},
        "policies": {"request": {"connect": "REQUEST", "total": "REQUEST"}},
    });
    let path = folder.path().join("cluster-config.json");
    fs::write(&path, config.to_string().replace("REQUEST", LONGEST_REQUEST)).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    let (code, _, said) = ran(&["--config", path.to_str().unwrap(), "status", "--wait", "--timeout", "1s"], None);
    assert!(code == 1 && said.contains("not done within 1s"), "{said}");
}

/// What a terminal gets until the output contains something, or the program has ended.
fn until(terminal: &mut File, found: impl Fn(&str) -> bool) -> String {
    let (mut shown, mut buffer) = (String::new(), [0; 4096]);
    while !found(&shown) {
        match terminal.read(&mut buffer) {
            Ok(length) if length > 0 => shown.push_str(&String::from_utf8_lossy(&buffer[..length])),
            // EIO: nobody has the other end open any more.
            _ => break,
        }
    }
    shown
}

/// A terminal of so many columns: the end of its user, and of its programs.
fn terminal(columns: u16) -> (File, File) {
    let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
    grantpt(&master).unwrap();
    unlockpt(&master).unwrap();
    let name = ptsname(&master, Vec::new()).unwrap();
    let (master, programs) =
        (File::from(master), File::options().read(true).write(true).open(name.to_str().unwrap()).unwrap());
    resize(&master, columns);
    (master, programs)
}

fn resize(terminal: &File, columns: u16) {
    tcsetwinsize(terminal, Winsize { ws_row: 50, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 }).unwrap();
}

/// How the drawing of a watch ends.
const DRAWN: &str = "Ctrl-C to stop\r\n\u{1b}[J";

#[test]
fn a_watch_fills_the_width_of_its_terminal_and_draws_again_only_when_something_has_changed() {
    let folder = tempfile::tempdir().unwrap();
    let path = configuration(&folder);
    let (mut user, programs) = terminal(200);
    let mut command = Command::new(env!("CARGO_BIN_EXE_first-boot-agent"));
    command.arg("--config").arg(&path).args(["status", "--watch"]).env("TERM", "linux").env("NO_COLOR", "1");
    let mut watch = command.stdin(Stdio::null()).stderr(Stdio::null()).stdout(programs).spawn().unwrap();
    drop(command);
    let widest = |shown: &str| shown.lines().map(|line| line.chars().count()).max().unwrap();
    let wide = until(&mut user, |shown| shown.ends_with(DRAWN));
    assert!((81..=203).contains(&widest(&wide)), "{wide}");
    // What is shown next is drawn for the next width, and for no other reason.
    resize(&user, 70);
    Command::new("kill").args(["-WINCH", &watch.id().to_string()]).status().unwrap();
    let narrow = until(&mut user, |shown| shown.ends_with(DRAWN));
    watch.kill().unwrap();
    watch.wait().unwrap();
    let rest = until(&mut user, |_| false);
    assert!(narrow.starts_with("\u{1b}[2J") && widest(&narrow) < 80, "{narrow}");
    assert_eq!((narrow.matches("\u{1b}[H").count(), rest.as_str()), (1, ""));
}

/// A window whose edge is being dragged announces a size every few milliseconds.
#[test]
fn a_terminal_that_is_being_resized_does_not_put_the_next_look_off() {
    let folder = tempfile::tempdir().unwrap();
    let path = configuration(&folder);
    let (mut user, programs) = terminal(80);
    let mut command = Command::new(env!("CARGO_BIN_EXE_first-boot-agent"));
    command.arg("--config").arg(&path).args(["status", "--watch"]).env("TERM", "linux").env("NO_COLOR", "1");
    let mut watch = command.stdin(Stdio::null()).stderr(Stdio::null()).stdout(programs).spawn().unwrap();
    drop(command);
    let next = |user: &mut File| until(user, |shown| shown.ends_with(DRAWN));
    next(&mut user);
    fs::write(&path, "7").unwrap();
    let began = Instant::now();
    let mut shown = String::new();
    for columns in (81..=180).cycle().take_while(|_| began.elapsed() < Duration::from_mins(1)) {
        resize(&user, columns);
        Command::new("kill").args(["-WINCH", &watch.id().to_string()]).status().unwrap();
        shown = next(&mut user);
        if shown.contains("no usable configuration") {
            break;
        }
    }
    watch.kill().unwrap();
    watch.wait().unwrap();
    assert!(shown.contains("no usable configuration"), "{shown}");
}

#[test]
fn a_terminal_gets_colours() {
    let folder = tempfile::tempdir().unwrap();
    let (mut user, programs) = terminal(80);
    let mut command = Command::new(env!("CARGO_BIN_EXE_first-boot-agent"));
    command.args(["--config", "/no/such", "--state-dir"]).arg(folder.path()).arg("status");
    command.env("TERM", "linux").env_remove("NO_COLOR").stdin(Stdio::null()).stderr(Stdio::null()).stdout(programs);
    let mut status = command.spawn().unwrap();
    drop(command);
    let shown = until(&mut user, |_| false);
    status.wait().unwrap();
    assert!(shown.contains("\u{1b}[31mblocked \u{1b}[m"), "{shown:?}");
}

#[test]
fn what_is_typed_is_not_obeyed_by_a_terminal() {
    let odd = "/no/such/\u{1b}[2J\u{9b}2J";
    let (_, said, complaint) = ran(&["--config", odd, "status"], None);
    let (_, unknown, usage) = ran(&["status", odd], None);
    let (code, _, unwritten) = ran(&["status", "--prometheus", "--output", odd], None);
    for text in [&said, &complaint, &unknown, &usage, &unwritten] {
        assert!(!text.contains(['\u{1b}', '\u{9b}']), "{text:?}");
    }
    assert!(said.contains("/no/such/\\u{1b}[2J\\u{9b}2J") && code == 1, "{said}");
    assert!(unwritten.contains("/no/such/\\u{1b}[2J"), "{unwritten}");
}

/// With `service` for `services` the configuration has other services than the node.
#[test]
fn all_is_not_left_while_a_marker_is_of_a_service_that_the_configuration_does_not_have() {
    let (folder, state) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let path = configuration(&folder);
    fs::write(state.path().join(".etcd-initialized"), "{}").unwrap();
    let at = ["--config", path.to_str().unwrap(), "--state-dir", state.path().to_str().unwrap()];
    for command in [["leave", "--dry-run"].as_slice(), &["reset", "all", "--dry-run"]] {
        let (code, said, complaint) = ran(&[at.as_slice(), command].concat(), None);
        let text = said + &complaint;
        assert!(code == 78 && text.contains("marker of etcd") && !text.contains("--accept-quorum-loss"), "{text}");
    }
}
