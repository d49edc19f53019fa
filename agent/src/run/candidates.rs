//! Whom to ask: the leader first, then the other peers in turn, following the hints of
//! nodes that are not the leader.

use std::collections::VecDeque;

use crate::config::{Endpoint, RaftServiceConfig};
use crate::plan::membership::{Leader, MemberList};

use super::ports::{Added, Class, Cluster, Fault, NewMember};

/// Hints followed in a row before another try: a leader may change, a loop must not.
const MAX_HOPS: usize = 3;

/// The endpoints of a service, best first.
#[derive(Debug)]
pub(super) struct Candidates {
    order: Vec<Endpoint>,
}

impl Candidates {
    /// The endpoints that the configuration knows.
    pub(super) fn of(service: &RaftServiceConfig) -> Self {
        Self { order: service.endpoints_for_change() }
    }

    /// The same, and this node's own service last: a member may ask itself, but its own list is the first to be old.
    pub(super) fn with_own(service: &RaftServiceConfig) -> Self {
        let mut candidates = Self::of(service);
        candidates.demote(&service.url);
        candidates
    }

    fn prefer(&mut self, endpoint: &Endpoint) {
        self.order.retain(|other| other != endpoint);
        self.order.insert(0, endpoint.clone());
    }

    fn demote(&mut self, endpoint: &Endpoint) {
        self.order.retain(|other| other != endpoint);
        self.order.push(endpoint.clone());
    }
}

/// The member list from the first candidate whose list can be relied on: it is in a cluster, and where it tells leaders
/// it knows one. A fault that may pass hides one that will not, since another peer may still be right; the message has all.
pub(super) async fn list(
    cluster: &impl Cluster,
    service: &RaftServiceConfig,
    candidates: &mut Candidates,
) -> Result<(Endpoint, MemberList), Fault> {
    let mut faults: Vec<Fault> = Vec::new();
    let mut hints = 0;
    let mut to_ask: VecDeque<Endpoint> = candidates.order.iter().cloned().collect();
    while let Some(endpoint) = to_ask.pop_front() {
        let unusable = |class: Class, message: String| Fault { class, endpoint: endpoint.clone(), message };
        let fault = match cluster.members(service, &endpoint).await {
            Ok(list) if list.members.is_empty() => {
                unusable(Class::Transient { retry_after: None }, format!("{} is in no cluster yet", service.service))
            }
            Ok(list) if list.leader == Leader::Unknown => unusable(
                Class::Leaderless,
                format!("{} knows no leader there, so its member list may be old", service.service),
            ),
            Ok(list) => return Ok((endpoint, list)),
            Err(fault) => fault,
        };
        if let Class::NotLeader(Some(leader)) = &fault.class
            && !candidates.order.contains(leader)
            && hints < MAX_HOPS
        {
            hints += 1;
            candidates.prefer(leader);
            to_ask.push_front(leader.clone());
        }
        candidates.demote(&endpoint);
        faults.push(fault);
    }
    Err(in_one(faults).unwrap_or_else(|| Fault {
        class: Class::Transient { retry_after: None },
        endpoint: service.url.clone(),
        message: format!("no endpoint of {} is known", service.service),
    }))
}

/// The fault that decides what comes next, with what all the others said.
fn in_one(mut faults: Vec<Fault>) -> Option<Fault> {
    let decisive = faults.iter().position(|fault| fault.blocker().is_none()).unwrap_or(0);
    if faults.is_empty() {
        return None;
    }
    let mut fault = faults.remove(decisive);
    for other in faults {
        fault.message = format!("{}; {other}", fault.message);
    }
    Some(fault)
}

/// Asks the leader to add this node, following hints. Any other fault goes back to the
/// caller, who lists again before it adds again: the add may have been applied.
pub(super) async fn add(
    cluster: &impl Cluster,
    service: &RaftServiceConfig,
    candidates: &mut Candidates,
    member: NewMember<'_>,
    first: Endpoint,
) -> Result<(Endpoint, Added), Fault> {
    at_leader(service, candidates, first, async |at| cluster.add(service, at, member).await).await
}

/// Asks the leader to remove a member, in the same way.
pub(super) async fn remove(
    cluster: &impl Cluster,
    service: &RaftServiceConfig,
    candidates: &mut Candidates,
    id: &str,
    first: Endpoint,
) -> Result<(Endpoint, ()), Fault> {
    at_leader(service, candidates, first, async |at| cluster.remove(service, at, id).await).await
}

/// Makes a change where the leader is: first at `first`, then where hints lead.
async fn at_leader<T>(
    service: &RaftServiceConfig,
    candidates: &mut Candidates,
    first: Endpoint,
    change: impl AsyncFn(&Endpoint) -> Result<T, Fault>,
) -> Result<(Endpoint, T), Fault> {
    let mut at = first;
    let mut named_by: Option<Endpoint> = None;
    for _hop in 0..=MAX_HOPS {
        match change(&at).await {
            Ok(done) => return Ok((at, done)),
            Err(Fault { class: Class::NotLeader(Some(leader)), .. }) => {
                candidates.prefer(&leader);
                named_by = Some(std::mem::replace(&mut at, leader));
            }
            // Nothing was applied and nobody named: the next member may know, or be, the leader.
            Err(Fault { class: Class::NotLeader(None), .. }) => {
                candidates.demote(&at);
                at = candidates.order.first().cloned().unwrap_or(at);
                named_by = None;
            }
            // The leader it is, only later: another member would but send this node back here.
            Err(fault @ Fault { class: Class::Busy { .. }, .. }) => {
                candidates.prefer(&at);
                return Err(fault);
            }
            Err(mut fault) => {
                candidates.demote(&at);
                // Else nobody could tell where an address comes from that no configuration has.
                if let Some(named_by) = named_by {
                    fault.message = format!("{}, from the leader that {named_by} names", fault.message);
                }
                return Err(fault);
            }
        }
    }
    Err(Fault {
        class: Class::Transient { retry_after: None },
        endpoint: at,
        message: format!("no leader of {} found in {MAX_HOPS} hops", service.service),
    })
}
