//! A model of a cluster behind the run's ports: members, a leader, and faults in order.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::path::Path;
use std::rc::Rc;
use std::time::Duration;

use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use crate::config::{Endpoint, IamConfig, RaftServiceConfig, UnitName};
use crate::inventory::{Inventory, Link};
use crate::plan::Cause;
use crate::plan::membership::{Leader, Member, MemberList};
use crate::run::ports::{
    Added, Class, Cluster, Fault, Health, IamSetup, Machine, NewMember, Password, Progress, UnitPhase, UnitWatch, Units,
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
pub(super) struct State {
    /// The one true member list.
    pub(super) members: Vec<Member>,
    /// Lists that some endpoints show instead, by host.
    pub(super) lists: Vec<(&'static str, Vec<Member>)>,
    /// Hosts that know no leader.
    pub(super) cut_off: Vec<&'static str>,
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
    pub(super) cluster_id: Option<String>,
    /// Whose the service behind this node's own URL says to be.
    pub(super) health_of: &'static str,
    /// What this node's own service tells of itself.
    pub(super) incarnation: Option<String>,
    /// Removals are applied and their answer is lost, once.
    pub(super) loses_removal: bool,
    /// Removals fail.
    pub(super) keeps_members: bool,
    /// Every call, as `METHOD host`.
    pub(super) calls: Vec<String>,
}

/// The model; clones share it.
#[derive(Debug, Clone)]
pub(super) struct ModelCluster(pub(super) Rc<RefCell<State>>);

impl ModelCluster {
    pub(super) fn of(ids: &[(&str, &str)]) -> Self {
        let members = ids.iter().map(|(id, address)| voter(id, address)).collect();
        Self(Rc::new(RefCell::new(State { members, sick_for: Some(0), health_of: "node04", ..State::default() })))
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
            return Err(fault(at, Class::Transient { retry_after: None }));
        }
        Ok(())
    }
}

pub(super) fn voter(id: &str, address: &str) -> Member {
    Member {
        id: id.to_owned(),
        raft_addr: address.to_owned(),
        status: "healthy".to_owned(),
        role: Some("voter".to_owned()),
        incarnation: None,
    }
}

fn fault(at: &Endpoint, class: Class) -> Fault {
    Fault { class, endpoint: at.clone(), message: "connection error: the model says so".to_owned() }
}

impl Cluster for ModelCluster {
    async fn health(&self, at: &Endpoint, _path: &str) -> Result<Health, Fault> {
        self.called("HEALTH", at)?;
        let mut state = self.0.borrow_mut();
        let (health_of, incarnation) = (state.health_of, state.incarnation.clone());
        match &mut state.sick_for {
            Some(0) => Ok(Health { node_id: Some(health_of.to_owned()), cluster_id: None, incarnation }),
            Some(left) => {
                *left -= 1;
                Err(fault(at, Class::Transient { retry_after: None }))
            }
            None => Err(fault(at, Class::Permanent(Cause::Trust))),
        }
    }

    async fn members(&self, _service: &RaftServiceConfig, at: &Endpoint) -> Result<MemberList, Fault> {
        self.called("LIST", at)?;
        let mut state = self.0.borrow_mut();
        let host = at.host().to_string();
        let mut members = match state.lists.iter().find(|(other, _)| **other == host) {
            Some((_, list)) => list.clone(),
            None => state.members.clone(),
        };
        for member in members.iter_mut().filter(|member| member.id == "node04") {
            if state.learner_for > 0 {
                member.role = Some("learner".to_owned());
            }
        }
        state.learner_for = state.learner_for.saturating_sub(1);
        let cut_off = state.cut_off.iter().any(|other| **other == host);
        let leader = if cut_off { Leader::Unknown } else { Leader::Known("node01".to_owned()) };
        Ok(MemberList { members, leader, cluster_id: state.cluster_id.clone() })
    }

    async fn add(&self, _service: &RaftServiceConfig, at: &Endpoint, member: NewMember<'_>) -> Result<Added, Fault> {
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
        if state.members.iter().any(|listed| listed.id == member.id.as_str()) {
            return Ok(Added::AlreadyMember);
        }
        let added = voter(member.id.as_str(), &member.raft_addr.to_string());
        state.members.push(Member { incarnation: member.incarnation.map(str::to_owned), ..added });
        drop(state);
        crash_point!("added");
        match planned {
            Some(AddFault::LoseAnswer) => Err(fault(at, Class::Transient { retry_after: None })),
            _ => Ok(Added::Accepted),
        }
    }

    async fn remove(&self, _service: &RaftServiceConfig, at: &Endpoint, id: &str) -> Result<(), Fault> {
        self.called("REMOVE", at)?;
        let mut state = self.0.borrow_mut();
        if state.keeps_members {
            return Err(fault(at, Class::Transient { retry_after: None }));
        }
        state.members.retain(|member| member.id != id);
        let loses_answer = std::mem::take(&mut state.loses_removal);
        drop(state);
        crash_point!("removed");
        if loses_answer { Err(fault(at, Class::Transient { retry_after: None })) } else { Ok(()) }
    }

    async fn read_after_write(
        &self,
        _service: &RaftServiceConfig,
        at: &Endpoint,
        _key: &str,
        _value: &str,
    ) -> Result<(), Fault> {
        self.called("PROBE", at)
    }

    async fn iam_is_set_up(&self, iam: &IamConfig) -> Result<bool, Fault> {
        self.called("IAM?", &iam.url)?;
        Ok(self.0.borrow().iam_is_set_up)
    }

    async fn set_up_iam(&self, iam: &IamConfig, _cluster: &str, password: &Password) -> Result<IamSetup, Fault> {
        self.called("IAM!", &iam.url)?;
        let mut state = self.0.borrow_mut();
        if state.iam_is_set_up {
            return Ok(IamSetup::DoneAlready);
        }
        state.iam_is_set_up = true;
        state.iam_password = Some(password.expose().to_owned());
        drop(state);
        crash_point!("set up");
        Ok(IamSetup::Done)
    }
}

/// Units whose phases the test sends.
#[derive(Debug)]
pub(super) struct ModelUnits(RefCell<Option<UnboundedReceiver<UnitPhase>>>);

/// A unit that goes through these phases and then stays in the last.
pub(super) fn unit_phases(phases: &[UnitPhase]) -> ModelUnits {
    let (send, receive) = unbounded_channel();
    for phase in phases {
        send.send(phase.clone()).unwrap();
    }
    // The channel stays open: a unit that does not change any more.
    std::mem::forget(send);
    ModelUnits(RefCell::new(Some(receive)))
}

impl Units for ModelUnits {
    type Watch = ModelWatch;

    async fn watch(&self, _unit: &UnitName) -> Result<ModelWatch, String> {
        self.0.borrow_mut().take().map(ModelWatch).ok_or_else(|| "watched twice".to_owned())
    }

    async fn last_lines(&self, _unit: &UnitName) -> Vec<String> {
        vec!["bind: address in use".to_owned()]
    }

    async fn stop(&self, _unit: &str) -> Result<(), String> {
        crash_point!("stopped");
        Ok(())
    }
}

#[derive(Debug)]
pub(super) struct ModelWatch(UnboundedReceiver<UnitPhase>);

impl UnitWatch for ModelWatch {
    async fn next(&mut self) -> Result<UnitPhase, String> {
        self.0.recv().await.ok_or_else(|| "systemd went away".to_owned())
    }
}

/// Nobody reads the status line.
pub(super) struct Quiet;

/// A machine whose links come up one look after another.
pub(super) struct ModelMachine {
    pub(super) inventory: Inventory,
    /// After how many looks every link is up; `None` is never.
    pub(super) up_after: Cell<Option<u32>>,
    pub(super) clock: Option<(String, String)>,
    pub(super) looks: Cell<u32>,
}

impl Default for ModelMachine {
    fn default() -> Self {
        Self {
            inventory: Inventory::take(Path::new("/nowhere")),
            up_after: Cell::default(),
            clock: None,
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

    fn clock_before_build(&self) -> Option<(String, String)> {
        self.clock.clone()
    }
}

impl Progress for Quiet {
    fn status(&self, _line: &str) {}
}
