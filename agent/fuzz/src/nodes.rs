//! The nodes that member lists and markers are judged from: one of each kind that the first-boot specification knows.

use std::sync::LazyLock;

use first_boot_agent::config::{Config, Context, Origin, check, parse};

const JOINING: &str = r#"{"node_id": "node04", "cluster_name": "prod", "raft_addr": "10.0.1.13:2380",
    "leader_url": "https://node01:2379", "initial_peers": ["node01:2380", "node02:2380", "node03:2380"]}"#;
const BOOTSTRAPPING: &str = r#"{"node_id": "node01", "bootstrap": true, "raft_addr": "[fd00::10]:2380",
    "initial_peers": ["[fd00::10]:2380", "node02:2380", "node03:2380"],
    "tls": {"ca": "/tls/ca", "cert": "/tls/cert", "key": "/tls/key"}}"#;
const WITHOUT_ADDRESS: &str = r#"{"node_id": "node02", "bootstrap": true, "node_ip": "10.0.1.11",
    "initial_peers": ["10.0.1.10:2380", "10.0.1.11:2380", "10.0.1.12:2380"]}"#;

/// A node that joins, one that bootstraps, and one that bootstraps and does not know its own address.
pub(crate) static NODES: LazyLock<Vec<Config>> =
    LazyLock::new(|| [JOINING, BOOTSTRAPPING, WITHOUT_ADDRESS].into_iter().filter_map(config).collect());

fn config(text: &str) -> Option<Config> {
    let context =
        Context { given: Origin::Default, host_name: None, secrets: "/etc/nixos/secrets".into(), strict: true };
    let checked = check(&parse(text.as_bytes()).ok()?, &context);
    assert!(checked.is_ok(), "{checked:?}");
    checked.ok().map(|checked| checked.config)
}
