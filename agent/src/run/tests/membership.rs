//! Joining and bootstrapping (promises 1 to 5).

use std::cell::Cell;
use std::net::IpAddr;
use std::time::Duration;

use tokio::time::sleep;

use super::model::{AddFault, ModelCluster, ModelMachine, unit_phases, voter};
use super::{Context, Outcome, TestNode, run_step};
use crate::config::{self, ServiceName};
use crate::inventory::{Inventory, Link};
use crate::markers::{Hold, MarkerState, Trouble};
use crate::plan::Step;
use crate::plan::member::Member;
use crate::run::ports::{Machine, Progress, UnitPhase};

const THREE: [(&str, &str); 3] =
    [("node01", "10.0.1.10:2380"), ("node02", "10.0.1.11:2380"), ("node03", "10.0.1.12:2380")];

fn entries(cluster: &ModelCluster, id: &str) -> usize {
    cluster.0.borrow().members.iter().filter(|member| member.id.as_str() == id).count()
}

fn marked(node: &TestNode) -> bool {
    matches!(node.markers.read(ServiceName::CHAINFIRE), MarkerState::Present { .. })
}

async fn join_with(faults: &[AddFault]) -> (TestNode, ModelCluster, Outcome) {
    let (node, cluster) = (TestNode::joining(), ModelCluster::of(&THREE));
    cluster.0.borrow_mut().add_faults = faults.iter().cloned().collect();
    let outcome = node.run(Step::CHAINFIRE, None, &cluster).await;
    (node, cluster, outcome)
}

fn in_turn(count: usize, faults: &[AddFault]) -> Vec<AddFault> {
    faults.iter().cycle().take(count).cloned().collect()
}

#[tokio::test(start_paused = true)]
async fn a_join_lists_adds_lists_and_marks() {
    let (node, cluster, outcome) = join_with(&[]).await;
    assert_eq!(outcome, Outcome::Done);
    assert!(marked(&node) && entries(&cluster, "node04") == 1);
    assert_eq!((cluster.calls("LIST"), cluster.calls("ADD")), (2, 1));
    let names = node.events.names();
    assert_eq!(names, ["ServiceHealthy", "JoinStarted", "MemberAdded", "MarkerWritten", "Joined"]);
    assert!(node.events.text().contains("Successfully joined cluster"));
}

#[tokio::test(start_paused = true)]
async fn m1_a_lost_answer_is_adopted_without_a_second_add() {
    let (node, cluster, outcome) = join_with(&[AddFault::LoseAnswer]).await;
    assert_eq!(outcome, Outcome::Done);
    assert!(marked(&node));
    assert_eq!((entries(&cluster, "node04"), cluster.calls("ADD")), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn m2_a_409_without_our_entry_is_no_success_and_is_asked_again() {
    let (node, cluster, outcome) = join_with(&[AddFault::Conflict]).await;
    assert_eq!((outcome, cluster.calls("ADD")), (Outcome::Done, 2));
    assert!(node.events.has("AlreadyMember") && node.events.has("RequestFailed"), "said at once");
    assert!(node.events.text().contains("answered HTTP 409 to the add"), "{}", node.events.text());

    let (node, cluster, outcome) = join_with(&in_turn(5, &[AddFault::Conflict])).await;
    assert_eq!((outcome, cluster.calls("ADD")), (Outcome::Transient, 5));
    assert!(!marked(&node) && node.events.has("AttemptsExhausted"));
}

#[tokio::test(start_paused = true)]
async fn m4_m6_an_id_under_another_address_is_blocked_and_nothing_is_added() {
    let (node, cluster) = (TestNode::joining(), ModelCluster::of(&THREE));
    cluster.0.borrow_mut().members.push(voter("node04", "10.0.1.99:2380"));
    assert_eq!(node.run(Step::CHAINFIRE, None, &cluster).await, Outcome::Blocked);
    assert!(!marked(&node) && cluster.calls("ADD") == 0);
    assert!(node.events.has("BlockedIdTaken"));
}

#[tokio::test(start_paused = true)]
async fn m2_a_wiped_node_removes_its_old_entry_and_is_added_anew() {
    let old = || Member { incarnation: Some("before".into()), ..voter("node04", "10.0.1.13:2380") };
    for (reported_by, replaced) in [("node04", true), ("node01", false)] {
        let outcome = if replaced { Outcome::Done } else { Outcome::Blocked };
        let (node, cluster) = (TestNode::joining(), ModelCluster::of(&THREE));
        cluster.0.borrow_mut().members.push(old());
        cluster.0.borrow_mut().incarnation = Some("now".into());
        cluster.0.borrow_mut().health_of = reported_by.to_owned();
        assert_eq!(node.run(Step::CHAINFIRE, None, &cluster).await, outcome);
        assert_eq!((cluster.calls("REMOVE"), cluster.calls("ADD")), (usize::from(replaced), usize::from(replaced)));
        assert_eq!(entries(&cluster, "node04"), 1);
        assert_eq!(node.events.has("MemberReplaced"), replaced);
        assert_eq!(
            node.events.has("BlockedNotThisNode"),
            !replaced,
            "another's service says nothing of this node's data"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn s1_a_learner_is_waited_for_and_the_marker_never_precedes_the_voter() {
    let (node, cluster) = (TestNode::joining(), ModelCluster::of(&THREE));
    cluster.0.borrow_mut().learner_for = 5;
    assert_eq!(node.run(Step::CHAINFIRE, None, &cluster).await, Outcome::Done);
    assert!(cluster.calls("LIST") > 5);
    let names = node.events.names();
    let position = |name| names.iter().position(|other| *other == name).unwrap();
    assert!(position("AwaitingPromotion") < position("MarkerWritten"));

    let (node, cluster) = (TestNode::joining(), ModelCluster::of(&THREE));
    cluster.0.borrow_mut().learner_for = usize::MAX;
    assert_eq!(node.run(Step::CHAINFIRE, None, &cluster).await, Outcome::Transient);
    assert!(!marked(&node) && node.events.has("PromotionTimeout"));
}

#[tokio::test(start_paused = true)]
async fn m12_a_hint_is_followed_three_hops_and_no_further() {
    let hops = ["node02:2379", "node03:2379", "node02:2379", "node03:2379"].map(|to| AddFault::NotLeader(Some(to)));
    let (_, cluster, outcome) = join_with(&hops[..3]).await;
    assert_eq!((outcome, cluster.calls("ADD"), cluster.calls("ADD node02")), (Outcome::Done, 4, 2));

    // A loop of hints ends the attempt; the next one is made after a pause.
    let (node, cluster, outcome) = join_with(&hops).await;
    assert_eq!((outcome, cluster.calls("ADD")), (Outcome::Done, 5));
    assert!(node.events.text().contains("no leader of chainfire found"));
}

#[tokio::test(start_paused = true)]
async fn m12_a_follower_that_names_nobody_is_followed_by_the_next_member() {
    let began = tokio::time::Instant::now();
    let (_, cluster, outcome) = join_with(&[AddFault::NotLeader(None)]).await;
    assert_eq!((outcome, cluster.calls("ADD node01"), cluster.calls("ADD node02")), (Outcome::Done, 1, 1));
    assert!(began.elapsed().as_millis() < 100, "in the same attempt");
}

#[tokio::test(start_paused = true)]
async fn the_old_list_of_a_peer_that_is_cut_off_confirms_nothing() {
    let (node, cluster) = (TestNode::joining(), ModelCluster::of(&THREE));
    // node01 still lists this node, which was removed while node01 was cut off.
    let old = vec![voter("node01", "10.0.1.10:2380"), voter("node04", "10.0.1.13:2380")];
    cluster.0.borrow_mut().lists = vec![("node01", old)];
    cluster.0.borrow_mut().cut_off = vec!["node01"];
    assert_eq!(node.run(Step::CHAINFIRE, None, &cluster).await, Outcome::Done);
    assert_eq!((entries(&cluster, "node04"), cluster.calls("ADD node02")), (1, 1), "the others were asked");

    let (node, cluster) = (TestNode::joining(), ModelCluster::of(&THREE));
    cluster.0.borrow_mut().members.push(voter("node04", "10.0.1.13:2380"));
    cluster.0.borrow_mut().cut_off = vec!["node01", "node02", "node03"];
    assert_eq!(node.run(Step::CHAINFIRE, None, &cluster).await, Outcome::Transient);
    assert!(!marked(&node));
}

#[tokio::test(start_paused = true)]
async fn m10_an_election_is_waited_for_in_seconds_and_not_for_ever() {
    let (node, cluster) = (TestNode::joining(), ModelCluster::of(&THREE));
    cluster.0.borrow_mut().cut_off = vec!["node01", "node02", "node03"];
    let began = tokio::time::Instant::now();
    let join = node.run(Step::CHAINFIRE, None, &cluster);
    let election = async {
        tokio::time::sleep(std::time::Duration::from_millis(500)).await;
        cluster.0.borrow_mut().cut_off.clear();
    };
    assert_eq!(tokio::join!(join, election).0, Outcome::Done);
    assert!((1..3).contains(&began.elapsed().as_secs()), "{:?}", began.elapsed());

    let (node, cluster) = (TestNode::joining(), ModelCluster::of(&THREE));
    cluster.0.borrow_mut().cut_off = vec!["node01", "node02", "node03"];
    assert_eq!(node.run(Step::CHAINFIRE, None, &cluster).await, Outcome::Transient);
    assert!(node.events.has("AttemptsExhausted") && cluster.calls("LIST") == 5 * 3);
}

#[tokio::test(start_paused = true)]
async fn a_dead_leader_is_replaced_by_a_peer() {
    let (node, cluster) = (TestNode::joining(), ModelCluster::of(&THREE));
    cluster.0.borrow_mut().dead = vec!["node01"];
    assert_eq!(node.run(Step::CHAINFIRE, None, &cluster).await, Outcome::Done);
    assert!(marked(&node) && cluster.calls("ADD node02") == 1);
}

#[tokio::test(start_paused = true)]
async fn transient_failures_use_up_the_attempts_of_a_run_and_are_reported_each_time() {
    let (node, cluster) = (TestNode::joining(), ModelCluster::of(&THREE));
    cluster.0.borrow_mut().dead = vec!["node01", "node02", "node03"];
    assert_eq!(node.run(Step::CHAINFIRE, None, &cluster).await, Outcome::Transient);
    assert_eq!(cluster.calls("LIST"), 5 * 3);
    assert!(!marked(&node));
    let reported = node.events.names().iter().filter(|name| **name == "RequestFailed").count();
    assert_eq!(reported, 4, "the end reports the fifth");
    assert!(node.events.text().contains("Join request failed: connection error"));
    assert!(node.events.text().contains("Failed to join cluster after 5 attempts"));
}

#[tokio::test(start_paused = true)]
async fn m10_a_busy_leader_uses_up_no_attempts_and_is_never_given_up() {
    let began = tokio::time::Instant::now();
    let (node, cluster, outcome) = join_with(&in_turn(40, &[AddFault::Busy(Some(30)), AddFault::Busy(None)])).await;
    assert_eq!(outcome, Outcome::Done);
    assert!(marked(&node) && entries(&cluster, "node04") == 1);
    assert!(began.elapsed().as_secs() >= 20 * 30, "each named time was waited for");
    assert_eq!((cluster.calls("LIST"), cluster.calls("ADD")), (42, 41), "one list before each add, one at the end");
    assert_eq!(cluster.calls("ADD node01"), 41, "the leader stays the first to be asked");
    let reported = |name| node.events.names().iter().filter(|other| **other == name).count();
    assert_eq!((reported("ClusterBusy"), reported("RequestFailed")), (40, 0));
}

#[tokio::test(start_paused = true)]
async fn m10_busyness_between_failures_takes_nothing_from_the_attempts() {
    let turn = [AddFault::Busy(Some(1)), AddFault::Drop];
    let (_, cluster, outcome) = join_with(&in_turn(8, &turn)).await;
    assert_eq!((outcome, cluster.calls("ADD")), (Outcome::Done, 9), "four failures leave a fifth attempt");
    let (node, cluster, outcome) = join_with(&in_turn(10, &turn)).await;
    assert_eq!((outcome, cluster.calls("ADD")), (Outcome::Transient, 10));
    assert!(node.events.has("AttemptsExhausted") && !marked(&node));
}

#[tokio::test(start_paused = true)]
async fn n5_a_refusal_is_permanent() {
    let (node, cluster, outcome) = join_with(&[AddFault::Refuse]).await;
    assert_eq!((outcome, cluster.calls("ADD")), (Outcome::Blocked, 1));
    assert!(node.events.has("BlockedRefused"));
}

#[tokio::test(start_paused = true)]
async fn a_cluster_that_is_not_formed_yet_is_waited_for() {
    let (node, cluster) = (TestNode::joining(), ModelCluster::of(&[]));
    assert_eq!(node.run(Step::CHAINFIRE, None, &cluster).await, Outcome::Transient);
    assert_eq!(cluster.calls("ADD"), 0, "nothing is added to a service that is in no cluster");
}

#[tokio::test(start_paused = true)]
async fn a_second_start_asks_nobody() {
    let (node, cluster, _) = join_with(&[]).await;
    let before = cluster.0.borrow().calls.len();
    assert_eq!(node.run(Step::CHAINFIRE, None, &cluster).await, Outcome::Done);
    assert_eq!(cluster.0.borrow().calls.len(), before);
    assert!(node.events.has("AlreadyDone"));
}

#[tokio::test(start_paused = true)]
async fn s4_a_marker_that_cannot_be_written_leaves_the_membership_and_is_written_by_the_next_run() {
    let (node, cluster) = (TestNode::joining(), ModelCluster::of(&THREE));
    let marker = node.markers.path(ServiceName::CHAINFIRE, crate::markers::Achievement::Joined);
    std::fs::create_dir(&marker).unwrap();
    assert_eq!(node.run(Step::CHAINFIRE, None, &cluster).await, Outcome::Transient);
    assert!(node.events.has("MarkerDamaged") && node.events.has("MarkerFailed"));
    std::fs::remove_dir(&marker).unwrap();
    assert_eq!(node.run(Step::CHAINFIRE, None, &cluster).await, Outcome::Done);
    assert!(marked(&node) && cluster.calls("ADD") == 1, "the join itself is not repeated");
}

#[tokio::test(start_paused = true)]
async fn a_bootstrap_marks_what_its_own_list_confirms() {
    let (node, cluster) = (TestNode::bootstrapping(), ModelCluster::of(&THREE));
    assert_eq!(node.run(Step::CHAINFIRE, None, &cluster).await, Outcome::Done);
    assert!(marked(&node) && cluster.calls("ADD") == 0);
    assert!(node.events.has("Bootstrapped"));
}

#[tokio::test(start_paused = true)]
async fn m11_nobody_bootstraps_a_second_cluster() {
    // A peer in a cluster without this node blocks, whether or not the own service has formed one.
    for own in [vec![], vec![voter("node01", "10.0.1.10:2380"), voter("node03", "10.0.1.12:2380")]] {
        let (node, cluster) = (TestNode::bootstrapping(), ModelCluster::of(&THREE));
        let other = vec![voter("node02", "10.0.1.11:2380"), voter("node07", "10.0.1.17:2380")];
        cluster.0.borrow_mut().lists = vec![("10.0.1.10", own), ("node02", other)];
        assert_eq!(node.run(Step::CHAINFIRE, None, &cluster).await, Outcome::Blocked);
        assert!(!marked(&node) && node.events.has("BlockedSecondCluster"));
    }
}

#[tokio::test(start_paused = true)]
async fn m11_unreachable_peers_never_mean_that_this_node_is_the_first() {
    let (node, cluster) = (TestNode::bootstrapping(), ModelCluster::of(&[("node01", "10.0.1.10:2380")]));
    cluster.0.borrow_mut().dead = vec!["node02", "node03"];
    assert_eq!(node.run(Step::CHAINFIRE, None, &cluster).await, Outcome::Transient);
    assert!(!marked(&node) && node.events.has("ClusterNotFormed"));
}

/// What a run has noted for `status`.
#[derive(Default)]
struct Noted(std::cell::RefCell<Vec<Option<Trouble>>>);

impl Progress for Noted {
    fn status(&self, _line: &str) {
        self.0.borrow_mut().push(None);
    }

    fn trouble(&self, trouble: Trouble) {
        self.0.borrow_mut().push(Some(trouble));
    }
}

async fn noted_of(node: &TestNode, cluster: &ModelCluster) -> Vec<Option<Trouble>> {
    let noted = Noted::default();
    let context = Context { progress: &noted, ..node.context(None, cluster) };
    let _ = run_step(&context, Step::CHAINFIRE, false, &node.events).await;
    noted.0.take()
}

#[tokio::test(start_paused = true)]
async fn n5_from_the_third_attempt_on_a_cluster_that_nothing_was_heard_of_has_a_remedy() {
    let (node, cluster) = (TestNode::joining(), ModelCluster::of(&THREE));
    cluster.0.borrow_mut().dead = vec!["node01", "node02", "node03"];
    let noted = noted_of(&node, &cluster).await;
    let troubles: Vec<&Trouble> = noted.iter().flatten().collect();
    let holds: Vec<Hold> = troubles.iter().map(|trouble| trouble.hold).collect();
    assert_eq!(holds, [Hold::Waiting, Hold::Waiting, Hold::Failed], "attempts 3 and 4, and the end of the run");
    for trouble in &troubles {
        assert!(trouble.reason.contains("connection error"), "what failed: {trouble}");
        assert!(trouble.reason.contains("https://node01:2379"), "and where: {trouble}");
        assert!(trouble.remedy.starts_with("check that leader_url and initial_peers name members"), "{trouble}");
        assert!(trouble.remedy.contains("firewall") && trouble.remedy.contains("https://node03:2379"), "{trouble}");
    }
    assert!(troubles[..2].iter().all(|trouble| trouble.looks_again.is_some()));
}

#[tokio::test(start_paused = true)]
async fn m10_no_remedy_where_a_member_has_answered() {
    let busy = [AddFault::Busy(Some(1)), AddFault::Busy(None), AddFault::Busy(Some(1)), AddFault::Busy(None)];
    let drops = [AddFault::Drop, AddFault::Drop, AddFault::Drop, AddFault::Drop];
    for faults in [busy, drops] {
        let (node, cluster) = (TestNode::joining(), ModelCluster::of(&THREE));
        cluster.0.borrow_mut().add_faults = faults.into();
        let noted = noted_of(&node, &cluster).await;
        assert!(marked(&node) && noted.iter().all(Option::is_none), "{noted:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn n5_an_own_service_at_an_address_of_another_machine_is_named_as_such() {
    let mut node = TestNode::joining();
    node.config =
        config::of(r#"{"node_id": "node04", "leader_url": "https://node01:2379", "raft_addr": "10.9.9.9:2380"}"#);
    let cluster = ModelCluster::of(&THREE);
    cluster.0.borrow_mut().sick_for = Some(usize::MAX);
    node.machine.addresses = vec!["10.0.1.13".parse().unwrap()];
    let noted = noted_of(&node, &cluster).await;
    let trouble = noted.iter().flatten().last().unwrap();
    assert!(trouble.remedy.contains("10.9.9.9 is not an address of this machine"), "{trouble}");
    assert_eq!(noted.iter().flatten().next().unwrap().hold, Hold::Waiting, "from the first answer on");
}

/// A machine whose link comes up, or goes down, after it was looked at three times.
struct WithALink<'a>(&'a ModelMachine, Cell<usize>, bool);

impl Machine for WithALink<'_> {
    fn inventory(&self) -> Inventory {
        self.0.inventory()
    }

    fn links(&self) -> Vec<Link> {
        self.0.links()
    }

    fn addresses(&self) -> Vec<IpAddr> {
        self.1.set(self.1.get() + 1);
        let address = if (self.1.get() > 3) == self.2 { "10.9.9.9" } else { "10.0.1.13" };
        vec![address.parse().unwrap()]
    }

    fn clock_before_build(&self) -> Option<(String, String)> {
        self.0.clock_before_build()
    }
}

#[tokio::test(start_paused = true)]
async fn n5_an_address_that_comes_or_goes_changes_what_is_noted_though_the_service_answers_the_same() {
    let mut node = TestNode::joining();
    node.config =
        config::of(r#"{"node_id": "node04", "leader_url": "https://node01:2379", "raft_addr": "10.9.9.9:2380"}"#);
    let cluster = ModelCluster::of(&THREE);
    cluster.0.borrow_mut().sick_for = Some(usize::MAX);
    for comes_up in [true, false] {
        let (noted, machine) = (Noted::default(), WithALink(&node.machine, Cell::new(0), comes_up));
        let context = Context { progress: &noted, machine: &machine, ..node.context(None, &cluster) };
        let _ = run_step(&context, Step::CHAINFIRE, false, &node.events).await;
        let noted = noted.0.take();
        let is_named = |noted: &Option<Trouble>| {
            noted.as_ref().is_some_and(|trouble| trouble.remedy.contains("10.9.9.9 is not an address of this machine"))
        };
        let named: Vec<bool> = noted.iter().map(is_named).collect();
        assert_eq!(named, [comes_up, !comes_up, !comes_up], "at once, and at the end: {noted:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn m11_a_bootstrap_that_waits_names_the_peers_that_do_not_answer_and_how_many_are_needed() {
    const MISSING: &str = "no answer from 2 of 3 initial peers, 2 are needed: node02:2380 (connection error: ";
    // A service that is well before it has a cluster, and one that is not.
    for (is_well, ends_as, line) in [
        (
            true,
            "ClusterNotFormed",
            "waiting for chainfire to form its cluster: 1 of 3 initial peers are in the member list; ",
        ),
        (false, "HealthTimeout", "waiting for chainfire.service to become healthy, since "),
    ] {
        let (node, cluster) = (TestNode::bootstrapping(), ModelCluster::of(&THREE[..1]));
        cluster.0.borrow_mut().dead = vec!["node02", "node03"];
        if !is_well {
            cluster.0.borrow_mut().dead.push("10.0.1.10");
        }
        let units = unit_phases(&[UnitPhase::Active]);
        assert_eq!(node.run(Step::CHAINFIRE, Some(units), &cluster).await, Outcome::Transient);
        let named = |text: &str| text.contains(MISSING) && text.contains("node03:2380 (connection error: ");
        let awaiting = |name: &str| node.events.0.borrow().iter().filter(|event| event.meaning().name == name).count();
        assert_eq!(awaiting("AwaitingPeers"), 1, "{}", node.events.text());
        assert!(
            node.events.has(ends_as) && node.events.text().lines().last().is_some_and(named),
            "{}",
            node.events.text()
        );
        let lines = node.progress.0.borrow();
        assert!(lines.iter().any(|said| said.starts_with(line) && named(said)), "{lines:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn m11_a_peer_that_comes_is_named_no_more_and_a_failed_service_is_not_blamed_on_peers() {
    let (node, cluster) = (TestNode::bootstrapping(), ModelCluster::of(&THREE[..1]));
    cluster.0.borrow_mut().dead = vec!["node02", "node03", "10.0.1.10"];
    let units = unit_phases(&[UnitPhase::Active]);
    let coming = async {
        sleep(Duration::from_secs(20)).await;
        cluster.0.borrow_mut().dead.retain(|host| *host != "node02");
        sleep(Duration::from_secs(20)).await;
        assert!(
            node.progress.0.borrow().last().is_some_and(|said| said.contains("1 of 3") && !said.contains("node02"))
        );
        units.turn(UnitPhase::Failed("exit-code".to_owned()));
    };
    let (outcome, ()) = tokio::join!(node.run(Step::CHAINFIRE, Some(units.clone()), &cluster), coming);
    assert_eq!(outcome, Outcome::Transient);
    let said = node.events.text();
    let last = said.lines().last().unwrap();
    assert!(last.contains("chainfire.service failed (exit-code)") && !last.contains("initial peers"), "{said}");
    assert_eq!(node.events.names().iter().filter(|name| **name == "AwaitingPeers").count(), 2, "{said}");
}
