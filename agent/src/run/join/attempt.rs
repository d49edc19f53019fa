//! One attempt at becoming a member: list, add, list again. Whatever an answer says, only the live list decides.

use tokio::time::{Instant, sleep};

use crate::config::{Endpoint, RaftAddr, RaftServiceConfig};
use crate::events::{Event, Report};
use crate::plan::Blocker;
use crate::plan::membership::{Candidate, Member, MemberList, Move, next_move};
use crate::plan::quorum::QuorumRisk;
use crate::retry::Schedule;

use super::super::candidates::{self, Candidates};
use super::super::ports::{Added, Class, Cluster, Fault, Health, NewMember};
use super::super::service::milliseconds;
use super::super::{Context, Setback, Stop};

/// What the list means for a node that wants in.
enum Way {
    /// An add may be asked for, first here.
    Free(Endpoint),
    /// The list has an entry that decides.
    Listed(Endpoint, MemberList),
}

/// A node on its way in; whom to ask first is kept from one attempt to the next.
pub(super) struct Joining<'a, U, C> {
    context: &'a Context<'a, U, C>,
    service: &'a RaftServiceConfig,
    raft_addr: &'a RaftAddr,
    /// As this node's own service tells of it.
    candidate: Candidate<'a>,
    report: &'a dyn Report,
    candidates: Candidates,
}

impl<'a, U, C: Cluster> Joining<'a, U, C> {
    pub(super) fn new(
        context: &'a Context<'a, U, C>,
        service: &'a RaftServiceConfig,
        raft_addr: &'a RaftAddr,
        health: &'a Health,
        report: &'a dyn Report,
    ) -> Self {
        let candidate = health.candidate(context.config, service.service);
        Self { context, service, raft_addr, candidate, report, candidates: Candidates::of(service) }
    }

    /// List, add where the list has no trace of this node, list again until it shows this
    /// node as a full member. Whatever an add answers, only the list decides.
    pub(super) async fn attempt(&mut self) -> Result<MemberList, Setback> {
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
            // An election explains the failure of the add as well, and is over soon.
            (Err(fault @ Fault { class: Class::Leaderless, .. }), Some(refused)) if refused.blocker().is_none() => {
                return Err(fault.into());
            }
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
            let QuorumRisk { reason, remedy } = match self.next_move(&list, &at) {
                Move::Add => return Ok(Way::Free(at)),
                Move::AwaitQuorum(risk) => risk,
                Move::Replace(old) => {
                    self.replace(at, &old).await?;
                    continue;
                }
                Move::Await { .. } | Move::Confirmed | Move::Blocked(_) => return Ok(Way::Listed(at, list)),
            };
            self.context.progress.status(&format!("{reason}; {remedy}"));
            let event = Event::QuorumAtRisk { reason, remedy };
            let Some(delay) = schedule.next_delay(None) else {
                return Err(Setback::Stop(Stop::Failed(event)));
            };
            if !told {
                self.report.report(event);
                told = true;
            }
            sleep(delay).await;
        }
    }

    /// Has the old entry of this node's id removed. It is gone when a list says so; an id is never added again while its
    /// old entry is there.
    async fn replace(&mut self, at: Endpoint, old: &Member) -> Result<(), Setback> {
        let id = &self.context.config.node.id;
        if old.is(id, self.service) {
            self.refuse_anothers(old, &at).await?;
        }
        let (at, ()) =
            candidates::remove(&self.context.cluster, self.service, &mut self.candidates, id.as_str(), at).await?;
        let member = format!("{} at {}", old.id, old.raft_addr);
        self.report.report(Event::MemberReplaced { member, endpoint: at.to_string() });
        let policy = &self.context.config.policies.promotion;
        let mut schedule = Schedule::polling(policy);
        loop {
            let (at, list) = self.list().await?;
            if !matches!(self.next_move(&list, &at), Move::Replace(_)) {
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

    /// An entry is this node's old one only if the service at its address is the one on this node: the id and the address
    /// of a configuration that was copied to another machine are a living member's.
    async fn refuse_anothers(&self, old: &Member, at: &Endpoint) -> Result<(), Setback> {
        let (config, service) = (self.context.config, self.service);
        let there = match old.api(service) {
            Some(url) => self.context.cluster.health(&url, service.paths.health.as_str()).await?,
            None => Health::default(),
        };
        if self.candidate.incarnation.is_some() && there.incarnation_of(&config.node.id) == self.candidate.incarnation {
            return Ok(());
        }
        Err(Setback::Stop(Stop::Blocked(Blocker::id_taken(config, service, old, at))))
    }

    async fn list(&mut self) -> Result<(Endpoint, MemberList), Fault> {
        candidates::list(&self.context.cluster, self.service, &mut self.candidates).await
    }

    async fn add(&mut self, at: Endpoint) -> Result<(), Fault> {
        let began = Instant::now();
        let (id, raft_addr) = (&self.context.config.node.id, self.raft_addr);
        let member = NewMember { id, raft_addr, incarnation: self.candidate.incarnation };
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
                Move::Add | Move::AwaitQuorum(_) | Move::Replace(_) => "not in the list yet".to_owned(),
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
        next_move(list, self.candidate, at)
    }

    /// Whether the list has this node, or what contradicts it.
    fn is_listed(&self, list: &MemberList, at: &Endpoint) -> bool {
        matches!(self.next_move(list, at), Move::Await { .. } | Move::Confirmed | Move::Blocked(_))
    }
}
