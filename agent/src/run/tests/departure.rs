//! Leaving and resetting: what is refused, what is confirmed, and that a second call finds nothing to do.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::Duration;

use nix::unistd::{Uid, setfsuid};
use tokio::time::Instant;

use super::model::{ModelCluster, unit_phases, voter};
use super::{Outcome, TestNode, holder};
use crate::config::{Api, DefaultServices as _, Endpoint, Mode, ServiceName};
use crate::markers::{Achievement, Holder, Identity, MarkerState};
use crate::run::{Departure, Quorum, after_reset_of_all, foresee_leave, foresee_markers, foresee_reset, leave, reset};

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
    let chainfire = node.config.chainfire();
    let foreseen = foresee_leave(&context, chainfire, Departure::Leave, Quorum::Keep, None, &node.events).await;
    assert_eq!((foreseen, cluster.calls("REMOVE")), (Outcome::Transient, 0));
    assert!(is_marked(&node) && node.events.has("LeaveFailed"), "{}", node.events.text());
}

const EVERYBODY: [&str; 4] = ["node01", "node02", "node03", "10.0.1.13"];
const WITHOUT: &str = "first-boot-agent reset chainfire --accept-quorum-loss";

#[tokio::test(start_paused = true)]
async fn a_node_without_a_marker_whose_cluster_is_silent_or_not_there_is_not_waited_for_and_says_what_to_do() {
    for is_silent in [true, false] {
        let (node, cluster) = (TestNode::joining(), ModelCluster::of(&[]));
        if is_silent {
            cluster.0.borrow_mut().dead = EVERYBODY.to_vec();
        }
        let began = Instant::now();
        assert_eq!(reset_chainfire(&node, &cluster, Quorum::Keep).await, Outcome::Transient);
        assert_eq!(leave_chainfire(&node, &cluster, Quorum::Keep).await, Outcome::Transient);
        assert_eq!((node.events.names(), began.elapsed()), (vec!["MembershipUnknown"; 2], Duration::ZERO));
        let said = node.events.text();
        let (reset, leave) = said.split_once('\n').unwrap();
        assert!(said.contains("no marker of chainfire") && said.contains("else bring its members back"), "{said}");
        assert!(
            reset.contains(&format!("if it never joined, or that cluster no longer exists: {WITHOUT}; ")),
            "{said}"
        );
        assert!(leave.contains("there is nothing to leave") && !leave.contains("--accept-quorum-loss"), "{said}");
        assert_eq!(reset_chainfire(&node, &cluster, Quorum::MayBeLost).await, Outcome::Done);
        // It asks as often as for a member: what it leaves behind may count.
        assert!(node.events.has("LeaveDelayed") && node.events.has("LeftBehind"), "{}", node.events.text());
    }
    // Somebody in a cluster may yet say that it is a member.
    for (cut_off, busy) in [(EVERYBODY.to_vec(), vec![]), (vec![], EVERYBODY.to_vec())] {
        let (node, cluster) = (TestNode::joining(), ModelCluster::of(&FOUR));
        cluster.0.borrow_mut().cut_off = cut_off;
        cluster.0.borrow_mut().busy = busy;
        assert_eq!(leave_chainfire(&node, &cluster, Quorum::Keep).await, Outcome::Transient);
        assert!(node.events.has("LeaveFailed") && !node.events.has("MembershipUnknown"), "{}", node.events.text());
    }
}

#[tokio::test(start_paused = true)]
async fn who_waits_for_a_cluster_says_at_every_attempt_what_for_and_what_is_left_without_it() {
    let (node, cluster) = member_of(&FOUR);
    cluster.0.borrow_mut().dead = EVERYBODY.to_vec();
    assert_eq!(leave_chainfire(&node, &cluster, Quorum::Keep).await, Outcome::Transient);
    assert_eq!(reset_chainfire(&node, &cluster, Quorum::Keep).await, Outcome::Transient);
    let context = node.context(None, &cluster);
    let chainfire = node.config.chainfire();
    // What a look before it says is no less, on a terminal and where there are several services.
    let foreseen = foresee_leave(&context, chainfire, Departure::Reset, Quorum::Keep, None, &node.events).await;
    assert_eq!(foreseen, Outcome::Transient);
    let mut each = vec!["LeaveDelayed"; 4];
    each.push("LeaveFailed");
    assert_eq!(node.events.names(), each.repeat(3));
    let last = format!("and run this again; only if that cluster no longer exists: {WITHOUT}");
    for said in node.events.text().lines() {
        assert!(said.contains("https://node01:2379") && said.contains("bring its members back"), "{said}");
        assert_eq!(said.ends_with(&last), said.starts_with("Failed to leave"), "{said}");
    }
}

/// A member that answers is of a cluster that lives: a reset that asks nobody could cost it its quorum.
#[tokio::test(start_paused = true)]
async fn who_was_heard_is_not_left_without_the_cluster() {
    for is_marked in [true, false] {
        for (refuses, leaderless) in [(true, false), (false, true)] {
            let (node, cluster) =
                if is_marked { member_of(&FOUR) } else { (TestNode::joining(), ModelCluster::of(&FOUR)) };
            {
                let mut state = cluster.0.borrow_mut();
                state.dead = vec!["node02", "node03", "10.0.1.13"];
                state.untrusted = if refuses { vec!["node01"] } else { Vec::new() };
                state.cut_off = if leaderless { vec!["node01"] } else { Vec::new() };
            }
            assert_ne!(reset_chainfire(&node, &cluster, Quorum::Keep).await, Outcome::Done);
            let said = node.events.text();
            assert!(!said.contains("--accept-quorum-loss") && !node.events.has("MembershipUnknown"), "{said}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_dry_run_of_a_reset_that_may_cost_the_quorum_says_what_would_be_left_behind() {
    let (node, cluster) = member_of(&FOUR);
    cluster.0.borrow_mut().dead = EVERYBODY.to_vec();
    let context = node.context(None, &cluster);
    for (departure, foreseen) in [(Departure::Reset, Outcome::Done), (Departure::Leave, Outcome::Transient)] {
        let chainfire = node.config.chainfire();
        let outcome = foresee_leave(&context, chainfire, departure, Quorum::MayBeLost, None, &node.events).await;
        assert_eq!((outcome, node.events.has("LeaveFailed")), (foreseen, departure == Departure::Leave));
    }
    assert!(node.events.has("LeftBehind") && is_marked(&node), "{}", node.events.text());
}

#[tokio::test(start_paused = true)]
async fn a_dry_run_comes_to_its_end_whatever_the_members_ask_for() {
    let limit = Duration::from_millis(900);
    for is_busy in [true, false] {
        let (node, cluster) = member_of(&FOUR);
        if is_busy {
            cluster.0.borrow_mut().busy = EVERYBODY.to_vec();
        } else {
            cluster.0.borrow_mut().list_takes = Duration::from_mins(1);
        }
        let (context, began) = (node.context(None, &cluster), Instant::now());
        let (chainfire, events) = (node.config.chainfire(), &node.events);
        let foreseen = foresee_leave(&context, chainfire, Departure::Leave, Quorum::Keep, Some(limit), events).await;
        assert_eq!((foreseen, began.elapsed() <= limit), (Outcome::Transient, true), "{:?}", began.elapsed());
        assert_eq!((node.events.names(), cluster.calls("REMOVE")), (vec!["LeaveFailed"], 0), "{}", node.events.text());
    }
}

/// Files are another user's for this thread, as long as this lives: root is refused nothing (`setfsuid(2)`).
struct AsNobody(Uid);

impl AsNobody {
    fn new() -> Self {
        Self(setfsuid(Uid::from_raw(65534)))
    }
}

impl Drop for AsNobody {
    fn drop(&mut self) {
        setfsuid(self.0);
    }
}

fn allow(path: &Path, mode: u32) {
    std::fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_locked_or_removed_is_seen_before_anybody_leaves() {
    for is_marked in [false, true] {
        let (node, cluster) = (TestNode::joining(), ModelCluster::of(&FOUR));
        if is_marked {
            node.write_marker(ServiceName::CHAINFIRE);
        }
        let state = node.markers.directory();
        let foreseen = || foresee_markers(&node.context(None, &cluster), ServiceName::CHAINFIRE, &node.events);
        let listed = || std::fs::read_dir(state).unwrap().map(|entry| entry.unwrap().file_name()).collect::<Vec<_>>();
        let before = (listed(), std::fs::metadata(state).unwrap().modified().unwrap());
        assert_eq!(foreseen(), Outcome::Done);
        assert_eq!((listed(), std::fs::metadata(state).unwrap().modified().unwrap()), before, "a look leaves no trace");
        allow(state.parent().unwrap(), 0o755);
        allow(state, 0o555);
        if is_marked {
            allow(&state.join("chainfire.lock"), 0o666);
        }
        let nobody = AsNobody::new();
        assert_eq!(foreseen(), Outcome::Transient, "{is_marked}");
        drop(nobody);
        allow(state, 0o755);
        let what = if is_marked { "cannot remove" } else { "cannot lock" };
        let said = node.events.text();
        assert!(said.contains(what) && said.contains("ls -ld") && node.events.has("StateUnusable"), "{said}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_lock_that_only_systemd_can_free_is_refused_where_there_is_none() {
    let (node, cluster) = member_of(&FOUR);
    let unit = Holder { words: "a join".to_owned(), unit: Some("chainfire-cluster-join.service".to_owned()) };
    let _held = node.markers.try_lock(ServiceName::CHAINFIRE, &unit).unwrap();
    for (units, outcome) in [(Some(unit_phases(&[])), Outcome::Done), (None, Outcome::Transient)] {
        let context = node.context(units, &cluster);
        assert_eq!(foresee_markers(&context, ServiceName::CHAINFIRE, &node.events), outcome);
    }
    assert_eq!(node.events.names(), ["LockHeld"]);
}

#[tokio::test(start_paused = true)]
async fn m5_data_and_an_environment_that_cannot_be_moved_are_seen_before_anybody_leaves() {
    let node = TestNode::new(
        r#"{"node_id": "node04", "cluster_name": "prod", "leader_url": "https://node01:2379",
            "raft_addr": "10.0.1.13:2380", "services": {"etcd": {"protocol": "etcd-v3"}}}"#,
    );
    let (cluster, place) = (ModelCluster::of(&FOUR), node.markers.directory().parent().unwrap().to_owned());
    let mut config = node.config.clone();
    let etcd: ServiceName = "etcd".parse().unwrap();
    let service = config.member_service_mut(etcd);
    let Api::EtcdV3(own) = &mut service.api else { panic!("{:?}", service.api) };
    own.environment_file = place.join("etcd.env");
    let node = TestNode { config, ..node };
    let service = node.config.member_service(etcd).unwrap();
    allow(&place, 0o755);
    for (file, event) in [(service.data_dir.join("log"), "DataNotMoved"), (place.join("etcd.env"), "ServiceNotStarted")]
    {
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(&file, OF_THIS_AGENT).unwrap();
        allow(&place, 0o555);
        let nobody = AsNobody::new();
        let context = node.context(Some(unit_phases(&[])), &cluster);
        assert_eq!(foresee_reset(&context, service, &node.events).await, Outcome::Transient);
        drop(nobody);
        allow(&place, 0o755);
        assert_eq!(node.events.names(), [event], "{}", node.events.text());
        node.events.0.borrow_mut().clear();
    }
}

/// What is the agent's own to remove.
const OF_THIS_AGENT: &str = "# Written by first-boot-agent for etcd; a file without this line is left alone.\n";

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
