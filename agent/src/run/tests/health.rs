//! The health check as it asks.

use std::time::Duration;

use super::model::{ModelCluster, voter};
use super::{TestNode, holder};
use crate::config::{DefaultServices as _, ServiceName};
use crate::markers::Achievement;
use crate::plan::Cause;
use crate::plan::health::Verdict;
use crate::plan::member::Member;
use crate::run::find_health;

#[tokio::test(start_paused = true)]
async fn at_most_16_members_of_thousands_are_asked_at_once() {
    let (mut node, cluster) = (TestNode::joining(), ModelCluster::of(&[]));
    node.config.member_service_mut(ServiceName::FLAREDB).enable = true;
    cluster.0.borrow_mut().members =
        (0..3000).map(|n| voter(&format!("m{n}"), &format!("10.1.{}.{}:2380", n / 250, n % 250 + 1))).collect();
    cluster.0.borrow_mut().health_takes = Duration::from_millis(10);
    let found = find_health(&node.context(None, &cluster), false).await;
    assert_eq!(found.endpoints.len(), cluster.calls("HEALTH"));
    assert_eq!(cluster.calls("HEALTH") / 3000, 2, "all of both groups");
    let (_, most) = cluster.0.borrow().asked_at_once;
    assert_eq!(most, 16 + 1, "and IAM");
}

#[tokio::test(start_paused = true)]
async fn what_answers_as_the_own_service_must_be_it_with_the_data_that_is_listed() {
    for (health_of, listed, is_well) in
        [("node04", "now", true), ("node04", "NOW", true), ("node04", "before", false), ("node09", "now", false)]
    {
        let node = TestNode::joining();
        let cluster = ModelCluster::of(&[("node01", "10.0.1.10:2380")]);
        let own = Member { incarnation: Some(listed.into()), ..voter("node04", "10.0.1.13:2380") };
        cluster.0.borrow_mut().members.push(own);
        cluster.0.borrow_mut().health_of = health_of.to_owned();
        cluster.0.borrow_mut().incarnation = Some("now".into());
        let found = find_health(&node.context(None, &cluster), false).await;
        assert_eq!(found.own_failing().is_none(), is_well, "{health_of} {listed}: {found}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_waiting_does_not_change_comes_with_what_to_do() {
    let mut node = TestNode::joining();
    node.config.member_service_mut(ServiceName::FLAREDB).enable = true;
    for (sick_for, has_remedy) in [(None, true), (Some(usize::MAX), false)] {
        let cluster = ModelCluster::of(&[("node01", "10.0.1.10:2380")]);
        cluster.0.borrow_mut().sick_for = sick_for;
        let found = find_health(&node.context(None, &cluster), false).await;
        assert!(found.endpoints.iter().any(|endpoint| endpoint.service == ServiceName::IAM));
        for endpoint in &found.endpoints {
            let is_one = endpoint.remedy.as_ref().is_some_and(|remedy| remedy.starts_with("compare its certificate"));
            assert_eq!(is_one, has_remedy, "{endpoint:?}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn peers_of_another_cluster_do_not_speak_for_the_one_of_the_marker() {
    let node = TestNode::joining();
    let cluster = ModelCluster::of(&[("node01", "10.0.1.10:2380"), ("node04", "10.0.1.13:2380")]);
    let Ok(lock) = node.markers.try_lock(ServiceName::CHAINFIRE, &holder("a run")).unwrap() else { panic!() };
    node.markers.write(&lock, Achievement::Joined, &node.this_node().in_cluster(Some("a"))).unwrap();
    cluster.0.borrow_mut().cluster_ids = vec![("node01", "b"), ("node02", "A"), ("node03", "a")];
    cluster.0.borrow_mut().lists = vec![("node01", vec![voter("x", "10.9.9.1:2380")])];
    let found = find_health(&node.context(None, &cluster), false).await;
    assert!(found.foreign_markers.is_empty(), "{found}");
    let Verdict::Unhealthy(reasons) = found.verdict() else { panic!("{found}") };
    assert!(reasons.iter().any(|reason| reason.contains("two clusters")), "{reasons:?}");
    // Where all of them are of another one, only they say so: no marker is to be removed, and it is looked at again.
    cluster.0.borrow_mut().cluster_ids = vec![("node01", "b"), ("node02", "b"), ("node03", "b"), ("10.0.1.13", "b")];
    let found = find_health(&node.context(None, &cluster), false).await;
    let blocker = found.foreign_markers.first().unwrap();
    assert!(blocker.cause == Cause::AnotherCluster && !blocker.remedy.contains("rm "), "{blocker}");
}

#[tokio::test(start_paused = true)]
async fn a_member_that_is_listed_in_another_way_is_not_reported_as_missing() {
    let learner = Member { role: Some("learner".into()), ..voter("node04", "10.0.1.13:2380") };
    let unknown = Member { role: Some("VOTING".into()), ..voter("node04", "10.0.1.13:2380") };
    let entries = [learner, unknown, voter("node04", "node04.prod.example:2380"), voter("NODE04", "10.0.1.13:2380")];
    for entry in entries.into_iter().chain([voter("x", "10.9.9.13:2380")]) {
        let mut node = TestNode::joining();
        node.machine.addresses = vec!["10.9.9.13".parse().unwrap()];
        node.write_marker(ServiceName::CHAINFIRE);
        let cluster = ModelCluster::of(&[("node01", "10.0.1.10:2380")]);
        cluster.0.borrow_mut().members.push(entry.clone());
        let found = find_health(&node.context(None, &cluster), false).await;
        assert_eq!(found.drifted().count(), 0, "{entry}");
        assert!(matches!(found.verdict(), Verdict::Unhealthy { .. }), "{entry}");
    }
}
