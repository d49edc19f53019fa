//! What a member list means for this node, where the list alone does not say it. Must not change anything.

use crate::config::Endpoint;
use crate::plan::Cause;
use crate::plan::member::MemberList;
use crate::plan::membership::{Candidate, Move, next_move};

use super::ports::{Members, Probe};

/// The next move. Where a member of this node's id is in the way, and would give way if it were dead, its cluster is asked, and
/// whether anybody answers there.
pub async fn judge<C: Members + Probe>(
    cluster: &C,
    list: &mut MemberList,
    candidate: Candidate<'_>,
    at: &Endpoint,
) -> Move {
    let found = next_move(list, candidate, at);
    let (config, service) = (candidate.config, candidate.service);
    let is_taken = matches!(&found, Move::Blocked(blocker) if blocker.cause == Cause::IdTaken);
    let of_its_id = list.members.iter().position(|member| member.id.as_str() == config.node.id.as_str());
    let Some(place) = of_its_id.filter(|_| is_taken && config.replace) else { return found };
    let other = &list.members[place];
    let Some(url) = other.api(service) else { return found };
    let is_lost = cluster.has_lost(service, at, list, &other.key).await;
    if !is_lost || cluster.answers(&url, service.api.health_path().as_str()).await {
        return found;
    }
    list.members[place].status = "unreachable".into();
    next_move(list, candidate, at)
}
