//! The configuration that the agent of a node reads, checked by the agent's own check. Must not be asked of a topology
//! with problems.

use first_boot_config::{self as config, Context, Origin};
use serde_json::{Map, Value, json};

use super::address::bracketed;
use super::cluster::Cluster;
use super::extra;
use super::findings::Findings;
use super::node::Node;
use super::rules::Rules;

/// The configuration of one node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Generated {
    /// The node's name, which is fit to be one of a file.
    pub node: String,
    /// The configuration as a value.
    pub config: Value,
}

impl Generated {
    /// The text of the file `cluster-config.json`.
    #[must_use]
    pub fn text(&self) -> String {
        format!("{:#}\n", self.config)
    }
}

/// The configurations of all nodes; notes where the agent would refuse one.
pub(super) fn all(findings: &mut Findings<'_>, clusters: &[Cluster<'_>]) -> Vec<Generated> {
    let mut made = Vec::new();
    for cluster in clusters {
        let shared = Shared::of(findings.rules, cluster);
        for node in cluster.nodes.iter() {
            let generated = Generated { node: node.name.to_owned(), config: config(&shared, cluster, node) };
            for problem in refused(&generated) {
                findings.problem("config", node.place(), &[("found", &problem)]);
            }
            made.push(generated);
        }
    }
    made
}

/// What the agent rejects, as strictly as at build time.
fn refused(generated: &Generated) -> Vec<String> {
    let context =
        Context { given: Origin::Default, host_name: None, secrets: "/etc/nixos/secrets".into(), strict: true };
    match config::parse(generated.text().as_bytes()) {
        Err(error) => vec![error.to_string()],
        Ok(document) => match config::check(&document, &context) {
            Ok(_) => Vec::new(),
            Err(report) => report.problems.iter().map(ToString::to_string).collect(),
        },
    }
}

/// What every configuration of a cluster says alike, worked out once: a cluster may have thousands of nodes.
struct Shared {
    chainfire_raft: u16,
    leader_url: String,
    initial_peers: Value,
    flaredb_peers: Option<Value>,
}

impl Shared {
    fn of(rules: &Rules, cluster: &Cluster<'_>) -> Self {
        let empty = Map::new();
        let ports = cluster.extra.unwrap_or(&empty);
        let port = |service: &str, name: &str| extra::port(rules, ports, service, name).unwrap_or_default();
        let host = |name: &str| cluster.nodes.get(name).map(|node| host(cluster, node)).unwrap_or_default();
        let voters = &cluster.bootstrap.voters;
        let peers = |service: &str| -> Value {
            voters.iter().map(|voter| format!("{}:{}", host(voter), port(service, "raft_port"))).collect()
        };
        let runs_flaredb = |voter: &&str| cluster.nodes.get(voter).is_some_and(|node| node.runs("flaredb"));
        let leader = cluster.bootstrap.leader.map(host).unwrap_or_default();
        Self {
            chainfire_raft: port("chainfire", "raft_port"),
            leader_url: format!("https://{leader}:{}", port("chainfire", "api_port")),
            initial_peers: peers("chainfire"),
            flaredb_peers: voters.iter().any(runs_flaredb).then(|| peers("flaredb")),
        }
    }
}

/// How others reach a node: by name if there is one, since certificates are issued for names.
fn host(cluster: &Cluster<'_>, node: &Node<'_>) -> String {
    match cluster.domain {
        Some(domain) => format!("{}.{domain}", node.name),
        None => bracketed(node.ip.unwrap_or_default()),
    }
}

fn config(shared: &Shared, cluster: &Cluster<'_>, node: &Node<'_>) -> Value {
    let own = json!({
        "node_id": node.name,
        "node_role": node.role,
        "node_ip": node.ip,
        "node_fqdn": cluster.domain.map(|_| host(cluster, node)),
        "cluster_name": cluster.name,
        "bootstrap": cluster.bootstrap.voters.contains(&node.name),
        "leader_url": shared.leader_url,
        "raft_addr": format!("{}:{}", bracketed(node.ip.unwrap_or_default()), shared.chainfire_raft),
        "initial_peers": shared.initial_peers,
        "flaredb_peers": shared.flaredb_peers,
        "datacenter": node.site,
        "rack": node.rack,
        "network": cluster.network.filter(|network| !network.is_empty()),
        "services": {
            "chainfire": { "enable": node.runs("chainfire") },
            "flaredb": { "enable": node.runs("flaredb") },
            "iam": { "enable": node.runs("iam") },
        },
        "tls": cluster.tls_directory.map(|directory| json!({
            "ca": format!("{directory}/ca.crt"),
            "cert": format!("{directory}/{}.crt", node.name),
            "key": format!("{directory}/{}.key", node.name),
        })),
    });
    let mut config = without_null(own);
    for extra in [cluster.extra, node.extra].into_iter().flatten() {
        merge(&mut config, &Value::Object(extra.clone()));
    }
    config
}

fn without_null(value: Value) -> Value {
    match value {
        Value::Object(object) => Value::Object(object.into_iter().filter(|(_, value)| !value.is_null()).collect()),
        other => other,
    }
}

/// What is given last takes precedence, at any depth.
fn merge(into: &mut Value, given: &Value) {
    match (into, given) {
        (Value::Object(into), Value::Object(given)) => {
            for (key, value) in given {
                merge(into.entry(key.clone()).or_insert(Value::Null), value);
            }
        }
        (into, given) => *into = given.clone(),
    }
}
