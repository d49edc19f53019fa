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
    pub(crate) role: Role,
}

/// The whole answer.
#[derive(Debug, Serialize)]
pub(crate) struct Roster {
    pub(crate) members: Vec<ListedMember>,
    pub(crate) leader: Option<String>,
    pub(crate) cluster_id: Option<String>,
}

/// Lists a membership; whoever has no status is unknown.
pub(crate) fn list(membership: &Membership, statuses: &BTreeMap<String, Status>) -> Vec<ListedMember> {
    let mut members: Vec<_> = membership
        .nodes()
        .map(|(raft_id, node)| ListedMember {
            id: node.id.clone(),
            raft_addr: node.raft_addr.clone(),
            status: statuses.get(&node.id).copied().unwrap_or(Status::Unknown),
            role: role(membership, *raft_id),
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
