//! Join: rounds of questions until one ends with this node as a full member in the live list; then the marker, never the
//! other way round.
//!
//! The own service has to be alive for as long as that takes: a dead one that is added is a dead voter.

mod round;

use std::time::Duration;

use tokio::time::Instant;

use crate::clock;
use crate::config::MemberService;
use crate::events::{Event, Report};
use crate::markers::{Achievement, Hold, Lock, Trouble};
use crate::plan::member::MemberList;
use crate::plan::quorum::QuorumRisk;
use crate::retry::{Again, Round, Rounds};

use super::ports::{Class, Cluster, Fault, Health, Units};
use super::service::{self, milliseconds};
use super::{Context, Stop, removed};

use round::{Joining, Unfinished};

/// Has this node added to the service's cluster and waits until it is a full member.
pub(super) async fn join<U: Units, C: Cluster>(
    context: &Context<'_, U, C>,
    service: &MemberService,
    lock: &Lock,
    report: &dyn Report,
) -> Result<(), Stop> {
    let began = Instant::now();
    let policies = &context.config.policies;
    let (rounds, mut round) = Rounds::begin(&policies.join, &policies.promotion);
    let mut waiting = Waiting { context, service, report, rounds, reported: Vec::new() };
    let health = await_own(context, service, report).await?;
    let mut joining = Joining::new(context, service, report, health)?;
    let list = loop {
        let lost = tokio::select! {
            biased;
            lost = until_lost(context, service, report) => lost,
            list = until_member(&mut joining, &mut waiting, round) => break list?,
        };
        joining.health = await_own(context, service, report).await?;
        round = waiting.again(Unfinished::Fault(lost), Duration::ZERO).await?;
    };
    context.mark(lock, Achievement::Joined, list.cluster_id.as_ref(), report)?;
    report.report(Event::Joined { members: list.members.len() as u64, duration_ms: milliseconds(began.elapsed()) });
    Ok(())
}

/// The own service, when it is healthy; one that is added first is not looked at before it was.
async fn await_own<U: Units, C: Cluster>(
    context: &Context<'_, U, C>,
    service: &MemberService,
    report: &dyn Report,
) -> Result<Health, Stop> {
    if service.api.is_added_first() {
        Ok(Health::default())
    } else {
        removed::await_own(context, service, report).await
    }
}

/// Returns when it no longer runs; one that is added first is looked at whenever it has to run.
async fn until_lost<U: Units, C>(context: &Context<'_, U, C>, service: &MemberService, report: &dyn Report) -> Fault {
    if service.api.is_added_first() {
        return std::future::pending().await;
    }
    service::until_lost(context, service, report).await
}

async fn until_member<U: Units, C: Cluster>(
    joining: &mut Joining<'_, U, C>,
    waiting: &mut Waiting<'_, U, C>,
    mut round: Round,
) -> Result<MemberList, Stop> {
    loop {
        let began = Instant::now();
        match joining.round(round).await {
            Ok(list) => return Ok(list),
            Err(unfinished) => round = waiting.again(unfinished, began.elapsed()).await?,
        }
    }
}

/// What is waited for between two rounds, and how an operator is told of it.
struct Waiting<'a, U, C> {
    context: &'a Context<'a, U, C>,
    service: &'a MemberService,
    report: &'a dyn Report,
    rounds: Rounds,
    /// The kinds of waiting, and what was waited for, that were reported.
    reported: Vec<(&'static str, String)>,
}

impl<U: Units, C: Cluster> Waiting<'_, U, C> {
    /// Returns after the pause that the trouble asks for; the end of the run where there is none left.
    async fn again(&mut self, unfinished: Unfinished, held: Duration) -> Result<Round, Stop> {
        match unfinished {
            Unfinished::Stop(stop) => Err(stop),
            Unfinished::Fault(fault) => self.after_a_fault(fault, held).await,
            Unfinished::Elsewhere(fault) => {
                if let Some(pause) = self.rounds.after(Again::Hint) {
                    return Ok(pause.over().await);
                }
                let message = format!("no leader of {} found: {}", self.service.name, fault.message);
                self.after_a_fault(Fault { class: Class::Transient { retry_after: None }, message, ..fault }, held)
                    .await
            }
            Unfinished::Unseen(what) => match self.rounds.after(Again::Look) {
                Some(pause) => Ok(pause.over().await),
                None => self.after_a_fault(what, held).await,
            },
            Unfinished::Quorum(QuorumRisk { reason, remedy }) => {
                let trouble = Trouble { hold: Hold::Waiting, reason: &reason, remedy: &remedy, looks_again: None };
                self.context.progress.trouble(&trouble);
                let event = Event::QuorumAtRisk { reason: reason.clone(), remedy: remedy.clone() };
                let limit_s = self.limit_s();
                self.wait(Again::Quorum, Some(event), || Event::QuorumNotRegained { limit_s, reason, remedy }).await
            }
            Unfinished::Removal(error, remedy) => {
                let (limit_s, status) = (self.limit_s(), format!("waiting for {}: {error}", self.service.name));
                self.context.progress.status(&status);
                self.wait(Again::Removal, None, || Event::RemovalNotSeen { limit_s, error, remedy }).await
            }
            Unfinished::Promotion { standing, error, remedy } => {
                let name = self.service.name;
                self.context
                    .progress
                    .status(&format!("waiting for {name} to make this node a full member (now {standing})"));
                let limit_s = self.limit_s();
                let event = Event::AwaitingPromotion { role: standing };
                self.wait(Again::Promotion, Some(event), || Event::PromotionTimeout { limit_s, error, remedy }).await
            }
        }
    }

    /// One pause of a kind; `event` is reported where it says something new.
    async fn wait(&mut self, why: Again, event: Option<Event>, over: impl FnOnce() -> Event) -> Result<Round, Stop> {
        if let Some(event) = event {
            let news = (event.meaning().message_id, event.to_string());
            if !self.reported.contains(&news) {
                self.report.report(event);
                self.reported.push(news);
            }
        }
        match self.rounds.after(why) {
            Some(pause) => Ok(pause.over().await),
            None => Err(Stop::Failed(over())),
        }
    }

    async fn after_a_fault(&mut self, fault: Fault, held: Duration) -> Result<Round, Stop> {
        if let Some(blocker) = fault.blocker() {
            return Err(Stop::Blocked(blocker));
        }
        let (attempt, attempts) = (self.rounds.attempt(), self.context.config.policies.join.attempts);
        let why = match fault.class {
            Class::Busy { retry_after } => Again::Busy { named: retry_after, held },
            Class::Leaderless => Again::Election,
            _ => Again::Failed { floor: fault.retry_after() },
        };
        let Some(pause) = self.rounds.after(why) else {
            return Err(Stop::Failed(Event::AttemptsExhausted {
                error: fault.to_string(),
                attempts,
                remedy: if fault.endpoint == self.service.url {
                    service::look_further(&self.service.unit)
                } else {
                    format!("look at the leader: journalctl -u {}", self.service.unit)
                },
            }));
        };
        let (error, next_retry_ms) = (fault.to_string(), milliseconds(pause.length()));
        let (what, event) = match why {
            Again::Busy { .. } => ("asked to come later".to_owned(), Event::ClusterBusy { error, next_retry_ms }),
            _ => (
                format!("attempt {attempt} of {attempts} failed"),
                Event::RequestFailed { error, attempt, attempts, next_retry_ms },
            ),
        };
        self.report.report(event);
        self.context.progress.status(&format!(
            "joining {}: {what} ({fault}), next in {:.1} s, at {}",
            self.service.name,
            pause.length().as_secs_f64(),
            clock::time_after(pause.length())
        ));
        Ok(pause.over().await)
    }

    fn limit_s(&self) -> u64 {
        self.context.config.policies.promotion.limit.as_secs()
    }
}
