//! One etcd as a process, which ends with its value and with the tests' own process.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, ErrorKind};
use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// Milliseconds. Ten times less than usual would have a busy machine elect leaders all the time.
const HEARTBEAT: &str = "50";
const ELECTION: &str = "500";
/// The last lines of a log that are shown where a test fails.
const LAST_LINES: usize = 15;

/// What runs; `ETCD=/path/to/etcd cargo test --test etcd_answers` is another version.
fn program() -> OsString {
    std::env::var_os("ETCD").unwrap_or_else(|| "etcd".into())
}

/// Says in words that there is none; every other way to find out takes long and is hard to read.
pub(crate) fn assert_installed() {
    let version = Command::new(program()).arg("--version").stdin(Stdio::null()).output();
    let obstacle = match version {
        Ok(output) if output.status.success() => return,
        Ok(output) => String::from_utf8_lossy(&output.stderr).into_owned(),
        Err(error) => error.to_string(),
    };
    let program = program();
    panic!("{} does not run ({obstacle}); `make host` installs it on Debian", program.display())
}

/// Files of one server, and its process while that runs.
pub(crate) struct Process {
    folder: PathBuf,
    running: Option<Child>,
    /// Stands in for systemd.
    notified: UnixDatagram,
}

impl Process {
    /// In this folder, which has the server's certificate as `own.crt` and what it trusts as `ca.crt`.
    pub(crate) fn new(folder: PathBuf) -> Self {
        let notified = UnixDatagram::bind(folder.join("notify")).unwrap();
        notified.set_nonblocking(true).unwrap();
        Self { folder, running: None, notified }
    }

    pub(crate) fn start<'a>(&mut self, options: impl IntoIterator<Item = (&'a str, &'a str)>) {
        let data = self.data();
        let options: Vec<_> = options.into_iter().collect();
        self.start_in([], options.into_iter().chain([("--data-dir", data.to_str().unwrap())]));
    }

    /// Starts it with these variables in its environment, and only TLS besides, as a unit does.
    pub(crate) fn start_in<'a>(
        &mut self,
        environment: impl IntoIterator<Item = (&'a str, &'a str)>,
        options: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) {
        assert!(self.running.is_none(), "an etcd runs in {} already", self.folder.display());
        // Tests that are killed from outside leave no servers behind.
        let mut command = Command::new("setpriv");
        command.args(["--pdeathsig", "KILL", "--"]).arg(program());
        for (option, value) in options {
            command.args([option, value]);
        }
        command.envs(environment);
        for (option, file) in [
            ("--cert-file", "own.crt"),
            ("--key-file", "own.key"),
            ("--trusted-ca-file", "ca.crt"),
            ("--peer-cert-file", "own.crt"),
            ("--peer-key-file", "own.key"),
            ("--peer-trusted-ca-file", "ca.crt"),
        ] {
            command.arg(option).arg(self.folder.join(file));
        }
        command.args(["--client-cert-auth", "--peer-client-cert-auth"]);
        command.args(["--heartbeat-interval", HEARTBEAT, "--election-timeout", ELECTION]);
        // One form of the log for all versions.
        command.args(["--logger", "zap", "--log-outputs", "stderr"]);
        command.env("NOTIFY_SOCKET", self.folder.join("notify"));
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(self.log());
        self.forget_notifications();
        let child = command.spawn().unwrap_or_else(|error| panic!("setpriv of util-linux does not run: {error}"));
        self.running = Some(child);
    }

    /// A log that begins with this start.
    fn log(&self) -> File {
        File::create(self.folder.join("log")).unwrap()
    }

    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    pub(crate) fn is_running(&mut self) -> bool {
        self.ended();
        self.running.is_some()
    }

    /// Called as a unit's is: that is how `reset` knows whose it is.
    pub(crate) fn data(&self) -> PathBuf {
        self.folder.join("etcd")
    }

    /// What it has said since its start.
    pub(crate) fn said(&self) -> String {
        fs::read_to_string(self.folder.join("log")).unwrap_or_default()
    }

    /// Whether it has reported to systemd that it is ready since this was asked.
    pub(crate) fn reported_ready(&self) -> bool {
        let mut message = [0; 4096];
        match self.notified.recv(&mut message) {
            Ok(length) => message[..length].split(|byte| *byte == b'\n').any(|line| line == b"READY=1"),
            Err(error) if error.kind() == ErrorKind::WouldBlock => false,
            Err(error) => panic!("the socket for its state: {error}"),
        }
    }

    fn forget_notifications(&self) {
        while self.reported_ready() {}
    }

    /// Its exit code, once it has ended by itself.
    pub(crate) fn ended(&mut self) -> Option<i32> {
        let status = self.running.as_mut()?.try_wait().unwrap()?;
        self.running = None;
        Some(status.code().unwrap_or_else(|| panic!("it was killed: {status}")))
    }

    /// As a power loss ends it.
    pub(crate) fn kill(&mut self) {
        if let Some(mut child) = self.running.take() {
            child.kill().unwrap();
            child.wait().unwrap();
        }
    }

    /// Holds it still: its connections stay, and nothing answers.
    pub(crate) fn stop(&self) {
        self.signal("STOP");
    }

    /// Whether it is held still; the signal alone does not say when.
    pub(crate) fn is_stopped(&self) -> bool {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.pid())).unwrap();
        stat.rsplit_once(") ").unwrap().1.starts_with('T')
    }

    /// Lets it go on.
    pub(crate) fn cont(&self) {
        self.signal("CONT");
    }

    fn signal(&self, name: &str) {
        let sent = Command::new("sh").args(["-c", &format!("kill -{name} {}", self.pid())]).status().unwrap();
        assert!(sent.success(), "kill -{name}");
    }

    fn pid(&self) -> u32 {
        self.running.as_ref().unwrap().id()
    }

    /// Takes all that it knows.
    pub(crate) fn wipe(&mut self) {
        assert!(self.running.is_none(), "wipe what runs?");
        removed(&self.data()).unwrap();
    }

    /// Puts what it knows aside, and what was aside last time, if anything, in its place.
    pub(crate) fn swap_data(&mut self) {
        assert!(self.running.is_none(), "swap the data of what runs?");
        let [aside, between] = ["aside", "between"].map(|name| self.folder.join(name));
        moved(&aside, &between).unwrap();
        moved(&self.data(), &aside).unwrap();
        moved(&between, &self.data()).unwrap();
    }
}

fn removed(folder: &Path) -> io::Result<()> {
    unless_missing(fs::remove_dir_all(folder))
}

fn moved(from: &Path, to: &Path) -> io::Result<()> {
    unless_missing(fs::rename(from, to))
}

fn unless_missing(result: io::Result<()>) -> io::Result<()> {
    result.or_else(|error| if error.kind() == ErrorKind::NotFound { Ok(()) } else { Err(error) })
}

impl Drop for Process {
    fn drop(&mut self) {
        // A second panic would end all tests.
        if let Some(mut child) = self.running.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
        if std::thread::panicking() {
            let said = self.said();
            let lines: Vec<&str> = said.lines().collect();
            let last = lines[lines.len().saturating_sub(LAST_LINES)..].join("\n");
            eprintln!("the last that the etcd in {} said:\n{last}", self.folder.display());
        }
    }
}
