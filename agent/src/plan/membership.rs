//! What a member list means for this node: pure comparison of id and address.
//!
//! The list is the truth. An entry is ours only where id *and* address are ours; an id is
//! never added under another address, nor an address under another id.

use std::fmt;

use serde::{Deserialize, Deserializer};
use serde_json::Value;

use crate::config::{Config, Endpoint, HostPort, NodeId, RaftAddr, RaftService, RaftServiceConfig};

use super::Blocker;
use super::quorum::{QuorumRisk, risk_of_one_more, risk_without};

/// The answer of `GET /admin/cluster/members`. What the design does not demand (`leader`, `cluster_id`, `role`) is used
/// where the service offers it, and passed over where it has another shape.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct MemberList {
    /// Every member; empty on a service that is in no cluster yet.
    pub members: Vec<Member>,
    /// Who leads.
    #[serde(default, deserialize_with = "leader")]
    pub leader: Leader,
    /// The identity of the cluster itself.
    #[serde(default, deserialize_with = "optional_text")]
    pub cluster_id: Option<String>,
}

/// What a member list says of the leader.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Leader {
    /// Nothing: the service does not tell leaders.
    #[default]
    NotTold,
    /// That none is known: who gave the list is cut off, or an election is under way, so the list may be out of date.
    Unknown,
    /// Its id.
    Known(String),
}

impl Leader {
    /// The id, where it is known.
    #[must_use]
    pub fn id(&self) -> Option<&str> {
        match self {
            Self::Known(id) => Some(id),
            Self::NotTold | Self::Unknown => None,
        }
    }
}

/// One entry of a member list.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Member {
    /// The node's id.
    #[serde(deserialize_with = "plain_text")]
    pub id: String,
    /// Its Raft address, `HOST:PORT`.
    #[serde(deserialize_with = "plain_text")]
    pub raft_addr: String,
    /// For example `healthy`.
    #[serde(default, deserialize_with = "plain_text")]
    pub status: String,
    /// `voter` or `learner`, where the service tells.
    #[serde(default, deserialize_with = "optional_text")]
    pub role: Option<String>,
    /// The data directory behind the id, where the service tells: another one is another member of the same name.
    #[serde(default, deserialize_with = "optional_text")]
    pub incarnation: Option<String>,
}

/// This node as the cluster is to know it.
#[derive(Debug, Clone, Copy)]
pub struct Candidate<'a> {
    /// The whole configuration.
    pub config: &'a Config,
    /// Which service.
    pub service: RaftService,
    /// The incarnation of this node's own service, where it tells.
    pub incarnation: Option<&'a str>,
    /// The cluster that this node's own service is in, where it is in one and tells.
    pub cluster_id: Option<&'a str>,
}

/// Text that can be shown on a terminal: nothing in an id or an address is a control character. Left out, they could
/// make another's id ours, so something stands in for them that no id of ours holds.
fn shown(text: &str) -> String {
    text.replace(char::is_control, "\u{fffd}")
}

fn plain_text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    String::deserialize(deserializer).map(|text| shown(&text))
}

fn optional_text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    Value::deserialize(deserializer).map(|value| value.as_str().map(shown))
}

/// `"ID"`, `{"id": "ID"}` or null; any other shape tells nothing.
fn leader<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Leader, D::Error> {
    let value = Value::deserialize(deserializer)?;
    let id = value.as_str().or_else(|| value.get("id")?.as_str());
    Ok(match (id, value.is_null()) {
        (Some(id), _) => Leader::Known(shown(id)),
        (None, true) => Leader::Unknown,
        (None, false) => Leader::NotTold,
    })
}

impl Member {
    /// Whether it takes part in elections, as far as the service tells: by its role, else
    /// by a status that names no step on the way.
    #[must_use]
    pub fn is_full(&self) -> bool {
        match self.role.as_deref() {
            Some(role) => matches!(role, "voter" | "leader" | "follower"),
            None => !matches!(self.status.as_str(), "learner" | "joining" | "pending" | "promoting" | "starting"),
        }
    }

    /// Whether the service calls it healthy.
    #[must_use]
    pub fn is_healthy(&self) -> bool {
        self.status == "healthy"
    }

    /// Whether the service says for certain that it does not answer; `unknown`, as after an election, is no such word.
    #[must_use]
    pub fn is_dead(&self) -> bool {
        matches!(self.status.as_str(), "unreachable" | "dead" | "down" | "failed" | "offline")
    }

    /// Whether it is this node: by id and address, or by id alone where this node does not know its address (a bootstrap
    /// configuration without `raft_addr`).
    #[must_use]
    pub fn is(&self, id: &NodeId, service: &RaftServiceConfig) -> bool {
        self.id == id.as_str() && has_own_address(self, service)
    }

    /// Its API: the endpoint that the configuration knows for its address, else its Raft host with this service's port.
    #[must_use]
    pub fn api(&self, service: &RaftServiceConfig) -> Option<Endpoint> {
        let address: RaftAddr = self.raft_addr.parse().ok()?;
        if let Some(peer) = service.peers.iter().find(|peer| peer.raft == address) {
            return Some(peer.url.clone());
        }
        Endpoint::at(HostPort::new(address.host().clone(), service.url.port()).ok()?).ok()
    }

    /// The role, or what the status says of it.
    #[must_use]
    pub fn standing(&self) -> &str {
        self.role.as_deref().unwrap_or(&self.status)
    }
}

impl MemberList {
    /// Members that take part in elections.
    pub fn voters(&self) -> impl Iterator<Item = &Member> {
        self.members.iter().filter(|member| member.is_full())
    }

    /// How many voters a decision needs.
    #[must_use]
    pub fn quorum(&self) -> usize {
        super::quorum::majority(self.voters().count())
    }

    /// The ids alone, for a message.
    #[must_use]
    pub fn ids(&self) -> String {
        let ids: Vec<&str> = self.members.iter().map(|member| member.id.as_str()).collect();
        ids.join(", ")
    }

    /// Whom to ask for a change: the leader where the list names one, else who gave the list.
    #[must_use]
    pub fn to_ask(&self, service: &RaftServiceConfig, at: &Endpoint) -> Endpoint {
        let leader = self.members.iter().find(|member| self.leader.id() == Some(member.id.as_str()));
        leader.and_then(|leader| leader.api(service)).unwrap_or_else(|| at.clone())
    }

    /// The entry that is this node.
    #[must_use]
    pub fn entry_of<'a>(&'a self, id: &NodeId, service: &RaftServiceConfig) -> Option<&'a Member> {
        self.members.iter().find(|member| member.is(id, service))
    }
}

/// Ids with addresses.
impl fmt::Display for MemberList {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, member) in self.members.iter().enumerate() {
            let comma = if index == 0 { "" } else { ", " };
            write!(formatter, "{comma}{} at {}", member.id, member.raft_addr)?;
        }
        Ok(())
    }
}

/// The next move of a node that wants to be a member.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Move {
    /// The list has neither our id nor our address.
    Add,
    /// The list has neither, and one voter more would endanger the quorum: wait for the dead ones.
    AwaitQuorum(QuorumRisk),
    /// An old entry of our id stands in the way and has to be removed first: one of this node's own data of before, or a
    /// dead member elsewhere where the configuration says so.
    Replace(Member),
    /// Our entry is there, and not a full member yet.
    Await {
        /// What it is now, for example `learner`.
        standing: String,
    },
    /// Our entry is there as a full member.
    Confirmed,
    /// The list contradicts us.
    Blocked(Blocker),
}

/// What to do next, given the member list that `at` has answered.
#[must_use]
pub fn next_move(list: &MemberList, candidate: Candidate<'_>, at: &Endpoint) -> Move {
    let (config, service) = (candidate.config, candidate.config.raft(candidate.service));
    let id = &config.node.id;
    if is_another(candidate.cluster_id, list.cluster_id.as_deref()) {
        return Move::Blocked(Blocker::in_another_cluster(service, at));
    }
    if let Some(member) = list.entry_of(id, service) {
        // Our own entry, of data that this node no longer has. A voter that comes back with an empty log may vote twice, so
        // the old entry goes before the node is added anew; that nobody else is at its address is for the run to see.
        return if is_another(candidate.incarnation, member.incarnation.as_deref()) {
            match risk_without(list, id) {
                Some(reason) => Move::AwaitQuorum(QuorumRisk {
                    reason: format!("this node's old entry has to go first, and {reason}"),
                    remedy: "bring the other voters back".to_owned(),
                }),
                None => Move::Replace(member.clone()),
            }
        } else if member.is_full() {
            Move::Confirmed
        } else {
            Move::Await { standing: member.standing().to_owned() }
        };
    }
    for member in &list.members {
        if member.id == id.as_str() {
            // Where somebody lives under our id, nobody but an operator knows which of the two is meant.
            return if config.replace && member.is_dead() {
                Move::Replace(member.clone())
            } else {
                Move::Blocked(Blocker::id_taken(config, service, member, &list.to_ask(service, at)))
            };
        }
        if is_own_address(member, service) {
            return Move::Blocked(Blocker::address_taken(config, service, member, &list.to_ask(service, at)));
        }
    }
    match risk_of_one_more(list, config, service, at) {
        Some(risk) => Move::AwaitQuorum(risk),
        None => Move::Add,
    }
}

/// Whether the own list of a bootstrapping node shows its cluster formed: this node and a
/// majority of the initial members are full members, under a leader where leaders are told.
///
/// # Errors
/// What is still missing, for the waiting operator.
pub fn formed(list: &MemberList, id: &NodeId, service: &RaftServiceConfig) -> Result<(), String> {
    let Some(own) = list.entry_of(id, service) else {
        return Err(if list.members.is_empty() {
            "the member list is empty".to_owned()
        } else {
            format!("the member list ({}) does not hold this node", list.ids())
        });
    };
    if list.leader == Leader::Unknown {
        return Err("no leader is elected".to_owned());
    }
    if !own.is_full() {
        return Err(format!("this node is {} in the member list", own.standing()));
    }
    let initial = service.peers.len() + 1;
    let voters = list.voters().count();
    if voters < initial / 2 + 1 {
        return Err(format!("{voters} of {initial} initial peers are in the member list"));
    }
    Ok(())
}

/// Whether a peer that answered `list` is in a cluster that this bootstrapping node must
/// not compete with: one that does not hold this node, or that is another than this node's
/// own where both services tell their `cluster_id`.
#[must_use]
pub fn is_foreign_cluster(
    list: &MemberList,
    own_cluster: Option<&str>,
    id: &NodeId,
    service: &RaftServiceConfig,
) -> bool {
    is_another(own_cluster, list.cluster_id.as_deref())
        || (!list.members.is_empty() && list.entry_of(id, service).is_none())
}

/// Whether two identities differ; where one is not told, nothing is known.
#[must_use]
pub fn is_another(own: Option<&str>, theirs: Option<&str>) -> bool {
    matches!((own, theirs), (Some(own), Some(theirs)) if own != theirs)
}

fn has_own_address(member: &Member, service: &RaftServiceConfig) -> bool {
    service.raft_addr.is_none() || is_own_address(member, service)
}

fn is_own_address(member: &Member, service: &RaftServiceConfig) -> bool {
    member.raft_addr.parse::<RaftAddr>().is_ok_and(|address| service.is_own(&address))
}
