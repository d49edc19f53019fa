//! A node that has left, or was removed, and whose service still has the data of that membership: it knows no leader and never
//! becomes healthy, so waiting for it is in vain. Must not be said of a node that is on its way in.

use std::time::Duration;

use tokio::time::sleep;

use crate::config::Limits;
use crate::plan::Blocker;
use crate::retry::{Rounds, Schedule};

use super::candidates::Candidates;
use super::ports::{Cluster, Health, Units};
use super::{Stop, Work};

const LONGEST_PAUSE: Duration = Duration::from_mins(1);

impl<U: Units, C: Cluster> Work<'_, U, C> {
    /// The own service, when it is healthy: one that has been removed never is.
    pub(super) async fn await_own(&self) -> Result<Health, Stop> {
        tokio::select! {
            biased;
            health = self.await_healthy() => health,
            blocker = self.until_seen_removed() => Err(blocker.into()),
        }
    }

    /// Returns when the lists show it; never, where they do not while the service is waited for.
    async fn until_seen_removed(&self) -> Blocker {
        let limit = self.context.config.policies.health.limit;
        // A service may take its time to start: half of what it has at the most.
        let limits = Limits { first_delay: limit / 2, max_delay: LONGEST_PAUSE, limit };
        let mut schedule = Schedule::polling(&limits);
        while let Some(delay) = schedule.next_delay(None) {
            sleep(delay).await;
            if let Some(blocker) = self.find_removed().await {
                return blocker;
            }
        }
        std::future::pending().await
    }

    /// The own service lists this node, the leader of the same cluster does not, and no other member that can be asked does. Where
    /// cluster or leader are not reported, nothing is known: an old list must not have a member reset.
    async fn find_removed(&self) -> Option<Blocker> {
        let (id, service) = (self.id(), self.service);
        let policies = &self.context.config.policies;
        let own = self.context.cluster.members(service, &service.url).await.ok()?;
        own.entry_of(id, service)?;
        let mut candidates = Candidates::of(self);
        let (_, mut round) = Rounds::begin(&policies.join, &policies.promotion);
        let (mut at, mut list) = candidates.list(&mut round).await.ok()?;
        list.leader.id()?;
        let leader = list.to_ask(service, &at);
        if leader != at {
            list = candidates.list_of(&leader, &mut round).await.ok()?;
            at = leader;
        }
        let is_same =
            own.cluster_id.as_ref().zip(list.cluster_id.as_ref()).is_some_and(|(own, its)| own.is_identity(its));
        if !is_same || list.has_id(id) {
            return None;
        }
        let others = candidates.others(&at, &mut round).await;
        (!others.iter().any(|(_, list)| list.has_id(id))).then(|| Blocker::removed(service, &at))
    }
}
