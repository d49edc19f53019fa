//! Bootstrap: the local service forms its cluster with its peers, and the marker says so once its own list does and no
//! peer contradicts it. Must not add anybody.

use std::time::Duration;

use futures_util::future::join_all;
use tokio::time::{Instant, sleep};

use crate::config::{Config, RaftServiceConfig};
use crate::events::{Event, Report};
use crate::markers::{Achievement, Lock};
use crate::plan::Blocker;
use crate::plan::membership::{MemberList, formed, is_another, is_foreign_cluster};
use crate::retry::Schedule;

use super::ports::{Cluster, Health, Units};
use super::service::{self, milliseconds};
use super::{Context, Stop};

/// Confirms that the local service has formed its cluster with this node, and that no other
/// cluster of the same peers exists.
pub(super) async fn bootstrap<U: Units, C: Cluster>(
    context: &Context<'_, U, C>,
    service: &RaftServiceConfig,
    lock: &Lock,
    report: &dyn Report,
) -> Result<(), Stop> {
    let began = Instant::now();
    let health = service::await_raft(context, service, report).await?;
    let list = await_formed(context, service, &health).await?;
    refuse_second_cluster(context, service, &health, list.cluster_id.as_deref()).await?;
    context.mark(lock, Achievement::Initialized, list.cluster_id.as_deref(), report)?;
    report
        .report(Event::Bootstrapped { members: list.members.len() as u64, duration_ms: milliseconds(began.elapsed()) });
    Ok(())
}

async fn await_formed<U, C: Cluster>(
    context: &Context<'_, U, C>,
    service: &RaftServiceConfig,
    health: &Health,
) -> Result<MemberList, Stop> {
    let policy = &context.config.policies.promotion;
    let mut schedule = Schedule::polling(policy);
    let mut pause = Duration::ZERO;
    loop {
        let missing = match context.cluster.members(service, &service.url).await {
            Ok(list) => match formed(&list, &context.config.node.id, service) {
                Ok(()) => return Ok(list),
                Err(missing) => missing,
            },
            Err(fault) => {
                fault.blocker().map_or_else(|| Ok(fault.to_string()), |blocker| Err(Stop::Blocked(blocker)))?
            }
        };
        // Peers come up while this node waits: they are asked again whenever the pause has grown to its longest.
        if schedule.attempt() == 1 || pause >= policy.max_delay {
            refuse_second_cluster(context, service, health, None).await?;
        }
        context.progress.status(&format!("waiting for {} to form its cluster: {missing}", service.service));
        let Some(delay) = schedule.next_delay(None) else {
            return Err(Stop::Failed(Event::ClusterNotFormed {
                limit_s: policy.limit.as_secs(),
                error: missing,
                remedy: service::look_further(&service.unit),
            }));
        };
        sleep(delay).await;
        pause = delay;
    }
}

async fn refuse_second_cluster<U, C: Cluster>(
    context: &Context<'_, U, C>,
    service: &RaftServiceConfig,
    health: &Health,
    own_cluster: Option<&str>,
) -> Result<(), Stop> {
    let found = find_second_cluster(&context.cluster, context.config, service, health, own_cluster).await;
    found.map_or(Ok(()), |blocker| Err(Stop::Blocked(blocker)))
}

/// What keeps this node from bootstrapping, as far as its peers tell: one that is in a cluster without this node, or with
/// this node's old data. Every peer is asked at once; one that does not answer means nothing: it is never taken for "I am
/// the first".
pub async fn find_second_cluster(
    cluster: &impl Cluster,
    config: &Config,
    service: &RaftServiceConfig,
    health: &Health,
    own_cluster: Option<&str>,
) -> Option<Blocker> {
    let id = &config.node.id;
    let answers = service.peers.iter().map(async |peer| {
        let list = cluster.members(service, &peer.url).await.ok()?;
        if let Some(member) = list.entry_of(id, service)
            && is_another(health.incarnation_of(id), member.incarnation.as_deref())
        {
            return Some(Blocker::wiped(config, service, member, &peer.url));
        }
        is_foreign_cluster(&list, own_cluster, id, service)
            .then(|| Blocker::second_cluster(service, &peer.url, &list.ids()))
    });
    join_all(answers).await.into_iter().flatten().next()
}
