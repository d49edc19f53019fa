//! Whether a member is well: the answer to `GET /health`, and a line for `systemctl status`.
//!
//! A node that waits to be added is well. A member is well while it knows a leader that it hears.

use std::time::Duration;

use openraft::ServerState;
use serde::Serialize;

use super::member::Member;
use super::types::Service;

/// The body of `GET /health`.
#[derive(Debug, Serialize)]
pub(crate) struct Health {
    pub(crate) status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) reason: Option<&'static str>,
    #[serde(flatten)]
    offered: Option<Offered>,
}

/// What the body holds beyond what the admin API demands.
#[derive(Debug, Serialize)]
struct Offered {
    state: &'static str,
    leader: Option<String>,
    node_id: String,
    incarnation: Option<String>,
    service: Service,
    cluster_name: String,
    cluster_id: Option<String>,
}

impl Member {
    /// The verdict, with what it rests on.
    pub(crate) fn health(&self) -> Health {
        let leader = self.leader().map(|leader| leader.id);
        let state = self.state();
        let reason = if self.has_stopped() {
            Some("raft has stopped")
        } else if state == "waiting" {
            None
        } else if leader.is_none() {
            Some("no leader is known")
        } else if self.has_lost_its_quorum() {
            Some("this leader no longer hears a quorum")
        } else if self.cluster_id().is_none() {
            Some("the cluster has no identity yet")
        } else {
            None
        };
        Health {
            status: if reason.is_none() { "healthy" } else { "unhealthy" },
            reason,
            offered: self.extensions.then(|| Offered {
                state,
                leader,
                node_id: self.name.clone(),
                incarnation: self.incarnation.clone(),
                service: self.service,
                cluster_name: self.cluster_name.clone(),
                cluster_id: self.cluster_id(),
            }),
        }
    }

    /// One line for `systemctl status`.
    pub(crate) fn summary(&self) -> String {
        let leader = self.leader().map(|leader| leader.id);
        let members = self.applied.borrow().membership.nodes().count();
        match (self.state(), leader) {
            ("waiting", _) => "waiting to be added to a cluster".to_owned(),
            (state, Some(leader)) => format!("{state}, {members} members, led by {leader}"),
            (state, None) => format!("{state}, {members} members, no leader is known"),
        }
    }

    fn state(&self) -> &'static str {
        if self.is_pristine() {
            return "waiting";
        }
        match self.raft.metrics().borrow().state {
            ServerState::Leader => "leader",
            ServerState::Candidate => "candidate",
            ServerState::Follower => "follower",
            ServerState::Learner => "learner",
            ServerState::Shutdown => "stopped",
        }
    }

    /// The Raft library gives up for good when its store fails.
    fn has_stopped(&self) -> bool {
        self.raft.metrics().borrow().running_state.is_err()
    }

    /// A leader that is cut off goes on believing that it leads.
    fn has_lost_its_quorum(&self) -> bool {
        let metrics = self.raft.metrics();
        let metrics = metrics.borrow();
        let silence = metrics.millis_since_quorum_ack.map(Duration::from_millis);
        metrics.state == ServerState::Leader && silence.is_some_and(|silence| silence > self.peers().leader_silence())
    }
}
