//! Members that disagree, answers that mislead, a service that dies: nothing of it makes the cluster worse.

use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::model::{AddFault, ModelCluster, unit_phases, voter};
use super::{Outcome, TestNode};
use crate::config::ServiceName;
use crate::markers::MarkerState;
use crate::plan::Step;
use crate::plan::member::Member;
use crate::run::ports::UnitPhase;

const THREE: [(&str, &str); 3] =
    [("node01", "10.0.1.10:2380"), ("node02", "10.0.1.11:2380"), ("node03", "10.0.1.12:2380")];

fn joining() -> (TestNode, ModelCluster) {
    (TestNode::joining(), ModelCluster::of(&THREE))
}

fn marked(node: &TestNode) -> bool {
    matches!(node.markers.read(ServiceName::CHAINFIRE), MarkerState::Present { .. })
}

fn old_entry() -> Member {
    Member { incarnation: Some("before".into()), ..voter("node04", "10.0.1.13:2380") }
}

/// A node whose own service says that its data is new, in a cluster that still has the old entry.
fn wiped() -> (TestNode, ModelCluster) {
    let (node, cluster) = joining();
    cluster.0.borrow_mut().incarnation = Some("now".into());
    cluster.0.borrow_mut().members.push(old_entry());
    (node, cluster)
}

/// A run that ends by itself, within bounds, having asked for one removal at most.
async fn assert_calm(node: &TestNode, cluster: &ModelCluster) -> Outcome {
    let began = Instant::now();
    let outcome = node.run(Step::CHAINFIRE, None, cluster).await;
    let (seconds, calls) = (began.elapsed().as_secs(), cluster.calls(""));
    assert!(seconds < 700, "{seconds} s");
    assert!(calls < 600, "{calls} requests in {seconds} s");
    assert!(cluster.calls("REMOVE") <= 1, "{} removals", cluster.calls("REMOVE"));
    outcome
}

#[tokio::test(start_paused = true)]
async fn a_removal_that_is_accepted_and_never_happens_is_asked_for_once() {
    let (node, cluster) = wiped();
    cluster.0.borrow_mut().ignores_removals = true;
    assert_eq!(assert_calm(&node, &cluster).await, Outcome::Transient);
    assert!(node.events.has("RemovalNotSeen") && !marked(&node));
    assert_eq!((cluster.calls("REMOVE"), cluster.calls("ADD")), (1, 0));
}

#[tokio::test(start_paused = true)]
async fn members_that_disagree_about_an_old_entry_are_no_storm() {
    // A balancer in front of a leader, which has removed it, and of a member that is cut off.
    let (node, cluster) = wiped();
    let with_the_old = cluster.0.borrow().members.clone();
    cluster.0.borrow_mut().every_other = Some(with_the_old);
    assert_calm(&node, &cluster).await;
    assert!(cluster.calls("ADD") <= 1);
    let members = cluster.0.borrow().members.clone();
    assert!(members.iter().filter(|member| member.id.as_str() == "node04").count() <= 1);
}

#[tokio::test(start_paused = true)]
async fn an_old_list_after_the_add_removes_nothing() {
    let (node, cluster) = joining();
    cluster.0.borrow_mut().incarnation = Some("now".into());
    let run = node.run(Step::CHAINFIRE, None, &cluster);
    let turn = async {
        while cluster.calls("ADD") == 0 {
            sleep(Duration::from_millis(1)).await;
        }
        let mut old = cluster.0.borrow().members.clone();
        old.retain(|member| member.id.as_str() != "node04");
        old.push(old_entry());
        cluster.0.borrow_mut().lists = vec![("node01", old)];
    };
    let (outcome, ()) = tokio::join!(run, turn);
    assert_eq!((outcome, cluster.calls("REMOVE")), (Outcome::Transient, 0));
    assert!(node.events.has("RemovalNotSeen") && !marked(&node));
}

#[tokio::test(start_paused = true)]
async fn a_member_that_flips_between_healthy_and_dead_is_removed_once_at_most() {
    let (mut node, cluster) = joining();
    node.config.replace = true;
    node.looks_again = true;
    let flipped = |status: &str| {
        let mut members = cluster.0.borrow().members.clone();
        members.push(Member { status: status.into(), ..voter("node04", "10.0.1.99:2380") });
        members
    };
    let (alive, dead) = (flipped("healthy"), flipped("dead"));
    cluster.0.borrow_mut().every_other = Some(alive);
    cluster.0.borrow_mut().members = dead;
    cluster.0.borrow_mut().ignores_removals = true;
    let began = Instant::now();
    assert_eq!(node.run(Step::CHAINFIRE, None, &cluster).await, Outcome::Transient);
    assert_eq!(cluster.calls("REMOVE"), 1, "in {:?}, over all its looks", began.elapsed());
    assert!(cluster.calls("") < 600 && !marked(&node), "{} requests", cluster.calls(""));
}

#[tokio::test(start_paused = true)]
async fn m8_a_service_that_dies_during_a_wait_is_not_added() {
    let (node, cluster) = joining();
    cluster.0.borrow_mut().add_faults = vec![AddFault::Busy(Some(300))].into();
    let units = unit_phases(&[UnitPhase::Active]);
    let life = async {
        sleep(Duration::from_secs(10)).await;
        units.turn(UnitPhase::Failed("signal, signal 9".to_owned()));
        sleep(Duration::from_secs(100)).await;
        assert_eq!(cluster.calls("ADD"), 1, "the first, which was turned away");
        units.turn(UnitPhase::Active);
    };
    let (outcome, ()) = tokio::join!(node.run(Step::CHAINFIRE, Some(units.clone()), &cluster), life);
    assert_eq!((outcome, cluster.calls("ADD"), marked(&node)), (Outcome::Done, 2, true));
    assert!(node.events.has("ServiceLost"));
}

#[tokio::test(start_paused = true)]
async fn m8_a_service_that_dies_without_systemd_to_say_so_is_not_added() {
    let (node, cluster) = joining();
    cluster.0.borrow_mut().add_faults = vec![AddFault::Busy(Some(300))].into();
    let life = async {
        sleep(Duration::from_secs(10)).await;
        cluster.0.borrow_mut().sick_for = Some(usize::MAX);
    };
    let (outcome, ()) = tokio::join!(node.run(Step::CHAINFIRE, None, &cluster), life);
    assert_eq!((outcome, cluster.calls("ADD"), marked(&node)), (Outcome::Transient, 1, false));
    assert!(node.events.text().contains("this node's own service"), "{}", node.events.text());
}

#[tokio::test(start_paused = true)]
async fn d4_a_crash_during_the_promotion_is_reported_at_once_and_blames_nobody_else() {
    let (node, cluster) = joining();
    cluster.0.borrow_mut().learner_for = usize::MAX;
    let units = unit_phases(&[UnitPhase::Active]);
    let life = async {
        sleep(Duration::from_secs(5)).await;
        units.turn(UnitPhase::NotYet("deactivating (stop-sigterm)".to_owned()));
        sleep(Duration::from_millis(1)).await;
        assert!(node.events.has("ServiceLost"));
    };
    let (outcome, ()) = tokio::join!(node.run(Step::CHAINFIRE, Some(units.clone()), &cluster), life);
    assert_eq!((outcome, marked(&node)), (Outcome::Transient, false));
    assert!(node.events.has("HealthTimeout") && !node.events.has("PromotionTimeout"));
}

#[tokio::test(start_paused = true)]
async fn s3_the_data_of_the_own_service_is_looked_at_until_the_marker_is_written() {
    let (node, cluster) = joining();
    cluster.0.borrow_mut().incarnation = Some("one".into());
    cluster.0.borrow_mut().learner_for = 20;
    let life = async {
        while cluster.calls("ADD") == 0 {
            sleep(Duration::from_millis(1)).await;
        }
        cluster.0.borrow_mut().incarnation = Some("other".into());
    };
    let (outcome, ()) = tokio::join!(node.run(Step::CHAINFIRE, None, &cluster), life);
    assert_eq!((outcome, marked(&node), cluster.calls("REMOVE")), (Outcome::Transient, false, 0));
    assert_eq!(node.run(Step::CHAINFIRE, None, &cluster).await, Outcome::Done, "the next run replaces it");
    assert_eq!(cluster.calls("REMOVE"), 1);
}

#[tokio::test(start_paused = true)]
async fn the_own_service_never_confirms_its_own_join() {
    for hint in ["10.0.1.13:2379", "node04:2379", "localhost:2379", "127.0.0.1:2379", "[::ffff:10.0.1.13]:2379"] {
        let (node, cluster) = joining();
        cluster.0.borrow_mut().lists = vec![("10.0.1.13", vec![voter("node04", "10.0.1.13:2380")])];
        cluster.0.borrow_mut().add_faults = vec![AddFault::NotLeader(Some(hint)); 20].into();
        assert_eq!(node.run(Step::CHAINFIRE, None, &cluster).await, Outcome::Transient, "{hint}");
        assert!(!marked(&node) && cluster.calls("LIST 10.0.1.13") == 0 && cluster.calls("LIST localhost") == 0);
        assert!(node.events.text().contains("it names this node as the leader"), "{}", node.events.text());
    }
    // A name that only the connection shows to lead here.
    let (node, cluster) = joining();
    cluster.0.borrow_mut().here = vec!["balancer", "node01", "node02", "node03"];
    cluster.0.borrow_mut().members.push(voter("node04", "10.0.1.13:2380"));
    assert_eq!(node.run(Step::CHAINFIRE, None, &cluster).await, Outcome::Transient);
    assert!(!marked(&node) && node.events.text().contains("own service answered"), "{}", node.events.text());
}

#[tokio::test(start_paused = true)]
async fn one_run_is_of_one_cluster() {
    // A hint into another cluster, by its id and, where ids are not reported, by its members.
    for reported in [true, false] {
        let (node, cluster) = joining();
        cluster.0.borrow_mut().add_faults = vec![AddFault::NotLeader(Some("other:2379"))].into();
        let others = vec![voter("a", "10.9.9.1:2380"), voter("node04", "10.0.1.13:2380")];
        cluster.0.borrow_mut().lists = vec![("other", others)];
        if reported {
            cluster.0.borrow_mut().cluster_id = Some("x".into());
            cluster.0.borrow_mut().cluster_ids = vec![("other", "y")];
        }
        assert_eq!(node.run(Step::CHAINFIRE, None, &cluster).await, Outcome::Done);
        assert_eq!((cluster.calls("ADD other"), cluster.calls("LIST other") > 0), (0, true), "with an id: {reported}");
        let MarkerState::Present { identity, .. } = node.markers.read(ServiceName::CHAINFIRE) else {
            panic!("no marker")
        };
        assert_eq!(identity.cluster_id.as_deref(), reported.then_some("x"));
    }
    // Asked of one, confirmed by another: the id changes between two calls.
    let (node, cluster) = joining();
    cluster.0.borrow_mut().cluster_id = Some("x".into());
    let change = async {
        while cluster.calls("ADD") == 0 {
            sleep(Duration::from_millis(1)).await;
        }
        cluster.0.borrow_mut().cluster_id = Some("y".into());
    };
    let (outcome, ()) = tokio::join!(node.run(Step::CHAINFIRE, None, &cluster), change);
    assert_eq!((outcome, marked(&node)), (Outcome::Blocked, false));
    assert!(node.events.has("BlockedAnotherCluster"));
}

#[tokio::test(start_paused = true)]
async fn a_list_that_contradicts_itself_confirms_nothing_and_changes_nothing() {
    for twin in [
        voter("node04", "10.0.1.99:2380"),
        voter("node09", "http://10.0.1.13:2380"),
        voter("node09", "NODE04.:2380"),
        voter("node04", "10.0.1.13:2380"),
    ] {
        let (node, cluster) = joining();
        cluster.0.borrow_mut().members.extend([voter("node04", "10.0.1.13:2380"), twin]);
        assert_eq!(node.run(Step::CHAINFIRE, None, &cluster).await, Outcome::Blocked);
        assert!(!marked(&node) && cluster.calls("ADD") + cluster.calls("REMOVE") == 0);
        assert!(node.events.has("BlockedContradiction"), "{}", node.events.text());
    }
    // A list twice the length is no majority.
    let (node, cluster) = (TestNode::bootstrapping(), ModelCluster::of(&THREE[..1]));
    cluster.0.borrow_mut().members.push(voter("node01", "10.0.1.10:2380"));
    assert_eq!(node.run(Step::CHAINFIRE, None, &cluster).await, Outcome::Blocked);
    assert!(!marked(&node) && node.events.has("BlockedContradiction"));
}

#[tokio::test(start_paused = true)]
async fn m10_a_busy_answer_is_heard_behind_a_dead_peer_and_during_the_promotion() {
    let (node, cluster) = joining();
    cluster.0.borrow_mut().dead = vec!["node01"];
    cluster.0.borrow_mut().add_faults = vec![AddFault::Busy(Some(7)); 8].into();
    let began = Instant::now();
    assert_eq!(node.run(Step::CHAINFIRE, None, &cluster).await, Outcome::Done);
    assert!(began.elapsed().as_secs() >= 8 * 7 && !node.events.has("AttemptsExhausted"));
}

#[tokio::test(start_paused = true)]
async fn m2_an_identity_in_another_spelling_is_the_same_one() {
    let uuid = "6f1c9a2e-0000-4a3b-8c5d-0123456789ab";
    for listed in [
        "6F1C9A2E-0000-4A3B-8C5D-0123456789AB",
        "{6f1c9a2e-0000-4a3b-8c5d-0123456789ab}",
        "urn:uuid:6f1c9a2e-0000-4a3b-8c5d-0123456789ab",
        "6f1c9a2e00004a3b8c5d0123456789ab",
    ] {
        let (node, cluster) = joining();
        cluster.0.borrow_mut().incarnation = Some(uuid.into());
        cluster.0.borrow_mut().members.push(Member { incarnation: Some(listed.into()), ..old_entry() });
        cluster.0.borrow_mut().cluster_ids = vec![("node01", "0xA"), ("node02", "a")];
        assert_eq!(node.run(Step::CHAINFIRE, None, &cluster).await, Outcome::Done, "{listed}: {}", node.events.text());
        assert_eq!(cluster.calls("REMOVE") + cluster.calls("ADD"), 0, "{listed}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_old_list_at_a_later_look_removes_nothing() {
    // The old entry goes, the add is refused once, and the next look meets a member that is cut off.
    let (mut node, cluster) = wiped();
    node.looks_again = true;
    cluster.0.borrow_mut().add_faults = vec![AddFault::Refuse].into();
    let old = cluster.0.borrow().members.clone();
    let turn = async {
        while cluster.calls("ADD") == 0 {
            sleep(Duration::from_millis(1)).await;
        }
        cluster.0.borrow_mut().lists = ["node01", "node02", "node03"].map(|host| (host, old.clone())).into();
    };
    let (outcome, ()) = tokio::join!(node.run(Step::CHAINFIRE, None, &cluster), turn);
    assert_eq!((outcome, cluster.calls("REMOVE"), marked(&node)), (Outcome::Transient, 1, false));
    assert!(node.events.has("RemovalNotSeen"), "{}", node.events.text());
}

#[tokio::test(start_paused = true)]
async fn an_old_list_is_not_believed_where_another_member_has_this_node_as_it_is() {
    // A run before this one has added the node; the member that is asked first has not heard of it.
    let (node, cluster) = wiped();
    let old = cluster.0.borrow().members.clone();
    let now = Member { incarnation: Some("now".into()), ..old_entry() };
    *cluster.0.borrow_mut().members.last_mut().unwrap() = now;
    cluster.0.borrow_mut().lists = vec![("node01", old)];
    assert_eq!(node.run(Step::CHAINFIRE, None, &cluster).await, Outcome::Transient);
    assert!(cluster.calls("REMOVE") == 0 && node.events.has("RemovalNotSeen") && !marked(&node));
}

#[tokio::test(start_paused = true)]
async fn a_removal_that_is_refused_is_no_removal() {
    let (node, cluster) = wiped();
    cluster.0.borrow_mut().refuses_removals = true;
    for _ in 0..2 {
        assert_eq!(node.run(Step::CHAINFIRE, None, &cluster).await, Outcome::Blocked);
        assert!(node.events.has("BlockedRefused") && !node.events.has("RemovalNotSeen"));
    }
}

#[tokio::test(start_paused = true)]
async fn a_list_without_another_full_member_confirms_nothing() {
    // A balancer, or a name in the hosts file, that leads to the service on this node: it has begun a cluster of its own.
    let (node, cluster) = joining();
    cluster.0.borrow_mut().members = vec![voter("node04", "10.0.1.13:2380")];
    assert_eq!(node.run(Step::CHAINFIRE, None, &cluster).await, Outcome::Transient);
    assert!(!marked(&node) && cluster.calls("ADD") == 0, "{}", node.events.text());
    assert!(node.events.text().contains("no full member besides this node"));
    // Nor is this node another one by a second address of its machine.
    let (mut node, cluster) = joining();
    node.machine.addresses = vec!["10.0.1.13".parse().unwrap(), "10.9.9.13".parse().unwrap()];
    cluster.0.borrow_mut().members = vec![voter("node04", "10.0.1.13:2380"), voter("zz", "10.9.9.13:2380")];
    assert_eq!(node.run(Step::CHAINFIRE, None, &cluster).await, Outcome::Transient);
    assert!(!marked(&node), "{}", node.events.text());
}

#[tokio::test(start_paused = true)]
async fn a_cluster_that_is_named_later_binds_as_well() {
    let (node, cluster) = joining();
    cluster.0.borrow_mut().cluster_ids = vec![("node02", "x"), ("node03", "y")];
    cluster.0.borrow_mut().add_faults = vec![AddFault::Drop, AddFault::Drop].into();
    assert_eq!(node.run(Step::CHAINFIRE, None, &cluster).await, Outcome::Done, "{}", node.events.text());
    assert_eq!((cluster.calls("ADD node02"), cluster.calls("ADD node03")), (1, 0), "node03 is of another cluster");
}

#[tokio::test(start_paused = true)]
async fn a_leader_that_cannot_be_trusted_is_named_with_what_is_wrong() {
    let (node, cluster) = joining();
    cluster.0.borrow_mut().untrusted = vec!["10.0.1.99"];
    cluster.0.borrow_mut().add_faults = vec![AddFault::NotLeader(Some("10.0.1.99:2379")); 20].into();
    assert_eq!(node.run(Step::CHAINFIRE, None, &cluster).await, Outcome::Blocked, "{}", node.events.text());
    assert!(node.events.has("BlockedTrust") && node.events.text().contains("10.0.1.99:2379"));
    // One whose certificate has the name that the configuration has for it is asked by that name.
    let (node, cluster) = joining();
    cluster.0.borrow_mut().untrusted = vec!["10.0.1.12"];
    cluster.0.borrow_mut().add_faults = vec![AddFault::NotLeader(Some("10.0.1.12:2379"))].into();
    assert_eq!(node.run(Step::CHAINFIRE, None, &cluster).await, Outcome::Done, "{}", node.events.text());
    assert_eq!((cluster.calls("ADD node03"), cluster.calls("LIST 10.0.1.12")), (1, 0));
}

#[tokio::test(start_paused = true)]
async fn a_member_that_names_a_dead_leader_is_not_the_only_one_to_be_asked() {
    let (node, cluster) = joining();
    cluster.0.borrow_mut().dead = vec!["10.0.1.99"];
    cluster.0.borrow_mut().add_faults = vec![AddFault::NotLeader(Some("10.0.1.99:2379")); 2].into();
    assert_eq!(node.run(Step::CHAINFIRE, None, &cluster).await, Outcome::Done, "{}", node.events.text());
    assert_eq!(cluster.calls("ADD node02"), 1);
}

#[tokio::test(start_paused = true)]
async fn who_is_always_busy_does_not_hide_what_will_not_pass_and_is_not_given_up_for_what_may() {
    let (node, cluster) = joining();
    cluster.0.borrow_mut().untrusted = vec!["node01", "node02"];
    cluster.0.borrow_mut().busy = vec!["node03"];
    assert_eq!(node.run(Step::CHAINFIRE, None, &cluster).await, Outcome::Blocked);
    assert!(node.events.has("ClusterBusy") && node.events.has("BlockedTrust"));
    let (node, cluster) = joining();
    cluster.0.borrow_mut().dead = vec!["node01", "node02"];
    cluster.0.borrow_mut().busy = vec!["node03"];
    let turn = async {
        sleep(Duration::from_mins(10)).await;
        cluster.0.borrow_mut().busy.clear();
    };
    let (outcome, ()) = tokio::join!(node.run(Step::CHAINFIRE, None, &cluster), turn);
    assert_eq!((outcome, node.events.has("RequestFailed")), (Outcome::Done, false), "{}", node.events.text());
}

#[tokio::test(start_paused = true)]
async fn m4_another_address_of_this_machine_is_not_anothers() {
    let (mut node, cluster) = joining();
    node.config.replace = true;
    node.machine.addresses = vec!["10.9.9.13".parse().unwrap()];
    cluster.0.borrow_mut().members.push(Member { status: "dead".into(), ..voter("node04", "10.9.9.13:2380") });
    assert_eq!(node.run(Step::CHAINFIRE, None, &cluster).await, Outcome::Blocked);
    assert!(cluster.calls("REMOVE") == 0 && !node.events.text().contains("DELETE"), "{}", node.events.text());
    // Nor is an entry with the data that the own service runs on, wherever it is said to be.
    node.machine.addresses.clear();
    cluster.0.borrow_mut().incarnation = Some("now".into());
    cluster.0.borrow_mut().members.last_mut().unwrap().incarnation = Some("NOW".into());
    assert_eq!(node.run(Step::CHAINFIRE, None, &cluster).await, Outcome::Blocked);
    assert!(cluster.calls("REMOVE") == 0 && !node.events.text().contains("DELETE"), "{}", node.events.text());
}

fn bootstrapping() -> (TestNode, ModelCluster) {
    (TestNode::bootstrapping(), ModelCluster::of(&THREE))
}

#[tokio::test(start_paused = true)]
async fn m11_a_peers_list_that_contradicts_itself_keeps_a_node_from_bootstrapping() {
    let (node, cluster) = bootstrapping();
    let twins = vec![voter("x", "10.0.9.9:2380"), voter("node02", "10.0.1.11:2380"), voter("node02", "10.0.1.12:2380")];
    cluster.0.borrow_mut().lists = vec![("node02", twins)];
    assert_eq!(node.run(Step::CHAINFIRE, None, &cluster).await, Outcome::Blocked);
    assert!(!marked(&node) && node.events.has("BlockedContradiction"), "{}", node.events.text());
}

#[tokio::test(start_paused = true)]
async fn d4_a_crash_while_the_cluster_forms_is_reported_at_once() {
    let (node, cluster) = bootstrapping();
    cluster.0.borrow_mut().members.truncate(1);
    let units = unit_phases(&[UnitPhase::Active]);
    let life = async {
        sleep(Duration::from_secs(5)).await;
        units.turn(UnitPhase::Failed("signal, signal 9".to_owned()));
        sleep(Duration::from_millis(1)).await;
        assert!(node.events.has("ServiceLost"));
        sleep(Duration::from_secs(5)).await;
        cluster.0.borrow_mut().members = THREE.iter().map(|(id, address)| voter(id, address)).collect();
        units.turn(UnitPhase::Active);
    };
    let (outcome, ()) = tokio::join!(node.run(Step::CHAINFIRE, Some(units.clone()), &cluster), life);
    assert_eq!((outcome, marked(&node)), (Outcome::Done, true));
}

#[tokio::test(start_paused = true)]
async fn s3_data_that_is_lost_while_the_cluster_forms_is_noticed() {
    let (node, cluster) = bootstrapping();
    cluster.0.borrow_mut().incarnation = Some("one".into());
    cluster.0.borrow_mut().members.truncate(1);
    let life = async {
        sleep(Duration::from_secs(5)).await;
        let formed = THREE.iter().map(|(id, address)| voter(id, address));
        cluster.0.borrow_mut().members =
            formed.map(|member| Member { incarnation: Some("one".into()), ..member }).collect();
        cluster.0.borrow_mut().incarnation = Some("other".into());
    };
    let (outcome, ()) = tokio::join!(node.run(Step::CHAINFIRE, None, &cluster), life);
    assert_eq!((outcome, marked(&node)), (Outcome::Blocked, false));
    assert!(node.events.has("BlockedWiped"), "{}", node.events.text());
}
