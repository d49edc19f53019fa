//! Leaving and resetting: what is refused, what is confirmed, and that a second call finds nothing to do.

use std::path::Path;

use super::model::{ModelCluster, unit_phases, voter};
use super::{Outcome, TestNode, holder};
use crate::config::{DefaultServices as _, Endpoint, Mode, ServiceName};
use crate::markers::{Achievement, Identity, MarkerState};
use crate::run::{Quorum, after_reset_of_all, foresee_leave, foresee_markers, leave, reset};

const FOUR: [(&str, &str); 4] = [
    ("node01", "10.0.1.10:2380"),
    ("node02", "10.0.1.11:2380"),
    ("node03", "10.0.1.12:2380"),
    ("node04", "10.0.1.13:2380"),
];

fn member_of(ids: &[(&str, &str)]) -> (TestNode, ModelCluster) {
    let node = TestNode::joining();
    node.write_marker(ServiceName::CHAINFIRE);
    (node, ModelCluster::of(ids))
}

async fn leave_chainfire(node: &TestNode, cluster: &ModelCluster, quorum: Quorum) -> Outcome {
    leave(&node.context(None, cluster), node.config.chainfire(), quorum, &node.events).await
}

async fn reset_chainfire(node: &TestNode, cluster: &ModelCluster, quorum: Quorum) -> Outcome {
    let units = Some(unit_phases(&[]));
    reset(&node.context(units, cluster), node.config.chainfire(), quorum, &node.events).await
}

fn is_marked(node: &TestNode) -> bool {
    node.markers.read(ServiceName::CHAINFIRE) != MarkerState::Absent
}

fn is_member(cluster: &ModelCluster) -> bool {
    cluster.0.borrow().members.iter().any(|member| member.id.as_str() == "node04")
}

fn kill(cluster: &ModelCluster, ids: &[&str]) {
    for member in cluster.0.borrow_mut().members.iter_mut().filter(|member| ids.contains(&member.id.as_str())) {
        member.status = "unreachable".into();
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
    let _other = node.markers.try_lock(ServiceName::CHAINFIRE, &holder("a join")).unwrap();
    assert_eq!(leave_chainfire(&node, &cluster, Quorum::Keep).await, Outcome::Transient);
    assert!(node.events.text().contains("Nothing was changed: a join holds") && cluster.calls("").eq(&0));
}

#[tokio::test(start_paused = true)]
async fn m5_a_reset_leaves_backs_up_and_forgets() {
    let (node, cluster) = member_of(&FOUR);
    let data = node.config.chainfire().data_dir.clone();
    std::fs::create_dir(&data).unwrap();
    std::fs::write(data.join("log"), "precious").unwrap();
    assert_eq!(reset_chainfire(&node, &cluster, Quorum::Keep).await, Outcome::Done);
    assert_eq!(node.events.names(), ["Left", "DataMovedAside", "MarkerRemoved", "ServiceReset"]);
    assert!(!is_member(&cluster) && !is_marked(&node));
    assert_eq!(std::fs::read_dir(&data).unwrap().count(), 0);
    assert_eq!(reset_chainfire(&node, &cluster, Quorum::Keep).await, Outcome::Done, "twice is fine");
}

#[test]
fn the_last_word_of_a_reset_of_all_has_every_service_in_order_and_warns_a_node_that_would_bootstrap() {
    let mut node = TestNode::joining();
    let said = |node: &TestNode| after_reset_of_all(&node.config).to_string();
    let start = "systemctl start chainfire.service flaredb.service && systemctl restart --no-block \
                 chainfire-cluster-join.service flaredb-cluster-join.service && systemctl start multi-user.target";
    assert_eq!(said(&node), format!("Reset; to join again: {start}"));
    node.config.member_service_mut(ServiceName::CHAINFIRE).mode = Mode::Bootstrap { address: None };
    assert!(said(&node).contains("set bootstrap to false") && said(&node).ends_with(start), "{}", said(&node));
    for name in [ServiceName::CHAINFIRE, ServiceName::FLAREDB] {
        node.config.member_service_mut(name).enable = false;
    }
    assert!(said(&node).ends_with(IAM_AGAIN));
}

/// The health check and its path unit were stopped too, and come back with the target.
const IAM_AGAIN: &str =
    "systemctl restart --no-block iam-initial-setup.service && systemctl start --no-block multi-user.target";

#[tokio::test(start_paused = true)]
async fn a_reset_without_a_cluster_to_ask_needs_to_be_said() {
    let (node, cluster) = member_of(&FOUR);
    cluster.0.borrow_mut().dead = vec!["node01", "node02", "node03", "10.0.1.13"];
    assert_eq!(reset_chainfire(&node, &cluster, Quorum::Keep).await, Outcome::Transient);
    assert!(is_marked(&node) && node.events.text().contains("--accept-quorum-loss"));
    assert_eq!(reset_chainfire(&node, &cluster, Quorum::MayBeLost).await, Outcome::Done);
    assert!(!is_marked(&node) && node.events.has("LeftBehind"));
}

#[tokio::test(start_paused = true)]
async fn m5_a_reset_that_may_not_move_the_data_changes_nothing() {
    let (mut node, cluster) = member_of(&FOUR);
    let state = node.markers.directory().to_owned();
    // As root, /var/lib is owned as a service without User= has it.
    for directory in
        ["/var/lib", "/etc/nixos", "/usr/lib", "/root", "/run/systemd"].map(Path::new).into_iter().chain([&*state])
    {
        node.config.member_service_mut(ServiceName::CHAINFIRE).data_dir = directory.to_owned();
        assert_eq!(reset_chainfire(&node, &cluster, Quorum::MayBeLost).await, Outcome::Transient);
        assert!(node.events.text().ends_with("ExecStart chainfire.service"), "{}", node.events.text());
        assert!(is_member(&cluster) && is_marked(&node) && cluster.calls("").eq(&0), "{}", directory.display());
    }
    assert!(node.events.names().iter().all(|name| *name == "DataNotMoved"));

    // Nor does one that could not stop the service.
    let outcome = reset(&node.context(None, &cluster), node.config.chainfire(), Quorum::MayBeLost, &node.events).await;
    assert_eq!((outcome, node.events.has("ServiceNotStopped")), (Outcome::Transient, true));
    assert!(is_member(&cluster) && is_marked(&node) && cluster.calls("").eq(&0));
}

#[tokio::test(start_paused = true)]
async fn a_membership_under_another_id_is_not_taken_for_none() {
    let (node, cluster) = member_of(&FOUR[..3]);
    cluster.0.borrow_mut().members.push(voter("node09", "10.0.1.13:2380"));
    for quorum in [Quorum::Keep, Quorum::MayBeLost] {
        assert_eq!(leave_chainfire(&node, &cluster, quorum).await, Outcome::Blocked);
        assert!(is_marked(&node) && node.events.has("BlockedAddressTaken") && cluster.calls("REMOVE") == 0);
    }
    // Nor is another machine removed where this node does not say what its address is.
    let mut node = TestNode::new(
        r#"{"node_id": "node01", "bootstrap": true, "cluster_name": "prod", "node_ip": "10.0.1.10",
            "initial_peers": ["node01:2380", "node02:2380", "node03:2380"]}"#,
    );
    node.config.member_service_mut(ServiceName::FLAREDB).enable = false;
    node.write_marker(ServiceName::CHAINFIRE);
    let cluster = ModelCluster::of(&[("node01", "10.0.1.99:2380"), FOUR[1], FOUR[2]]);
    assert_eq!(leave_chainfire(&node, &cluster, Quorum::MayBeLost).await, Outcome::Blocked, "{}", node.events.text());
    assert!(is_marked(&node) && cluster.calls("REMOVE") == 0);
}

#[tokio::test(start_paused = true)]
async fn m3_only_the_leader_can_say_that_a_membership_has_ended() {
    // A follower that lags, and a leader that does not answer.
    let (node, cluster) = member_of(&FOUR);
    let before = FOUR[..3].iter().map(|(id, address)| voter(id, address)).collect::<Vec<_>>();
    cluster.0.borrow_mut().lists = vec![("node02", before.clone()), ("node03", before.clone())];
    cluster.0.borrow_mut().dead = vec!["node01", "10.0.1.10"];
    assert_eq!(leave_chainfire(&node, &cluster, Quorum::Keep).await, Outcome::Transient);
    assert!(is_marked(&node) && node.events.has("LeaveFailed") && !node.events.has("NoMember"));
    // One whose list cannot be true has not said it either, nor has this node's own service.
    let (node, cluster) = member_of(&FOUR);
    let twice = vec![voter("node01", "10.0.1.10:2380"), voter("node01", "10.0.1.13:2380")];
    cluster.0.borrow_mut().lists = vec![("node02", before.clone()), ("node03", before.clone())];
    cluster.0.borrow_mut().lists.extend([("node01", twice.clone()), ("10.0.1.10", twice)]);
    assert_eq!(leave_chainfire(&node, &cluster, Quorum::Keep).await, Outcome::Blocked);
    assert!(is_marked(&node) && cluster.calls("REMOVE") == 0);
    let (node, cluster) = member_of(&FOUR);
    cluster.0.borrow_mut().lists = vec![("10.0.1.13", before[1..].to_vec())];
    cluster.0.borrow_mut().dead = vec!["node01", "node02", "node03"];
    assert_eq!(leave_chainfire(&node, &cluster, Quorum::Keep).await, Outcome::Transient);
    assert!(is_marked(&node) && !node.events.has("NoMember"), "{}", node.events.text());
}

#[tokio::test(start_paused = true)]
async fn a_leader_of_another_cluster_is_asked_for_nothing() {
    let (node, cluster) = member_of(&FOUR[1..3]);
    // Led by a node whose list shares only this node.
    cluster.0.borrow_mut().members.push(voter("lead", "10.0.1.15:2380"));
    cluster.0.borrow_mut().leader = Some("lead");
    let others = vec![voter("a", "10.9.9.1:2380"), voter("b", "10.9.9.2:2380"), voter("node04", "10.0.1.13:2380")];
    cluster.0.borrow_mut().lists = vec![("10.0.1.15", others)];
    assert_eq!(leave_chainfire(&node, &cluster, Quorum::MayBeLost).await, Outcome::Blocked, "{}", node.events.text());
    assert!(is_marked(&node) && cluster.calls("REMOVE") == 0 && node.events.has("BlockedAnotherCluster"));
}

#[tokio::test(start_paused = true)]
async fn what_would_keep_a_marker_is_seen_before_anybody_leaves() {
    let (node, cluster) = member_of(&FOUR);
    let foreseen = |service| foresee_markers(&node.context(None, &cluster), service, &node.events);
    let lock = node.markers.directory().join("chainfire.lock");
    std::fs::remove_file(&lock).unwrap();
    assert_eq!(foreseen(ServiceName::CHAINFIRE), Outcome::Done);
    assert!(!lock.exists(), "a look makes no file");
    let held = node.markers.try_lock(ServiceName::CHAINFIRE, &holder("a join")).unwrap();
    assert_eq!(foreseen(ServiceName::CHAINFIRE), Outcome::Transient);
    assert!(node.events.has("LockHeld"));
    drop(held);
    for (service, name) in [(ServiceName::CHAINFIRE, ".chainfire-joined"), (ServiceName::IAM, ".iam-initialized")] {
        let marker = node.markers.directory().join(name);
        std::fs::remove_file(&marker).ok();
        std::fs::create_dir(&marker).unwrap();
        assert_eq!(foreseen(service), Outcome::Transient, "{name}");
    }
    assert!(node.events.text().contains("rmdir") && cluster.calls("REMOVE") == 0, "{}", node.events.text());
}

#[tokio::test(start_paused = true)]
async fn a_leader_whose_api_is_only_guessed_does_not_keep_a_node_from_leaving() {
    // The API of the members is known by names that their ids do not have, or behind one address.
    let four = [("a", "10.0.1.10:2380"), ("b", "10.0.1.11:2380"), ("c", "10.0.1.12:2380")];
    for (dead, untrusted) in [(vec!["10.0.1.10"], vec![]), (vec![], vec!["10.0.1.10"])] {
        let (node, cluster) = member_of(&four);
        cluster.0.borrow_mut().leader = Some("a");
        cluster.0.borrow_mut().dead = dead;
        cluster.0.borrow_mut().untrusted = untrusted;
        assert_eq!(leave_chainfire(&node, &cluster, Quorum::Keep).await, Outcome::Done, "{}", node.events.text());
        assert!(!is_marked(&node) && node.events.has("NoMember"));
    }
    // But for one of those who can be asked that has it still.
    let (node, cluster) = member_of(&four);
    cluster.0.borrow_mut().leader = Some("a");
    cluster.0.borrow_mut().dead = vec!["10.0.1.10"];
    let with_it = four.iter().chain([&FOUR[3]]).map(|(id, address)| voter(id, address)).collect();
    cluster.0.borrow_mut().lists = vec![("node03", with_it)];
    assert_eq!(leave_chainfire(&node, &cluster, Quorum::Keep).await, Outcome::Transient);
    assert!(is_marked(&node), "{}", node.events.text());
}

#[tokio::test(start_paused = true)]
async fn a_node_whose_own_service_is_in_another_cluster_is_not_out_of_it() {
    let (node, cluster) = member_of(&FOUR[..3]);
    cluster.0.borrow_mut().cluster_id = Some("here".into());
    cluster.0.borrow_mut().own_cluster = Some("there".into());
    assert_eq!(leave_chainfire(&node, &cluster, Quorum::Keep).await, Outcome::Blocked);
    assert_eq!(reset_chainfire(&node, &cluster, Quorum::Keep).await, Outcome::Blocked);
    let said = node.events.text();
    assert!(
        is_marked(&node) && node.events.has("BlockedAnotherCluster") && !said.contains("reset chainfire"),
        "{said}"
    );
    assert_eq!(reset_chainfire(&node, &cluster, Quorum::MayBeLost).await, Outcome::Done, "{}", node.events.text());
}

#[tokio::test(start_paused = true)]
async fn a_cluster_that_cannot_be_asked_is_seen_before_anybody_leaves() {
    let (node, cluster) = member_of(&FOUR);
    cluster.0.borrow_mut().cut_off = vec!["node01", "node02", "node03", "10.0.1.13"];
    let context = node.context(None, &cluster);
    let foreseen = foresee_leave(&context, node.config.chainfire(), Quorum::Keep, &node.events).await;
    assert_eq!((foreseen, cluster.calls("REMOVE")), (Outcome::Transient, 0));
    assert!(is_marked(&node) && node.events.has("LeaveFailed"), "{}", node.events.text());
}

#[tokio::test(start_paused = true)]
async fn m3_one_old_list_does_not_end_a_membership() {
    // Whatever it says of a leader: others have this node still.
    for leader in [Some("node01"), Some("nobody"), None] {
        let (node, cluster) = member_of(&FOUR);
        let old = FOUR[..3].iter().map(|(id, address)| voter(id, address)).collect();
        cluster.0.borrow_mut().leader = leader;
        cluster.0.borrow_mut().lists = vec![("node01", old)];
        assert_eq!(leave_chainfire(&node, &cluster, Quorum::Keep).await, Outcome::Done, "{}", node.events.text());
        assert!(!is_member(&cluster) && cluster.calls("REMOVE") == 1, "it is removed where it is listed");
    }
}

#[tokio::test(start_paused = true)]
async fn a_leader_that_leaves_is_out_when_the_others_say_so() {
    let (node, cluster) = member_of(&FOUR);
    cluster.0.borrow_mut().leader = Some("node04");
    assert_eq!(leave_chainfire(&node, &cluster, Quorum::Keep).await, Outcome::Done, "{}", node.events.text());
    assert!(!is_marked(&node) && !is_member(&cluster) && cluster.calls("REMOVE") == 1);
}

#[tokio::test(start_paused = true)]
async fn a_marker_of_another_machine_and_a_copied_configuration_remove_nobody() {
    let (node, cluster) = member_of(&FOUR);
    let copied = Identity { machine_id: Some("fedcba9876543210fedcba9876543210".to_owned()), ..node.this_node() };
    let Ok(lock) = node.markers.try_lock(ServiceName::CHAINFIRE, &holder("a run")).unwrap() else { panic!() };
    node.markers.write(&lock, Achievement::Joined, &copied).unwrap();
    drop(lock);
    assert_eq!(leave_chainfire(&node, &cluster, Quorum::MayBeLost).await, Outcome::Blocked);
    assert!(cluster.calls("REMOVE") == 0 && node.events.has("BlockedForeignMarker"));
    let (node, cluster) = member_of(&FOUR);
    cluster.0.borrow_mut().health_of = "node09".to_owned();
    assert_eq!(leave_chainfire(&node, &cluster, Quorum::MayBeLost).await, Outcome::Blocked);
    assert!(cluster.calls("REMOVE") == 0 && node.events.has("BlockedNotThisNode"));
}

#[tokio::test(start_paused = true)]
async fn a_cluster_that_was_restored_under_another_identity_can_be_left() {
    let (node, cluster) = member_of(&FOUR);
    let Ok(lock) = node.markers.try_lock(ServiceName::CHAINFIRE, &holder("a run")).unwrap() else { panic!() };
    node.markers.write(&lock, Achievement::Joined, &node.this_node().in_cluster(Some("before"))).unwrap();
    drop(lock);
    cluster.0.borrow_mut().cluster_id = Some("now".into());
    assert_eq!(leave_chainfire(&node, &cluster, Quorum::Keep).await, Outcome::Blocked);
    cluster.0.borrow_mut().own_cluster = Some("now".into());
    assert_eq!(leave_chainfire(&node, &cluster, Quorum::Keep).await, Outcome::Done, "{}", node.events.text());
}

#[tokio::test(start_paused = true)]
async fn m8_a_voter_of_an_unknown_role_counts_for_the_quorum() {
    let (node, cluster) = member_of(&FOUR[1..]);
    for member in &mut cluster.0.borrow_mut().members {
        member.role = Some("VOTING".into());
    }
    cluster.0.borrow_mut().leader = Some("node02");
    for status in ["unreachable", "disconnected", "lost"] {
        cluster.0.borrow_mut().members[1].status = status.into();
        assert_eq!(leave_chainfire(&node, &cluster, Quorum::Keep).await, Outcome::Blocked, "{status}");
        assert!(cluster.calls("REMOVE") == 0 && node.events.has("BlockedQuorum"), "{status}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_entry_of_other_data_is_removed_only_where_that_is_this_machine_or_dead() {
    // A copied configuration: the living member of this name does not answer at the moment, or answers with its own data.
    for (dead, status, is_left) in
        [(vec!["10.0.1.13"], "healthy", false), (vec!["10.0.1.13"], "unreachable", true), (vec![], "healthy", true)]
    {
        let (mut node, cluster) = member_of(&FOUR);
        // What runs on this machine is asked by another address than the one that is listed.
        node.config.member_service_mut(ServiceName::CHAINFIRE).url =
            Endpoint::at("10.0.1.88:2379".parse().unwrap()).unwrap();
        cluster.0.borrow_mut().incarnation = Some("now".into());
        cluster.0.borrow_mut().members[3].incarnation = Some("before".into());
        cluster.0.borrow_mut().members[3].status = status.into();
        cluster.0.borrow_mut().dead = dead;
        let outcome = leave_chainfire(&node, &cluster, Quorum::MayBeLost).await;
        assert_eq!(outcome == Outcome::Done, is_left, "{status}: {}", node.events.text());
        assert_eq!((cluster.calls("REMOVE") == 1, is_marked(&node)), (is_left, !is_left), "{status}");
    }
}
