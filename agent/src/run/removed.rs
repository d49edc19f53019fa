//! A node that has left, or was removed, and whose service still has the data of that membership: it knows no leader and never
//! becomes healthy, so waiting for it is in vain. Must not be told of a node that is on its way in.

use std::time::Duration;

use tokio::time::sleep;

use crate::config::{Limits, MemberService};
use crate::events::Report;
use crate::plan::Blocker;
use crate::plan::member::MemberList;
use crate::retry::{Rounds, Schedule};

use super::ports::{Cluster, Health, Units};
use super::{Context, Stop, candidates::Candidates, service};

const LONGEST_PAUSE: Duration = Duration::from_mins(1);

/// The own service, when it is healthy: one that has been removed never is.
pub(super) async fn await_own<U: Units, C: Cluster>(
    context: &Context<'_, U, C>,
    raft: &MemberService,
    report: &dyn Report,
) -> Result<Health, Stop> {
    tokio::select! {
        biased;
        health = service::await_raft(context, raft, report) => health,
        blocker = until_seen(context, raft) => Err(Stop::Blocked(blocker)),
    }
}

/// Returns when the lists show it; never, where they do not while the service is waited for.
async fn until_seen<U, C: Cluster>(context: &Context<'_, U, C>, raft: &MemberService) -> Blocker {
    let limit = context.config.policies.health.limit;
    // A service may take its time to start: half of what it has at the most.
    let limits = Limits { first_delay: limit / 2, max_delay: LONGEST_PAUSE, limit };
    let mut schedule = Schedule::polling(&limits);
    while let Some(delay) = schedule.next_delay(None) {
        sleep(delay).await;
        if let Some(blocker) = look(context, raft).await {
            return blocker;
        }
    }
    std::future::pending().await
}

/// The own service lists this node, the leader of the same cluster does not, and nobody who can be asked does. Where cluster or
/// leader are not told, nothing is known: an old list must not have a member reset.
async fn look<U, C: Cluster>(context: &Context<'_, U, C>, raft: &MemberService) -> Option<Blocker> {
    let (id, cluster, policies) = (&context.config.node.id, &context.cluster, &context.config.policies);
    let own = cluster.members(raft, &raft.url).await.ok()?;
    own.entry_of(id, raft)?;
    let mut candidates = Candidates::of(id, raft, context.machine.addresses());
    let (_, mut round) = Rounds::begin(&policies.join, &policies.promotion);
    let (mut at, mut list) = candidates.list(cluster, &mut round).await.ok()?;
    list.leader.id()?;
    let leader = list.to_ask(raft, &at);
    if leader != at {
        list = candidates.list_of(&leader, cluster, &mut round).await.ok()?;
        at = leader;
    }
    let is_same = own.cluster_id.as_ref().zip(list.cluster_id.as_ref()).is_some_and(|(own, its)| own.is_identity(its));
    let has_it = |list: &MemberList| list.members.iter().any(|member| member.id.as_str() == id.as_str());
    if !is_same || has_it(&list) {
        return None;
    }
    let others = candidates.others(&at, cluster, &mut round).await;
    (!others.iter().any(|(_, list)| has_it(list))).then(|| Blocker::removed(raft, &at))
}
