//! What cannot be done until somebody changes something: the reason and the remedy.

use std::fmt;
use std::path::Path;

use crate::config::{Config, Endpoint, RaftServiceConfig};
use crate::events::Event;
use crate::markers::Mismatch;

use super::membership::Member;

/// The kind of a blocker; each has its event, those of trust share one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cause {
    /// Another member has this node's id.
    IdTaken,
    /// Another member has this node's Raft address.
    AddressTaken,
    /// This node's service is in another cluster than the one asked.
    AnotherCluster,
    /// Told to bootstrap, but a member before, with other data.
    Wiped,
    /// The quorum would be lost.
    Quorum,
    /// Bootstrapping would make a second cluster.
    SecondCluster,
    /// A marker belongs to another node, cluster or machine.
    ForeignMarker,
    /// A certificate or a TLS file does not fit.
    Trust,
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
    /// The service refused the request for good.
    Refused,
    /// The machine lacks what the configuration expects.
    Hardware,
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
    /// The event that tells of it.
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
            | Cause::PeerExpired
            | Cause::PeerName
            | Cause::NoCertificate
            | Cause::OwnCertificate
            | Cause::OldTls => Event::BlockedTrust { reason, remedy },
            Cause::Secret => Event::BlockedSecret { reason, remedy },
            Cause::Refused => Event::BlockedRefused { reason, remedy },
            Cause::Hardware => Event::BlockedHardware { reason, remedy },
        }
    }

    /// A marker that is not this node's.
    #[must_use]
    pub fn foreign_marker(path: &Path, mismatch: &Mismatch) -> Self {
        Self {
            cause: Cause::ForeignMarker,
            reason: format!("marker {} is not this node's: {mismatch}", path.display()),
            remedy: format!("remove it: rm {}", path.display()),
        }
    }

    /// The member list has this node's id under another address.
    #[must_use]
    pub fn id_taken(config: &Config, service: &RaftServiceConfig, member: &Member, at: &Endpoint) -> Self {
        Self {
            cause: Cause::IdTaken,
            reason: format!(
                "{} has a member {} at {}, not at this node's address",
                service.service, member.id, member.raft_addr
            ),
            remedy: format!(
                "if that machine is gone for good, remove its entry: {}{}; else set another node_id",
                removal(config, service, member, at),
                if config.replace {
                    " (it is replaced only while the cluster cannot reach it: start this unit again then)"
                } else {
                    ""
                }
            ),
        }
    }

    /// The member list has this node's address under another id.
    #[must_use]
    pub fn address_taken(config: &Config, service: &RaftServiceConfig, member: &Member, at: &Endpoint) -> Self {
        Self {
            cause: Cause::AddressTaken,
            reason: format!("{} has this node's address {} as member {}", service.service, member.raft_addr, member.id),
            remedy: format!(
                "if that entry is a leftover, remove it: {}; else correct raft_addr or node_id",
                removal(config, service, member, at)
            ),
        }
    }

    /// A peer's cluster has this node, which is told to bootstrap, with data that it no longer has.
    #[must_use]
    pub fn wiped(config: &Config, service: &RaftServiceConfig, member: &Member, at: &Endpoint) -> Self {
        Self {
            cause: Cause::Wiped,
            reason: format!(
                "told to bootstrap {}, but {at} is in a cluster that has this node as {} at {}, with other data than \
                 this node has now",
                service.service, member.id, member.raft_addr
            ),
            remedy: format!(
                "to join that cluster again set bootstrap to false and leader_url to {at}, and clear the data of {}; \
                 the old entry is then removed and this node added anew, or by hand: {}",
                service.unit,
                removal(config, service, member, at)
            ),
        }
    }

    /// This node's service is in another cluster than the one it is to join or leave.
    #[must_use]
    pub fn in_another_cluster(service: &RaftServiceConfig, at: &Endpoint) -> Self {
        Self {
            cause: Cause::AnotherCluster,
            reason: format!("{} of this node belongs to another cluster than the one that {at} is in", service.service),
            remedy: format!(
                "correct leader_url; or, to give the other cluster up, leave it first, with leader_url still there: \
                 first-boot-agent reset {}",
                service.service
            ),
        }
    }

    /// Leaving would cost the cluster its quorum.
    #[must_use]
    pub fn quorum(reason: String) -> Self {
        Self {
            cause: Cause::Quorum,
            reason,
            remedy: "bring the other voters back first, or say that you mean it with --accept-quorum-loss".to_owned(),
        }
    }

    /// A peer's cluster does not hold this node, which is told to bootstrap.
    #[must_use]
    pub fn second_cluster(service: &RaftServiceConfig, at: &Endpoint, members: &str) -> Self {
        Self {
            cause: Cause::SecondCluster,
            reason: format!(
                "told to bootstrap {}, but {at} is in a cluster without this node (members {members})",
                service.service
            ),
            remedy: format!(
                "to join that cluster set bootstrap to false and leader_url to {at}, and clear \
                 the data of {}",
                service.unit
            ),
        }
    }
}

/// The command that removes an entry, with the files of this node.
pub(super) fn removal(config: &Config, service: &RaftServiceConfig, member: &Member, at: &Endpoint) -> String {
    if matches!(member.id.as_str(), "" | "." | "..") {
        // A URL would leave it out or go up, and the command would delete something else.
        return format!("with the tools of {} on {at}, since no URL can name the id {:?}", service.service, member.id);
    }
    let tls = &config.tls;
    let identity = if tls.identity_required {
        format!(" --cert {} --key {}", tls.certificate.display(), tls.key.display())
    } else {
        String::new()
    };
    // The id is the cluster's word: it must not become a command of the shell that this is pasted into.
    let url = at.join(&service.paths.member.of(&member.id)).to_string().replace('\'', "%27");
    format!("curl --fail-with-body --cacert {}{identity} -X DELETE '{url}'", tls.ca.display())
}
