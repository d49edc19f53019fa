//! Whom to ask: the leader first, then the other peers in turn, following the hints of
//! nodes that are not the leader.

use crate::config::{Endpoint, NodeId, RaftAddr, RaftServiceConfig};
use crate::plan::membership::MemberList;

use super::ports::{Added, Class, Cluster, Fault};

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

    fn prefer(&mut self, endpoint: &Endpoint) {
        self.order.retain(|other| other != endpoint);
        self.order.insert(0, endpoint.clone());
    }

    fn demote(&mut self, endpoint: &Endpoint) {
        self.order.retain(|other| other != endpoint);
        self.order.push(endpoint.clone());
    }
}

/// The member list from the first candidate that is in a cluster. A fault that may pass
/// hides one that will not: another peer may still be right.
pub(super) async fn list(
    cluster: &impl Cluster,
    service: &RaftServiceConfig,
    candidates: &mut Candidates,
) -> Result<(Endpoint, MemberList), Fault> {
    let mut worst: Option<Fault> = None;
    for endpoint in candidates.order.clone() {
        let fault = match cluster.members(service, &endpoint).await {
            Ok(list) if !list.members.is_empty() => return Ok((endpoint, list)),
            Ok(_pristine) => Fault {
                class: Class::Transient { retry_after: None },
                endpoint: endpoint.clone(),
                message: format!("{} is in no cluster yet", service.service),
            },
            Err(fault) => fault,
        };
        candidates.demote(&endpoint);
        let may_pass = fault.blocker().is_none();
        if worst.as_ref().is_none_or(|known| may_pass && known.blocker().is_some()) {
            worst = Some(fault);
        }
    }
    Err(worst.unwrap_or_else(|| Fault {
        class: Class::Transient { retry_after: None },
        endpoint: service.url.clone(),
        message: format!("no endpoint of {} is known", service.service),
    }))
}

/// Asks the leader to add this node, following hints. Any other fault goes back to the
/// caller, who lists again before it adds again: the add may have been applied.
pub(super) async fn add(
    cluster: &impl Cluster,
    service: &RaftServiceConfig,
    candidates: &mut Candidates,
    id: &NodeId,
    raft_addr: &RaftAddr,
    first: Endpoint,
) -> Result<(Endpoint, Added), Fault> {
    let mut at = first;
    for _hop in 0..=MAX_HOPS {
        match cluster.add(service, &at, id, raft_addr).await {
            Ok(added) => return Ok((at, added)),
            Err(Fault { class: Class::NotLeader(Some(leader)), .. }) => {
                candidates.prefer(&leader);
                at = leader;
            }
            // Nothing was applied and nobody named: the next member may know, or be, the leader.
            Err(Fault { class: Class::NotLeader(None), .. }) => {
                candidates.demote(&at);
                at = candidates.order.first().cloned().unwrap_or(at);
            }
            Err(fault) => {
                candidates.demote(&at);
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
