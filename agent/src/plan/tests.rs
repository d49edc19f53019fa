//! Sequencing and resumption as tables; what must hold for every input as properties.

use std::path::PathBuf;

use proptest::prelude::*;

use super::expectations::Outlook;
use super::member::{Leader, Member, MemberAddress, MemberList, Word};
use super::membership::{Candidate, Move, formed, next_move, refuse_second_cluster};
use super::*;
use crate::config::{self, DefaultServices as _, Endpoint};
use crate::markers::Achievement;
use crate::protocols::admin_v1::read;

fn joining() -> Config {
    config::of(
        r#"{"node_id": "node04", "bootstrap": false, "cluster_name": "prod",
            "leader_url": "https://node01.prod.example.com:2379", "raft_addr": "10.0.1.13:2380"}"#,
    )
}

fn bootstrapping() -> Config {
    config::of(
        r#"{"node_id": "node01", "bootstrap": true, "raft_addr": "10.0.1.10:2380",
            "initial_peers": ["node01:2380", "node02:2380", "node03:2380"]}"#,
    )
}

fn candidate<'a>(config: &'a Config, incarnation: Option<&'a Word>, cluster_id: Option<&'a Word>) -> Candidate<'a> {
    Candidate { config, service: config.chainfire(), incarnation, cluster_id, addresses: &[] }
}

fn identity(node: &str) -> Identity {
    Identity { node_id: Some(node.to_owned()), ..Identity::default() }
}

fn marker(node: &str) -> MarkerState {
    MarkerState::Present {
        path: PathBuf::from("/state/.marker"),
        achievement: Achievement::Joined,
        written: "2026-01-02T03:04:05+00:00".to_owned(),
        identity: identity(node),
    }
}

fn observed(chainfire: MarkerState, flaredb: MarkerState, iam: MarkerState) -> Observed {
    let markers = ServiceName::DEFAULT.into_iter().zip([chainfire, flaredb, iam]).collect();
    Observed { this_node: identity("node04"), markers, unmet: Vec::new() }
}

fn kind(decision: &Decision<'_>) -> &'static str {
    match decision {
        Decision::Run(_) => "run",
        Decision::Done { .. } => "done",
        Decision::Skip(SkipReason::Disabled(_)) => "off",
        Decision::Skip(SkipReason::Waits(_)) => "waits",
        Decision::Blocked(_) => "blocked",
    }
}

#[test]
fn sequencing_and_resumption() {
    let absent = || MarkerState::Absent;
    let damaged = || MarkerState::Damaged { path: PathBuf::from("/state/.marker"), reason: "it is empty".to_owned() };
    for (chainfire, flaredb, iam, expected) in [
        (absent(), absent(), absent(), ["run", "run", "run", "run"]),
        (marker("node04"), absent(), absent(), ["done", "run", "run", "run"]),
        (marker("node04"), marker("node04"), marker("node04"), ["done", "done", "done", "run"]),
        (damaged(), absent(), absent(), ["run", "run", "run", "run"]),
        (marker("node09"), absent(), absent(), ["blocked", "waits", "waits", "run"]),
        (marker("node04"), marker("node09"), absent(), ["done", "blocked", "waits", "run"]),
        (absent(), marker("node04"), absent(), ["run", "done", "run", "run"]),
    ] {
        let config = joining();
        let found = plan(&config, &observed(chainfire.clone(), flaredb, iam));
        let kinds: Vec<_> = found.iter().map(|(_, decision)| kind(decision)).collect();
        assert_eq!(kinds, expected, "{chainfire:?}");
    }
}

#[test]
fn a_service_that_is_turned_off_is_left_out_and_waited_for_by_nobody() {
    let config = config::of(
        r#"{"node_id": "node04", "leader_url": "https://node01:2379", "raft_addr": "10.0.1.13:2380",
            "services": {"flaredb": {"enable": false}, "iam": {"enable": false}}}"#,
    );
    let found = plan(&config, &observed(MarkerState::Absent, MarkerState::Absent, MarkerState::Absent));
    let kinds: Vec<_> = found.iter().map(|(_, decision)| kind(decision)).collect();
    assert_eq!(kinds, ["run", "off", "off", "run"]);
}

#[test]
fn the_mode_of_the_configuration_chooses_the_action() {
    let nothing = observed(MarkerState::Absent, MarkerState::Absent, MarkerState::Absent);
    let (joining, bootstrapping) = (joining(), bootstrapping());
    let flaredb = |config| Config::member_service(config, ServiceName::FLAREDB).unwrap();
    assert_eq!(decide(&joining, &nothing, Step::FLAREDB), Decision::Run(Action::Join(flaredb(&joining))));
    assert_eq!(
        decide(&bootstrapping, &nothing, Step::FLAREDB),
        Decision::Run(Action::Bootstrap(flaredb(&bootstrapping)))
    );
}

fn member(id: &str, raft_addr: &str, role: Option<&str>, status: &str) -> Member {
    Member {
        key: id.into(),
        id: id.into(),
        raft_addr: MemberAddress::new(raft_addr),
        status: status.into(),
        role: role.map(Word::new),
        incarnation: None,
    }
}

fn list(members: Vec<Member>) -> MemberList {
    MemberList { members, ..MemberList::default() }
}

fn asked() -> Endpoint {
    Endpoint::at("node01:2379".parse().unwrap()).unwrap()
}

/// The next move of chainfire on a node with this configuration, whose own service reports `incarnation`.
fn move_of(config: &Config, list: &MemberList, incarnation: Option<&str>) -> Move {
    let incarnation = incarnation.map(Word::new);
    let incarnation = incarnation.as_ref();
    next_move(list, candidate(config, incarnation, None), &asked())
}

fn moved(members: Vec<Member>) -> Move {
    move_of(&joining(), &list(members), None)
}

#[test]
fn m2_only_id_and_address_together_are_this_node() {
    assert_eq!(moved(vec![]), Move::Add);
    assert_eq!(moved(vec![member("node01", "10.0.1.10:2380", Some("voter"), "healthy")]), Move::Add);
    assert_eq!(moved(vec![member("node04", "10.0.1.13:2380", Some("voter"), "healthy")]), Move::Confirmed);
    // By name, which means this node as well.
    assert_eq!(moved(vec![member("node04", "node04:2380", Some("voter"), "healthy")]), Move::Confirmed);
    // Without a role, as in the first-boot specification.
    assert_eq!(moved(vec![member("node04", "10.0.1.13:2380", None, "healthy")]), Move::Confirmed);
    for (role, status) in [(Some("learner"), "healthy"), (None, "learner"), (None, "joining")] {
        assert!(matches!(moved(vec![member("node04", "10.0.1.13:2380", role, status)]), Move::Await(_)));
    }
}

fn blocked_by(config: &Config, found: &Member) -> Blocker {
    match move_of(config, &list(vec![found.clone()]), None) {
        Move::Blocked(blocker) => blocker,
        other => panic!("not blocked by {found:?}: {other:?}"),
    }
}

#[test]
fn m4_f05_an_id_or_an_address_that_is_taken_blocks_and_no_remedy_removes_what_may_be_this_nodes_own() {
    for (id, address, status, cause, is_offered) in [
        ("node04", "10.0.1.99:2380", "unreachable", Cause::IdTaken, true),
        ("node04", "10.0.1.99:2380", "", Cause::IdTaken, false),
        ("node04", "10.0.1.99:2380", "unknown", Cause::IdTaken, false),
        ("node04", "169.254.1.1:2380", "unreachable", Cause::IdTaken, false),
        ("node04", "[fe80::1%eth0]:2380", "unreachable", Cause::IdTaken, false),
        ("node04", "[fd00::13]:2380", "unreachable", Cause::IdTaken, false),
        ("node04", "10.0.1.99:2380", "healthy", Cause::IdTaken, false),
        ("node04", "node09:2380", "unreachable", Cause::IdTaken, false),
        ("node04", "not an address", "unreachable", Cause::IdTaken, false),
        ("node04", "127.0.0.1:2380", "unreachable", Cause::IdTaken, false),
        ("node04", "", "", Cause::IdTaken, false),
        ("node09", "10.0.1.13:2380", "unreachable", Cause::AddressTaken, true),
        ("node09", "10.0.1.13:2380", "healthy", Cause::AddressTaken, false),
        ("4", "http://10.0.1.13:2380", "", Cause::AddressTaken, false),
        ("NODE04", "10.0.1.13:2380", "unreachable", Cause::AddressTaken, false),
    ] {
        let blocker = blocked_by(&joining(), &member(id, address, Some("voter"), status));
        assert_eq!(blocker.cause, cause, "{blocker}");
        let offers = blocker.to_string().contains("-X DELETE 'https://node01:2379/admin/member/");
        assert_eq!(offers, is_offered, "{id} at {address}, {status}: {blocker}");
        assert!(blocker.cause.is_fixed_elsewhere(), "{blocker}");
    }
}

#[test]
fn the_command_that_helps_goes_to_the_leader_where_the_list_names_it() {
    let taken = member("node04", "10.0.1.99:2380", Some("voter"), "unreachable");
    let leader = member("node02", "10.0.1.11:2380", Some("voter"), "healthy");
    let list = MemberList { leader: Leader::Known("node02".into()), ..list(vec![taken, leader]) };
    let Move::Blocked(blocker) = move_of(&joining(), &list, None) else {
        panic!("not blocked");
    };
    assert!(blocker.remedy.contains("https://10.0.1.11:2379/admin/member/node04"), "{blocker}");
}

#[test]
fn the_command_that_helps_has_the_files_as_words_of_a_shell() {
    let files = r#""tls": {"ca": "/a b/ca.crt", "cert": "/x;y/node.crt", "key": "/x;y/node.key"}"#;
    for service in [r#""chainfire": {}"#, r#""chainfire": {"protocol": "etcd-v3"}"#] {
        let config = config::of(&format!(
            r#"{{"node_id": "node04", "leader_url": "https://node01:2379", "raft_addr": "10.0.1.13:2380", {files},
                "services": {{{service}}}}}"#
        ));
        let taken = member("node04", "10.0.1.99:2380", Some("voter"), "unreachable");
        let blocker = blocked_by(&config, &Member { key: "8e9e05c52164694d".into(), ..taken });
        assert!(blocker.remedy.contains("'/a b/ca.crt'") && blocker.remedy.contains("'/x;y/node.key'"), "{blocker}");
    }
}

#[test]
fn m4_only_a_dead_member_is_replaced_and_only_where_the_configuration_says_so() {
    let replacing = Config { replace: true, ..joining() };
    let taken = |status| list(vec![member("node04", "10.0.1.99:2380", Some("voter"), status)]);
    let dead = taken("unreachable");
    assert_eq!(move_of(&replacing, &dead, None), Move::Replace(dead.members[0].clone()));
    for (config, status) in [(&replacing, "healthy"), (&joining(), "healthy"), (&joining(), "unreachable")] {
        let Move::Blocked(blocker) = move_of(config, &taken(status), None) else {
            panic!("not blocked by one that is {status}");
        };
        assert_eq!(blocker.cause, Cause::IdTaken);
    }
}

#[test]
fn m2_m8_an_entry_of_another_incarnation_is_not_this_node() {
    let own = |incarnation: Option<&str>| {
        let entry = member("node04", "10.0.1.13:2380", Some("voter"), "healthy");
        list(vec![Member { incarnation: incarnation.map(Word::new), ..entry }])
    };
    for (listed, reported) in [(None, None), (Some("a"), None), (None, Some("a")), (Some("a"), Some("a"))] {
        assert_eq!(move_of(&joining(), &own(listed), reported), Move::Confirmed, "{listed:?} {reported:?}");
    }
    let mut others = own(Some("a"));
    for (id, status) in [("node01", "healthy"), ("node02", "healthy")] {
        others.members.push(member(id, &format!("{id}:2380"), Some("voter"), status));
    }
    let found = move_of(&joining(), &others, Some("b"));
    assert_eq!(found, Move::Replace(others.members[0].clone()), "a wiped node takes its old entry for its own");
    // Where the others could not decide alone, the entry stays: its removal would be the end of the quorum.
    others.members[2].status = "unreachable".into();
    assert!(matches!(move_of(&joining(), &others, Some("b")), Move::AwaitQuorum(_)));
}

#[test]
fn what_a_list_need_not_contain_may_have_any_shape() {
    let members = r#""members": [{"id": "node01\u001b[31m", "raft_addr": "10.0.1.10:2380", "role": [7]}]"#;
    for (further, leader) in [
        ("", Leader::NotReported),
        (r#", "leader": "node01""#, Leader::Known("node01".into())),
        (
            r#", "leader": {"id": "node01", "url": "https://node01:2379"}, "cluster_id": {}"#,
            Leader::Known("node01".into()),
        ),
        (r#", "leader": [1]"#, Leader::NotReported),
    ] {
        let list = read(&format!("{{{members}{further}}}")).unwrap();
        assert_eq!((list.leader, list.cluster_id), (leader, None), "{further}");
        assert_eq!(list.members[0].id.to_string(), "node01\\u{1b}[31m", "no control character reaches a terminal");
    }
}

#[test]
fn a_bootstrapped_cluster_is_formed_by_a_majority_of_its_initial_peers() {
    let config = bootstrapping();
    let formed_by = |members| formed(&list(members), &config.node.id, config.chainfire());
    let one = || member("node01", "10.0.1.10:2380", Some("voter"), "healthy");
    let two = || member("node02", "10.0.1.11:2380", Some("voter"), "healthy");
    assert!(formed_by(vec![]).is_err());
    assert!(formed_by(vec![one()]).is_err_and(|missing| missing.contains("1 of 3")));
    assert!(formed_by(vec![two()]).is_err_and(|missing| missing.contains("does not have this node")));
    assert_eq!(formed_by(vec![one(), two()]), Ok(()));
}

#[test]
fn m11_a_peer_in_a_cluster_without_this_node_is_foreign() {
    let config = bootstrapping();
    let at = config.chainfire().url.clone();
    let refused =
        |list: &MemberList, own: Option<&Word>| refuse_second_cluster(list, candidate(&config, None, own), &at);
    let cause = |members| refused(&list(members), None).map(|blocker| blocker.cause);
    let other = || member("node02", "10.0.1.11:2380", None, "healthy");
    assert_eq!(cause(vec![]), None, "a pristine peer is no cluster");
    assert_eq!(cause(vec![other()]), Some(Cause::SecondCluster));
    let own = || vec![member("node01", "10.0.1.10:2380", None, "healthy")];
    assert_eq!(cause(own()), None);
    for (theirs, is_refused) in [("a", false), ("A", false), ("b", true)] {
        let list = MemberList { cluster_id: Some(theirs.into()), ..list(own()) };
        let blocker = refused(&list, Some(&"a".into()));
        assert_eq!(blocker.as_ref().map(|blocker| blocker.cause), is_refused.then_some(Cause::SecondCluster));
        assert!(blocker.is_none_or(|blocker| !blocker.remedy.contains("aside") && !blocker.reason.contains("without")));
    }
    // What may be this node, or has what is its own, is no cluster without it: no advice says to move data.
    for (id, address, expected) in [
        ("node01", "0.0.0.0:2380", Cause::IdTaken),
        ("node01", "node01.storage.example:2380", Cause::IdTaken),
        ("node01", "10.0.1.99:2380", Cause::IdTaken),
        ("node09", "10.0.1.10:2380", Cause::AddressTaken),
    ] {
        let list = list(vec![other(), member(id, address, None, "healthy")]);
        let blocker = refused(&list, None).unwrap();
        assert_eq!(blocker.cause, expected, "{address}");
        assert!(!blocker.remedy.contains("data"), "{blocker}");
    }
}

fn any_marker() -> impl Strategy<Value = MarkerState> {
    prop_oneof![
        Just(MarkerState::Absent),
        Just(MarkerState::Damaged { path: PathBuf::from("/m"), reason: String::new() }),
        Just(marker("node04")),
        Just(marker("node09")),
    ]
}

proptest! {
    #[test]
    fn the_order_respects_what_a_step_needs_and_done_is_never_redone(
        chainfire in any_marker(), flaredb in any_marker(), iam in any_marker(),
    ) {
        let observed = observed(chainfire, flaredb, iam);
        let config = joining();
        let first = plan(&config, &observed);
        prop_assert_eq!(&first, &plan(&config, &observed), "the same input gives the same plan");
        for (index, (step, decision)) in first.iter().enumerate() {
            for needed in needs(&config, *step) {
                let position = first.iter().position(|(other, _)| *other == needed).unwrap();
                prop_assert!(position < index);
                let waits = matches!(first[position].1, Decision::Blocked(_) | Decision::Skip(SkipReason::Waits(_)));
                prop_assert!(!(waits && matches!(decision, Decision::Run(_))));
            }
            if let Some(service) = step.marked_by() {
                let ours = *observed.marker(service) == marker("node04");
                prop_assert_eq!(ours, matches!(decision, Decision::Done { .. }));
            }
        }
    }

    #[test]
    fn m6_a_member_list_never_leads_to_an_add_where_id_or_address_is_there(
        entries in proptest::collection::vec(("node0[1-6]", 10u8..16), 0..6),
    ) {
        let members: Vec<Member> = entries
            .iter()
            .map(|(id, last)| member(id, &format!("10.0.1.{last}:2380"), Some("voter"), "healthy"))
            .collect();
        let touched = entries.iter().any(|(id, last)| id == "node04" || *last == 13);
        prop_assert_eq!(moved(members) == Move::Add, !touched);
    }
}

#[test]
fn what_the_machine_lacks_blocks_the_first_step_that_is_not_done_and_is_reported_once() {
    let lacking = Unmet {
        outlook: Outlook::Lasting,
        expected: "more".to_owned(),
        found: "less".to_owned(),
        remedy: "add it".to_owned(),
    };
    let blocked =
        |decision: &Decision<'_>| matches!(decision, Decision::Blocked(Blocker { cause: Cause::Hardware, .. }));
    let fresh = Observed {
        unmet: vec![lacking.clone()],
        ..observed(MarkerState::Absent, MarkerState::Absent, MarkerState::Absent)
    };
    let config = joining();
    let plan = plan(&config, &fresh);
    assert!(blocked(&plan[0].1), "{plan:?}");
    assert_eq!(plan[1].1, Decision::Skip(SkipReason::Waits(Step::CHAINFIRE)));
    assert_eq!(plan[3].1, Decision::Run(Action::CheckHealth));
    let passing = Observed { unmet: vec![Unmet { outlook: Outlook::Passing, ..lacking }], ..fresh };
    assert!(matches!(decide(&joining(), &passing, Step::CHAINFIRE), Decision::Run(_)), "the run waits for it");
}
