//! What a member list means for this node: pure comparison of id and address.
//!
//! The list is the truth. An id is never added under another address, nor an address under another id.

use std::net::IpAddr;

use crate::config::{Config, Endpoint, MemberService, NodeId};

use super::Blocker;
use super::member::{Leader, Member, MemberList, Whose, Word};
use super::quorum::{QuorumRisk, risk_of_one_more, risk_without};

/// This node as the cluster is to know it.
#[derive(Debug, Clone, Copy)]
pub struct Candidate<'a> {
    /// The whole configuration.
    pub config: &'a Config,
    /// Which service.
    pub service: &'a MemberService,
    /// The incarnation of this node's own service, where it reports one.
    pub incarnation: Option<&'a Word>,
    /// The cluster that this node's own service is in, where it is in one and reports it.
    pub cluster_id: Option<&'a Word>,
    /// The addresses of this machine's network interfaces, of which the configuration names one.
    pub addresses: &'a [IpAddr],
}

/// The next move of a node that wants to be a member.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Move {
    /// The list has neither our id nor our address.
    Add,
    /// The list has neither, and one voter more would endanger the quorum: wait for the dead ones.
    AwaitQuorum(QuorumRisk),
    /// An old entry of our id blocks the way and has to be removed first: one of this node's own data of before, or a
    /// dead member elsewhere where the configuration says so.
    Replace(Member),
    /// Our entry is there, and not a full member yet.
    Await(Member),
    /// Our entry is there as a full member.
    Confirmed,
    /// The list contradicts us.
    Blocked(Blocker),
}

/// What to do next, given the member list that `at` has answered.
#[must_use]
pub fn next_move(list: &MemberList, candidate: Candidate<'_>, at: &Endpoint) -> Move {
    let (config, service) = (candidate.config, candidate.service);
    let id = &config.node.id;
    if is_another(candidate.cluster_id, list.cluster_id.as_ref()) {
        return Move::Blocked(Blocker::in_another_cluster(service, at));
    }
    if let Some(member) = list.entry_of(id, service) {
        // Our own entry, of data that this node no longer has. A voter that comes back with an empty log may vote twice, so
        // the old entry goes before the node is added again; the run checks that no other node is at its address.
        return if is_other_data(candidate.incarnation, member.incarnation.as_ref()) {
            match risk_without(list, id) {
                Some(reason) => Move::AwaitQuorum(QuorumRisk {
                    reason: format!("this node's old entry must be removed first, and {reason}"),
                    remedy: "bring the other voters back".to_owned(),
                }),
                None => Move::Replace(member.clone()),
            }
        } else if member.is_full() {
            Move::Confirmed
        } else {
            Move::Await(member.clone())
        };
    }
    match rival(list, candidate) {
        Some((Whose::OwnIdElsewhere, member)) if config.replace && member.is_dead() => {
            return Move::Replace(member.clone());
        }
        Some(rival) => return Move::Blocked(blocker_of(rival, list, candidate, at)),
        None => {}
    }
    match risk_of_one_more(list, config, service, at) {
        Some(risk) => Move::AwaitQuorum(risk),
        None => Move::Add,
    }
}

/// An entry that cannot be distinguished from this node's, or that has what is this node's.
type Rival<'a> = (Whose, &'a Member);

/// Of several the one that forbids more, whatever the list's order.
fn rival<'a>(list: &'a MemberList, candidate: Candidate<'_>) -> Option<Rival<'a>> {
    let (id, service) = (&candidate.config.node.id, candidate.service);
    let whose = |member: &Member| match member.whose(id, service) {
        Whose::OwnIdElsewhere if is_here(member, candidate) => Whose::MayBeOwn,
        // One that has not started has no name; it was added for this machine under another address.
        Whose::Others if member.id.is_empty() && !member.key.is_empty() && is_here(member, candidate) => {
            Whose::MayBeOwn
        }
        // One data directory is one member, whatever it is called.
        Whose::Others if has_its_data(member, candidate) => Whose::MayBeOwn,
        whose => whose,
    };
    let first = |kind| list.members.iter().find(|member| whose(member) == kind).map(|member| (kind, member));
    // Where another node lives under our id, only an operator knows which of the two is meant.
    [Whose::MayBeOwn, Whose::OwnAddress, Whose::OwnIdElsewhere].into_iter().find_map(first)
}

/// Whether an entry is this node's by what the configuration does not say: another address of this machine, or the data that its
/// own service runs on.
fn is_here(member: &Member, candidate: Candidate<'_>) -> bool {
    has_its_data(member, candidate) || candidate.addresses.iter().any(|address| member.raft_addr.is_at(*address))
}

fn has_its_data(member: &Member, candidate: Candidate<'_>) -> bool {
    candidate.incarnation.zip(member.incarnation.as_ref()).is_some_and(|(own, its)| own.is_identity(its))
}

fn blocker_of((whose, member): Rival<'_>, list: &MemberList, candidate: Candidate<'_>, at: &Endpoint) -> Blocker {
    let (config, service) = (candidate.config, candidate.service);
    match whose {
        Whose::MayBeOwn | Whose::Own => Blocker::may_be_own(service, member, at),
        Whose::OwnAddress => Blocker::address_taken(config, service, member, &list.to_ask(service, at)),
        Whose::OwnIdElsewhere | Whose::Others => Blocker::id_taken(config, service, member, &list.to_ask(service, at)),
    }
}

/// Why it cannot be said that a list without this node's own entry is one of a cluster without this node: an entry may be its
/// own, or has its id or its address.
#[must_use]
pub fn refuse_rival(list: &MemberList, candidate: Candidate<'_>, at: &Endpoint) -> Option<Blocker> {
    rival(list, candidate).map(|rival| blocker_of(rival, list, candidate, at))
}

/// Whether the own list of a bootstrapping node shows its cluster formed: this node and a
/// majority of the initial members are full members, under a leader where leaders are reported.
///
/// # Errors
/// What is still missing, for the waiting operator.
pub fn formed(list: &MemberList, id: &NodeId, service: &MemberService) -> Result<(), String> {
    let Some(own) = list.entry_of(id, service) else {
        return Err(if list.members.is_empty() {
            "the member list is empty".to_owned()
        } else {
            format!("the member list ({}) does not have this node", list.ids())
        });
    };
    if list.leader == Leader::Unknown {
        return Err("there is no leader".to_owned());
    }
    if !own.is_full() {
        return Err(format!("this node is {} in the member list", own.standing()));
    }
    let initial = service.peers.len() + 1;
    let voters = list.voters().filter(|voter| !voter.is_dead()).count();
    if voters < initial / 2 + 1 {
        return Err(format!("{voters} of {initial} initial peers are in the member list"));
    }
    Ok(())
}

/// Why this node must not bootstrap beside a peer that has answered `list`: the peer is in a cluster without this node, in one
/// with this node's old data, or in another than this node's own service, where both say which. A peer in no cluster is no
/// reason.
#[must_use]
pub fn refuse_second_cluster(list: &MemberList, candidate: Candidate<'_>, at: &Endpoint) -> Option<Blocker> {
    let (id, service) = (&candidate.config.node.id, candidate.service);
    let (own, theirs) = (candidate.cluster_id, list.cluster_id.as_ref());
    match list.entry_of(id, service) {
        Some(member) if is_other_data(candidate.incarnation, member.incarnation.as_ref()) => {
            Some(Blocker::wiped(service, member, at))
        }
        Some(_) => is_another(own, theirs).then(|| Blocker::two_clusters(service, own, theirs, at)),
        None if list.members.is_empty() => None,
        None => refuse_rival(list, candidate, at).or_else(|| Some(Blocker::second_cluster(service, at, &list.ids()))),
    }
}

/// Whether an entry is certainly of other data than this node's own service has; where one is not given, nothing is known.
#[must_use]
pub fn is_other_data(own: Option<&Word>, listed: Option<&Word>) -> bool {
    own.zip(listed).is_some_and(|(own, listed)| own.is_other_data(listed))
}

/// Whether two identities differ; where one is not given, nothing is known.
#[must_use]
pub fn is_another(own: Option<&Word>, theirs: Option<&Word>) -> bool {
    matches!((own, theirs), (Some(own), Some(theirs)) if !own.is_identity(theirs))
}

/// The cluster that a run has met first: what comes later must be of the same one.
#[derive(Debug, Clone)]
pub struct FirstMet {
    at: Endpoint,
    list: MemberList,
    /// Its identity, and which endpoint was the first to report it.
    cluster_id: Option<(Word, Endpoint)>,
}

impl FirstMet {
    /// Takes this list's cluster for the one.
    #[must_use]
    pub fn new(at: &Endpoint, list: &MemberList) -> Self {
        let mut met = Self { at: at.clone(), list: list.clone(), cluster_id: None };
        met.learn(at, list);
        met
    }

    /// Takes in what a list of the same cluster says: the first to answer may not have reported its identity.
    pub fn learn(&mut self, at: &Endpoint, list: &MemberList) {
        if let (None, Some(id)) = (&self.cluster_id, &list.cluster_id) {
            self.cluster_id = Some((id.clone(), at.clone()));
        }
    }

    /// Why a later list is of another cluster, or cannot be shown to be of this one. What the configuration names is
    /// believed where it does not report its `cluster_id`; what only a hint has named has to share a member, which this node
    /// itself is not: any cluster may have added it.
    ///
    /// # Errors
    /// The reason, naming both.
    pub fn must_be_that_of(
        &self,
        list: &MemberList,
        is_configured: bool,
        id: &NodeId,
        service: &MemberService,
    ) -> Result<(), String> {
        let met = &self.list;
        let shares_a_member = || {
            let others = list.members.iter().filter(|member| member.whose(id, service) == Whose::Others);
            let is_known = |member: &Member, known: &Member| {
                known.id == member.id && known.raft_addr.may_be(&member.raft_addr, service.raft_port)
            };
            others.into_iter().any(|member| met.members.iter().any(|known| is_known(member, known)))
        };
        let reason = match (&self.cluster_id, &list.cluster_id) {
            (Some((first, _)), Some(other)) if first.is_identity(other) => return Ok(()),
            (Some((first, reported_by)), Some(other)) => {
                format!("it is in cluster {other}, and {reported_by} is in {first}")
            }
            // Once an identity is known, a list without one may be of any cluster.
            (None, _) if is_configured => return Ok(()),
            _ if shares_a_member() => return Ok(()),
            _ => format!("its members ({}) are none of those that {} has ({})", list.ids(), self.at, met.ids()),
        };
        Err(reason)
    }
}
