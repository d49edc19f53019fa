//! Leaving and resetting: what is refused, what is confirmed, and that a second call finds nothing to do.

use super::model::{ModelCluster, unit_phases, voter};
use super::{Outcome, TestNode};
use crate::config::{RaftService, Service};
use crate::markers::MarkerState;
use crate::run::{Quorum, leave, reset};

const FOUR: [(&str, &str); 4] = [
    ("node01", "10.0.1.10:2380"),
    ("node02", "10.0.1.11:2380"),
    ("node03", "10.0.1.12:2380"),
    ("node04", "10.0.1.13:2380"),
];

fn member_of(ids: &[(&str, &str)]) -> (TestNode, ModelCluster) {
    let node = TestNode::joining();
    node.write_marker(Service::Chainfire);
    (node, ModelCluster::of(ids))
}

async fn leave_chainfire(node: &TestNode, cluster: &ModelCluster, quorum: Quorum) -> Outcome {
    leave(&node.context(None, cluster), RaftService::Chainfire, quorum, &node.events).await
}

async fn reset_chainfire(node: &TestNode, cluster: &ModelCluster, quorum: Quorum) -> Outcome {
    let units = Some(unit_phases(&[]));
    reset(&node.context(units, cluster), RaftService::Chainfire, quorum, &node.events).await
}

fn is_marked(node: &TestNode) -> bool {
    node.markers.read(Service::Chainfire) != MarkerState::Absent
}

fn is_member(cluster: &ModelCluster) -> bool {
    cluster.0.borrow().members.iter().any(|member| member.id == "node04")
}

fn kill(cluster: &ModelCluster, ids: &[&str]) {
    for member in cluster.0.borrow_mut().members.iter_mut().filter(|member| ids.contains(&member.id.as_str())) {
        member.status = "unreachable".to_owned();
    }
}

#[tokio::test(start_paused = true)]
async fn m3_leaving_removes_the_entry_then_the_marker_and_is_done_once() {
    let (node, cluster) = member_of(&FOUR);
    assert_eq!(leave_chainfire(&node, &cluster, Quorum::Keep).await, Outcome::Done);
    assert!(!is_member(&cluster) && !is_marked(&node));
    assert_eq!(node.events.names(), ["Left", "MarkerRemoved"]);
    assert_eq!(leave_chainfire(&node, &cluster, Quorum::Keep).await, Outcome::Done);
    assert!(node.events.has("NoMember") && cluster.calls("REMOVE") == 1);
}

#[tokio::test(start_paused = true)]
async fn m1_a_lost_answer_to_a_removal_is_not_asked_again() {
    let (node, cluster) = member_of(&FOUR);
    cluster.0.borrow_mut().loses_removal = true;
    assert_eq!(leave_chainfire(&node, &cluster, Quorum::Keep).await, Outcome::Done);
    assert!(cluster.calls("REMOVE") == 1 && !is_marked(&node));
}

#[tokio::test(start_paused = true)]
async fn m8_leaving_does_not_cost_the_quorum_unless_that_is_said() {
    let (node, cluster) = member_of(&FOUR[1..]);
    kill(&cluster, &["node03"]);
    assert_eq!(leave_chainfire(&node, &cluster, Quorum::Keep).await, Outcome::Blocked);
    assert!(is_member(&cluster) && is_marked(&node) && cluster.calls("REMOVE") == 0);
    assert!(node.events.has("BlockedQuorum") && node.events.text().contains("--accept-quorum-loss"));
    assert_eq!(leave_chainfire(&node, &cluster, Quorum::MayBeLost).await, Outcome::Done);
    assert!(!is_member(&cluster) && !is_marked(&node));
}

#[tokio::test(start_paused = true)]
async fn the_marker_stays_where_the_removal_is_not_confirmed() {
    let (node, cluster) = member_of(&FOUR);
    cluster.0.borrow_mut().keeps_members = true;
    assert_eq!(leave_chainfire(&node, &cluster, Quorum::Keep).await, Outcome::Transient);
    assert!(is_marked(&node) && node.events.has("LeaveFailed"));
}

#[tokio::test(start_paused = true)]
async fn another_machine_of_this_id_is_not_removed() {
    let (node, cluster) = member_of(&FOUR[..3]);
    cluster.0.borrow_mut().members.push(voter("node04", "10.0.1.99:2380"));
    assert_eq!(leave_chainfire(&node, &cluster, Quorum::MayBeLost).await, Outcome::Blocked);
    assert!(is_member(&cluster) && cluster.calls("REMOVE") == 0);
}

#[tokio::test(start_paused = true)]
async fn s5_leaving_does_not_queue_behind_another_agent() {
    let (node, cluster) = member_of(&FOUR);
    let _other = node.markers.try_lock(Service::Chainfire, "a join").unwrap();
    assert_eq!(leave_chainfire(&node, &cluster, Quorum::Keep).await, Outcome::Transient);
    assert!(node.events.text().contains("Nothing was changed: a join holds") && cluster.calls("").eq(&0));
}

#[tokio::test(start_paused = true)]
async fn m5_a_reset_leaves_backs_up_and_forgets() {
    let (node, cluster) = member_of(&FOUR);
    let data = node.config.chainfire.data_dir.clone();
    std::fs::create_dir(&data).unwrap();
    std::fs::write(data.join("log"), "precious").unwrap();
    assert_eq!(reset_chainfire(&node, &cluster, Quorum::Keep).await, Outcome::Done);
    assert_eq!(node.events.names(), ["Left", "DataMovedAside", "MarkerRemoved", "ServiceReset"]);
    assert!(!is_member(&cluster) && !is_marked(&node));
    assert_eq!(std::fs::read_dir(&data).unwrap().count(), 0);
    assert_eq!(reset_chainfire(&node, &cluster, Quorum::Keep).await, Outcome::Done, "twice is fine");
}

#[tokio::test(start_paused = true)]
async fn a_reset_without_a_cluster_to_ask_needs_to_be_said() {
    let (node, cluster) = member_of(&FOUR);
    cluster.0.borrow_mut().dead = vec!["node01", "node02", "node03", "10.0.1.13"];
    assert_eq!(reset_chainfire(&node, &cluster, Quorum::Keep).await, Outcome::Transient);
    assert!(is_marked(&node) && node.events.text().contains("--accept-quorum-loss"));
    assert_eq!(reset_chainfire(&node, &cluster, Quorum::MayBeLost).await, Outcome::Done);
    assert!(!is_marked(&node) && node.events.has("LeftBehind"));
}
