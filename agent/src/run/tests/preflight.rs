//! A machine that is not what the configuration expects: no request is made, nothing is locked; a link is waited for.

use std::time::Duration;

use tokio::time::Instant;

use super::model::ModelCluster;
use super::{Outcome, TestNode};
use crate::config::{ServiceName, value::LinkChoice};
use crate::inventory::Link;
use crate::plan::Step;

const ONE: [(&str, &str); 1] = [("node01", "10.0.1.10:2380")];

/// A node that expects a link, which it has.
fn expecting_a_link() -> TestNode {
    let mut node = TestNode::joining();
    node.config.expect.links = vec![LinkChoice::Name("eth0".to_owned())];
    node.machine.inventory.links =
        vec![Link { name: "eth0".to_owned(), state: Some("down".to_owned()), ..Link::default() }];
    node
}

fn has_lock(node: &TestNode) -> bool {
    node.markers.directory().join("chainfire.lock").exists()
}

#[tokio::test(start_paused = true)]
async fn blocked_hardware_asks_nobody_and_locks_nothing() {
    let (mut node, cluster) = (TestNode::joining(), ModelCluster::of(&ONE));
    node.config.expect.memory = Some(8 << 30);
    node.config.expect.cpus = Some(64_000);
    node.machine.inventory.memory.installed = Some(4 << 30);
    assert_eq!(node.run(Step::CHAINFIRE, None, &cluster).await, Outcome::Blocked);
    assert_eq!(node.events.names(), ["BlockedHardware"]);
    let text = node.events.text();
    assert!(text.contains("8GiB of memory, found 4 GiB") && text.contains("64000 CPUs, found"), "{text}");
    assert_eq!((cluster.calls(""), has_lock(&node)), (0, false));
    node.config.expect.memory = Some(4 << 30);
    node.config.expect.cpus = None;
    assert_eq!(node.run(Step::CHAINFIRE, None, &cluster).await, Outcome::Done);
    assert!(cluster.calls("") > 0);
    assert!(has_lock(&node), "the test looks where locks are");
}

#[tokio::test(start_paused = true)]
async fn a_member_stays_one_whatever_the_machine_lacks() {
    let (mut node, cluster) = (TestNode::joining(), ModelCluster::of(&ONE));
    node.write_marker(ServiceName::CHAINFIRE);
    node.config.expect.memory = Some(1 << 50);
    assert_eq!(node.run(Step::CHAINFIRE, None, &cluster).await, Outcome::Done);
    assert_eq!(node.events.names(), ["AlreadyDone"]);
    assert_eq!(node.run(Step::HealthCheck, None, &cluster).await, Outcome::Transient, "it is judged all the same");
    assert!(!node.events.has("BlockedHardware"));
}

#[tokio::test(start_paused = true)]
async fn a_link_that_comes_up_is_waited_for_and_reported_once() {
    let (node, cluster) = (expecting_a_link(), ModelCluster::of(&ONE));
    node.machine.up_after.set(Some(20));
    let began = Instant::now();
    assert_eq!(node.run(Step::CHAINFIRE, None, &cluster).await, Outcome::Done);
    assert!(began.elapsed() > Duration::from_secs(2));
    assert_eq!(node.events.names()[..3], ["WaitingForLink", "LinksUp", "ServiceHealthy"]);
    assert!(node.events.text().contains("expected link eth0 up, found eth0 down"), "{}", node.events.text());
}

#[tokio::test(start_paused = true)]
async fn a_link_that_stays_down_ends_the_run_within_its_bound_and_asks_nobody() {
    let (node, cluster) = (expecting_a_link(), ModelCluster::of(&ONE));
    let began = Instant::now();
    assert_eq!(node.run(Step::CHAINFIRE, None, &cluster).await, Outcome::Transient);
    let limit = node.config.policies.link.limit;
    assert!((limit.mul_f32(0.9)..=limit.mul_f32(1.1)).contains(&began.elapsed()), "{:?}", began.elapsed());
    assert_eq!(node.events.names(), ["WaitingForLink", "ExpectationNotMet"]);
    assert_eq!((cluster.calls(""), has_lock(&node)), (0, false));
}

#[tokio::test(start_paused = true)]
async fn a_clock_that_must_be_set_and_is_not_ends_the_run() {
    let (mut node, cluster) = (TestNode::joining(), ModelCluster::of(&ONE));
    node.machine.clock = Some(("1980-01-01T00:00:00+00:00".to_owned(), "2026-11-25T00:00:00+00:00".to_owned()));
    node.config.expect.clock = true;
    assert_eq!(node.run(Step::CHAINFIRE, None, &cluster).await, Outcome::Transient);
    assert_eq!((node.events.names(), cluster.calls("")), (vec!["ExpectationNotMet"], 0));
    node.config.expect.clock = false;
    assert_eq!(
        node.run(Step::CHAINFIRE, None, &cluster).await,
        Outcome::Done,
        "certificates are judged as of the build"
    );
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_judged_is_reported_and_the_step_goes_on() {
    let (mut node, cluster) = (TestNode::joining(), ModelCluster::of(&ONE));
    node.config.expect.memory = Some(1 << 30);
    node.machine.inventory.memory = <_>::default();
    assert_eq!(node.run(Step::CHAINFIRE, None, &cluster).await, Outcome::Done);
    assert_eq!(node.events.names()[..2], ["ExpectationUnjudged", "ServiceHealthy"]);
}

#[tokio::test(start_paused = true)]
async fn where_nothing_is_expected_nothing_is_looked_at() {
    let (node, cluster) = (TestNode::joining(), ModelCluster::of(&ONE));
    assert_eq!(node.run(Step::CHAINFIRE, None, &cluster).await, Outcome::Done);
    assert_eq!(node.machine.looks.get(), 0);
}
