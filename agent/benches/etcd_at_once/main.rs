//! `cargo bench --bench etcd_at_once`: ten machines join one etcd of three voters at once, and beside that the same ten are
//! added one after the other by hand.
//!
//! All servers are real, on loopback and over TLS; the machines are the agent's real runs with the policies that it has where
//! nothing is said, and start processes where they would start units. Prints; keeps nothing.

#![allow(clippy::unwrap_used, clippy::panic, reason = "the fixture is that of the tests, and fails by panicking")]
#![allow(dead_code, reason = "the fixture is that of the tests")]
#![allow(clippy::await_holding_refcell_ref, reason = "nothing is started while the servers are made ready")]

#[path = "../../tests/etcd/mod.rs"]
mod etcd;
#[path = "../../tests/etcd_node/mod.rs"]
mod etcd_node;
mod learners;
mod report;

use std::cell::RefCell;
use std::process::ExitCode;
use std::rc::Rc;
use std::time::{Duration, Instant};

use first_boot_agent::run::Outcome;
use futures_util::future::join_all;
use serde_json::json;

use etcd::{EtcdCluster, REMOVE};
use etcd_node::Node;
use learners::Learners;
use report::{AtOnce, ByHand};

const VOTERS: usize = 3;
const MACHINES: usize = 10;
/// Ids of members are made of their addresses and the second in which they are added.
const ANOTHER_SECOND: Duration = Duration::from_millis(1100);

fn main() -> ExitCode {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let (by_hand, at_once) = runtime.block_on(async { (by_hand().await, at_once().await) });
    println!("{}", report::table(&by_hand, &at_once));
    if at_once.all_are_in() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// A cluster that is old enough for changes, in which nothing is left of how that was found out.
async fn ready(cluster: &mut EtcdCluster) {
    let number = cluster.prepare();
    let id = cluster.add_learner(0, number).await;
    cluster.ask_until(0, (REMOVE, json!({"ID": id})), "a removal", |answer| answer.status == 200).await;
    tokio::time::sleep(ANOTHER_SECOND).await;
}

/// One after the other, each change asked for again and again until etcd takes it.
async fn by_hand() -> ByHand {
    let mut cluster = EtcdCluster::start(VOTERS).await;
    ready(&mut cluster).await;
    let mut machines = Vec::new();
    for number in VOTERS..VOTERS + MACHINES {
        if number > VOTERS {
            cluster.prepare();
        }
        let began = Instant::now();
        let id = cluster.add_learner(0, number).await;
        let added = began.elapsed();
        let initial = cluster.initial_cluster();
        cluster.spawn_member(number, &initial, "existing");
        cluster.healthy(number).await;
        let healthy = began.elapsed();
        cluster.promote(0, &id).await;
        machines.push([added, healthy, began.elapsed()]);
        eprintln!("  by hand: {} of {MACHINES}, {:.1} s", machines.len(), began.elapsed().as_secs_f64());
    }
    ByHand { machines }
}

/// All at the same instant.
async fn at_once() -> AtOnce {
    let mut cluster = EtcdCluster::start(VOTERS).await;
    ready(&mut cluster).await;
    for _ in 1..MACHINES {
        cluster.prepare();
    }
    let (asked, client) = (cluster.member(0).client_url(), cluster.client_named("looks"));
    let cluster = Rc::new(RefCell::new(cluster));
    let usual = |number| Node::new(&cluster, number, json!({"leader_url": asked, "policies": {}}));
    let nodes: Vec<Node> = (VOTERS..VOTERS + MACHINES).map(usual).collect();
    let began = Instant::now();
    let join = async |node: &Node| {
        let outcome = node.join().await;
        eprintln!("  at once: {} ended after {:.1} s", node.config.node.id, began.elapsed().as_secs_f64());
        (outcome, began.elapsed())
    };
    let mut learners = Learners::new(client, &asked);
    let ended = tokio::select! {
        ended = join_all(nodes.iter().map(join)) => ended,
        never = learners.look() => match never {},
    };
    let took = began.elapsed();
    let listed = learners.list().await.unwrap_or_default();
    let mut failed = Vec::new();
    for (node, (outcome, _)) in nodes.iter().zip(&ended) {
        if *outcome != Outcome::Done || !node.is_marked() {
            failed.push(format!("{}: {outcome:?}: {}", node.config.node.id, node.said()));
        }
    }
    AtOnce {
        took,
        ended: ended.iter().map(|(_, after)| *after).collect(),
        failed,
        voters: listed.iter().filter(|is_learner| !**is_learner).count(),
        most_learners: learners.most,
        looks: learners.looks,
        refusals: nodes.iter().map(|node| node.reported("ClusterBusy").len()).sum(),
        attempts: nodes.iter().flat_map(|node| node.reported("RequestFailed")).collect(),
    }
}
