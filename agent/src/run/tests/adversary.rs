//! A cluster that is as bad as it can be, against everything that a run may do: lists lag behind, members disagree, answers
//! come late, lie or get lost, the own service dies and comes back with other data. Whatever happens, a run is bounded, calm,
//! and marks nothing that no list of its one cluster has confirmed.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use proptest::prelude::*;
use tokio::time::{Instant, sleep, timeout};

use super::model::{ModelUnits, unit_phases, voter};
use super::{Outcome, TestNode};
use crate::config::{Endpoint, MemberService, NodeId, ServiceName, SetupService};
use crate::markers::MarkerState;
use crate::plan::member::{Answered, Leader, Member, MemberList, Word};
use crate::plan::{Blocker, Cause, Step};
use crate::run::ports::{
    Added, Class, Environment, Fault, Health, IamSetup, KeyValue, Members, NewMember, Password, Probe, Promoted, Setup,
    UnitPhase,
};
use crate::run::run_step;

/// No run lasts as long: its unit is ended by `TimeoutStartSec=` before.
const LONGEST: Duration = Duration::from_hours(4);
/// After so many calls everybody behaves, so that what is waited for without an end comes true.
const CALM_AFTER: usize = 400;

/// Chance, from a seed: the same seed, the same run (`SplitMix64`).
#[derive(Debug)]
struct Chance(u64);

impl Chance {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut word = self.0;
        word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (word ^ (word >> 31)) % limit
    }

    fn is(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }
}

/// What happened, in order.
#[derive(Debug, Clone, PartialEq)]
enum Seen {
    /// A list, and whether it can be relied on, shows this node's id, shows it as a full member, and of which cluster.
    List {
        is_usable: bool,
        own_id: bool,
        confirms: bool,
        cluster: Option<Word>,
    },
    /// An add, and whether the own service lives at that moment.
    Add {
        is_alive: bool,
    },
    /// A removal that may have been applied.
    Remove,
    Other,
}

struct World {
    chance: Chance,
    /// How bad it is, in percent of the calls.
    badness: u64,
    members: Vec<Member>,
    /// What the list was before each change.
    history: Vec<Vec<Member>>,
    incarnation: u64,
    is_alive: bool,
    /// Whether the last list came from an address of this machine.
    lists_here: bool,
    calls: usize,
    seen: Vec<(Duration, Seen)>,
    began: Instant,
}

#[derive(Clone)]
struct Adversary(Rc<RefCell<World>>);

impl Adversary {
    fn new(seed: u64, badness: u64) -> Self {
        let members = vec![
            voter("node01", "10.0.1.10:2380"),
            voter("node02", "10.0.1.11:2380"),
            voter("node03", "10.0.1.12:2380"),
        ];
        let mut world = World {
            chance: Chance(seed),
            badness,
            history: vec![members.clone()],
            members,
            incarnation: 0,
            is_alive: true,
            lists_here: false,
            calls: 0,
            seen: Vec::new(),
            began: Instant::now(),
        };
        if world.chance.is(40) {
            // An earlier life of this node, at its address or at another one.
            let address = if world.chance.is(60) { "10.0.1.13:2380" } else { "10.0.1.99:2380" };
            let status = ["healthy", "dead", "unknown"][usize::try_from(world.chance.below(3)).unwrap()];
            let old = Member { incarnation: Some("i-old".into()), status: status.into(), ..voter("node04", address) };
            world.members.push(old);
        }
        Self(Rc::new(RefCell::new(world)))
    }

    /// Time passes, and the call may come to nothing.
    async fn call(&self, at: &Endpoint) -> Result<(), Fault> {
        let (late, fault) = {
            let world = &mut *self.0.borrow_mut();
            world.calls += 1;
            let is_bad = world.is_bad();
            let late = if is_bad { world.chance.below(10_000) } else { 1 };
            (late, (is_bad && world.chance.is(60)).then(|| world.fault(at)))
        };
        sleep(Duration::from_millis(late)).await;
        fault.map_or(Ok(()), Err)
    }

    fn note(&self, seen: Seen) {
        let world = &mut *self.0.borrow_mut();
        let at = world.began.elapsed();
        world.seen.push((at, seen));
    }
}

impl World {
    fn is_bad(&mut self) -> bool {
        self.calls < CALM_AFTER && self.chance.is(self.badness)
    }

    fn fault(&mut self, at: &Endpoint) -> Fault {
        let hint = ["node02:2379", "node03:2379", "other:2379", "10.0.1.13:2379", "localhost:2379"];
        let hint = hint[usize::try_from(self.chance.below(5)).unwrap()];
        let hint = Endpoint::at(hint.parse().unwrap()).unwrap();
        let pause = (self.chance.is(50)).then(|| Duration::from_secs(self.chance.below(20)));
        let class = match self.chance.below(13) {
            0..=3 => Class::Transient { retry_after: pause },
            4 | 5 => Class::Busy { retry_after: pause },
            6 | 7 => Class::NotLeader(Some(hint)),
            8 => Class::NotLeader(None),
            9 => Class::Leaderless,
            10 => Class::Permanent(Cause::Refused),
            11 => Class::Permanent(Cause::PeerName),
            _ => Class::Permanent(Cause::Contradiction),
        };
        Fault { class, endpoint: at.clone(), message: "the adversary says so".to_owned() }
    }

    fn change(&mut self, change: impl FnOnce(&mut Vec<Member>)) {
        self.history.push(self.members.clone());
        change(&mut self.members);
    }
}

impl Probe for Adversary {
    async fn health(&self, at: &Endpoint, _path: &str) -> Result<Health, Fault> {
        self.call(at).await?;
        self.note(Seen::Other);
        let world = &mut *self.0.borrow_mut();
        if world.is_bad() && world.chance.is(3) {
            world.incarnation += 1;
        }
        // Who lists from here is this node's own service: another name would be that of a member behind a balancer, whose list counts.
        let node_id = if world.is_bad() && world.chance.is(1) && !world.lists_here { "node09" } else { "node04" };
        let incarnation = Word::new(&format!("{}{}", if world.chance.is(50) { "i" } else { "I" }, world.incarnation));
        Ok(Health { node_id: Some(node_id.into()), cluster_id: None, incarnation: Some(incarnation) })
    }
}

impl Members for Adversary {
    async fn members(&self, service: &MemberService, at: &Endpoint) -> Result<MemberList, Fault> {
        self.call(at).await?;
        let list = {
            let world = &mut *self.0.borrow_mut();
            let is_bad = world.is_bad();
            let lags = is_bad && world.chance.is(50);
            let before = usize::try_from(world.chance.below(world.history.len() as u64)).unwrap();
            let mut members = if lags { world.history[before].clone() } else { world.members.clone() };
            if is_bad {
                for member in &mut members {
                    let status = ["healthy", "healthy", "dead", "unknown", ""];
                    member.status = status[usize::try_from(world.chance.below(5)).unwrap()].into();
                }
                if world.chance.is(10) {
                    members.extend(members.last().cloned());
                }
                if world.chance.is(5) {
                    members.clear();
                }
            }
            let of_another = at.host().to_string() == "other" || (is_bad && world.chance.is(5));
            let leader = if is_bad && world.chance.is(20) { Leader::Unknown } else { Leader::Known("node01".into()) };
            let own_name = ["one", "ONE", "One"][usize::try_from(world.chance.below(3)).unwrap()];
            let reported = if of_another { "another" } else { own_name };
            let cluster_id = (!is_bad || world.chance.is(80)).then(|| reported.into());
            let answered = if is_bad && world.chance.is(5) { Answered::Here } else { Answered::Elsewhere };
            world.lists_here = answered == Answered::Here;
            MemberList { members, leader, cluster_id, answered }
        };
        let own = list.members.iter().find(|member| member.id.as_str() == "node04");
        let has_own_address = own.is_some_and(|own| own.raft_addr.is(&"10.0.1.13:2380".parse().unwrap()));
        let is_usable = list.leader != Leader::Unknown
            && list.answered == Answered::Elsewhere
            && !list.members.is_empty()
            && list.contradiction(service).is_none();
        self.note(Seen::List {
            is_usable,
            own_id: own.is_some(),
            confirms: has_own_address && own.is_some_and(Member::is_full),
            cluster: list.cluster_id.clone(),
        });
        match list.contradiction(service) {
            Some(message) => {
                Err(Fault { class: Class::Permanent(Cause::Contradiction), endpoint: at.clone(), message })
            }
            None => Ok(list),
        }
    }

    async fn add(&self, _service: &MemberService, at: &Endpoint, member: NewMember<'_>) -> Result<Added, Fault> {
        let is_alive = self.0.borrow().is_alive;
        self.note(Seen::Add { is_alive });
        // Lost on the way, or on the way back, or applied as a learner that stays one for a while.
        let applied = {
            let world = &mut *self.0.borrow_mut();
            let is_listed = world.members.iter().any(|listed| listed.id.as_str() == member.id.as_str());
            let is_lost = world.is_bad() && world.chance.is(30);
            if !is_listed && !is_lost {
                let new = voter(member.id.as_str(), &member.raft_addr.to_string());
                let new = Member { incarnation: member.incarnation.cloned(), ..new };
                world.change(|members| members.push(new));
            }
            !is_listed
        };
        self.call(at).await?;
        Ok(if applied { Added::Accepted } else { Added::AlreadyMember })
    }

    async fn remove(&self, _service: &MemberService, at: &Endpoint, id: &str) -> Result<(), Fault> {
        {
            let world = &mut *self.0.borrow_mut();
            if !(world.is_bad() && world.chance.is(50)) {
                world.change(|members| members.retain(|member| member.id.as_str() != id));
            }
        }
        let answer = self.call(at).await;
        // Who is not the leader, is too busy, or refuses, says that it has done nothing.
        let refuses = |class: &Class| matches!(class, Class::Busy { .. } | Class::NotLeader(_) | Class::Permanent(_));
        if !matches!(&answer, Err(fault) if refuses(&fault.class)) {
            self.note(Seen::Remove);
        }
        answer
    }

    async fn promote(&self, _service: &MemberService, _at: &Endpoint, _key: &str) -> Result<Promoted, Fault> {
        Ok(Promoted::NotYet)
    }

    fn environment(
        &self,
        _service: &MemberService,
        _id: &NodeId,
        _list: Option<&MemberList>,
    ) -> Result<Option<Environment>, Blocker> {
        Ok(None)
    }
}

impl KeyValue for Adversary {
    async fn read_after_write(
        &self,
        _service: &MemberService,
        _at: &Endpoint,
        _key: &str,
        _value: &str,
    ) -> Result<(), Fault> {
        Ok(())
    }
}

impl Setup for Adversary {
    async fn is_set_up(&self, _iam: &SetupService) -> Result<bool, Fault> {
        Ok(true)
    }

    async fn set_up(&self, _iam: &SetupService, _name: &str, _password: &Password) -> Result<IamSetup, Fault> {
        Ok(IamSetup::DoneAlready)
    }
}

/// The own service lives and dies.
async fn live(units: ModelUnits, world: Rc<RefCell<World>>) {
    loop {
        let pause = world.borrow_mut().chance.below(60_000);
        sleep(Duration::from_millis(pause)).await;
        if world.borrow_mut().is_bad() {
            world.borrow_mut().is_alive = false;
            units.turn(UnitPhase::Failed("signal, signal 9".to_owned()));
            sleep(Duration::from_millis(pause / 10)).await;
            world.borrow_mut().is_alive = true;
            units.turn(UnitPhase::Active);
        }
    }
}

/// What must hold of everything that was seen. A step that looks again begins again at each look, but for its removals.
fn judge(
    seen: &[(Duration, Seen)],
    elapsed: Duration,
    is_marked: bool,
    looks_again: bool,
) -> Result<(), TestCaseError> {
    // Calm: a few quick questions after each change, then ever fewer; hints and failures are bounded.
    prop_assert!(seen.len() as u64 <= 700 + 30 * elapsed.as_secs(), "{} requests in {elapsed:?}", seen.len());
    for start in 0..seen.len().saturating_sub(400) {
        let window = seen[start + 400].0.saturating_sub(seen[start].0);
        prop_assert!(window > Duration::from_secs(1), "400 requests within {window:?}");
    }
    let (mut removals, mut lists_since_add, mut adds) = (0, 1, 0);
    for (_, what) in seen {
        match what {
            Seen::List { own_id, .. } => {
                lists_since_add += 1;
                removals = if *own_id { removals } else { 0 };
            }
            Seen::Add { is_alive } => {
                prop_assert!(*is_alive, "an add while the own service is dead");
                prop_assert!(lists_since_add > 0, "two adds without a list between them");
                (lists_since_add, adds) = (0, adds + 1);
            }
            Seen::Remove => {
                prop_assert!(adds == 0, "a removal after an add");
                removals += 1;
            }
            Seen::Other => {}
        }
        prop_assert!(removals <= 1, "{removals} removals without a list that shows one done");
    }
    if is_marked {
        let usable: Vec<(bool, &Option<Word>)> = seen
            .iter()
            .filter_map(|(_, what)| match what {
                Seen::List { is_usable: true, confirms, cluster, .. } => Some((*confirms, cluster)),
                _ => None,
            })
            .collect();
        let last = usable.last();
        prop_assert!(last.is_some_and(|last| last.0), "marked without a list that confirms it: {last:?}");
        let mut reported = usable.iter().filter_map(|(_, cluster)| cluster.as_ref());
        let is_one = reported
            .next()
            .is_none_or(|first| last.is_none_or(|(_, last)| last.as_ref().is_none_or(|last| last.is_identity(first))));
        prop_assert!(looks_again || is_one, "asked of one cluster, confirmed by another");
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 600, ..ProptestConfig::default() })]

    #[test]
    fn m1_m3_m8_m10_no_cluster_makes_a_run_dangerous(seed: u64, badness in 0_u64..95, replace: bool, looks_again: bool) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        runtime.block_on(async {
            let mut node = TestNode::joining();
            node.config.replace = replace;
            node.looks_again = looks_again;
            let adversary = Adversary::new(seed, badness);
            let units = unit_phases(&[UnitPhase::Active]);
            let context = node.context_with(Some(units.clone()), adversary.clone());
            let run = run_step(&context, Step::CHAINFIRE, true, &node.events);
            let ended = tokio::select! {
                ended = timeout(LONGEST, run) => ended,
                () = live(units, Rc::clone(&adversary.0)) => unreachable!("it lives for ever"),
            };
            let world = adversary.0.borrow();
            prop_assert!(ended.is_ok(), "no end in {LONGEST:?}: {}", node.events.text());
            let is_marked = matches!(node.markers.read(ServiceName::CHAINFIRE), MarkerState::Present { .. });
            prop_assert_eq!(is_marked, ended == Ok(Outcome::Done));
            let own = world.members.iter().filter(|member| member.id.as_str() == "node04").count();
            prop_assert!(own <= 1, "{} entries", own);
            judge(&world.seen, world.began.elapsed(), is_marked, looks_again)
        })?;
    }
}
