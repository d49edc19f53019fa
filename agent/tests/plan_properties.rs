//! What must hold of planning over time, not only of one plan: a node is driven from any state of its markers, through
//! failures and power cuts, until nothing is left to do; and from any member list to membership.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::collections::BTreeMap;

use first_boot_agent::config::{self, Config, MemberService, ServiceName};
use first_boot_agent::markers::{Achievement, Identity, MarkerState};
use first_boot_agent::plan::member::{Leader, Member, MemberAddress, MemberList};
use first_boot_agent::plan::membership::{Candidate, Move, formed, next_move};
use first_boot_agent::plan::{Action, Decision, Observed, SkipReason, Step, needs, plan};
use proptest::prelude::*;

fn config(bootstrap: bool, enabled: [bool; 3]) -> Config {
    let [chainfire, flaredb, iam] = enabled;
    let document = serde_json::json!({
        "node_id": "node04", "cluster_name": "prod", "bootstrap": bootstrap,
        "leader_url": "https://node01:2379", "raft_addr": "10.0.1.13:2380",
        "initial_peers": ["node01:2380", "node02:2380", "10.0.1.13:2380"],
        "services": {"chainfire": {"enable": chainfire}, "flaredb": {"enable": flaredb}, "iam": {"enable": iam}},
    });
    let context = config::Context {
        given: config::Origin::Default,
        host_name: None,
        secrets: "/etc/nixos/secrets".into(),
        strict: true,
    };
    config::check(&config::parse(document.to_string().as_bytes()).unwrap(), &context).unwrap().config
}

fn this_node() -> Identity {
    let text = |text: &str| Some(text.to_owned());
    Identity {
        node_id: text("node04"),
        cluster_name: text("prod"),
        cluster_id: text("7f3a"),
        machine_id: text("0123456789abcdef"),
    }
}

fn marker(identity: Identity) -> MarkerState {
    MarkerState::Present {
        path: "/state/.marker".into(),
        achievement: Achievement::Joined,
        written: "2026-01-02T03:04:05+00:00".to_owned(),
        identity,
    }
}

/// Everything that may lie where a marker lies: each part of its identity is missing, ours or another's.
fn any_marker() -> impl Strategy<Value = MarkerState> {
    let part = |own: Option<String>| prop_oneof![Just(None), Just(own), Just(Some("another".to_owned()))];
    let ours = this_node();
    let identity = (part(ours.node_id), part(ours.cluster_name), part(ours.cluster_id), part(ours.machine_id));
    prop_oneof![
        2 => Just(MarkerState::Absent),
        1 => Just(MarkerState::Damaged { path: "/state/.marker".into(), reason: "it is empty".to_owned() }),
        2 => Just(marker(this_node())),
        2 => identity.prop_map(|(node_id, cluster_name, cluster_id, machine_id)| {
            marker(Identity { node_id, cluster_name, cluster_id, machine_id })
        }),
    ]
}

fn members<'a>(config: &'a Config, name: &str) -> &'a MemberService {
    config.member_service(name.parse().unwrap()).unwrap()
}

fn any_markers() -> impl Strategy<Value = Observed> {
    [any_marker(), any_marker(), any_marker()].prop_map(|markers| Observed {
        this_node: this_node(),
        markers: ServiceName::DEFAULT.into_iter().zip(markers).collect(),
        unmet: Vec::new(),
    })
}

/// How the execution of a step ends.
#[derive(Debug, Clone, Copy, PartialEq)]
enum End {
    Done,
    Failed,
    /// The power goes after the effect and before the marker.
    CutBeforeMarker,
}

fn any_end() -> impl Strategy<Value = End> {
    prop_oneof![Just(End::Done), Just(End::Failed), Just(End::CutBeforeMarker)]
}

/// A node, its cluster, and what has happened to both.
struct World {
    config: Config,
    observed: Observed,
    /// How often each effect was asked for and not confirmed by a marker before.
    effects: BTreeMap<ServiceName, u32>,
}

impl World {
    fn set(&mut self, service: ServiceName, state: MarkerState) {
        self.observed.markers.retain(|(name, _)| *name != service);
        self.observed.markers.push((service, state));
    }

    /// One go of the units: in order, each step that the plan lets run; what does not end well ends the go, as everything
    /// behind it waits for its marker.
    fn run(&mut self, ends: &mut impl Iterator<Item = End>) {
        for step in Step::DEFAULT {
            let decision = self.plan().into_iter().find_map(|(one, decision)| (one == step).then_some(decision));
            let (Some(Decision::Run(_)), Some(service)) = (decision, step.marked_by()) else {
                continue;
            };
            let end = ends.next().unwrap_or(End::Done);
            if end != End::Failed {
                *self.effects.entry(service).or_default() += 1;
            }
            if end != End::Done {
                return;
            }
            self.set(service, marker(this_node()));
        }
    }

    fn plan(&self) -> Vec<(Step, Decision<'_>)> {
        plan(&self.config, &self.observed)
    }

    fn has_work(&self) -> bool {
        self.plan()
            .iter()
            .any(|(_, decision)| matches!(decision, Decision::Run(action) if *action != Action::CheckHealth))
    }

    /// What a remedy asks the operator to do.
    fn remove_foreign_markers(&mut self) -> usize {
        let blocked: Vec<ServiceName> = self
            .plan()
            .into_iter()
            .filter(|(_, decision)| matches!(decision, Decision::Blocked(_)))
            .filter_map(|(step, _)| step.marked_by())
            .collect();
        for service in &blocked {
            self.set(*service, MarkerState::Absent);
        }
        blocked.len()
    }
}

fn is_foreign(state: &MarkerState) -> bool {
    let MarkerState::Present { identity: Identity { node_id, cluster_name, cluster_id, machine_id }, .. } = state
    else {
        return false;
    };
    [node_id, cluster_name, cluster_id, machine_id].into_iter().any(|part| part.as_deref() == Some("another"))
}

proptest! {
    #[test]
    fn nothing_runs_behind_a_step_that_is_blocked_and_only_foreign_markers_block(
        observed in any_markers(), bootstrap: bool, enabled: [bool; 3],
    ) {
        let config = config(bootstrap, enabled);
        let found = plan(&config, &observed);
        prop_assert_eq!(&found, &plan(&config, &observed), "the same input gives the same plan");
        prop_assert_eq!(found.iter().map(|(step, _)| *step).collect::<Vec<_>>(), Step::DEFAULT);
        let decisions: BTreeMap<Step, Decision> = found.into_iter().collect();
        for (step, decision) in &decisions {
            let needed = needs(&config, *step).next().map(|needed| &decisions[&needed]);
            let waits = matches!(needed, Some(Decision::Blocked(_) | Decision::Skip(SkipReason::Waits(_))));
            prop_assert!(!(waits && matches!(decision, Decision::Run(_))), "{step:?}");
            let Some(service) = step.marked_by() else {
                prop_assert_eq!(decision, &Decision::Run(Action::CheckHealth));
                continue;
            };
            let enabled = enabled[ServiceName::DEFAULT.iter().position(|one| *one == service).unwrap()];
            prop_assert_eq!(matches!(decision, Decision::Skip(SkipReason::Disabled(_))), !enabled);
            prop_assert_eq!(matches!(decision, Decision::Blocked(_)), enabled && is_foreign(observed.marker(service)));
        }
    }

    #[test]
    fn every_state_leads_to_the_end_in_bounded_runs_and_done_is_never_redone(
        observed in any_markers(), bootstrap: bool, enabled: [bool; 3],
        ends in prop::collection::vec(any_end(), 0..12), mended: bool,
    ) {
        let mut world = World { config: config(bootstrap, enabled), observed, effects: BTreeMap::new() };
        if mended {
            world.remove_foreign_markers();
        }
        let cut_or_failed = ends.iter().filter(|end| **end != End::Done).count();
        let cuts = u32::try_from(ends.iter().filter(|end| **end == End::CutBeforeMarker).count()).unwrap();
        let done_before: Vec<ServiceName> =
            ServiceName::DEFAULT.into_iter().filter(|service| matches!(world.observed.marker(*service), MarkerState::Present { .. })).collect();
        let blocked = world.plan().iter().any(|(_, decision)| matches!(decision, Decision::Blocked(_)));
        let mut ends = ends.into_iter();
        let mut runs = 0;
        while world.has_work() && runs <= cut_or_failed {
            world.run(&mut ends);
            runs += 1;
        }
        // Each run but the last ended in a failure or a cut; a block further down the sequence hides no work before it.
        prop_assert!(!world.has_work(), "{runs} runs: {:?}", world.plan());
        for (service, times) in &world.effects {
            prop_assert!(!done_before.contains(service), "{service} was done and is done again");
            prop_assert!(*times <= cuts + 1, "{service}: {times} times with {cuts} cuts");
        }
        let at_rest = format!("{:?}", world.plan());
        world.run(&mut std::iter::empty());
        prop_assert_eq!(at_rest, format!("{:?}", world.plan()), "a fixed point");
        for (step, decision) in world.plan() {
            let at_end = matches!(decision, Decision::Done { .. } | Decision::Skip(SkipReason::Disabled(_)));
            prop_assert!(blocked || at_end || step == Step::HealthCheck, "{step:?}: {decision:?}");
        }
    }

    #[test]
    fn following_every_remedy_once_is_enough(observed in any_markers(), bootstrap: bool, enabled: [bool; 3]) {
        let mut world = World { config: config(bootstrap, enabled), observed, effects: BTreeMap::new() };
        world.remove_foreign_markers();
        world.run(&mut std::iter::empty());
        prop_assert_eq!(world.remove_foreign_markers(), 0);
        prop_assert!(!world.has_work());
    }
}

/// A member list that other nodes have brought about, and perhaps an earlier run of this one.
fn any_list() -> impl Strategy<Value = MemberList> {
    let entry = ("node0[1-5]", 10_u8..15, prop::sample::select(vec!["voter", "learner"]));
    (
        prop::collection::vec(entry, 0..5),
        prop::sample::select(vec![Leader::NotReported, Leader::Known("node01".into())]),
    )
        .prop_map(|(entries, leader)| {
            let members =
                entries.iter().map(|(id, last, role)| member(id, &format!("10.0.1.{last}:2380"), role)).collect();
            MemberList { members, leader, ..MemberList::default() }
        })
}

fn has_id(member: &Member) -> bool {
    member.id.as_str() == "node04"
}

fn has_address(member: &Member) -> bool {
    member.raft_addr.is(&"10.0.1.13:2380".parse().unwrap())
}

fn chainfires_move(list: &MemberList, config: &Config) -> Move {
    let candidate = Candidate {
        config,
        service: members(config, "chainfire"),
        incarnation: None,
        cluster_id: None,
        addresses: &[],
    };
    next_move(list, candidate, &members(config, "chainfire").url)
}

fn member(id: &str, raft_addr: &str, role: &str) -> Member {
    Member {
        key: id.into(),
        id: id.into(),
        raft_addr: MemberAddress::new(raft_addr),
        status: "healthy".into(),
        role: Some(role.into()),
        incarnation: None,
    }
}

proptest! {
    /// A leader that applies an add, or loses it, or applies it and loses the answer: the node only sees the next list.
    #[test]
    fn m1_any_member_list_leads_to_one_entry_or_a_reason_in_bounded_moves(
        list in any_list(), lost in prop::collection::vec(any::<bool>(), 0..5),
    ) {
        let config = config(false, [true; 3]);
        let mut list = list;
        let before = list.clone();
        let ours = |list: &MemberList| {
            list.members.iter().filter(|one| has_id(one) || has_address(one)).count()
        };
        let (bound, mut moves) = (lost.len() + 3, 0);
        let mut lost = lost.into_iter();
        let last = loop {
            moves += 1;
            prop_assert!(moves <= bound, "no end: {list}");
            match chainfires_move(&list, &config) {
                Move::Add => {
                    prop_assert_eq!(ours(&list), 0, "{}", &list);
                    if !lost.next().unwrap_or(false) {
                        list.members.push(member("node04", "10.0.1.13:2380", "learner"));
                    }
                }
                Move::Await(_) => {
                    let own = list.members.iter_mut().filter(|one| has_id(one) && has_address(one));
                    own.for_each(|own| own.role = Some("voter".into()));
                }
                end => break end,
            }
        };
        if last == Move::Confirmed {
            prop_assert!(ours(&list) <= ours(&before).max(1), "an entry too many: {list}");
            prop_assert!(list.entry_of(&config.node.id, members(&config, "chainfire")).is_some_and(Member::is_full));
        } else {
            prop_assert_eq!(&list, &before, "a node that is blocked has changed nothing");
        }
    }

    #[test]
    fn m11_a_cluster_counts_as_formed_only_with_this_node_and_a_majority_of_its_first_members(list in any_list()) {
        let config = config(true, [true; 3]);
        if formed(&list, &config.node.id, members(&config, "chainfire")).is_ok() {
            let own = list.members.iter().find(|one| has_id(one) && has_address(one));
            prop_assert!(own.is_some_and(Member::is_full), "{list}");
            prop_assert!(list.voters().count() >= 2, "{list}");
        }
    }
}
