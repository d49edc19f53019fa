//! Whom to ask: the leader first, then the other peers in turn, following the hints of nodes that are not the leader.
//!
//! A list is taken from one cluster alone, never from this node's own service where this node is to join, and a change is
//! sent only to the member whose list has just been seen.

use std::collections::VecDeque;
use std::net::IpAddr;

use crate::config::{Endpoint, Host};
use crate::plan::Cause;
use crate::plan::member::{Answered, Leader, Member, MemberList, Whose};
use crate::plan::membership::FirstMet;
use crate::retry::Round;

use super::Work;
use super::ports::{Class, Cluster, Fault};

/// Hints followed in one round of lists, and endpoints kept of them: a leader may change, a loop must not.
const MOST_HINTS: usize = 3;
/// Rounds in which one who asks to come later hides what will not pass by itself.
const MOST_BUSY: u32 = 5;

/// The endpoints of a service, best first.
pub(super) struct Candidates<'a, U, C> {
    work: &'a Work<'a, U, C>,
    /// The addresses of this machine.
    pub(super) addresses: Vec<IpAddr>,
    configured: Vec<Endpoint>,
    order: Vec<Endpoint>,
    asks_itself: bool,
    met: Option<FirstMet>,
    has_heard: bool,
    /// What the last round of lists met.
    faults: Vec<Fault>,
    /// Rounds of lists in a row in which a member asked to come later.
    busy: u32,
    /// The last list, which shows whose address a hint names.
    last: Option<MemberList>,
    /// Changes in a row that a hint to an endpoint that cannot be trusted has answered.
    mistrusted: usize,
}

impl<'a, U, C: Cluster> Candidates<'a, U, C> {
    /// The endpoints that the configuration knows, without this node's own: what it says of itself is no proof.
    pub(super) fn of(work: &'a Work<'a, U, C>) -> Self {
        let configured = work.service.endpoints_for_change();
        Self {
            work,
            addresses: work.context.machine.addresses(),
            order: configured.clone(),
            configured,
            asks_itself: false,
            met: None,
            has_heard: false,
            faults: Vec::new(),
            busy: 0,
            last: None,
            mistrusted: 0,
        }
    }

    /// The same, and this node's own service last: a member may ask itself, but its own list is the first to be old.
    pub(super) fn with_own(work: &'a Work<'a, U, C>) -> Self {
        let mut candidates = Self { asks_itself: true, ..Self::of(work) };
        candidates.configured.push(work.service.url.clone());
        candidates.order.push(work.service.url.clone());
        candidates
    }

    /// Whether anybody else has answered, with a list or not, but for those that are in no cluster themselves.
    pub(super) fn has_heard(&self) -> bool {
        self.has_heard
    }

    fn is_configured(&self, endpoint: &Endpoint) -> bool {
        self.configured.contains(endpoint)
    }

    /// To be asked first. Of those that only hints have named, the latest few are kept.
    pub(super) fn prefer(&mut self, endpoint: &Endpoint) {
        self.order.retain(|other| other != endpoint);
        self.order.insert(0, endpoint.clone());
        let configured = &self.configured;
        let mut hinted = 0;
        self.order.retain(|other| {
            hinted += usize::from(!configured.contains(other));
            configured.contains(other) || hinted <= MOST_HINTS
        });
    }

    /// To be asked last; what only a hint has named, not at all.
    pub(super) fn demote(&mut self, endpoint: &Endpoint) {
        self.order.retain(|other| other != endpoint);
        if self.is_configured(endpoint) {
            self.order.push(endpoint.clone());
        }
    }

    /// The member list from the first candidate whose list can be relied on: it is in the cluster that was met first, and
    /// where it reports leaders it knows one. The message of a fault has what all of them said.
    pub(super) async fn list(&mut self, round: &mut Round) -> Result<(Endpoint, MemberList), Fault> {
        self.faults.clear();
        let mut hints = 0;
        let mut to_ask: VecDeque<Endpoint> = self.order.iter().cloned().collect();
        while let Some(endpoint) = to_ask.pop_front() {
            let fault = match self.list_of(&endpoint, round).await {
                Ok(list) => {
                    self.busy = 0;
                    return Ok((endpoint, list));
                }
                Err(fault) => fault,
            };
            self.demote(&endpoint);
            if let Class::NotLeader(Some(leader)) = &fault.class
                && let leader = self.known_as(leader)
                && !self.order.contains(&leader)
                && !self.faults.iter().any(|fault| fault.endpoint == leader)
                && !self.is_own(&leader)
                && hints < MOST_HINTS
            {
                hints += 1;
                self.prefer(&leader);
                to_ask.push_front(leader);
            }
            self.faults.push(fault);
        }
        let is_busy = self.faults.iter().any(|fault| matches!(fault.class, Class::Busy { .. }));
        self.busy = if is_busy { self.busy + 1 } else { 0 };
        Err(in_one(self.faults.clone(), self.busy <= MOST_BUSY).unwrap_or_else(|| {
            let service = self.work.service;
            let message = format!("no endpoint of {} but this node's own is known", service.name);
            Fault::transient(service.url.clone(), message)
        }))
    }

    /// The member list of one endpoint, where it can be relied on.
    pub(super) async fn list_of(&mut self, endpoint: &Endpoint, _round: &mut Round) -> Result<MemberList, Fault> {
        let Work { context, service, .. } = self.work;
        let listed = context.cluster.members(service, endpoint).await;
        self.has_heard |= !service.is_own_api(endpoint)
            && match &listed {
                Ok(list) => !list.members.is_empty(),
                Err(fault) => fault.class != Class::Unreachable,
            };
        let mut list = listed?;
        // On an address of this machine may be a balancer, with another member behind it.
        if self.is_here(endpoint, &list)
            && let Ok(health) = context.cluster.health(endpoint, service.api.health_path().as_str()).await
            && health.node_id.is_some_and(|id| id.as_str() != self.work.id().as_str())
        {
            list.answered = Answered::Elsewhere;
        }
        if let Some((class, message)) = self.unusable(endpoint, &list) {
            return Err(Fault { class, endpoint: endpoint.clone(), message });
        }
        self.met.get_or_insert_with(|| FirstMet::new(endpoint, &list)).learn(endpoint, &list);
        self.last = Some(list.clone());
        Ok(list)
    }

    /// The lists of all other candidates that can be relied on, in turn; this node's own service is none of them.
    pub(super) async fn others(&mut self, than: &Endpoint, round: &mut Round) -> Vec<(Endpoint, MemberList)> {
        let is_other = |other: &&Endpoint| *other != than && !self.work.service.is_own_api(other);
        let others: Vec<Endpoint> = self.order.iter().filter(is_other).cloned().collect();
        let mut lists = Vec::new();
        for other in others {
            if let Ok(list) = self.list_of(&other, round).await {
                lists.push((other, list));
            }
        }
        lists
    }

    /// The endpoint that the configuration has for the host of a hint, by the entry of that host in the last list: certificates
    /// often have names alone, and hints addresses.
    fn known_as(&self, hint: &Endpoint) -> Endpoint {
        let Host::Ip(ip) = hint.host() else {
            return hint.clone();
        };
        let entry = self.last.iter().flat_map(|list| &list.members).find(|member| member.raft_addr.is_at(*ip));
        let known = entry.and_then(|member| member.configured_api(self.work.service));
        known.filter(|known| known.port() == hint.port()).unwrap_or(hint).clone()
    }

    /// Whether a list comes from an address of this machine, at the port of this node's own service.
    fn is_here(&self, at: &Endpoint, list: &MemberList) -> bool {
        let is_here = match list.answered {
            Answered::Here => true,
            // In a lab on loopback everybody answers there.
            Answered::OnLoopback => !self.configured.iter().any(|endpoint| endpoint.host().is_this_machine()),
            Answered::Elsewhere => false,
        };
        is_here && !self.asks_itself && at.port() == self.work.service.url.port()
    }

    /// Why a list confirms nothing and leads to no change.
    fn unusable(&self, at: &Endpoint, list: &MemberList) -> Option<(Class, String)> {
        let (id, service) = (self.work.id(), self.work.service);
        let name = service.name;
        let transient = |message| Some((Class::Transient { retry_after: None }, message));
        if self.is_here(at, list) {
            return transient("this node's own service answered, which proves nothing".to_owned());
        }
        if !self.asks_itself {
            // As it would be of a service on this node that has begun a cluster of its own, whatever name led to it.
            let is_another = |member: &&Member| {
                let is_here = self.addresses.iter().any(|address| member.raft_addr.is_at(*address));
                member.may_vote() && !member.is_dead() && member.whose(id, service) == Whose::Others && !is_here
            };
            if list.entry_of(id, service).is_some_and(Member::is_full)
                && !list.members.iter().any(|member| is_another(&member))
            {
                return transient(format!(
                    "{name} there has no full member besides this node, so there is no cluster to join"
                ));
            }
        }
        if list.members.is_empty() {
            return transient(format!("{name} is in no cluster yet"));
        }
        if list.leader == Leader::Unknown {
            let message = format!("{name} knows no leader there, so its member list may be old");
            return Some((Class::Leaderless, message));
        }
        let met = self.met.as_ref()?;
        let reason = met.must_be_that_of(list, self.is_configured(at), id, service).err()?;
        Some((Class::Permanent(Cause::AnotherCluster), format!("{name} there is of another cluster: {reason}")))
    }

    fn is_own(&self, endpoint: &Endpoint) -> bool {
        !self.asks_itself && self.work.service.is_own_api(endpoint)
    }

    /// Asks `at`, whose list has just been seen, for a change. Whatever it answers, the next round lists first: the change
    /// may have been applied, and where `at` is not the leader, the next list comes from who is said to be.
    pub(super) async fn change<T>(
        &mut self,
        at: &Endpoint,
        _round: Round,
        change: impl AsyncFnOnce(&Endpoint) -> Result<T, Fault>,
    ) -> Result<T, Fault> {
        let mut fault = match change(at).await {
            Ok(done) => return Ok(done),
            Err(fault) => fault,
        };
        match &fault.class {
            Class::NotLeader(Some(leader)) if self.is_own(leader) => {
                fault.message = format!("{}; it names this node as the leader", fault.message);
                fault.class = Class::Transient { retry_after: None };
                self.demote(at);
            }
            // A member that names itself, under whatever name, names no leader.
            Class::NotLeader(Some(leader)) if self.known_as(leader) == *at => {
                fault.class = Class::NotLeader(None);
                self.demote(at);
            }
            // Else nothing would show where an address comes from that no configuration has. Another member may know better,
            // until all have been asked.
            Class::NotLeader(Some(leader)) if let Some(failed) = self.failed_before(&self.known_as(leader)) => {
                fault = Fault { message: format!("{}, from the leader that {at} names", failed.message), ..failed };
                if matches!(fault.class, Class::Permanent(_)) && self.mistrusted < self.configured.len() {
                    self.mistrusted += 1;
                    fault.class = Class::Transient { retry_after: None };
                }
                self.demote(at);
            }
            Class::NotLeader(Some(leader)) => {
                let leader = self.known_as(leader);
                self.prefer(&leader);
            }
            // The leader it is, only later: another member would but send this node back here.
            Class::Busy { .. } => self.prefer(at),
            // Where none is named, the next member may know, or be, the leader.
            _ => self.demote(at),
        }
        Err(fault)
    }

    /// What the last round of lists had of an endpoint that gave none.
    fn failed_before(&self, endpoint: &Endpoint) -> Option<Fault> {
        let is_of = |fault: &&Fault| fault.endpoint == *endpoint && !matches!(fault.class, Class::NotLeader(_));
        self.faults.iter().find(is_of).cloned()
    }
}

/// The fault that decides what comes next, with what all the others said. A busy peer counts more than dead
/// ones, and more than permanent faults while `awaits_busy`. A list that contradicts itself or is of another cluster is always
/// reported. Other transient faults count more than permanent ones, since another peer may still be right.
fn in_one(mut faults: Vec<Fault>, awaits_busy: bool) -> Option<Fault> {
    let urgency = |fault: &Fault| match fault.class {
        Class::Permanent(_) if !awaits_busy => 0,
        Class::Busy { .. } => 1,
        Class::Permanent(Cause::Contradiction | Cause::AnotherCluster) => 2,
        Class::Leaderless => 3,
        Class::Transient { .. } | Class::Unreachable | Class::NotLeader(_) => 4,
        Class::Permanent(_) => 5,
    };
    let decisive = (0..faults.len()).min_by_key(|index| urgency(&faults[*index]))?;
    let mut fault = faults.remove(decisive);
    // What several of them say alike is reported once.
    let mut said: Vec<(String, Vec<String>)> = Vec::new();
    for other in faults {
        if other.message == fault.message {
            continue;
        }
        let at = other.endpoint.to_string();
        match said.iter_mut().find(|(message, _)| *message == other.message) {
            Some((_, endpoints)) => endpoints.push(at),
            None => said.push((other.message, vec![at])),
        }
    }
    for (message, endpoints) in said {
        fault.message = format!("{}; {message} ({})", fault.message, endpoints.join(", "));
    }
    Some(fault)
}
