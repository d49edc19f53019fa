//! Becoming a member: bootstrap and join, both ended by the live member list and then the
//! marker, never the other way round.

use std::time::Duration;

use futures_util::future::join_all;
use tokio::time::{Instant, sleep};

use crate::config::{Endpoint, RaftAddr, RaftServiceConfig};
use crate::events::{Event, Report};
use crate::markers::{Achievement, Lock};
use crate::plan::Blocker;
use crate::plan::membership::{Candidate, MemberList, Move, formed, is_another, is_foreign_cluster, next_move};
use crate::plan::quorum::QuorumRisk;
use crate::retry::{Schedule, Turns};

use super::candidates::{self, Candidates};
use super::ports::{Added, Class, Cluster, Fault, Health, NewMember, Units};
use super::service::{self, Local, milliseconds};
use super::{Context, Setback, Stop};

/// Confirms that the local service has formed its cluster with this node, and that no other
/// cluster of the same peers exists.
pub(super) async fn bootstrap<U: Units, C: Cluster>(
    context: &Context<'_, U, C>,
    service: &RaftServiceConfig,
    lock: &Lock,
    report: &dyn Report,
) -> Result<(), Stop> {
    let began = Instant::now();
    let health = await_local(context, service, report).await?;
    let list = await_formed(context, service, &health).await?;
    refuse_second_cluster(context, service, &health, list.cluster_id.as_deref()).await?;
    context.mark(lock, Achievement::Initialized, list.cluster_id.as_deref(), report)?;
    report
        .report(Event::Bootstrapped { members: list.members.len() as u64, duration_ms: milliseconds(began.elapsed()) });
    Ok(())
}

/// Has this node added to the service's cluster and waits until it is a full member.
pub(super) async fn join<U: Units, C: Cluster>(
    context: &Context<'_, U, C>,
    service: &RaftServiceConfig,
    lock: &Lock,
    report: &dyn Report,
) -> Result<(), Stop> {
    let began = Instant::now();
    let health = await_local(context, service, report).await?;
    let list = become_member(context, service, &health, report).await?;
    context.mark(lock, Achievement::Joined, list.cluster_id.as_deref(), report)?;
    report.report(Event::Joined { members: list.members.len() as u64, duration_ms: milliseconds(began.elapsed()) });
    Ok(())
}

async fn await_local<U: Units, C: Cluster>(
    context: &Context<'_, U, C>,
    service: &RaftServiceConfig,
    report: &dyn Report,
) -> Result<Health, Stop> {
    let local = Local { unit: &service.unit, url: &service.url, health_path: service.paths.health.as_str() };
    service::await_healthy(context, &local, report).await
}

async fn await_formed<U, C: Cluster>(
    context: &Context<'_, U, C>,
    service: &RaftServiceConfig,
    health: &Health,
) -> Result<MemberList, Stop> {
    let policy = &context.config.policies.promotion;
    let mut schedule = Schedule::polling(policy);
    let mut guarded = false;
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
        if !guarded {
            refuse_second_cluster(context, service, health, None).await?;
            guarded = true;
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
    }
}

/// Asks every peer at once. One that is in a cluster without this node ends the bootstrap;
/// one that does not answer means nothing: it is never taken for "I am the first".
async fn refuse_second_cluster<U, C: Cluster>(
    context: &Context<'_, U, C>,
    service: &RaftServiceConfig,
    health: &Health,
    own_cluster: Option<&str>,
) -> Result<(), Stop> {
    let answers = service.peers.iter().map(async |peer| {
        let list = context.cluster.members(service, &peer.url).await.ok()?;
        if let Some(member) = list.entry_of(&context.config.node.id, service)
            && is_another(health.incarnation.as_deref(), member.incarnation.as_deref())
        {
            return Some(Blocker::wiped(context.config, service, member, &peer.url));
        }
        is_foreign_cluster(&list, own_cluster, &context.config.node.id, service)
            .then(|| Blocker::second_cluster(service, &peer.url, &list.ids()))
    });
    match join_all(answers).await.into_iter().flatten().next() {
        Some(blocker) => Err(Stop::Blocked(blocker)),
        None => Ok(()),
    }
}

async fn become_member<U, C: Cluster>(
    context: &Context<'_, U, C>,
    service: &RaftServiceConfig,
    health: &Health,
    report: &dyn Report,
) -> Result<MemberList, Stop> {
    let Some(raft_addr) = &service.raft_addr else {
        return Err(Stop::Failed(Event::Internal {
            error: format!("{} is to be joined without a Raft address", service.service),
        }));
    };
    let policy = &context.config.policies.join;
    let incarnation = health.incarnation.as_deref();
    let mut joining = Joining { context, service, raft_addr, incarnation, report, candidates: Candidates::of(service) };
    let mut schedule = Schedule::attempts(policy);
    let mut turns = Turns::new(policy);
    loop {
        let began = Instant::now();
        let fault = match joining.attempt().await {
            Ok(list) => return Ok(list),
            Err(Setback::Stop(stop)) => return Err(stop),
            Err(Setback::Fault(fault)) => fault,
        };
        if let Class::Busy { retry_after } = fault.class {
            let delay = turns.next_delay(retry_after, began.elapsed());
            joining.come_later(&fault, delay);
            sleep(delay).await;
            continue;
        }
        let attempt = schedule.attempt();
        let Some(delay) = schedule.next_delay(fault.retry_after()) else {
            return Err(Stop::Failed(Event::AttemptsExhausted {
                error: fault.to_string(),
                attempts: policy.attempts,
                remedy: format!("look at the leader: journalctl -u {}", service.unit),
            }));
        };
        report.report(Event::RequestFailed {
            error: fault.to_string(),
            attempt,
            attempts: policy.attempts,
            next_retry_ms: milliseconds(delay),
        });
        context.progress.status(&format!(
            "joining {}: attempt {attempt} of {} failed ({fault}), next in {:.1} s",
            service.service,
            policy.attempts,
            delay.as_secs_f64()
        ));
        sleep(delay).await;
    }
}

/// What the list means for a node that wants in.
enum Way {
    /// An add may be asked for, first here.
    Free(Endpoint),
    /// The list has an entry that decides.
    Listed(Endpoint, MemberList),
}

struct Joining<'a, U, C> {
    context: &'a Context<'a, U, C>,
    service: &'a RaftServiceConfig,
    raft_addr: &'a RaftAddr,
    incarnation: Option<&'a str>,
    report: &'a dyn Report,
    candidates: Candidates,
}

impl<U, C: Cluster> Joining<'_, U, C> {
    /// List, add where the list has no trace of this node, list again until it shows this
    /// node as a full member. Whatever an add answers, only the list decides.
    async fn attempt(&mut self) -> Result<MemberList, Setback> {
        let at = match self.until_free_to_add().await? {
            Way::Free(at) => at,
            Way::Listed(at, list) => return self.until_full_member(at, list).await,
        };
        self.context.progress.status(&format!("joining {} through {at}", self.service.service));
        self.report.report(Event::JoinStarted { raft_addr: self.raft_addr.to_string(), endpoint: at.to_string() });
        let refused = self.add(at).await.err();
        // The next attempt lists before it adds again; until then the busy leader is left alone.
        if let Some(fault @ Fault { class: Class::Busy { .. }, .. }) = refused {
            return Err(fault.into());
        }
        let (at, list) = match (self.list().await, refused) {
            (Ok((at, list)), Some(fault)) if !self.is_listed(&list, &at) => return Err(fault.into()),
            (Ok(answer), _) => answer,
            (Err(_), Some(fault)) | (Err(fault), None) => return Err(fault.into()),
        };
        self.until_full_member(at, list).await
    }

    /// Lists until nothing stands in the way of an add: not the quorum, nor a dead member that is to be replaced.
    async fn until_free_to_add(&mut self) -> Result<Way, Setback> {
        let policy = &self.context.config.policies.promotion;
        let mut schedule = Schedule::polling(policy);
        let mut told = false;
        loop {
            let (at, list) = self.list().await?;
            let obstacle = match self.next_move(&list, &at) {
                Move::Add => return Ok(Way::Free(at)),
                Move::AwaitQuorum(risk) => {
                    self.context.progress.status(&risk.to_string());
                    risk
                }
                Move::Replace { member } => {
                    self.replace(at, member).await?;
                    continue;
                }
                Move::Await { .. } | Move::Confirmed | Move::Blocked(_) => return Ok(Way::Listed(at, list)),
            };
            let delay = schedule.next_delay(None);
            if !told || delay.is_none() {
                let QuorumRisk { reason, remedy } = obstacle;
                let event = Event::QuorumAtRisk { reason, remedy };
                if delay.is_none() {
                    return Err(Setback::Stop(Stop::Failed(event)));
                }
                self.report.report(event);
                told = true;
            }
            sleep(delay.unwrap_or(policy.max_delay)).await;
        }
    }

    /// Has the dead member of this node's id removed. It is gone when a list says so; an id is never added again while
    /// its old entry is there.
    async fn replace(&mut self, at: Endpoint, member: String) -> Result<(), Setback> {
        let id = self.context.config.node.id.as_str();
        let (at, ()) = candidates::remove(&self.context.cluster, self.service, &mut self.candidates, id, at).await?;
        self.report.report(Event::MemberReplaced { member, endpoint: at.to_string() });
        let policy = &self.context.config.policies.promotion;
        let mut schedule = Schedule::polling(policy);
        loop {
            let (at, list) = self.list().await?;
            if !matches!(self.next_move(&list, &at), Move::Replace { .. }) {
                return Ok(());
            }
            let Some(delay) = schedule.next_delay(None) else {
                return Err(Setback::Fault(Fault {
                    class: Class::Transient { retry_after: None },
                    endpoint: at,
                    message: format!("the removed member {id} of {} is listed still", self.service.service),
                }));
            };
            sleep(delay).await;
        }
    }

    fn come_later(&self, fault: &Fault, delay: Duration) {
        self.report.report(Event::ClusterBusy { error: fault.to_string(), next_retry_ms: milliseconds(delay) });
        self.context.progress.status(&format!(
            "joining {}: asked to come later ({fault}), next in {:.1} s",
            self.service.service,
            delay.as_secs_f64()
        ));
    }

    async fn list(&mut self) -> Result<(Endpoint, MemberList), Fault> {
        candidates::list(&self.context.cluster, self.service, &mut self.candidates).await
    }

    async fn add(&mut self, at: Endpoint) -> Result<(), Fault> {
        let began = Instant::now();
        let (id, raft_addr, incarnation) = (&self.context.config.node.id, self.raft_addr, self.incarnation);
        let member = NewMember { id, raft_addr, incarnation };
        let (at, added) =
            candidates::add(&self.context.cluster, self.service, &mut self.candidates, member, at).await?;
        let endpoint = at.to_string();
        self.report.report(match added {
            Added::Accepted => Event::MemberAdded { endpoint, duration_ms: milliseconds(began.elapsed()) },
            Added::AlreadyMember => Event::AlreadyMember { endpoint },
        });
        Ok(())
    }

    /// Lists until this node is a full member. An entry that vanishes meanwhile, or that an
    /// accepted add has not brought into this peer's list yet, is waited for as well: a
    /// second add within one attempt would be a second add without an error before it.
    async fn until_full_member(&mut self, mut at: Endpoint, mut list: MemberList) -> Result<MemberList, Setback> {
        let policy = &self.context.config.policies.promotion;
        let mut schedule = Schedule::polling(policy);
        let mut told = String::new();
        let mut pause = None;
        loop {
            let standing = match self.next_move(&list, &at) {
                Move::Confirmed => return Ok(list),
                Move::Blocked(blocker) => return Err(Setback::Stop(Stop::Blocked(blocker))),
                Move::Await { standing } => standing,
                Move::Add | Move::AwaitQuorum(_) | Move::Replace { .. } => "not in the list yet".to_owned(),
            };
            if standing != told {
                self.report.report(Event::AwaitingPromotion { role: standing.clone() });
                self.context.progress.status(&format!(
                    "waiting for {} to make this node a full member (now {standing})",
                    self.service.service
                ));
                told.clone_from(&standing);
            }
            let Some(delay) = schedule.next_delay(pause.take()) else {
                return Err(Setback::Stop(Stop::Failed(Event::PromotionTimeout {
                    limit_s: policy.limit.as_secs(),
                    error: format!("{} says {standing} ({at})", self.service.service),
                    remedy: format!("check that the leader reaches {}", self.raft_addr),
                })));
            };
            sleep(delay).await;
            // A peer that does not answer is asked again, in turn with the others.
            match self.list().await {
                Ok(answer) => (at, list) = answer,
                Err(fault) if matches!(fault.class, Class::Permanent(_)) => return Err(fault.into()),
                Err(fault) => pause = fault.retry_after(),
            }
        }
    }

    fn next_move(&self, list: &MemberList, at: &Endpoint) -> Move {
        let (config, service) = (self.context.config, self.service.service);
        next_move(list, Candidate { config, service, incarnation: self.incarnation }, at)
    }

    /// Whether the list has this node, or what contradicts it.
    fn is_listed(&self, list: &MemberList, at: &Endpoint) -> bool {
        matches!(self.next_move(list, at), Move::Await { .. } | Move::Confirmed | Move::Blocked(_))
    }
}
