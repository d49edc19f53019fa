//! The member list as the admin API shows it: committed membership only, sorted by id.

use std::collections::BTreeMap;

use serde::Serialize;

use super::peers::Status;
use super::types::Membership;

/// Whether a member takes part in decisions.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Role {
    /// It does.
    Voter,
    /// It only receives the log.
    Learner,
}

/// One line of the list.
#[derive(Debug, Serialize)]
pub(crate) struct ListedMember {
    pub(crate) id: String,
    pub(crate) raft_addr: String,
    pub(crate) status: Status,
    #[serde(flatten)]
    pub(crate) offered: Option<OfferedOfMember>,
}

/// What a line holds beyond what the admin API demands.
#[derive(Debug, Serialize)]
pub(crate) struct OfferedOfMember {
    pub(crate) role: Role,
    pub(crate) incarnation: Option<String>,
}

/// The whole answer.
#[derive(Debug, Serialize)]
pub(crate) struct Roster {
    pub(crate) members: Vec<ListedMember>,
    #[serde(flatten)]
    pub(crate) offered: Option<Offered>,
}

/// What the answer holds beyond what the admin API demands. `null` says that it is not known.
#[derive(Debug, Serialize)]
pub(crate) struct Offered {
    pub(crate) leader: Option<String>,
    pub(crate) cluster_id: Option<String>,
}

/// Lists a membership; a member without a status is unknown.
pub(crate) fn list(
    membership: &Membership,
    statuses: &BTreeMap<String, Status>,
    extensions: bool,
) -> Vec<ListedMember> {
    let mut members: Vec<_> = membership
        .nodes()
        .map(|(raft_id, node)| ListedMember {
            id: node.id.clone(),
            raft_addr: node.raft_addr.clone(),
            status: statuses.get(&node.id).copied().unwrap_or(Status::Unknown),
            offered: extensions
                .then(|| OfferedOfMember { role: role(membership, *raft_id), incarnation: node.incarnation.clone() }),
        })
        .collect();
    members.sort_by(|left, right| left.id.cmp(&right.id));
    members
}

/// While a change of voters is half done, both the old and the new set decide; only who is in both
/// is a full member.
fn role(membership: &Membership, raft_id: u64) -> Role {
    let voter_sets = membership.membership().get_joint_config();
    if voter_sets.iter().all(|voters| voters.contains(&raft_id)) { Role::Voter } else { Role::Learner }
}
