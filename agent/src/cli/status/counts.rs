//! What was found of the groups, in numbers. Judges nothing.

use crate::config::ServiceName;
use crate::plan::health::GroupFinding;

/// A group in numbers.
#[derive(Debug, Clone, Copy)]
pub(super) struct GroupCounts {
    pub(super) service: ServiceName,
    /// Its member list, where there is one.
    pub(super) list: Option<ListCounts>,
}

/// A member list in numbers.
#[derive(Debug, Clone, Copy)]
pub(super) struct ListCounts {
    pub(super) members: usize,
    pub(super) voters: usize,
    pub(super) healthy_voters: usize,
    pub(super) quorum: usize,
    pub(super) has_leader: bool,
    pub(super) holds_this_node: bool,
}

impl GroupCounts {
    pub(super) fn of(group: &GroupFinding<'_>) -> Self {
        let list = group.list.as_ref().ok().map(|list| ListCounts {
            members: list.members.len(),
            voters: list.voters().count(),
            healthy_voters: list.voters().filter(|voter| voter.is_healthy()).count(),
            quorum: list.quorum(),
            has_leader: list.leader.id().is_some(),
            holds_this_node: group.holds_this_node,
        });
        Self { service: group.service.name, list }
    }
}
