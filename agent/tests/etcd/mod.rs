//! Clusters of real etcd servers on loopback, over TLS both ways, as an operator would run them: no stand-ins.
//!
//! Whatever is waited for is a condition; whatever was started ends with the cluster, also where a test fails.

mod gateway;
mod place;
mod process;

use std::fs;

use cluster_standin::pki::{Authority, Validity};
use cluster_standin::{Identity, Relay};
use reqwest::Client;
use serde_json::{Value, json};
use tempfile::TempDir;

pub(crate) use gateway::{Answer, until};
use gateway::{IN_TURN, ONCE};
use place::Place;
use process::Process;

/// The servers, in the order in which they were prepared: node01, node02, …
pub(crate) struct EtcdCluster {
    members: Vec<Member>,
    authority: Authority,
    /// Presents a certificate with the common name `client`.
    client: Client,
    /// Taken by the next starts.
    pub(crate) token: String,
    // After the members: what runs in it ends first.
    folder: TempDir,
}

/// One server, whether it runs or not.
pub(crate) struct Member {
    pub(crate) name: String,
    place: Place,
    pub(crate) process: Process,
    /// `--initial-cluster` and `--initial-cluster-state` of its last start.
    started_with: (String, String),
}

impl Member {
    pub(crate) fn client_url(&self) -> String {
        self.place.client_url()
    }

    pub(crate) fn peer_url(&self) -> String {
        self.place.peer_url()
    }
}

impl EtcdCluster {
    /// A cluster of so many voters, each of which is healthy.
    pub(crate) async fn start(voters: usize) -> Self {
        let mut cluster = Self::prepared(voters);
        let initial = cluster.initial_cluster();
        for own in 0..voters {
            cluster.spawn_member(own, &initial, "new");
        }
        for own in 0..voters {
            cluster.healthy(own).await;
        }
        cluster
    }

    /// The same, none of which runs yet.
    pub(crate) fn prepared(servers: usize) -> Self {
        process::assert_installed();
        let authority = Authority::create().unwrap();
        let client = client(&authority, "client");
        let folder = tempfile::tempdir().unwrap();
        let mut cluster = Self { members: Vec::new(), authority, client, token: "tests".to_owned(), folder };
        for _ in 0..servers {
            cluster.prepare();
        }
        cluster
    }

    /// A place, a name and certificates for one more; returns its number.
    pub(crate) fn prepare(&mut self) -> usize {
        let name = format!("node{:02}", self.members.len() + 1);
        let place = Place::take();
        let folder = self.folder.path().join(&name);
        fs::create_dir(&folder).unwrap();
        fs::write(folder.join("ca.crt"), self.authority.certificate_pem()).unwrap();
        let process = Process::new(folder);
        self.members.push(Member { name: name.clone(), place, process, started_with: Default::default() });
        let number = self.members.len() - 1;
        self.certify(number, &name);
        number
    }

    /// Gives one a certificate with this common name.
    pub(crate) fn certify(&self, number: usize, common_name: &str) {
        let member = self.member(number);
        // Peers look for the address that a connection comes from, which is this one on loopback.
        let names = [member.place.address(), "127.0.0.1".to_owned()];
        let issued = self.authority.issue(common_name, &names, Validity::Valid).unwrap();
        issued.write(member.process.folder(), "own").unwrap();
    }

    pub(crate) fn member_mut(&mut self, number: usize) -> &mut Member {
        &mut self.members[number]
    }

    pub(crate) fn member(&self, number: usize) -> &Member {
        &self.members[number]
    }

    /// The number of the one that was prepared last.
    pub(crate) fn last(&self) -> usize {
        self.members.len() - 1
    }

    /// All that were prepared, as `--initial-cluster` takes them.
    pub(crate) fn initial_cluster(&self) -> String {
        let entries = self.members.iter().map(|member| format!("{}={}", member.name, member.peer_url()));
        entries.collect::<Vec<_>>().join(",")
    }

    /// Starts the process of one that was prepared, and waits for nothing.
    pub(crate) fn spawn_member(&mut self, number: usize, initial_cluster: &str, state: &str) {
        let member = &mut self.members[number];
        let (clients, peers) = (member.client_url(), member.peer_url());
        member.process.start([
            ("--name", member.name.as_str()),
            ("--listen-client-urls", &clients),
            ("--advertise-client-urls", &clients),
            ("--listen-peer-urls", &peers),
            ("--initial-advertise-peer-urls", &peers),
            ("--initial-cluster", initial_cluster),
            ("--initial-cluster-state", state),
            ("--initial-cluster-token", &self.token),
        ]);
        member.started_with = (initial_cluster.to_owned(), state.to_owned());
    }

    /// As a power loss ends it.
    pub(crate) fn kill(&mut self, number: usize) {
        self.members[number].process.kill();
    }

    /// Starts it as it was started last.
    pub(crate) fn restart(&mut self, number: usize) {
        let (initial_cluster, state) = self.members[number].started_with.clone();
        self.spawn_member(number, &initial_cluster, &state);
    }

    /// Starts it with the environment of its unit, as systemd reads it.
    pub(crate) fn restart_as_it_was(&mut self, number: usize, environment: &str) {
        let lines = environment.lines().filter(|line| !line.starts_with('#'));
        self.members[number].process.start_in(lines.filter_map(|line| line.split_once('=')), []);
    }

    /// Takes all that it knows; it must not run.
    pub(crate) fn wipe(&mut self, number: usize) {
        self.members[number].process.wipe();
    }

    /// Puts what it knows aside, and what was put there before in its place.
    pub(crate) fn swap_data(&mut self, number: usize) {
        self.members[number].process.swap_data();
    }

    /// Holds it still, and waits until it is.
    pub(crate) async fn stop(&self, number: usize) {
        self.member(number).process.stop();
        let stopped = || if self.member(number).process.is_stopped() { Ok(()) } else { Err("it runs".to_owned()) };
        until("held still", async || stopped()).await;
    }

    /// Lets it go on.
    pub(crate) fn cont(&self, number: usize) {
        self.member(number).process.cont();
    }

    /// Waits until it ends by itself; returns its exit code and what it said.
    pub(crate) async fn ended(&mut self, number: usize) -> (i32, String) {
        let process = &mut self.members[number].process;
        let code = until("its end", async || process.ended().ok_or_else(|| "it runs".to_owned())).await;
        (code, process.said())
    }

    /// Waits until it has reported to systemd that it is ready.
    pub(crate) async fn ready(&self, number: usize) {
        let process = &self.member(number).process;
        let ready = || if process.reported_ready() { Ok(()) } else { Err(process.said()) };
        until("READY=1", async || ready()).await;
    }

    /// Waits until it says a text in its log.
    pub(crate) async fn says(&self, number: usize, text: &str) {
        let process = &self.member(number).process;
        let ready = || Some(process.said()).filter(|said| !said.contains(text)).map_or(Ok(()), Err);
        until(text, async || ready()).await;
    }

    /// Waits until it is healthy.
    pub(crate) async fn healthy(&mut self, number: usize) {
        let url = format!("{}/health", self.member(number).client_url());
        let (client, process) = (&self.client, &mut self.members[number].process);
        until("health", async || {
            if let Some(code) = process.ended() {
                panic!("exit {code}: {}", process.said());
            }
            match gateway::send(client, &url, None, None, IN_TURN).await {
                Ok(answer) if answer.status == 200 => Ok(()),
                other => Err(other.map_or_else(|error| error.to_string(), |answer| answer.to_string())),
            }
        })
        .await;
    }

    /// What a server answers: to a POST below `/v3`, or to a GET where there is no body.
    pub(crate) async fn ask(&self, number: usize, path: &str, body: Value) -> Answer {
        self.ask_as(&self.client, None, number, path, body).await
    }

    /// The same, as another user.
    pub(crate) async fn ask_as(
        &self,
        client: &Client,
        token: Option<&str>,
        number: usize,
        path: &str,
        body: Value,
    ) -> Answer {
        let url = format!("{}{path}", self.member(number).client_url());
        let body = Some(body).filter(|body| !body.is_null());
        gateway::send(client, &url, body.as_ref(), token, ONCE).await.unwrap_or_else(|error| panic!("{url}: {error:?}"))
    }

    /// Asks until the answer is as wanted; in between, a server may also not answer.
    pub(crate) async fn ask_until(
        &self,
        number: usize,
        (path, body): (&str, Value),
        condition: &str,
        wanted: impl Fn(&Answer) -> bool,
    ) -> Answer {
        let url = format!("{}{path}", self.member(number).client_url());
        let body = Some(body).filter(|body| !body.is_null());
        until(condition, async || match gateway::send(&self.client, &url, body.as_ref(), None, IN_TURN).await {
            Ok(answer) if wanted(&answer) => Ok(answer),
            other => Err(other.map_or_else(|error| error.to_string(), |answer| answer.to_string())),
        })
        .await
    }

    /// The members that a server lists.
    pub(crate) async fn list(&self, number: usize) -> Answer {
        self.ask(number, LIST, json!({})).await
    }

    /// Adds a prepared server as a learner; returns its id.
    pub(crate) async fn add_learner(&self, asked: usize, number: usize) -> String {
        let peer_url = self.member(number).peer_url();
        let add = (ADD, json!({"peerURLs": [peer_url], "isLearner": true}));
        // Not before all voters have been connected for 5 s, nor in the second in which the same URL was removed. That it
        // exists is what is heard where the answer to an add was lost.
        let added = |answer: &Answer| answer.status == 200 || answer.code == 9 && answer.text.contains("already exist");
        self.ask_until(asked, add, "an add", added).await;
        self.list(asked).await.member(&peer_url)["ID"].as_str().unwrap().to_owned()
    }

    /// Asks until a learner is a voter, also where the answer was lost.
    pub(crate) async fn promote(&self, asked: usize, id: &str) {
        let promoted = |answer: &Answer| answer.status == 200 || answer.text.ends_with("promote a learner member");
        self.ask_until(asked, (PROMOTE, json!({"ID": id})), "a promotion", promoted).await;
    }

    /// Puts a certificate without a name beside a server's own, as `agent.crt`: with users, etcd takes no other.
    pub(crate) fn issue_nameless(&self, number: usize) {
        let issued = self.authority.issue("", &["127.0.0.1".to_owned()], Validity::Valid).unwrap();
        issued.write(self.member(number).process.folder(), "agent").unwrap();
    }

    /// Something between clients and a server that makes faults happen; the server's neighbour at [`RELAYS`].
    pub(crate) async fn relay(&self, number: usize) -> Relay {
        self.relay_as("own", &format!("{}:{RELAYS}", self.member(number).place.address()), number).await
    }

    /// The same for a server with users, at any port of 127.0.0.1, with the certificate without a name.
    pub(crate) async fn nameless_relay(&self, number: usize) -> Relay {
        self.issue_nameless(number);
        self.relay_as("agent", "127.0.0.1:0", number).await
    }

    async fn relay_as(&self, certificate: &str, listen: &str, number: usize) -> Relay {
        let (member, folder) = (self.member(number), self.member(number).process.folder());
        let file = |name: String| folder.join(name);
        let (own, key) = (file(format!("{certificate}.crt")), file(format!("{certificate}.key")));
        let identity = Identity::read(&folder.join("ca.crt"), &own, &key).unwrap();
        Relay::start(&identity, listen.parse().unwrap(), &member.client_url()).await.unwrap()
    }

    /// A client with this common name in its certificate.
    pub(crate) fn client_named(&self, common_name: &str) -> Client {
        client(&self.authority, common_name)
    }
}

/// The port of relays, where no server listens.
pub(crate) const RELAYS: u16 = 2377;
pub(crate) const LIST: &str = "/v3/cluster/member/list";
pub(crate) const ADD: &str = "/v3/cluster/member/add";
pub(crate) const PROMOTE: &str = "/v3/cluster/member/promote";
pub(crate) const REMOVE: &str = "/v3/cluster/member/remove";
pub(crate) const STATUS: &str = "/v3/maintenance/status";
pub(crate) const PUT: &str = "/v3/kv/put";

fn client(authority: &Authority, common_name: &str) -> Client {
    let issued = authority.issue(common_name, &["127.0.0.1".to_owned()], Validity::Valid).unwrap();
    Identity::new(authority.certificate_pem(), &issued).client().unwrap()
}
