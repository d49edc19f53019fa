//! A new authority while the agent waits: what it read at its start is not what it goes on with.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

#[allow(dead_code, reason = "each test file uses its share")]
mod node;

use std::fs;

use cluster_standin::pki::{Authority, Validity};
use cluster_standin::{Identity, RaftOptions, RaftServer, cluster_of};
use node::Node;
use serde_json::json;

/// Replaces authority, certificate and key of a node, one after the other.
fn rotate(node: &Node, folder: &str, authority: &Authority) {
    fs::write(node.path(folder).join("ca.crt"), authority.certificate_pem()).unwrap();
    issue(authority).write(&node.path(folder), "node").unwrap();
}

fn issue(authority: &Authority) -> cluster_standin::pki::IssuedCertificate {
    authority.issue("rotated", &["127.0.0.1".to_owned()], Validity::Valid).unwrap()
}

/// Starts a server again that trusts and presents nothing but the new authority.
async fn start_rotated(mut options: RaftOptions, authority: &Authority) -> RaftServer {
    options.identity = Identity::new(authority.certificate_pem(), &issue(authority));
    options.require_client_certificate = true;
    RaftServer::start(options).await.unwrap()
}

/// Rotates everything once the agent, which cannot go on, has said `waiting`. Nothing else wakes it: its own next try is
/// up to an hour away.
async fn goes_on_after_a_rotation(own_is_up: bool, waiting: &str, folder: &str) {
    let mut cluster = cluster_of(1).await.unwrap();
    let own = cluster.start_waiting().await.unwrap();
    let node = Node::joining(&cluster, own);
    fs::create_dir_all(node.path(folder)).unwrap();
    rotate(&node, folder, &cluster.authority);
    node.edit(|config| {
        let file = |name| node.path(folder).join(name);
        config["tls"] = json!({"ca": file("ca.crt"), "cert": file("node.crt"), "key": file("node.key")});
        config["policies"]["health"]["limit"] = "60s".into();
        config["policies"]["join"] = json!({"attempts": 1000, "scale": "1h", "max_delay": "1h"});
    });
    let mut own = Some(cluster.servers.remove(own));
    let mut stopped = vec![cluster.servers.remove(0).stop().await];
    if !own_is_up {
        stopped.push(own.take().unwrap().stop().await);
    }
    let new = Authority::create().unwrap();
    let mut servers = Vec::new();
    let run = node
        .run_until(&["join", "chainfire"], waiting, async || {
            if let Some(own) = own {
                stopped.push(own.stop().await);
            }
            rotate(&node, folder, &new);
            for options in stopped {
                servers.push(start_rotated(options, &new).await);
            }
        })
        .await;
    assert_eq!((run.code, run.says("ConfigurationChanged")), (0, true), "{run}");
    assert!(node.has_marker("chainfire-joined"), "{run}");
}

#[tokio::test(flavor = "multi_thread")]
async fn certificates_rotated_while_the_own_service_is_awaited_are_used() {
    goes_on_after_a_rotation(false, "Configuration loaded", ".").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn certificates_rotated_while_a_leader_does_not_answer_are_used() {
    goes_on_after_a_rotation(true, "Join request failed", ".").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn certificates_that_lie_elsewhere_than_the_configuration_are_watched_as_well() {
    goes_on_after_a_rotation(true, "Join request failed", "elsewhere").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn n1_an_own_certificate_that_seems_expired_is_looked_at_again_for_the_clock_may_be_ahead() {
    let mut cluster = cluster_of(1).await.unwrap();
    let own = cluster.start_waiting().await.unwrap();
    let node = Node::joining(&cluster, own);
    node.install(&cluster.authority.issue("node", &["127.0.0.1".to_owned()], Validity::Expired).unwrap());
    node.edit(|config| {
        config["policies"]["blocked"] = json!({"first_delay": "100ms", "max_delay": "100ms", "limit": "1s"});
    });
    assert_eq!(node.run(&["join", "chainfire"]).await.code, 78, "who calls gets the result at once");
    let run = node.run_as_unit(&["join", "chainfire"]).await;
    assert_eq!((run.code, run.says("BlockedTrust")), (1, true), "systemd starts it again: {run}");
}
