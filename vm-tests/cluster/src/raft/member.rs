//! What one member knows: who leads, and who belongs to the cluster.
//!
//! It changes nothing (that is in `changes`) and judges nothing (that is in `health`).

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use openraft::ServerState;
use tokio::sync::{Mutex, watch};

use super::admission::Admission;
use super::network::RECIPIENT;
use super::peers::{Peers, Status};
use super::refusal::{LeaderHint, Refusal};
use super::roster::{self, Offered, Roster};
use super::store::{Applied, Store};
use super::types::{Raft, Service};

/// The leader has so many heartbeats to answer a question.
const ASK_LEADER: u32 = 5;

/// One member of a cluster, or a node that waits to become one.
pub(crate) struct Member {
    pub(super) name: String,
    pub(super) raft_id: u64,
    /// Which data directory this is; none where the system had no random numbers to make it of.
    pub(super) incarnation: Option<String>,
    pub(super) service: Service,
    pub(super) cluster_name: String,
    pub(super) api_url: String,
    pub(super) raft: Raft,
    pub(super) store: Store,
    pub(super) applied: watch::Receiver<Applied>,
    pub(super) peers: Arc<Peers>,
    pub(super) client: reqwest::Client,
    /// Held while the membership changes: Raft allows one change at a time.
    pub(super) turn: Mutex<()>,
    pub(super) change_wait: Duration,
    /// Whether answers hold more than the admin API demands.
    pub(super) extensions: bool,
    /// Gives each node that comes while many wait a time of its own; else all get the same.
    pub(super) admission: Option<Admission>,
}

impl Member {
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    pub(crate) fn offers_extensions(&self) -> bool {
        self.extensions
    }

    pub(crate) fn raft(&self) -> &Raft {
        &self.raft
    }

    pub(crate) fn peers(&self) -> &Peers {
        &self.peers
    }

    /// The identity of the cluster that this node belongs to, once it has one.
    pub(crate) fn cluster_id(&self) -> Option<String> {
        self.applied.borrow().cluster_id.clone()
    }

    /// Neither bootstrapped nor added to a cluster.
    pub(crate) fn is_pristine(&self) -> bool {
        let metrics = self.raft.metrics();
        let metrics = metrics.borrow();
        metrics.last_log_index.is_none() && metrics.membership_config.nodes().next().is_none()
    }

    pub(crate) fn is_leader(&self) -> bool {
        self.raft.metrics().borrow().state == ServerState::Leader
    }

    /// The leader, if there is a sign of life from it.
    pub(crate) fn leader(&self) -> Option<LeaderHint> {
        if self.is_leader() {
            return Some(LeaderHint { id: self.name.clone(), api_url: self.api_url.clone() });
        }
        let heard = self.peers.last_leader()?;
        let metrics = self.raft.metrics();
        let metrics = metrics.borrow();
        if metrics.current_leader != Some(heard.raft_id) || heard.at.elapsed() > self.peers.leader_silence() {
            return None;
        }
        let membership = metrics.membership_config.membership();
        Some(LeaderHint { id: membership.get_node(&heard.raft_id)?.id.clone(), api_url: heard.api_url })
    }

    /// Where to send a client that needs the leader.
    pub(crate) fn elsewhere(&self) -> Refusal {
        match self.leader() {
            Some(leader) if leader.id != self.name => Refusal::NotLeader(leader),
            _ => Refusal::NoLeader,
        }
    }

    /// The committed membership as this member knows it, with the leader's view of who is alive.
    pub(crate) async fn roster(&self) -> Roster {
        let leader = self.leader();
        let statuses = self.statuses(leader.as_ref()).await;
        let applied = self.applied.borrow();
        Roster {
            members: roster::list(&applied.membership, &statuses, self.extensions),
            offered: self
                .extensions
                .then(|| Offered { leader: leader.map(|leader| leader.id), cluster_id: applied.cluster_id.clone() }),
        }
    }

    /// Who answers this member's heartbeats; of use only while it leads.
    pub(crate) fn statuses_as_leader(&self) -> BTreeMap<String, Status> {
        let metrics = self.raft.metrics();
        let metrics = metrics.borrow();
        let nodes = metrics.membership_config.nodes();
        nodes
            .map(|(raft_id, node)| {
                let status = if *raft_id == self.raft_id { Status::Healthy } else { self.peers.status(*raft_id) };
                (node.id.clone(), status)
            })
            .collect()
    }

    /// Only the leader knows; without one, a member knows only its own state.
    async fn statuses(&self, leader: Option<&LeaderHint>) -> BTreeMap<String, Status> {
        if self.is_leader() {
            return self.statuses_as_leader();
        }
        let mut statuses = match leader {
            Some(leader) => self.ask_statuses(&leader.id).await.unwrap_or_default(),
            None => BTreeMap::new(),
        };
        statuses.insert(self.name.clone(), Status::Healthy);
        statuses
    }

    async fn ask_statuses(&self, leader: &str) -> Option<BTreeMap<String, Status>> {
        let raft_addr = {
            let metrics = self.raft.metrics();
            let metrics = metrics.borrow();
            let mut nodes = metrics.membership_config.nodes();
            nodes.find(|(_, node)| node.id == leader)?.1.raft_addr.clone()
        };
        let url = format!("https://{raft_addr}/raft/statuses");
        let call = self.client.get(url).header(RECIPIENT, leader);
        let response = call.timeout(self.peers.heartbeat() * ASK_LEADER).send().await.ok()?;
        response.error_for_status().ok()?.json().await.ok()
    }
}
