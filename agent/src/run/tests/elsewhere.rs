//! Trouble that has to be fixed on another machine: shown as blocked, and looked at again; trouble here waits for its change.

use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::model::{AddFault, ModelCluster, unit_phases, voter};
use super::{Outcome, TestNode, holder};
use crate::config::{DefaultServices as _, ServiceName};
use crate::events::Severity;
use crate::markers::Holder;
use crate::plan::Step;
use crate::run::{Quorum, leave, reset};

const THREE: [(&str, &str); 3] =
    [("node01", "10.0.1.10:2380"), ("node02", "10.0.1.11:2380"), ("node03", "10.0.1.12:2380")];

fn unit() -> (TestNode, ModelCluster) {
    let mut node = TestNode::joining();
    node.looks_again = true;
    (node, ModelCluster::of(&THREE))
}

#[tokio::test(start_paused = true)]
async fn n5_an_id_that_is_taken_is_looked_at_again_and_joins_when_it_is_free() {
    let (node, cluster) = unit();
    cluster.0.borrow_mut().members.push(voter("node04", "10.0.1.99:2380"));
    let began = Instant::now();
    let repair = async {
        sleep(Duration::from_mins(6)).await;
        cluster.0.borrow_mut().members.retain(|member| member.id.as_str() != "node04");
    };
    let (outcome, ()) = tokio::join!(node.run(Step::CHAINFIRE, None, &cluster), repair);
    assert_eq!(outcome, Outcome::Done);
    assert!(began.elapsed() < Duration::from_mins(6 + 5), "{:?}", began.elapsed());
    let names = node.events.names();
    assert_eq!(names.iter().filter(|name| **name == "BlockedIdTaken").count(), 1, "reported once: {names:?}");
    assert!(cluster.calls("LIST") <= 10, "every few minutes, not more often: {}", cluster.calls("LIST"));
}

#[tokio::test(start_paused = true)]
async fn n5_a_refusal_of_the_leader_is_looked_at_again() {
    let (node, cluster) = unit();
    cluster.0.borrow_mut().add_faults = vec![AddFault::Refuse; 3].into();
    assert_eq!(node.run(Step::CHAINFIRE, None, &cluster).await, Outcome::Done);
    assert!(node.events.has("BlockedRefused") && cluster.calls("ADD") == 4);
}

#[tokio::test(start_paused = true)]
async fn n5_what_stays_so_ends_the_run_as_a_failure_that_systemd_starts_again() {
    let (node, cluster) = unit();
    cluster.0.borrow_mut().sick_for = None;
    let began = Instant::now();
    assert_eq!(node.run(Step::CHAINFIRE, None, &cluster).await, Outcome::Transient);
    let minutes = began.elapsed().as_secs() / 60;
    assert!((10..=20).contains(&minutes), "{minutes} min");
    assert!(cluster.calls("HEALTH") <= 16 && node.events.has("BlockedTrust"));
}

#[tokio::test(start_paused = true)]
async fn an_operator_who_calls_gets_the_result_at_once() {
    let (mut node, cluster) = unit();
    node.looks_again = false;
    cluster.0.borrow_mut().members.push(voter("node04", "10.0.1.99:2380"));
    let began = Instant::now();
    assert_eq!(node.run(Step::CHAINFIRE, None, &cluster).await, Outcome::Blocked);
    assert!(began.elapsed().is_zero());
}

#[tokio::test(start_paused = true)]
async fn what_ends_a_run_with_a_failure_is_an_error_in_the_journal() {
    type Spoil = fn(&ModelCluster);
    let cases: [Spoil; 6] = [
        |cluster| cluster.0.borrow_mut().dead = vec!["node01", "node02", "node03"],
        |cluster| cluster.0.borrow_mut().sick_for = Some(usize::MAX),
        |cluster| cluster.0.borrow_mut().learner_for = usize::MAX,
        |cluster| cluster.0.borrow_mut().cut_off = vec!["node01", "node02", "node03"],
        |cluster| cluster.0.borrow_mut().members[0].status = "dead".into(),
        |cluster| {
            let state = &mut *cluster.0.borrow_mut();
            state.members[0].status = "dead".into();
            state.members[1].status = "dead".into();
        },
    ];
    for (index, spoil) in cases.into_iter().enumerate() {
        let (node, cluster) = unit();
        spoil(&cluster);
        let outcome = node.run(Step::CHAINFIRE, None, &cluster).await;
        let last = node.events.0.borrow().last().unwrap().clone();
        let is_error = last.meaning().severity == Severity::Error;
        assert_eq!(outcome == Outcome::Transient, is_error, "case {index}: {outcome:?} after {last}");
        assert!(outcome == Outcome::Done || !last.remedy().is_empty());
    }
}

// The kernel hands the lock over, on its own clock.
#[tokio::test]
async fn leave_and_reset_stop_a_unit_that_waits_and_take_over() {
    for resets in [false, true] {
        let node = TestNode::joining();
        let cluster = ModelCluster::of(&[THREE[0], THREE[1], THREE[2], ("node04", "10.0.1.13:2380")]);
        let who = Holder { words: "a join".to_owned(), unit: Some("chainfire-cluster-join.service".to_owned()) };
        let Ok(lock) = node.markers.try_lock(ServiceName::CHAINFIRE, &who).unwrap() else { panic!("locked") };
        let units = unit_phases(&[]);
        units.hold(lock);
        let context = node.context(Some(units.clone()), &cluster);
        let outcome = if resets {
            reset(&context, node.config.chainfire(), Quorum::Keep, &node.events).await
        } else {
            leave(&context, node.config.chainfire(), Quorum::Keep, &node.events).await
        };
        assert_eq!(outcome, Outcome::Done, "{}", node.events.text());
        assert_eq!(units.stopped()[..2], ["chainfire-cluster-join.path", "chainfire-cluster-join.service"]);
        assert!(node.events.has("TakingOver") && node.events.has("Left"));
    }
}

// The kernel hands the lock over, on its own clock.
#[tokio::test]
async fn a_unit_that_gave_way_goes_on_where_leaving_is_refused() {
    let node = TestNode::joining();
    let cluster = ModelCluster::of(&[THREE[0], THREE[1], THREE[2], ("node09", "10.0.1.13:2380")]);
    let who = Holder { words: "a join".to_owned(), unit: Some("chainfire-cluster-join.service".to_owned()) };
    let Ok(lock) = node.markers.try_lock(ServiceName::CHAINFIRE, &who).unwrap() else { panic!("locked") };
    let units = unit_phases(&[]);
    units.hold(lock);
    let context = node.context(Some(units.clone()), &cluster);
    assert_eq!(leave(&context, node.config.chainfire(), Quorum::Keep, &node.events).await, Outcome::Blocked);
    assert_eq!(units.started()[..2], ["chainfire-cluster-join.service", "chainfire-cluster-join.path"]);
    assert!(node.events.has("TakingOver"), "{}", node.events.text());
}

#[tokio::test(start_paused = true)]
async fn s5_a_command_of_another_operator_is_not_stopped() {
    let (node, cluster) = unit();
    let _held = node.markers.try_lock(ServiceName::CHAINFIRE, &holder("another operator")).unwrap();
    let units = unit_phases(&[]);
    let context = node.context(Some(units.clone()), &cluster);
    assert_eq!(leave(&context, node.config.chainfire(), Quorum::Keep, &node.events).await, Outcome::Transient);
    assert!(units.stopped().is_empty() && node.events.has("LockHeld"));
}

#[tokio::test(start_paused = true)]
async fn m5_a_service_with_the_data_of_a_membership_that_has_ended_is_not_waited_for() {
    let own = |id, host| THREE.into_iter().chain([(id, host)]).map(|(id, at)| voter(id, at)).collect::<Vec<_>>();
    for (bootstraps, lists_itself) in [(false, true), (false, false), (true, true), (true, false)] {
        let (mut node, cluster) = unit();
        let mut listed = own("node04", "10.0.1.13:2380");
        let mut host = "10.0.1.13";
        if bootstraps {
            (node, host) = (TestNode::bootstrapping(), "10.0.1.10");
            listed = own("node05", "10.0.1.14:2380");
            cluster.0.borrow_mut().members.remove(0);
            cluster.0.borrow_mut().leader = Some("node02");
        }
        node.looks_again = false;
        cluster.0.borrow_mut().sick_for = Some(usize::MAX);
        cluster.0.borrow_mut().cluster_id = Some("x".into());
        cluster.0.borrow_mut().lists = vec![(host, if lists_itself { listed } else { Vec::new() })];
        let began = Instant::now();
        let outcome = node.run(Step::CHAINFIRE, None, &cluster).await;
        let said = node.events.text();
        assert_eq!(outcome == Outcome::Blocked, lists_itself, "{said}");
        assert_eq!(node.events.has("BlockedRemoved"), lists_itself, "{said}");
        assert_eq!(said.contains("first-boot-agent reset chainfire"), lists_itself, "{said}");
        assert!(!lists_itself || began.elapsed() < Duration::from_secs(110));
    }
}

#[tokio::test(start_paused = true)]
async fn m5_an_old_list_does_not_have_a_member_reset() {
    // It starts slowly; who is asked first has not heard of it, and others have.
    for (is_reported, is_fresh) in [(true, false), (false, true)] {
        let (mut node, cluster) = unit();
        node.looks_again = false;
        cluster.0.borrow_mut().cluster_id = is_reported.then(|| "x".into());
        cluster.0.borrow_mut().sick_for = Some(60);
        let before: Vec<_> = THREE.iter().map(|(id, address)| voter(id, address)).collect();
        let mut now = before.clone();
        now.push(voter("node04", "10.0.1.13:2380"));
        cluster.0.borrow_mut().members = if is_fresh { before.clone() } else { now.clone() };
        cluster.0.borrow_mut().lists = vec![("node01", before), ("10.0.1.13", now)];
        let outcome = node.run(Step::CHAINFIRE, None, &cluster).await;
        assert!(!node.events.has("BlockedRemoved") && outcome != Outcome::Blocked, "{}", node.events.text());
    }
}
