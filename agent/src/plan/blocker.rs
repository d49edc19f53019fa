//! What cannot be done until something is changed: the reason and the remedy.

use std::fmt;
use std::path::Path;

use crate::config::{Config, Endpoint, Entry, MemberService, NodeId};
use crate::events::Event;
use crate::shell_word::quoted;

use super::health::way_back;
use super::member::{Member, Word};

/// The kind of a blocker; each has its event, those of trust share one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cause {
    /// Another member has this node's id.
    IdTaken,
    /// Another member has this node's Raft address.
    AddressTaken,
    /// This node's service is in another cluster than the one asked.
    AnotherCluster,
    /// Configured to bootstrap, but a member before, with other data.
    Wiped,
    /// The quorum would be lost.
    Quorum,
    /// Bootstrapping would make a second cluster.
    SecondCluster,
    /// A marker belongs to another node, cluster or machine.
    ForeignMarker,
    /// A peer's certificate is signed by a CA that is not known here.
    Trust,
    /// A TLS file of this node cannot be used.
    OwnFile,
    /// This node's certificate is past its dates, or its clock is ahead.
    OwnExpired,
    /// A peer's certificate cannot be accepted by any node.
    PeerCertificate,
    /// A peer's key or settings have nothing in common with this node's TLS.
    NoCommonTls,
    /// A peer's certificate is past its dates.
    PeerExpired,
    /// A peer's certificate is for other names.
    PeerName,
    /// A peer wants a certificate of this node, and there is none.
    NoCertificate,
    /// A peer does not accept this node's certificate.
    OwnCertificate,
    /// A peer speaks only versions of TLS that are no longer safe.
    OldTls,
    /// A secret file is readable by others.
    Secret,
    /// The service refused the request.
    Refused,
    /// A member list contradicts itself.
    Contradiction,
    /// What answers as this node's own service is another node's.
    NotThisNode,
    /// This node's service holds the data of a membership that has ended.
    Removed,
    /// The machine lacks what the configuration expects.
    Hardware,
}

impl Cause {
    /// Whether it may be fixed without this node being notified: at a peer, in a member list that may be old, by setting a
    /// clock that may be ahead. What is wrong in this node's own files waits for these files to change.
    #[must_use]
    pub fn is_fixed_elsewhere(self) -> bool {
        // A quorum is accepted by an operator who calls again.
        !matches!(self, Self::Quorum | Self::ForeignMarker | Self::OwnFile | Self::Secret | Self::Hardware)
    }
}

/// Why a step cannot go on, and what to do about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Blocker {
    /// Its kind.
    pub cause: Cause,
    /// What is wrong, naming the object.
    pub reason: String,
    /// What to do, as a command where there is one.
    pub remedy: String,
}

impl fmt::Display for Blocker {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "blocked: {}; {}", self.reason, self.remedy)
    }
}

impl Blocker {
    /// The event that reports it.
    #[must_use]
    pub fn event(&self) -> Event {
        let (reason, remedy) = (self.reason.clone(), self.remedy.clone());
        match self.cause {
            Cause::IdTaken => Event::BlockedIdTaken { reason, remedy },
            Cause::AddressTaken => Event::BlockedAddressTaken { reason, remedy },
            Cause::AnotherCluster => Event::BlockedAnotherCluster { reason, remedy },
            Cause::Wiped => Event::BlockedWiped { reason, remedy },
            Cause::Quorum => Event::BlockedQuorum { reason, remedy },
            Cause::SecondCluster => Event::BlockedSecondCluster { reason, remedy },
            Cause::ForeignMarker => Event::BlockedForeignMarker { reason, remedy },
            Cause::Trust
            | Cause::OwnFile
            | Cause::OwnExpired
            | Cause::PeerCertificate
            | Cause::NoCommonTls
            | Cause::PeerExpired
            | Cause::PeerName
            | Cause::NoCertificate
            | Cause::OwnCertificate
            | Cause::OldTls => Event::BlockedTrust { reason, remedy },
            Cause::Secret => Event::BlockedSecret { reason, remedy },
            Cause::Refused => Event::BlockedRefused { reason, remedy },
            Cause::Contradiction => Event::BlockedContradiction { reason, remedy },
            Cause::NotThisNode => Event::BlockedNotThisNode { reason, remedy },
            Cause::Removed => Event::BlockedRemoved { reason, remedy },
            Cause::Hardware => Event::BlockedHardware { reason, remedy },
        }
    }

    /// A marker that is not this node's.
    #[must_use]
    pub fn foreign_marker(path: &Path, mismatch: &str) -> Self {
        Self {
            cause: Cause::ForeignMarker,
            reason: format!("marker {} is not this node's: {mismatch}", path.display()),
            remedy: format!("remove it: rm {}", quoted(path)),
        }
    }

    /// A marker is of another cluster than the one that the members answer for. Only their word says so, and it may change.
    #[must_use]
    pub fn marked_in_another(
        service: &MemberService,
        path: &Path,
        marked: Option<&Word>,
        reported: Option<&Word>,
    ) -> Self {
        let shown = |id: Option<&Word>| id.map(Word::to_string).unwrap_or_default();
        Self {
            cause: Cause::AnotherCluster,
            reason: format!(
                "marker {} is of cluster {}, and the members of {} that answer are in {}",
                path.display(),
                shown(marked),
                service.name,
                shown(reported)
            ),
            remedy: format!(
                "correct leader_url and initial_peers; or, if the cluster of the marker is lost for good, begin again with \
                 first-boot-agent reset {} --accept-quorum-loss",
                service.name
            ),
        }
    }

    /// The member list has this node's id under an address that is certainly another's.
    #[must_use]
    pub fn id_taken(config: &Config, service: &MemberService, member: &Member, at: &Endpoint) -> Self {
        // To remove a living member costs the cluster a voter: only for one that the cluster cannot reach is there a command.
        let remedy = if member.is_healthy() {
            "the cluster can reach that member: set another node_id here".to_owned()
        } else if member.is_dead() {
            format!(
                "if that machine is lost for good, remove its entry: {}; else set another node_id here",
                removal(config, service, member, at),
            )
        } else {
            let only_then = " (replace acts only while the cluster says that it cannot reach that member)";
            format!(
                "set another node_id here; or, if that machine is lost for good, remove its entry with the tools of {}{}",
                service.name,
                if config.replace { only_then } else { "" }
            )
        };
        Self {
            cause: Cause::IdTaken,
            reason: format!("{} has a member {member}, not at this node's address", service.name),
            remedy,
        }
    }

    /// The member list has this node's id under an address that may be this node's own.
    #[must_use]
    pub fn may_be_own(service: &MemberService, member: &Member, at: &Endpoint) -> Self {
        let own: Vec<String> = service.own_addresses.iter().map(ToString::to_string).collect();
        Self {
            cause: Cause::IdTaken,
            reason: format!(
                "{} has a member {member}, according to {at}, and it is unknown whether that is this node ({})",
                service.name,
                own.join(", ")
            ),
            remedy: "if it is this node, set raft_addr (or node_fqdn) as the cluster has it, or have the service list \
                     HOST:PORT as raft_addr gives it; if it is another machine, set another node_id here"
                .to_owned(),
        }
    }

    /// The member list has this node's address under another id.
    #[must_use]
    pub fn address_taken(config: &Config, service: &MemberService, member: &Member, at: &Endpoint) -> Self {
        // What answers at this node's address is most likely this node's own service: only what the cluster cannot reach, and
        // what is not this node's id in another spelling, is a leftover.
        let label = member.id.as_str().split('.').next().unwrap_or_default();
        let is_leftover = member.is_dead() && !label.eq_ignore_ascii_case(config.node.id.as_str());
        Self {
            cause: Cause::AddressTaken,
            reason: format!(
                "{} has this node's address {} as member {}, not as {}",
                service.name, member.raft_addr, member.id, config.node.id
            ),
            remedy: if is_leftover {
                format!(
                    "if that entry is a leftover, remove it: {}; else correct raft_addr or node_id",
                    removal(config, service, member, at)
                )
            } else if service.api.is_added_first() {
                format!("if this machine is {}, set node_id to that; else correct raft_addr", member.name())
            } else if member.id.as_str().parse::<NodeId>().is_ok() {
                format!(
                    "correct raft_addr or node_id; if this machine was {0} before, set node_id to {0}, reset it with \
                     `first-boot-agent reset all`, and set node_id back",
                    member.id
                )
            } else {
                "correct raft_addr or node_id".to_owned()
            },
        }
    }

    /// What answers as this node's own service says that it is another node's.
    #[must_use]
    pub fn not_this_node(id: &NodeId, service: &MemberService, other: &Word) -> Self {
        Self {
            cause: Cause::NotThisNode,
            reason: format!("{} at {} says that it is {other}, and this node is {id}", service.name, service.url),
            remedy: format!(
                "set node_id, raft_addr or services.{0}.url to those of this node (the default of the URL follows from raft_addr); \
                 or start {1} as {id}",
                service.name, service.unit
            ),
        }
    }

    /// The cluster no longer has this node, and its own service still has the data of that membership, with which it never
    /// becomes healthy again.
    #[must_use]
    pub fn removed(service: &MemberService, at: &Endpoint) -> Self {
        Self {
            cause: Cause::Removed,
            reason: format!(
                "{at} does not list this node: it was removed, and {0} still has the data of that membership, with which {1} finds \
                 no leader",
                service.name, service.unit
            ),
            remedy: way_back(service),
        }
    }

    /// The cluster does not have this node, and the data directory is not empty: of an earlier membership, or another cluster.
    #[must_use]
    pub fn old_data(service: &MemberService, at: &Endpoint) -> Self {
        Self {
            cause: Cause::Removed,
            reason: format!(
                "{at} does not list this node, and {} has data of another membership, with which {} would be refused",
                service.data_dir.display(),
                service.unit
            ),
            remedy: way_back(service),
        }
    }

    /// A peer's cluster has this node, which is configured to bootstrap, with data that it no longer has.
    #[must_use]
    pub fn wiped(service: &MemberService, member: &Member, at: &Endpoint) -> Self {
        Self {
            cause: Cause::Wiped,
            reason: format!(
                "configured to bootstrap {}, but {at} is in a cluster that has this node as {member}, with other data than \
                 this node has now",
                service.name
            ),
            remedy: format!(
                "to join that cluster again set bootstrap to false and leader_url to {at}, and move the data of {} aside; \
                 the join then removes the old entry and adds this node again",
                service.unit
            ),
        }
    }

    /// This node's service is in another cluster than the one it is to join or leave.
    #[must_use]
    pub fn in_another_cluster(service: &MemberService, at: &Endpoint) -> Self {
        Self {
            cause: Cause::AnotherCluster,
            reason: format!("{} on this node belongs to another cluster than {at}", service.name),
            remedy: format!(
                "correct leader_url; or, to give up the other cluster, leave it first, while leader_url still names it: \
                 first-boot-agent reset {}",
                service.name
            ),
        }
    }

    /// This node is in another cluster than the one that it would leave.
    #[must_use]
    pub fn not_left(service: &MemberService, at: &Endpoint) -> Self {
        Self {
            remedy:
                "correct leader_url and initial_peers, so that they name this node's own cluster; if that is lost for \
                     good, `reset` with --accept-quorum-loss begins again without it, and `leave` has nothing to leave"
                    .to_owned(),
            ..Self::in_another_cluster(service, at)
        }
    }

    /// Leaving would cost the cluster its quorum.
    #[must_use]
    pub fn quorum(reason: String) -> Self {
        Self {
            cause: Cause::Quorum,
            reason,
            remedy: "bring the other voters back first, or accept the loss with --accept-quorum-loss".to_owned(),
        }
    }

    /// A peer's cluster holds this node, which is configured to bootstrap, and has another identity than this node's own
    /// service.
    #[must_use]
    pub fn two_clusters(service: &MemberService, own: Option<&Word>, theirs: Option<&Word>, at: &Endpoint) -> Self {
        let shown = |id: Option<&Word>| id.map_or_else(|| "unknown".to_owned(), Word::to_string);
        Self {
            cause: Cause::SecondCluster,
            reason: format!(
                "{} of this node is in cluster {}, and {at}, which has this node as a member, is in {}",
                service.name,
                shown(own),
                shown(theirs)
            ),
            remedy: format!(
                "find out which of the two has the data to keep, and reset the members of the other one; on this node: \
                 first-boot-agent reset {}",
                service.name
            ),
        }
    }

    /// A peer's cluster does not hold this node, which is configured to bootstrap.
    #[must_use]
    pub fn second_cluster(service: &MemberService, at: &Endpoint, members: &str) -> Self {
        Self {
            cause: Cause::SecondCluster,
            reason: format!(
                "configured to bootstrap {}, but {at} is in a cluster without this node (members {members})",
                service.name
            ),
            remedy: format!(
                "to join that cluster set bootstrap to false and leader_url to {at}, and move the data of {} aside",
                service.unit
            ),
        }
    }
}

/// The command that removes an entry, with the files of this node.
pub(super) fn removal(config: &Config, service: &MemberService, member: &Member, at: &Endpoint) -> String {
    let (id, key) = (member.id.as_str(), member.key.as_str());
    let shown = &member.key.to_string();
    let tls = config.tls.map(|path| quoted(path).into());
    service.api.removal_by_hand(&Entry { service: service.name, id, key, shown, at, tls: &tls })
}
