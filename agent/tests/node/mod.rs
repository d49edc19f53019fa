//! A node whose agent is run as a process, with its files in a temporary directory.

pub(crate) mod neighbour;
pub(crate) mod spoilt;

use std::fmt;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};
use std::time::Duration;

use cluster_standin::TrialCluster;
use cluster_standin::pki::{IssuedCertificate, Validity};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader};
use tokio::process::Command;
use tokio::time::timeout;

/// No run of a test takes as long.
const LONGEST: Duration = Duration::from_mins(10);

/// The files and the identity of one node.
pub(crate) struct Node {
    directory: tempfile::TempDir,
    agent: PathBuf,
}

/// What one run of the agent came to.
pub(crate) struct Run {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Node {
    /// The node of `servers[own]`, configured to join through the first server.
    pub(crate) fn joining(cluster: &TrialCluster, own: usize) -> Self {
        Self::joining_through(cluster, own, cluster.servers[0].api_url())
    }

    /// The same, with another server to ask first.
    pub(crate) fn joining_through(cluster: &TrialCluster, own: usize, leader_url: &str) -> Self {
        let id = cluster.servers[own].node_id().to_owned();
        Self::new(cluster, own, json!({"node_id": id, "leader_url": leader_url}))
    }

    /// The node of `servers[own]` under another id.
    pub(crate) fn with_id(cluster: &TrialCluster, own: usize, id: &str) -> Self {
        Self::new(cluster, own, json!({"node_id": id, "leader_url": cluster.servers[0].api_url()}))
    }

    /// The node of `servers[own]`, configured to bootstrap with all of them.
    pub(crate) fn bootstrapping(cluster: &TrialCluster, own: usize) -> Self {
        let peers: Vec<String> = cluster.servers.iter().map(cluster_standin::RaftServer::raft_addr).collect();
        let id = cluster.servers[own].node_id().to_owned();
        Self::new(cluster, own, json!({"node_id": id, "bootstrap": true, "initial_peers": peers}))
    }

    fn new(cluster: &TrialCluster, own: usize, mut config: Value) -> Self {
        let node =
            Self { directory: tempfile::tempdir().unwrap(), agent: env!("CARGO_BIN_EXE_first-boot-agent").into() };
        let server = &cluster.servers[own];
        let loopback = ["127.0.0.1".to_owned()];
        let certificate = cluster.authority.issue("node", &loopback, Validity::Valid).unwrap();
        certificate.write(node.directory.path(), "node").unwrap();
        fs::write(node.path("ca.crt"), cluster.authority.certificate_pem()).unwrap();
        fs::create_dir(node.path("state")).unwrap();
        config["raft_addr"] = server.raft_addr().into();
        config["tls"] = json!({"ca": node.path("ca.crt"), "cert": node.path("node.crt"), "key": node.path("node.key")});
        config["services"] = json!({
            "chainfire": {"url": server.api_url()},
            "flaredb": {"enable": false},
            "iam": {"enable": false},
        });
        config["policies"] = json!({
            "health": {"limit": "5s"},
            "promotion": {"limit": "120s"},
            "join": {"attempts": 3, "scale": "50ms"},
            "request": {"connect": "500ms", "total": "1s"},
        });
        fs::write(node.path("cluster-config.json"), config.to_string()).unwrap();
        fs::set_permissions(node.path("cluster-config.json"), fs::Permissions::from_mode(0o600)).unwrap();
        node
    }

    /// The same with another agent.
    pub(crate) fn with_agent(self, agent: &Path) -> Self {
        Self { agent: agent.to_owned(), ..self }
    }

    /// Changes the configuration.
    pub(crate) fn edit(&self, change: impl FnOnce(&mut Value)) {
        let path = self.path("cluster-config.json");
        let mut config = serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
        change(&mut config);
        fs::write(path, config.to_string()).unwrap();
    }

    /// Writes a file that only its owner can read.
    pub(crate) fn write_secret(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).unwrap();
        fs::set_permissions(self.path(name), fs::Permissions::from_mode(0o600)).unwrap();
    }

    /// Puts this certificate with its key in the place of the node's own.
    pub(crate) fn install(&self, issued: &IssuedCertificate) {
        issued.write(self.directory.path(), "node").unwrap();
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// Runs the agent with these arguments, its events as JSON lines.
    pub(crate) async fn run(&self, arguments: &[&str]) -> Run {
        Run::of(
            &timeout(LONGEST, self.command(arguments).output()).await.unwrap_or_else(|_| panic!("it hangs")).unwrap(),
        )
    }

    /// The same, as systemd runs a unit: with an invocation and a socket for its state, which is not read here.
    pub(crate) async fn run_as_unit(&self, arguments: &[&str]) -> Run {
        let mut command = self.command(arguments);
        command.env("INVOCATION_ID", "0123456789abcdef0123456789abcdef").env("NOTIFY_SOCKET", self.path("notify"));
        Run::of(&timeout(LONGEST, command.output()).await.unwrap_or_else(|_| panic!("it hangs")).unwrap())
    }

    /// The same, and does something once the agent has said a text.
    pub(crate) async fn run_until(&self, arguments: &[&str], text: &str, act: impl AsyncFnOnce()) -> Run {
        let mut agent = self.command(arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut said = BufReader::new(agent.stdout.take().unwrap());
        let mut heard = String::new();
        while !heard.contains(text) {
            let more = timeout(LONGEST, said.read_line(&mut heard)).await;
            assert!(more.is_ok_and(|read| read.unwrap() > 0), "never said {text}: {heard}");
        }
        act().await;
        let ended = timeout(LONGEST, said.read_to_string(&mut heard)).await.is_ok();
        assert!(ended, "it hangs: {heard}");
        Run { stdout: heard, ..Run::of(&agent.wait_with_output().await.unwrap()) }
    }

    /// The same, where a shell script in a mount namespace of its own has prepared the machine.
    pub(crate) async fn run_where(&self, script: &str, arguments: &[&str]) -> Run {
        let mut command = Command::new("unshare");
        command.args(["--map-root-user", "--mount", "sh", "-c", &format!("{script} && exec \"$@\""), "sh"]);
        command.arg(&self.agent);
        let output = self.with_arguments(command, arguments).output();
        Run::of(&timeout(LONGEST, output).await.unwrap_or_else(|_| panic!("it hangs")).unwrap())
    }

    fn command(&self, arguments: &[&str]) -> Command {
        self.with_arguments(Command::new(&self.agent), arguments)
    }

    fn with_arguments(&self, mut command: Command, arguments: &[&str]) -> Command {
        command.arg("--config").arg(self.path("cluster-config.json")).arg("--state-dir").arg(self.path("state"));
        command.args(["--log-format", "json"]).args(arguments).env_remove("NOTIFY_SOCKET").kill_on_drop(true);
        command
    }

    fn marker_path(&self, name: &str) -> PathBuf {
        self.path("state").join(format!(".{name}"))
    }

    pub(crate) fn marker(&self, name: &str) -> String {
        fs::read_to_string(self.marker_path(name)).unwrap()
    }

    pub(crate) fn has_marker(&self, name: &str) -> bool {
        self.marker_path(name).exists()
    }

    /// Leaves the node as if it had never been started.
    pub(crate) fn remove_markers(&self) {
        fs::remove_dir_all(self.path("state")).unwrap();
        fs::create_dir(self.path("state")).unwrap();
    }

    /// As an operator does it with `date -Iseconds`.
    pub(crate) fn write_marker(&self, name: &str) {
        self.write_marker_text(name, "2025-12-10T10:30:45+00:00\n");
    }

    /// Puts this text in a marker's place.
    pub(crate) fn write_marker_text(&self, name: &str, text: &str) {
        fs::write(self.marker_path(name), text).unwrap();
    }
}

impl Run {
    fn of(output: &Output) -> Self {
        Self {
            code: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8(output.stdout.clone()).unwrap(),
            stderr: String::from_utf8(output.stderr.clone()).unwrap(),
        }
    }

    fn events(&self) -> impl Iterator<Item = Value> {
        self.stdout.lines().filter_map(|line| serde_json::from_str(line).ok())
    }

    fn event(&self, name: &str) -> Option<Value> {
        let id = first_boot_agent::events::MEANINGS.iter().find(|meaning| meaning.name == name).unwrap().message_id;
        self.events().find(|event| event["message_id"] == id)
    }

    /// The message of the last event.
    pub(crate) fn last_message(&self) -> String {
        let last = self.events().last();
        last.and_then(|event| event["message"].as_str().map(str::to_owned)).unwrap_or_default()
    }

    /// The messages of all errors, for a failure among many.
    pub(crate) fn errors(&self) -> String {
        let errors = self.events().filter(|event| event["level"] == "ERROR");
        errors.map(|event| event["message"].to_string()).collect::<Vec<_>>().join("\n")
    }

    /// Whether the event was reported.
    pub(crate) fn says(&self, name: &str) -> bool {
        self.event(name).is_some()
    }

    /// The message of the first such event.
    pub(crate) fn message(&self, name: &str) -> String {
        self.field(name, "message")
    }

    /// A field of the first such event.
    pub(crate) fn field(&self, name: &str, field: &str) -> String {
        let event = self.event(name).unwrap_or_else(|| panic!("no {name}: {self}"));
        event[field].as_str().unwrap().to_owned()
    }
}

impl fmt::Display for Run {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "exit {}\n{}{}", self.code, self.stdout, self.stderr)
    }
}
