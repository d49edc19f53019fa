//! A node whose agent is run as a process, with its files in a temporary directory.

use std::fmt;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::{Output, Stdio};

use cluster_standin::TrialCluster;
use cluster_standin::pki::{Authority, Validity};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader};
use tokio::process::Command;

/// The files and the identity of one node.
pub(crate) struct Node {
    directory: tempfile::TempDir,
}

/// What one run of the agent came to.
pub(crate) struct Run {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Node {
    /// The node of `servers[own]`, told to join through the first server.
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

    /// The node of `servers[own]`, told to bootstrap with all of them.
    pub(crate) fn bootstrapping(cluster: &TrialCluster, own: usize) -> Self {
        let peers: Vec<String> = cluster.servers.iter().map(cluster_standin::RaftServer::raft_addr).collect();
        let id = cluster.servers[own].node_id().to_owned();
        Self::new(cluster, own, json!({"node_id": id, "bootstrap": true, "initial_peers": peers}))
    }

    fn new(cluster: &TrialCluster, own: usize, mut config: Value) -> Self {
        let node = Self { directory: tempfile::tempdir().unwrap() };
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
            "promotion": {"limit": "10s"},
            "join": {"attempts": 3, "scale": "50ms"},
            "request": {"connect": "500ms", "total": "1s"},
        });
        fs::write(node.path("cluster-config.json"), config.to_string()).unwrap();
        fs::set_permissions(node.path("cluster-config.json"), fs::Permissions::from_mode(0o600)).unwrap();
        node
    }

    /// Changes the configuration.
    pub(crate) fn edit(&self, change: impl FnOnce(&mut Value)) {
        let path = self.path("cluster-config.json");
        let mut config = serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
        change(&mut config);
        fs::write(path, config.to_string()).unwrap();
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// Runs the agent with these arguments, its events as JSON lines.
    pub(crate) async fn run(&self, arguments: &[&str]) -> Run {
        Run::of(&self.command(arguments).output().await.unwrap())
    }

    /// The same, and does something once the agent has said a text.
    pub(crate) async fn run_until(&self, arguments: &[&str], text: &str, act: impl FnOnce()) -> Run {
        let mut agent = self.command(arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut said = BufReader::new(agent.stdout.take().unwrap());
        let mut heard = String::new();
        while !heard.contains(text) {
            assert!(said.read_line(&mut heard).await.unwrap() > 0, "never said {text}: {heard}");
        }
        act();
        said.read_to_string(&mut heard).await.unwrap();
        Run { stdout: heard, ..Run::of(&agent.wait_with_output().await.unwrap()) }
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_first-boot-agent"));
        command.arg("--config").arg(self.path("cluster-config.json")).arg("--state-dir").arg(self.path("state"));
        command.args(["--log-format", "json"]).args(arguments).env_remove("NOTIFY_SOCKET");
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

    /// Whether the event was told.
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

type Spoil = fn(&Node, &TrialCluster);

/// Ways in which a node's TLS files do not fit: a name, the event that tells, and how to bring it about.
pub(crate) const SPOILT_FILES: &[(&str, &str, Spoil)] = &[
    ("another authority", "BlockedTrust", |node, _| {
        fs::write(node.path("ca.crt"), Authority::create().unwrap().certificate_pem()).unwrap();
    }),
    ("no authority", "BlockedTrust", |node, _| fs::remove_file(node.path("ca.crt")).unwrap()),
    ("an authority that is no certificate", "BlockedTrust", |node, _| {
        fs::write(node.path("ca.crt"), "nothing").unwrap();
    }),
    ("an expired certificate", "BlockedTrust", |node, cluster| issue(node, &cluster.authority, Validity::Expired)),
    ("the key of another certificate", "BlockedTrust", |node, cluster| {
        let certificate = fs::read(node.path("node.crt")).unwrap();
        issue(node, &cluster.authority, Validity::Valid);
        fs::write(node.path("node.crt"), certificate).unwrap();
    }),
    ("a missing key", "BlockedSecret", |node, _| fs::remove_file(node.path("node.key")).unwrap()),
    ("a key that others can read", "BlockedSecret", |node, _| {
        fs::set_permissions(node.path("node.key"), fs::Permissions::from_mode(0o644)).unwrap();
    }),
    ("a key that is none", "BlockedTrust", |node, _| fs::write(node.path("node.key"), "nothing").unwrap()),
];

fn issue(node: &Node, authority: &Authority, validity: Validity) {
    let certificate = authority.issue("node", &["127.0.0.1".to_owned()], validity).unwrap();
    certificate.write(node.directory.path(), "node").unwrap();
}
