//! A model of a cluster behind the run's ports: members, a leader, and faults in order.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::net::IpAddr;
use std::path::Path;
use std::rc::Rc;
use std::time::Duration;

use tokio::sync::Notify;

use crate::config::{Endpoint, MemberService, NodeId, SetupService, UnitName};
use crate::data_directory::Owner;
use crate::inventory::{Inventory, Link};
use crate::markers::{Lock, Trouble};
use crate::plan::member::{Answered, Leader, Member, MemberAddress, MemberList, Word};
use crate::plan::{Blocker, Cause};
use crate::run::ports::{
    Added, Class, Environment, Fault, Health, IamSetup, KeyValue, Machine, Members, NewMember, Password, Probe,
    Progress, Promoted, Setup, UnitPhase, UnitWatch, Units,
};

/// What an add does instead of what it should.
#[derive(Debug, Clone)]
pub(super) enum AddFault {
    /// Applied, and the answer is lost.
    LoseAnswer,
    /// 421 with this hint.
    NotLeader(Option<&'static str>),
    /// 409, with nothing changed.
    Conflict,
    /// 400.
    Refuse,
    /// 503 with this `Retry-After` in seconds; 429 without one.
    Busy(Option<u64>),
    /// Nothing applied, and no word of it.
    Drop,
}

#[derive(Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fault of its own, set by the tests that want it")]
pub(super) struct State {
    /// The one true member list.
    pub(super) members: Vec<Member>,
    /// Lists that some endpoints show instead, by host.
    pub(super) lists: Vec<(&'static str, Vec<Member>)>,
    /// Every other list that is asked for is this one: a balancer before members that disagree.
    pub(super) every_other: Option<Vec<Member>>,
    /// Lists that were asked for.
    pub(super) asked: usize,
    /// Removals are accepted, and never happen.
    pub(super) ignores_removals: bool,
    /// What a host calls its cluster, where that is not what all call it.
    pub(super) cluster_ids: Vec<(&'static str, &'static str)>,
    /// Whether IAM hides that it is set up (it has no `GET /admin/setup`), and says so to a setup alone.
    pub(super) iam_is_silent: bool,
    /// The answer to a setup of IAM is lost, once.
    pub(super) loses_setup: bool,
    /// Who leads; node01, where nothing is said.
    pub(super) leader: Option<&'static str>,
    /// Hosts that know no leader.
    pub(super) cut_off: Vec<&'static str>,
    /// Hosts that are this machine by another name.
    pub(super) here: Vec<&'static str>,
    /// Hosts whose certificate does not fit.
    pub(super) untrusted: Vec<&'static str>,
    /// Hosts that ask to come later, whatever they are asked.
    pub(super) busy: Vec<&'static str>,
    /// Removals are refused.
    pub(super) refuses_removals: bool,
    /// Hosts that do not answer.
    pub(super) dead: Vec<&'static str>,
    pub(super) add_faults: VecDeque<AddFault>,
    /// How many lists show a new member as a learner first.
    pub(super) learner_for: usize,
    /// Health answers before it is well; `None` is a certificate that does not fit.
    pub(super) sick_for: Option<usize>,
    pub(super) iam_is_set_up: bool,
    pub(super) iam_password: Option<String>,
    /// What the cluster calls itself.
    pub(super) cluster_id: Option<Word>,
    /// Whose the service behind this node's own URL says to be; this node's, where nothing is said.
    pub(super) health_of: String,
    /// Which cluster this node's own service says it is in.
    pub(super) own_cluster: Option<Word>,
    /// What this node's own service reports about itself.
    pub(super) incarnation: Option<Word>,
    /// Removals are applied and their answer is lost, once.
    pub(super) loses_removal: bool,
    /// Removals fail.
    pub(super) keeps_members: bool,
    /// How long a health endpoint takes to answer.
    pub(super) health_takes: Duration,
    /// How long a member list takes.
    pub(super) list_takes: Duration,
    /// How many are asked for their health now, and were at most.
    pub(super) asked_at_once: (usize, usize),
    /// Every call, as `METHOD host`.
    pub(super) calls: Vec<String>,
}

/// The model; clones share it.
#[derive(Debug, Clone)]
pub(super) struct ModelCluster(pub(super) Rc<RefCell<State>>);

impl ModelCluster {
    pub(super) fn of(ids: &[(&str, &str)]) -> Self {
        let members = ids.iter().map(|(id, address)| voter(id, address)).collect();
        Self(Rc::new(RefCell::new(State { members, sick_for: Some(0), ..State::default() })))
    }

    pub(super) fn calls(&self, kind: &str) -> usize {
        self.0.borrow().calls.iter().filter(|call| call.starts_with(kind)).count()
    }

    fn called(&self, kind: &str, at: &Endpoint) -> Result<(), Fault> {
        let host = at.host().to_string();
        crash_point!("{kind}");
        let mut state = self.0.borrow_mut();
        state.calls.push(format!("{kind} {host}"));
        if state.dead.iter().any(|dead| **dead == host) {
            return Err(fault(at, Class::Unreachable));
        }
        if state.untrusted.iter().any(|other| **other == host) {
            return Err(fault(at, Class::Permanent(Cause::PeerName)));
        }
        if state.busy.iter().any(|other| **other == host) {
            return Err(fault(at, Class::Busy { retry_after: Some(Duration::from_secs(1)) }));
        }
        Ok(())
    }
}

pub(super) fn voter(id: &str, address: &str) -> Member {
    Member {
        key: id.into(),
        id: id.into(),
        raft_addr: MemberAddress::new(address),
        status: "healthy".into(),
        role: Some("voter".into()),
        incarnation: None,
    }
}

fn fault(at: &Endpoint, class: Class) -> Fault {
    Fault { class, endpoint: at.clone(), message: "connection error: the model says so".to_owned() }
}

impl Probe for ModelCluster {
    async fn health(&self, at: &Endpoint, _path: &str) -> Result<Health, Fault> {
        self.called("HEALTH", at)?;
        let takes = {
            let mut state = self.0.borrow_mut();
            let now = state.asked_at_once.0 + 1;
            state.asked_at_once = (now, state.asked_at_once.1.max(now));
            state.health_takes
        };
        if !takes.is_zero() {
            tokio::time::sleep(takes).await;
        }
        let mut state = self.0.borrow_mut();
        state.asked_at_once.0 -= 1;
        let (health_of, incarnation) = (state.health_of.clone(), state.incarnation.clone());
        let own_cluster = state.own_cluster.clone();
        match &mut state.sick_for {
            Some(0) => Ok(Health { node_id: Some(health_of.as_str().into()), cluster_id: own_cluster, incarnation }),
            Some(left) => {
                *left -= 1;
                Err(fault(at, Class::Transient { retry_after: None }))
            }
            None => Err(fault(at, Class::Permanent(Cause::Trust))),
        }
    }
}

impl Members for ModelCluster {
    async fn members(&self, service: &MemberService, at: &Endpoint) -> Result<MemberList, Fault> {
        self.called("LIST", at)?;
        let takes = self.0.borrow().list_takes;
        if !takes.is_zero() {
            tokio::time::sleep(takes).await;
        }
        let mut state = self.0.borrow_mut();
        let host = at.host().to_string();
        state.asked += 1;
        let other = state.every_other.clone().filter(|_| state.asked.is_multiple_of(2));
        let mut members = match state.lists.iter().find(|(other, _)| **other == host) {
            Some((_, list)) => list.clone(),
            None => other.unwrap_or_else(|| state.members.clone()),
        };
        for member in members.iter_mut().filter(|member| member.id.as_str() == "node04") {
            if state.learner_for > 0 {
                member.role = Some("learner".into());
            }
        }
        state.learner_for = state.learner_for.saturating_sub(1);
        let cut_off = state.cut_off.iter().any(|other| **other == host);
        let leader = if cut_off { Leader::Unknown } else { Leader::Known(state.leader.unwrap_or("node01").into()) };
        let is_here = state.here.iter().any(|other| **other == host);
        let answered = if is_here { Answered::Here } else { Answered::Elsewhere };
        let own_name = state.cluster_ids.iter().find(|(other, _)| **other == host).map(|(_, id)| Word::new(id));
        let cluster_id = own_name.or_else(|| state.cluster_id.clone());
        let list = MemberList { members, leader, cluster_id, answered };
        // As the client does it.
        match list.contradiction(service) {
            Some(message) => Err(Fault { message, ..fault(at, Class::Permanent(Cause::Contradiction)) }),
            None => Ok(list),
        }
    }

    async fn add(&self, _service: &MemberService, at: &Endpoint, member: NewMember<'_>) -> Result<Added, Fault> {
        self.called("ADD", at)?;
        let mut state = self.0.borrow_mut();
        let planned = state.add_faults.pop_front();
        match planned {
            Some(AddFault::Conflict) => return Ok(Added::AlreadyMember),
            Some(AddFault::Refuse) => return Err(fault(at, Class::Permanent(Cause::Refused))),
            Some(AddFault::NotLeader(hint)) => {
                let leader = hint.map(|text| Endpoint::at(text.parse().unwrap()).unwrap());
                return Err(fault(at, Class::NotLeader(leader)));
            }
            Some(AddFault::Busy(seconds)) => {
                return Err(fault(at, Class::Busy { retry_after: seconds.map(Duration::from_secs) }));
            }
            Some(AddFault::Drop) => return Err(fault(at, Class::Transient { retry_after: None })),
            Some(AddFault::LoseAnswer) | None => {}
        }
        if state.members.iter().any(|listed| listed.id.as_str() == member.id.as_str()) {
            return Ok(Added::AlreadyMember);
        }
        let added = voter(member.id.as_str(), &member.raft_addr.to_string());
        state.members.push(Member { incarnation: member.incarnation.cloned(), ..added });
        drop(state);
        crash_point!("added");
        match planned {
            Some(AddFault::LoseAnswer) => Err(fault(at, Class::Transient { retry_after: None })),
            _ => Ok(Added::Accepted),
        }
    }

    async fn remove(&self, _service: &MemberService, at: &Endpoint, id: &str) -> Result<(), Fault> {
        self.called("REMOVE", at)?;
        let mut state = self.0.borrow_mut();
        if state.keeps_members {
            return Err(fault(at, Class::Transient { retry_after: None }));
        }
        if state.refuses_removals {
            return Err(fault(at, Class::Permanent(Cause::Refused)));
        }
        if state.ignores_removals {
            return Ok(());
        }
        state.members.retain(|member| member.id.as_str() != id);
        let loses_answer = std::mem::take(&mut state.loses_removal);
        drop(state);
        crash_point!("removed");
        if loses_answer { Err(fault(at, Class::Transient { retry_after: None })) } else { Ok(()) }
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

impl KeyValue for ModelCluster {
    async fn read_after_write(
        &self,
        _service: &MemberService,
        at: &Endpoint,
        _key: &str,
        _value: &str,
    ) -> Result<(), Fault> {
        self.called("PROBE", at)
    }
}

impl Setup for ModelCluster {
    async fn is_set_up(&self, iam: &SetupService) -> Result<bool, Fault> {
        self.called("IAM?", &iam.url)?;
        let state = self.0.borrow();
        Ok(state.iam_is_set_up && !state.iam_is_silent)
    }

    async fn set_up(&self, iam: &SetupService, _cluster: &str, password: &Password) -> Result<IamSetup, Fault> {
        self.called("IAM!", &iam.url)?;
        let mut state = self.0.borrow_mut();
        if state.iam_is_set_up {
            return Ok(IamSetup::DoneAlready);
        }
        state.iam_is_set_up = true;
        state.iam_password = Some(password.expose().to_owned());
        let loses_answer = std::mem::take(&mut state.loses_setup);
        drop(state);
        crash_point!("set up");
        if loses_answer { Err(fault(&iam.url, Class::Transient { retry_after: None })) } else { Ok(IamSetup::Done) }
    }
}

/// A unit whose phases the test sends; clones share it.
#[derive(Debug, Clone, Default)]
pub(super) struct ModelUnits(Rc<Unit>);

#[derive(Debug, Default)]
struct Unit {
    to_come: RefCell<VecDeque<UnitPhase>>,
    current: RefCell<Option<UnitPhase>>,
    news: Notify,
    /// What was stopped.
    stopped: RefCell<Vec<String>>,
    /// What was started.
    started: RefCell<Vec<String>>,
    /// What a unit that is stopped lets go.
    held: RefCell<Option<Lock>>,
}

/// A unit that goes through these phases and then stays in the last.
pub(super) fn unit_phases(phases: &[UnitPhase]) -> ModelUnits {
    let units = ModelUnits::default();
    for phase in phases {
        units.turn(phase.clone());
    }
    units
}

impl ModelUnits {
    /// The unit's next phase.
    pub(super) fn turn(&self, phase: UnitPhase) {
        self.0.to_come.borrow_mut().push_back(phase);
        self.0.news.notify_waiters();
    }

    /// Has the unit hold a lock until it is stopped.
    pub(super) fn hold(&self, lock: Lock) {
        *self.0.held.borrow_mut() = Some(lock);
    }

    pub(super) fn started(&self) -> Vec<String> {
        self.0.started.borrow().clone()
    }

    pub(super) fn stopped(&self) -> Vec<String> {
        self.0.stopped.borrow().clone()
    }
}

impl Units for ModelUnits {
    type Watch = ModelWatch;

    async fn watch(&self, _unit: &UnitName) -> Result<ModelWatch, String> {
        Ok(ModelWatch { units: self.clone(), is_new: true })
    }

    async fn last_lines(&self, _unit: &UnitName) -> Vec<String> {
        vec!["bind: address in use".to_owned()]
    }

    async fn stop(&self, unit: &str) -> Result<(), String> {
        self.0.stopped.borrow_mut().push(unit.to_owned());
        if unit.ends_with(".service") {
            self.0.held.borrow_mut().take();
        }
        Ok(())
    }

    async fn start(&self, unit: &str) -> Result<(), String> {
        self.0.started.borrow_mut().push(unit.to_owned());
        Ok(())
    }

    async fn needed_environment(&self, _unit: &UnitName) -> Result<Vec<String>, String> {
        Ok(Vec::new())
    }

    async fn owner(&self, _unit: &UnitName) -> Result<Owner, String> {
        Ok(Owner::of_this_process())
    }
}

#[derive(Debug)]
pub(super) struct ModelWatch {
    units: ModelUnits,
    is_new: bool,
}

impl UnitWatch for ModelWatch {
    async fn next(&mut self) -> Result<UnitPhase, String> {
        let unit = &self.units.0;
        if std::mem::take(&mut self.is_new)
            && unit.to_come.borrow().is_empty()
            && let Some(current) = unit.current.borrow().clone()
        {
            return Ok(current);
        }
        loop {
            let news = unit.news.notified();
            let next = unit.to_come.borrow_mut().pop_front();
            if let Some(phase) = next {
                *unit.current.borrow_mut() = Some(phase.clone());
                return Ok(phase);
            }
            news.await;
        }
    }
}

/// The status lines, in their order.
#[derive(Debug, Default)]
pub(super) struct Lines(pub(super) RefCell<Vec<String>>);

/// A machine whose links come up one look after another.
pub(super) struct ModelMachine {
    pub(super) inventory: Inventory,
    /// After how many looks every link is up; `None` is never.
    pub(super) up_after: Cell<Option<u32>>,
    pub(super) clock: Option<(String, String)>,
    pub(super) addresses: Vec<IpAddr>,
    pub(super) looks: Cell<u32>,
}

impl Default for ModelMachine {
    fn default() -> Self {
        Self {
            inventory: Inventory::take(Path::new("/nowhere")),
            up_after: Cell::default(),
            clock: None,
            addresses: Vec::new(),
            looks: Cell::default(),
        }
    }
}

impl Machine for ModelMachine {
    fn inventory(&self) -> Inventory {
        self.looks.set(self.looks.get() + 1);
        self.inventory.clone()
    }

    fn links(&self) -> Vec<Link> {
        self.looks.set(self.looks.get() + 1);
        let state = if self.up_after.get().is_some_and(|looks| looks <= self.looks.get()) { "up" } else { "down" };
        let link = |link: &Link| Link { state: Some(state.to_owned()), ..link.clone() };
        self.inventory.links.iter().map(link).collect()
    }

    fn addresses(&self) -> Vec<IpAddr> {
        self.addresses.clone()
    }

    fn clock_before_build(&self) -> Option<(String, String)> {
        self.clock.clone()
    }
}

impl Progress for Lines {
    fn status(&self, line: &str) {
        self.0.borrow_mut().push(line.to_owned());
    }

    fn trouble(&self, _trouble: Trouble) {}
}
