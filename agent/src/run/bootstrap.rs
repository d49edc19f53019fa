//! Bootstrap: the local service forms its cluster with its peers, and the marker says so once its own list does and no
//! peer contradicts it. Must not add members.

use std::net::IpAddr;
use std::time::Duration;

use futures_util::stream::{self, StreamExt};
use tokio::time::{Instant, sleep};

use crate::config::{Config, MemberService};
use crate::events::Event;
use crate::markers::{Achievement, Lock};
use crate::plan::member::{MemberList, Word};
use crate::plan::membership::{Candidate, formed, refuse_second_cluster};
use crate::plan::{Blocker, Cause};
use crate::retry::Schedule;

use super::peers::Awaited;
use super::ports::{Class, Cluster, Fault, Health, Units};
use super::service::milliseconds;
use super::{AT_ONCE, Context, Setback, Stop, Work};

impl<U: Units, C: Cluster> Work<'_, U, C> {
    /// Confirms that the local service has formed its cluster with this node, and that no other
    /// cluster of the same peers exists.
    pub(super) async fn bootstrap(&self, lock: &Lock) -> Result<(), Stop> {
        let began = Instant::now();
        let awaited = Awaited::of(self);
        let mut forming = Forming { work: self, awaited: &awaited, schedule: None };
        let list = loop {
            let health = forming.await_own().await?;
            let lost = tokio::select! {
                biased;
                lost = self.until_lost() => lost,
                list = forming.until_formed(&health) => match forming.still_formed(list?).await? {
                    Ok(list) => break list,
                    Err(fault) => fault,
                },
                never = awaited.watch(|| ()) => match never {},
            };
            forming.pause(&lost.to_string()).await?;
        };
        self.settle(&list)?;
        self.context.mark(lock, Achievement::Initialized, list.cluster_id.as_ref(), self.report)?;
        let (members, duration_ms) = (list.members.len() as u64, milliseconds(began.elapsed()));
        self.report.report(Event::Bootstrapped { members, duration_ms });
        Ok(())
    }

    async fn ask_peers(&self, health: &Health, own_cluster: Option<&Word>) -> Result<(), Stop> {
        let Context { cluster, config, machine, .. } = self.context;
        let addresses = machine.addresses();
        let found = find_second_cluster(cluster, config, self.service, health, own_cluster, &addresses).await;
        found.map_or(Ok(()), |blocker| Err(blocker.into()))
    }
}

/// A cluster that forms, watched from its own member.
struct Forming<'a, U, C> {
    work: &'a Work<'a, U, C>,
    awaited: &'a Awaited<'a, U, C>,
    /// From the first look on: the time that the own service takes to start is not its.
    schedule: Option<Schedule>,
}

impl<U: Units, C: Cluster> Forming<'_, U, C> {
    /// The own service, when it is healthy. One that is started as a member is started here, unless a peer is in a cluster
    /// without this node.
    async fn await_own(&self) -> Result<Health, Stop> {
        if !self.work.service.api.is_added_first() {
            return self.work.await_own().await;
        }
        if !self.work.is_running().await? {
            self.work.ask_peers(&self.work.health_before_start().await?, None).await?;
        }
        self.work.bring_up(None).await
    }

    /// The own list that shows the cluster formed.
    async fn until_formed(&mut self, health: &Health) -> Result<MemberList, Stop> {
        let Work { context, service, .. } = self.work;
        let mut pause = Duration::ZERO;
        loop {
            let missing = match context.cluster.members(service, &service.url).await {
                Ok(list) => match formed(&list, self.work.id(), service) {
                    Ok(()) => return Ok(list),
                    Err(missing) => missing,
                },
                Err(fault) => fault.blocker().map_or_else(|| Ok(fault.to_string()), Err)?,
            };
            // Peers come up while this node waits: they are asked again whenever the pause has grown to its longest.
            if self.schedule.is_none() || pause >= context.config.policies.promotion.max_delay {
                self.work.ask_peers(health, None).await?;
            }
            pause = self.pause(&missing).await?;
        }
    }

    /// Whether no peer contradicts the list, by what the own service says of itself now: before the wait it may have run on
    /// other data. A service that does not answer any more is a fault that may pass.
    async fn still_formed(&self, list: MemberList) -> Result<Result<MemberList, Fault>, Stop> {
        let health = match self.work.ask_own().await {
            Ok(health) => health,
            Err(Setback::Stop(stop)) => return Err(stop),
            Err(Setback::Fault(fault)) => return Ok(Err(fault)),
        };
        self.work.ask_peers(&health, list.cluster_id.as_ref()).await?;
        Ok(Ok(list))
    }

    /// Sits the next pause out, and says how long it was.
    async fn pause(&mut self, missing: &str) -> Result<Duration, Stop> {
        let Work { context, service, .. } = self.work;
        let missing = self.awaited.added_to(missing);
        context.progress.status(&format!("waiting for {} to form its cluster: {missing}", service.name));
        let policy = &context.config.policies.promotion;
        let schedule = self.schedule.get_or_insert_with(|| Schedule::polling(policy));
        let Some(delay) = schedule.next_delay(None) else {
            return Err(Stop::Failed(Event::ClusterNotFormed {
                limit_s: policy.limit.as_secs(),
                error: missing,
                remedy: self.awaited.remedy(),
            }));
        };
        sleep(delay).await;
        Ok(delay)
    }
}

/// What keeps this node from bootstrapping, as far as its peers say: one that is in a cluster without this node, or with
/// this node's old data, or whose list cannot be true. A few are asked at once; one that does not answer means nothing: it is
/// never taken for "I am the first".
pub async fn find_second_cluster(
    cluster: &impl Cluster,
    config: &Config,
    service: &MemberService,
    health: &Health,
    own_cluster: Option<&Word>,
    addresses: &[IpAddr],
) -> Option<Blocker> {
    let candidate = Candidate { cluster_id: own_cluster, ..health.candidate(config, service, addresses) };
    let answers = stream::iter(&service.peers).map(async |peer| {
        let list = match cluster.members(service, &peer.url).await {
            Ok(list) => list,
            Err(fault) if fault.class == Class::Permanent(Cause::Contradiction) => return fault.blocker(),
            // Who refuses is in a cluster.
            Err(fault) if service.api.is_added_first() && fault.class == Class::Permanent(Cause::Refused) => {
                return fault.blocker();
            }
            Err(_) => return None,
        };
        refuse_second_cluster(&list, candidate, &peer.url)
    });
    let answers: Vec<Option<Blocker>> = answers.buffered(AT_ONCE).collect().await;
    answers.into_iter().flatten().next()
}
