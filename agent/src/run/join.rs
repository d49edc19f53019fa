//! Join: rounds of questions until one ends with this node as a full member in the live list; then the marker, never the
//! other way round.
//!
//! The own service has to be alive for as long as that takes: a dead one that is added is a dead voter.

mod round;
mod turn;

use std::time::Duration;

use tokio::time::Instant;

use crate::clock;
use crate::config::MemberService;
use crate::events::Event;
use crate::markers::{Achievement, Hold, Lock, Trouble};
use crate::plan::member::{MemberList, NAMED};
use crate::plan::quorum::QuorumRisk;
use crate::retry::{Again, Round, Rounds};

use super::ports::{Class, Cluster, Fault, Health, Units};
use super::service::{look_at_the_leader, look_further, milliseconds};
use super::{Setback, Stop, Work};

use round::{Joining, Unfinished};

impl<U: Units, C: Cluster> Work<'_, U, C> {
    /// Has this node added to the service's cluster and waits until it is a full member.
    pub(super) async fn join(&self, lock: &Lock) -> Result<(), Stop> {
        let began = Instant::now();
        let policies = &self.context.config.policies;
        let (rounds, mut round) = Rounds::begin(&policies.join, &policies.promotion);
        let rounds = if self.service.api.is_added_first() { rounds.of_few() } else { rounds };
        let mut waiting = Waiting { work: self, rounds, reported: Vec::new(), has_heard: false };
        // One that is added first is not looked at before it was, and then whenever it has to run.
        let is_added_first = self.service.api.is_added_first();
        let health = if is_added_first { Health::default() } else { self.await_own().await? };
        let mut joining = Joining::new(self, health)?;
        let list = loop {
            let lost = tokio::select! {
                biased;
                lost = self.until_lost(), if !is_added_first => lost,
                list = until_member(&mut joining, &mut waiting, round) => break list?,
            };
            joining.health = self.await_own().await?;
            round = waiting.again(lost.into(), Duration::ZERO).await?;
        };
        self.settle(&list)?;
        self.context.mark(lock, Achievement::Joined, list.cluster_id.as_ref(), self.report)?;
        let (members, duration_ms) = (list.members.len() as u64, milliseconds(began.elapsed()));
        self.report.report(Event::Joined { members, duration_ms });
        Ok(())
    }
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
            Err(unfinished) => {
                waiting.has_heard |= joining.has_heard();
                round = waiting.again(unfinished, began.elapsed()).await?;
            }
        }
    }
}

/// A leader that restarts is away for one or two attempts.
const ATTEMPTS_BEFORE_A_REMEDY: u64 = 3;

/// What to do where no member could be asked.
fn check_the_addresses(service: &MemberService) -> String {
    let asked: Vec<String> = service.endpoints_for_change().iter().take(NAMED).map(ToString::to_string).collect();
    format!(
        "check that leader_url and initial_peers name members of {}, that it runs there, and that no firewall is between them and \
         this node ({})",
        service.name,
        asked.join(", ")
    )
}

/// What is waited for between two rounds, and how it is reported to an operator.
struct Waiting<'a, U, C> {
    work: &'a Work<'a, U, C>,
    rounds: Rounds,
    /// The kinds of waiting, and what was waited for, that were reported.
    reported: Vec<(&'static str, String)>,
    /// Whether anybody has answered in this run: then it is not the addresses that are wrong.
    has_heard: bool,
}

impl<U: Units, C: Cluster> Waiting<'_, U, C> {
    /// Returns after the pause that the fault asks for; the end of the run where there is none left.
    async fn again(&mut self, unfinished: Unfinished, held: Duration) -> Result<Round, Stop> {
        let Work { context, service, .. } = self.work;
        let limit_s = context.config.policies.promotion.limit.as_secs();
        match unfinished {
            Unfinished::Setback(Setback::Stop(stop)) => Err(stop),
            Unfinished::Setback(Setback::Fault(Fault { class: Class::NotLeader(_), endpoint, message })) => {
                if let Some(pause) = self.rounds.after(Again::Hint) {
                    return Ok(pause.over().await);
                }
                let message = format!("no leader of {} found: {message}", service.name);
                self.after_a_fault(Fault::transient(endpoint, message), held).await
            }
            Unfinished::Setback(Setback::Fault(fault)) => self.after_a_fault(fault, held).await,
            Unfinished::Unseen(what) => match self.rounds.after(Again::Look) {
                Some(pause) => Ok(pause.over().await),
                None => self.after_a_fault(what, held).await,
            },
            Unfinished::Quorum(QuorumRisk { reason, remedy }) => {
                context.progress.trouble(Trouble::new(Hold::Waiting, &reason, &remedy));
                let event = Event::QuorumAtRisk { reason: reason.clone(), remedy: remedy.clone() };
                self.wait(Again::Quorum, Some(event), || Event::QuorumNotRegained { limit_s, reason, remedy }).await
            }
            Unfinished::Removal(error, remedy) => {
                context.progress.status(&format!("waiting for {}: {error}", service.name));
                self.wait(Again::Removal, None, || Event::RemovalNotSeen { limit_s, error, remedy }).await
            }
            Unfinished::Promotion { standing, error, remedy } => {
                let status = format!("waiting for {} to make this node a full member (now {standing})", service.name);
                context.progress.status(&status);
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
                self.work.report.report(event);
                self.reported.push(news);
            }
        }
        match self.rounds.after(why) {
            Some(pause) => Ok(pause.over().await),
            None => Err(Stop::Failed(over())),
        }
    }

    async fn after_a_fault(&mut self, fault: Fault, held: Duration) -> Result<Round, Stop> {
        let Work { context, service, report } = self.work;
        let (attempt, attempts) = (self.rounds.attempt().into(), context.config.policies.join.attempts.into());
        let why = match fault.class {
            Class::Busy { retry_after } => Again::Busy { named: retry_after, held },
            Class::Leaderless => Again::Election,
            _ => Again::Failed { floor: fault.retry_after() },
        };
        // Of a cluster that nothing was ever heard of, this node may have the wrong address.
        let is_silent = !self.has_heard && matches!(why, Again::Failed { .. }) && fault.endpoint != service.url;
        let Some(pause) = self.rounds.after(why) else {
            let remedy = match fault.class {
                _ if fault.endpoint == service.url => look_further(&service.unit),
                _ if is_silent => check_the_addresses(service),
                Class::Leaderless => format!("bring a majority of the members of {} back", service.name),
                _ => look_at_the_leader(&service.unit),
            };
            return Err(Stop::Failed(Event::AttemptsExhausted { error: fault.to_string(), attempts, remedy }));
        };
        let (error, next_retry_ms) = (fault.to_string(), milliseconds(pause.length()));
        let (what, event) = match why {
            Again::Busy { .. } => ("the cluster is busy".to_owned(), Event::ClusterBusy { error, next_retry_ms }),
            _ => (
                format!("attempt {attempt} of {attempts} failed"),
                Event::RequestFailed { error, attempt, attempts, next_retry_ms },
            ),
        };
        report.report(event);
        let (what, time) = (format!("joining {}: {what} ({fault})", service.name), clock::time_after(pause.length()));
        if is_silent && attempt >= ATTEMPTS_BEFORE_A_REMEDY {
            let trouble = Trouble::new(Hold::Waiting, &what, &check_the_addresses(service));
            context.progress.trouble(Trouble { looks_again: Some(time), ..trouble });
        } else {
            let seconds = pause.length().as_secs_f64();
            context.progress.status(&format!("{what}, next in {seconds:.1} s, at {time}"));
        }
        Ok(pause.over().await)
    }
}
