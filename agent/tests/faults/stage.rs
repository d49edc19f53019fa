//! The small cluster that a case is played on, and what can be seen on it afterwards.

use std::fmt::Debug;

use cluster_standin::{
    Faults, IamOptions, IamServer, InitialMember, RaftServer, Requests, Service, StandinError, TrialCluster, cluster_of,
};
use serde_json::{Value, json};

use super::case::{Command, Row, Whose};
use crate::node::{Node, Run, neighbour};

/// A stage that is set.
pub(crate) struct Stage {
    cluster: TrialCluster,
    iam: Option<IamServer>,
    pub(crate) node: Node,
}

/// The server whose answers are wrong.
pub(crate) struct Misbehaving<'a> {
    pub(crate) url: &'a str,
    pub(crate) faults: &'a Faults,
    pub(crate) requests: &'a Requests,
}

impl Misbehaving<'_> {
    pub(crate) fn last_asked(&self) -> u64 {
        self.requests.all().last().map_or(0, |request| request.at_us)
    }

    /// The call was made. An attempt asks for a change once, or once for each hop; a block comes at the first answer.
    pub(crate) fn judge_requests(&self, row: Row, run: &Run, after: u64, problems: &mut Vec<String>) {
        let received = self.requests.all();
        let beginning = row.path.trim_end_matches('*');
        if !received
            .iter()
            .any(|request| request.method == row.method && request.path.starts_with(beginning) && request.at_us > after)
        {
            problems.push("the call was not made at all".to_owned());
        }
        let posts = received.iter().filter(|request| request.method == "POST" && request.at_us > after).count();
        let most = match row.command {
            Command::Join if run.code == 78 => 1,
            // Three attempts of four hops at most.
            Command::Join => 12,
            Command::SetUp => 10,
            Command::Bootstrap | Command::Check => 0,
        };
        if posts > most {
            problems.push(format!("{posts} POST, at most {most} are due"));
        }
    }
}

impl Stage {
    /// Sets the stage. On a busy machine a cluster may not be ready in time; the next one is.
    pub(crate) async fn set(command: Command, with_peer: bool) -> Self {
        for _ in 0..5 {
            if let Ok(stage) = Self::try_set(command, with_peer).await {
                return stage;
            }
        }
        Self::try_set(command, with_peer).await.unwrap_or_else(|error| panic!("no stage for {command:?}: {error}"))
    }

    async fn try_set(command: Command, with_peer: bool) -> Result<Self, StandinError> {
        let mut iam = None;
        let (cluster, node) = match command {
            Command::Join => {
                let mut cluster = cluster_of(1).await?;
                let own = cluster.start_waiting().await?;
                let node = Node::joining(&cluster, own);
                (cluster, node)
            }
            Command::Bootstrap | Command::Check => {
                let cluster = if with_peer { pair().await? } else { cluster_of(1).await? };
                let node = Node::bootstrapping(&cluster, 0);
                neighbour::introduce(&node, &cluster);
                node.edit(|config| config["health_check"] = json!({"probe": true}));
                (cluster, node)
            }
            Command::SetUp => {
                let cluster = TrialCluster::start(Service::Flaredb, 1).await?;
                let node = Node::bootstrapping(&cluster, 0);
                iam = Some(iam_over(&cluster, &node).await?);
                (cluster, node)
            }
        };
        Ok(Self { cluster, iam, node })
    }

    pub(crate) fn misbehaving(&self, row: Row) -> Misbehaving<'_> {
        if let (Whose::Iam, Some(iam)) = (row.whose, &self.iam) {
            return Misbehaving { url: iam.api_url(), faults: iam.faults(), requests: iam.requests() };
        }
        // A join's own service waits behind its leader; the other node of a bootstrap comes after the own.
        let is_second = (row.command == Command::Join) == (row.whose == Whose::Own);
        let server = &self.cluster.servers[usize::from(is_second && self.cluster.servers.len() > 1)];
        Misbehaving { url: server.api_url(), faults: server.faults(), requests: server.requests() }
    }

    /// The marker, and what it stands for. Reports whether the run has changed what the next case expects.
    pub(crate) async fn judge_effect(&self, row: Row, done: bool, problems: &mut Vec<String>) -> bool {
        let marker = match row.command {
            Command::Join => "chainfire-joined",
            Command::Bootstrap => "chainfire-initialized",
            Command::Check => return false,
            Command::SetUp => "iam-initialized",
        };
        if self.node.has_marker(marker) != done {
            problems.push(format!("marker {marker} there: {}, done: {done}", !done));
        }
        if let Some(iam) = &self.iam {
            let url = format!("{}/admin/setup", iam.api_url());
            let setup = patiently(|| self.cluster.client.get(&url).send()).await;
            if done && setup.status() != 200 {
                problems.push(format!("done, and IAM says HTTP {}", setup.status()));
            }
            return setup.status() == 200;
        }
        let id = if row.command == Command::Join { "node02" } else { "node01" };
        let (server, anything) = (&self.cluster.servers[0], |_: &Value| true);
        let list = patiently(|| self.cluster.wait_for_members(server, "a list", anything)).await;
        let members = list["members"].as_array().unwrap();
        let own: Vec<&Value> = members.iter().filter(|member| member["id"] == id).collect();
        if own.len() > 1 || members.len() > 2 {
            problems.push(format!("more entries than nodes: {list}"));
        }
        if done && own.iter().all(|member| member["role"] != "voter") {
            problems.push(format!("done, and not a voter: {list}"));
        }
        row.command == Command::Join && !own.is_empty()
    }

    /// Ends every server: what is left of one would go on sending heartbeats.
    pub(crate) async fn strike(self) {
        if let Some(iam) = self.iam {
            iam.stop().await;
        }
        for server in self.cluster.servers {
            server.stop().await;
        }
    }
}

/// What a busy machine grants only later.
async fn patiently<T, E: Debug, F: Future<Output = Result<T, E>>>(ask: impl Fn() -> F) -> T {
    for _ in 0..20 {
        if let Ok(answer) = ask().await {
            return answer;
        }
    }
    ask().await.unwrap()
}

/// Two that bootstrap together, each knowing the other's API.
async fn pair() -> Result<TrialCluster, StandinError> {
    let mut cluster = cluster_of(0).await?;
    cluster.start_waiting().await?;
    cluster.servers.push(neighbour::start(&cluster, "node02").await?);
    let members: Vec<InitialMember> = cluster.servers.iter().map(RaftServer::as_initial_member).collect();
    for server in &cluster.servers {
        server.bootstrap(&members).await?;
    }
    for server in &cluster.servers {
        neighbour::led(&cluster, server).await?;
    }
    Ok(cluster)
}

async fn iam_over(flaredb: &TrialCluster, node: &Node) -> Result<IamServer, StandinError> {
    let iam = IamServer::start(IamOptions {
        listen: ([127, 0, 0, 1], 0).into(),
        flaredb_urls: vec![flaredb.servers[0].api_url().to_owned()],
        identity: flaredb.identity("iam")?,
        require_client_certificate: false,
    })
    .await?;
    node.write_secret("password", "hunter2-for-the-table\n");
    node.edit(|config| {
        config["services"]["iam"] =
            json!({"enable": true, "url": iam.api_url(), "admin_password_file": node.path("password")});
    });
    Ok(iam)
}
