//! Waiting for the local service.

use super::model::{ModelCluster, unit_phases};
use super::{Outcome, TestNode};
use crate::plan::Step;
use crate::run::ports::UnitPhase;

const ONE: [(&str, &str); 1] = [("node01", "10.0.1.10:2380")];

fn not_yet(state: &str) -> UnitPhase {
    UnitPhase::NotYet(state.to_owned())
}

#[tokio::test(start_paused = true)]
async fn a_unit_that_becomes_active_is_asked_only_then() {
    let (node, cluster) = (TestNode::joining(), ModelCluster::of(&ONE));
    let units = unit_phases(&[not_yet("inactive (dead)"), not_yet("activating (start)"), UnitPhase::Active]);
    assert_eq!(node.run(Step::CHAINFIRE, Some(units), &cluster).await, Outcome::Done);
    assert_eq!(cluster.calls("HEALTH"), 2, "and once more before the marker");
    assert_eq!(node.events.names()[..3], ["WaitingForService", "ServiceHealthy", "JoinStarted"]);
}

#[tokio::test(start_paused = true)]
async fn d4_a_unit_that_fails_is_reported_at_once_with_its_last_lines_and_still_watched() {
    let (node, cluster) = (TestNode::joining(), ModelCluster::of(&ONE));
    let began = tokio::time::Instant::now();
    let units = unit_phases(&[UnitPhase::Failed("exit-code, status 1".to_owned()), UnitPhase::Active]);
    assert_eq!(node.run(Step::CHAINFIRE, Some(units), &cluster).await, Outcome::Done);
    assert!(began.elapsed().as_millis() < 100, "nobody sat anything out");
    let text = node.events.text();
    assert!(text.contains("chainfire.service failed (exit-code, status 1)"), "{text}");
    assert!(text.contains("bind: address in use") && text.contains("journalctl -b -u chainfire.service"));
}

#[tokio::test(start_paused = true)]
async fn a_service_that_never_starts_ends_the_run_after_the_limit() {
    let (node, cluster) = (TestNode::joining(), ModelCluster::of(&ONE));
    let began = tokio::time::Instant::now();
    let units = unit_phases(&[not_yet("inactive (dead)")]);
    assert_eq!(node.run(Step::CHAINFIRE, Some(units), &cluster).await, Outcome::Transient);
    assert_eq!(began.elapsed().as_secs(), 120);
    let text = node.events.text();
    assert!(text.contains("Health check timeout after 120s: chainfire.service is inactive (dead)"), "{text}");
}

#[tokio::test(start_paused = true)]
async fn d5_without_systemd_the_health_endpoint_decides() {
    let (node, cluster) = (TestNode::joining(), ModelCluster::of(&ONE));
    cluster.0.borrow_mut().sick_for = Some(7);
    assert_eq!(node.run(Step::CHAINFIRE, None, &cluster).await, Outcome::Done);
    assert_eq!(cluster.calls("HEALTH"), 9);
}

#[tokio::test(start_paused = true)]
async fn a_unit_that_systemd_does_not_know_is_judged_by_its_endpoint() {
    let (node, cluster) = (TestNode::joining(), ModelCluster::of(&ONE));
    let units = unit_phases(&[UnitPhase::Unknown("not known to systemd".to_owned())]);
    assert_eq!(node.run(Step::CHAINFIRE, Some(units), &cluster).await, Outcome::Done);
    assert!(node.events.has("ServiceUnknown"));
}

#[tokio::test(start_paused = true)]
async fn n5_a_certificate_that_does_not_fit_is_not_waited_for() {
    let (node, cluster) = (TestNode::joining(), ModelCluster::of(&ONE));
    cluster.0.borrow_mut().sick_for = None;
    let began = tokio::time::Instant::now();
    assert_eq!(node.run(Step::CHAINFIRE, None, &cluster).await, Outcome::Blocked);
    assert!(began.elapsed().is_zero() && node.events.has("BlockedTrust"));
}
