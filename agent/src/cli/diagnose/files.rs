//! Sections of a fault report that come from files of this machine. Must not read what is in a file that may hold a secret.

use std::fmt::Write;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use first_boot_output::plain_error;
use nix::unistd::geteuid;
use tokio::process::Command;
use tokio::time::timeout;

use crate::boot;
use crate::clock;
use crate::foreign_text::{shown, shown_lines};
use crate::regular_file::{self, Links};

use super::super::node;
use super::lines;

/// A directory of ours has a dozen files; more are not ours.
const MOST_FILES: usize = 100;
/// Bytes of a file that are looked at.
const LARGEST: u64 = 64 * 1024;
/// Characters of a file that are shown.
const LONGEST: usize = 8 * 1024;
/// Characters of a line that are shown.
const LONGEST_LINE: usize = 200;
/// `systemctl --version` asks no other process.
const LIMIT: Duration = Duration::from_secs(5);

/// Who this is, and on what it runs.
pub(super) fn system() -> String {
    let root = Path::new("/");
    let first_line =
        |path: &str| text(&root.join(path)).map(|text| shown(text.lines().next().unwrap_or_default(), LONGEST_LINE));
    let release = text(Path::new("/etc/os-release")).or_else(|_| text(Path::new("/usr/lib/os-release")));
    let pretty = release.map(|release| {
        let name = release.lines().find_map(|line| line.strip_prefix("PRETTY_NAME=")).unwrap_or("unnamed");
        shown(name.trim_matches('"'), LONGEST_LINE)
    });
    // The values are not shown: one of them may be a password.
    let parameters = text(Path::new("/proc/cmdline")).map(|line| {
        let names = line.split_whitespace().map(|word| word.split_once('=').map_or(word, |(name, _)| name));
        let ours = names.filter(|name| name.replace('-', "_").contains("first_boot") || *name == "BOOTIF");
        let ours: Vec<String> = ours.map(|name| shown(name, LONGEST_LINE)).collect();
        if ours.is_empty() { "none of the agent (first_boot.…, BOOTIF)".to_owned() } else { ours.join(" ") }
    });
    let known = |value: Result<String, String>| value.unwrap_or_else(|error| error);
    lines([
        ("agent", format!("{} of {}", env!("CARGO_PKG_VERSION"), clock::written(clock::build_date()))),
        (
            "run as",
            if geteuid().is_root() {
                "root".to_owned()
            } else {
                format!("user {}, which may not see all of this", geteuid())
            },
        ),
        ("system", known(pretty)),
        ("kernel", known(first_line("proc/sys/kernel/osrelease"))),
        ("parameters", known(parameters)),
        (
            "up for",
            known(first_line("proc/uptime").map(|line| format!("{} s", line.split(' ').next().unwrap_or_default()))),
        ),
        ("run id", node::run_id()),
    ])
}

/// What `systemctl` says that it is.
pub(super) async fn systemd_version() -> String {
    let mut command = Command::new("systemctl");
    command.arg("--version").stdin(Stdio::null()).stderr(Stdio::null()).kill_on_drop(true);
    match timeout(LIMIT, command.output()).await {
        Ok(Ok(output)) => {
            shown(String::from_utf8_lossy(&output.stdout).lines().next().unwrap_or("silent"), LONGEST_LINE)
        }
        Ok(Err(error)) => format!("systemctl cannot be run: {}", plain_error(&error)),
        Err(_) => "systemctl does not answer".to_owned(),
    }
}

/// What the clock says, and what it is held against.
pub(super) fn clock() -> String {
    let judged = match clock::before_build() {
        Some((_, floor)) => format!("before the agent was built; certificates are judged as of {floor}"),
        None => "after the agent was built".to_owned(),
    };
    lines([("clock", clock::now()), ("it is", judged)])
}

/// The directory of the markers: what is in it, and what markers, locks and notes say.
pub(super) fn state(directory: &Path) -> String {
    listed(directory, |name| {
        let is_marker = name.starts_with('.') && !name.contains("password");
        is_marker || [".lock", ".trouble.json"].iter().any(|end| name.ends_with(end))
    })
}

/// What the initrd of this boot has left.
pub(super) fn hand_over() -> String {
    // The configuration is not shown, and the inventory has a section.
    listed(&Path::new("/").join(boot::DIRECTORY), |name| name == "boot.json")
}

/// What names are resolved from.
pub(super) fn name_sources() -> String {
    ["/etc/resolv.conf", "/etc/hosts"].map(|path| content(Path::new(path), Links::Follow)).concat()
}

/// What is in a directory, and what is in those of its files that are to be shown.
fn listed(directory: &Path, is_shown: impl Fn(&str) -> bool) -> String {
    let entries = match fs::read_dir(directory) {
        Ok(entries) => entries,
        Err(error) => return format!("{}: {}", directory.display(), plain_error(&error)),
    };
    let mut paths: Vec<_> = entries.flatten().map(|entry| entry.path()).collect();
    paths.sort();
    let mut text = String::new();
    for path in paths.iter().take(MOST_FILES) {
        let about = fs::symlink_metadata(path).map_or_else(
            |error| plain_error(&error),
            |metadata| {
                let changed = metadata.modified().map_or_else(|_| "unknown".to_owned(), clock::written);
                let kind = match metadata.file_type() {
                    kind if kind.is_file() => "a file",
                    kind if kind.is_dir() => "a directory",
                    kind if kind.is_symlink() => "a link",
                    _ => "neither a file nor a directory",
                };
                let (mode, uid, gid) = (metadata.mode() & 0o7777, metadata.uid(), metadata.gid());
                format!("{kind}, mode {mode:04o}, owner {uid}:{gid}, {} bytes, changed {changed}", metadata.len())
            },
        );
        // Writing to a string does not fail.
        let _ = writeln!(text, "{}  {about}", shown(&path.display().to_string(), LONGEST_LINE));
        if path.file_name().and_then(|name| name.to_str()).is_some_and(&is_shown) {
            text += &content(path, Links::Refuse);
        }
    }
    if paths.len() > MOST_FILES {
        let _ = writeln!(text, "and {} more", paths.len() - MOST_FILES);
    }
    if text.is_empty() { format!("{} is empty", directory.display()) } else { text }
}

/// The lines of a file, indented below its name.
fn content(path: &Path, links: Links) -> String {
    let text = regular_file::read(path, links, LARGEST).map_or_else(
        |error| format!("({error})"),
        |bytes| shown_lines(String::from_utf8_lossy(&bytes).trim_end(), LONGEST),
    );
    format!("{}:\n    {}\n", path.display(), text.replace('\n', "\n    "))
}

fn text(path: &Path) -> Result<String, String> {
    let bytes = regular_file::read(path, Links::Follow, LARGEST);
    bytes
        .map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
        .map_err(|error| format!("({}: {error})", path.display()))
}
