//! The members of a cluster, as its member list shows them: data, and what can be read off it.
//!
//! Everything here is the word of a service. Ids, identities and addresses are compared by what they mean and shown so that
//! they can do no harm; a list that contradicts itself is no list. Must not decide what follows (see `membership`).

use std::fmt;

use crate::config::{Endpoint, MemberService, NodeId, RaftAddr};

mod address;
mod contradiction;
mod word;

pub use address::{MemberAddress, is_elsewhere};
pub use word::Word;

/// A member list, as the asked service has it. Not every service reports its leader, its `cluster_id` or the roles.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MemberList {
    /// Every member; empty on a service that is in no cluster yet.
    pub members: Vec<Member>,
    /// Who leads.
    pub leader: Leader,
    /// The identity of the cluster itself.
    pub cluster_id: Option<Word>,
    /// Where it was answered, by the address of the connection.
    pub answered: Answered,
}

/// Where an answer came from.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Answered {
    /// From another machine.
    #[default]
    Elsewhere,
    /// From a loopback address: this machine, or another node of a lab on it.
    OnLoopback,
    /// From an address of one of this machine's network interfaces.
    Here,
}

/// What a member list says of the leader.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Leader {
    /// Nothing: the service does not report leaders.
    #[default]
    NotReported,
    /// That none is known: who gave the list is cut off, or an election is under way, so the list may be out of date.
    Unknown,
    /// Its id.
    Known(Word),
}

impl Leader {
    /// The id, where it is known.
    #[must_use]
    pub fn id(&self) -> Option<&Word> {
        match self {
            Self::Known(id) => Some(id),
            Self::NotReported | Self::Unknown => None,
        }
    }
}

/// One entry of a member list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Member {
    /// What the service calls it in requests: its id, where it has no other.
    pub key: Word,
    /// The node's id; empty where the service does not know it before the member has started.
    pub id: Word,
    /// Its Raft address, `HOST:PORT` in any spelling.
    pub raft_addr: MemberAddress,
    /// For example `healthy`; empty where the service does not report it.
    pub status: Word,
    /// `voter` or `learner`, where the service reports it.
    pub role: Option<Word>,
    /// The data directory behind the id, where the service reports it: another one is another member of the same name.
    pub incarnation: Option<Word>,
}

/// Whose an entry is, as far as this node's configuration shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Whose {
    /// This node's: id and address are its own.
    Own,
    /// It has this node's id, and an address that cannot be distinguished from this node's own: a name, an address of the
    /// local machine, or one that cannot be read.
    MayBeOwn,
    /// It has this node's id at an address that is certainly another's.
    OwnIdElsewhere,
    /// It has this node's address under another id.
    OwnAddress,
    /// Neither.
    Others,
}

/// Words of services for members that take part in elections.
const FULL: [&str; 4] = ["voter", "leader", "follower", "candidate"];
/// And for members that do not, or not yet.
const NOT_FULL: [&str; 9] =
    ["learner", "nonvoter", "non-voter", "observer", "staging", "standby", "joining", "pending", "promoting"];

impl Member {
    /// This node, as it is listed once it was added.
    #[must_use]
    pub fn of_this_node(id: &NodeId, raft_addr: &RaftAddr) -> Self {
        let raft_addr = MemberAddress::new(&format!("https://{raft_addr}"));
        Self { id: Word::new(id.as_str()), raft_addr, ..Self::default() }
    }

    /// Whether it takes part in elections, as far as the service reports it: by its role, else
    /// by a status that names no step on the way.
    #[must_use]
    pub fn is_full(&self) -> bool {
        match &self.role {
            Some(role) => role.is_one_of(&FULL),
            None => !self.status.is_one_of(&NOT_FULL) && !self.status.is_one_of(&["starting"]),
        }
    }

    /// Whether its role is a word that this agent does not know: it may be a voter, and is not taken for one.
    #[must_use]
    pub fn has_unknown_role(&self) -> bool {
        self.role.as_ref().is_some_and(|role| !role.is_one_of(&FULL) && !role.is_one_of(&NOT_FULL))
    }

    /// What it is called in messages.
    #[must_use]
    pub fn name(&self) -> &Word {
        if self.id.is_empty() { &self.key } else { &self.id }
    }

    /// Whether it is a voter, or may be one.
    #[must_use]
    pub fn may_vote(&self) -> bool {
        self.is_full() || self.has_unknown_role()
    }

    /// Whether the service calls it healthy.
    #[must_use]
    pub fn is_healthy(&self) -> bool {
        self.status.is_one_of(&["healthy"])
    }

    /// Whether the service says for certain that it does not answer; `unknown`, as after an election, is no such word.
    #[must_use]
    pub fn is_dead(&self) -> bool {
        self.status.is_one_of(&["unreachable", "dead", "down", "failed", "offline"])
    }

    /// Whether it is this node: by id and address, or by id alone where this node does not know its address (a bootstrap
    /// configuration without `raft_addr`).
    #[must_use]
    pub fn is(&self, id: &NodeId, service: &MemberService) -> bool {
        self.whose(id, service) == Whose::Own
    }

    /// Whose entry it is.
    #[must_use]
    pub fn whose(&self, id: &NodeId, service: &MemberService) -> Whose {
        let has_own_address = self.raft_addr.is_own(service);
        match (self.id.as_str() == id.as_str(), has_own_address) {
            (true, true) => Whose::Own,
            // By its address alone, before it has started.
            (false, true) if self.id.is_empty() && !self.key.is_empty() => Whose::Own,
            (true, false) if service.raft_addr().is_none() => Whose::Own,
            (true, false) if self.raft_addr.is_certainly_another(service) => Whose::OwnIdElsewhere,
            (true, false) => Whose::MayBeOwn,
            (false, true) => Whose::OwnAddress,
            (false, false) => Whose::Others,
        }
    }

    /// Its API: the endpoint that the configuration knows for it, else its Raft host with the port of the peers' APIs, which is
    /// a guess.
    #[must_use]
    pub fn api(&self, service: &MemberService) -> Option<Endpoint> {
        self.configured_api(service).cloned().or_else(|| self.raft_addr.at_port(service.api_port))
    }

    /// The endpoint that the configuration knows for it: of the peer with its address, or with a host of its name, where the
    /// list has addresses and the configuration names.
    #[must_use]
    pub fn configured_api<'a>(&self, service: &'a MemberService) -> Option<&'a Endpoint> {
        let peers = &service.peers;
        let by_name = || peers.iter().find(|peer| peer.raft.host().begins_with_label(self.id.as_str()));
        peers.iter().find(|peer| self.raft_addr.is(&peer.raft)).or_else(by_name).map(|peer| &peer.url)
    }

    /// The role, or what the status says of it, for people.
    #[must_use]
    pub fn standing(&self) -> String {
        match &self.role {
            Some(role) if role.is_empty() => "a member with an empty role".to_owned(),
            Some(role) if self.has_unknown_role() => format!("{role}, a role that this agent does not know"),
            Some(role) => role.to_string(),
            None if self.status.is_empty() => "a member without role and status".to_owned(),
            None => self.status.to_string(),
        }
    }
}

/// Id and address.
impl fmt::Display for Member {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} at {}", self.name(), self.raft_addr)
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
        summed_up(&self.members, |member| member.name().to_string())
    }

    /// Whom to ask for a change: the leader where the list names one, else who gave the list.
    #[must_use]
    pub fn to_ask(&self, service: &MemberService, at: &Endpoint) -> Endpoint {
        self.leader().and_then(|leader| leader.api(service)).unwrap_or_else(|| at.clone())
    }

    /// The entry of who leads, where the list has it.
    #[must_use]
    pub fn leader(&self) -> Option<&Member> {
        self.members.iter().find(|member| self.leader.id() == Some(&member.id))
    }

    /// Whether an entry has this id, at whatever address.
    #[must_use]
    pub fn has_id(&self, id: &NodeId) -> bool {
        self.members.iter().any(|member| member.id.as_str() == id.as_str())
    }

    /// The entry that is this node.
    #[must_use]
    pub fn entry_of<'a>(&'a self, id: &NodeId, service: &MemberService) -> Option<&'a Member> {
        self.members.iter().find(|member| member.is(id, service))
    }
}

/// How many of a kind are named in a message before the others are only counted.
pub const NAMED: usize = 8;

/// Ids with addresses.
impl fmt::Display for MemberList {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&summed_up(&self.members, ToString::to_string))
    }
}

/// A few are named; of many the dead ones, for those are what matters: `3000 members, 2 of them dead: node07, node09`.
fn summed_up(members: &[Member], name: impl Fn(&Member) -> String) -> String {
    if members.len() <= NAMED {
        return members.iter().map(name).collect::<Vec<_>>().join(", ");
    }
    let dead: Vec<&Member> = members.iter().filter(|member| member.is_dead()).collect();
    let mut named: Vec<String> = dead.iter().take(NAMED).map(|member| name(member)).collect();
    if dead.len() > NAMED {
        named.push("…".to_owned());
    }
    match named.len() {
        0 => format!("{} members", members.len()),
        _ => format!("{} members, {} of them dead: {}", members.len(), dead.len(), named.join(", ")),
    }
}

#[cfg(test)]
mod tests;
