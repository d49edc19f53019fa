//! Ending this node's membership: its entry is removed at the leader, the list confirms it, then the markers go.
//!
//! Whatever is lost on the way, the next call converges: an entry that was removed is not removed again.

use std::cell::Cell;
use std::time::Duration;

use tokio::time::{Instant, timeout, timeout_at};

use crate::config::{Endpoint, MemberService, ServiceName};
use crate::events::{Event, Report};
use crate::markers::{Held, Lock, MarkerState};
use crate::plan::member::{MemberList, Word};
use crate::plan::membership::{Candidate, is_another, is_other_data, refuse_rival};
use crate::plan::quorum::risk_without;
use crate::plan::{Blocker, Cause, Step};
use crate::retry::{Again, Pause, Round, Rounds};

use super::candidates::Candidates;
use super::ports::{Class, Cluster, Fault, Health, Units};
use super::service::{look_at_the_leader, milliseconds};
use super::{Context, Outcome, Setback, Stop, Work, end, locking_failed, stopped};

/// A unit that was stopped gives its lock back with its process.
const RELEASED_WITHIN: Duration = Duration::from_secs(10);

/// Which command ends the membership: what can be done without the cluster depends on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Departure {
    /// Membership and markers go.
    Leave,
    /// Membership, data and markers go.
    Reset,
}

/// What is to become of a quorum that this node is needed for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Quorum {
    /// It is kept: what would cost it is refused.
    Keep,
    /// It may be lost; the operator has said so.
    MayBeLost,
}

/// Removes this node from a service's cluster and then its markers, and reports what happens to `report`.
pub async fn leave<U: Units, C: Cluster>(
    context: &Context<'_, U, C>,
    service: &MemberService,
    quorum: Quorum,
    report: &dyn Report,
) -> Outcome {
    let left = taking_over(context, service.name, report, async |lock, is_changed| {
        foresee_removal(context, service.name)?;
        Work { context, service, report }.end_membership(Departure::Leave, quorum, is_changed).await?;
        // Only now: a leave that is refused changes nothing.
        stop_steps(context, service.name.into()).await?;
        // What was started as a member runs no longer than it is one.
        if let Some(units) = context.units.as_ref().filter(|_| service.api.is_added_first()) {
            stop_unit(units, service.unit.as_str()).await?;
        }
        remove_markers(context, lock, report)
    });
    end(context, "leave", left.await, report)
}

/// Looks whether a service would be left, with the patience of leaving it, and changing nothing: where one of several would
/// refuse, or cannot be asked, none is to be left. A look that nothing follows has a `limit`, whatever the members ask for.
pub async fn foresee_leave<U: Units, C: Cluster>(
    context: &Context<'_, U, C>,
    service: &MemberService,
    departure: Departure,
    quorum: Quorum,
    limit: Option<Duration>,
    report: &dyn Report,
) -> Outcome {
    let work = Work { context, service, report };
    let deadline = limit.map(|limit| Instant::now() + limit);
    let leaving = Leaving { only_looks: true, deadline, ..Leaving::new(&work, departure, quorum) };
    let found = go(leaving, &Cell::new(false)).await;
    let found = if departure == Departure::Reset { unless_it_may_stay_behind(found, quorum, report) } else { found };
    foreseen(context, found, report)
}

/// A reset goes on without the cluster where the operator has said so.
pub(super) fn unless_it_may_stay_behind(
    ended: Result<(), Stop>,
    quorum: Quorum,
    report: &dyn Report,
) -> Result<(), Stop> {
    match (ended, quorum) {
        (Err(stop), Quorum::MayBeLost) => {
            report.report(Event::LeftBehind { error: stop.event().reason() });
            Ok(())
        }
        (ended, _) => ended,
    }
}

/// Reports what would stop a departure.
pub(super) fn foreseen<U, C>(context: &Context<'_, U, C>, found: Result<(), Stop>, report: &dyn Report) -> Outcome {
    found.map_or_else(|stop| stopped(&stop, context.progress, report), |()| Outcome::Done)
}

/// Looks whether the markers of a service will be this command's to remove, changing nothing.
pub fn foresee_markers<U, C>(context: &Context<'_, U, C>, service: ServiceName, report: &dyn Report) -> Outcome {
    let look = || match context.markers.held(service).map_err(|error| locking_failed(&error))? {
        // Only systemd can take it from its unit.
        Some(held) if context.units.is_none() || !is_held_by_its_unit(&held, service) => Err(lock_held(&held)),
        _ => foresee_removal(context, service),
    };
    foreseen(context, look(), report)
}

/// The markers must be such as can be removed when the membership has ended.
pub(super) fn foresee_removal<U, C>(context: &Context<'_, U, C>, service: ServiceName) -> Result<(), Stop> {
    context.markers.can_be_removed(service).map_err(|error| locking_failed(&error))
}

/// Stops the step of a service and those behind it, with the path units that would start them when the markers go: the
/// node would be back at once. At the next boot they start again.
pub(super) async fn stop_steps<U: Units, C>(context: &Context<'_, U, C>, first: Step) -> Result<(), Stop> {
    let Some(units) = &context.units else {
        return Ok(());
    };
    for step in first.and_behind(context.config) {
        for unit in [step.path_unit(), step.unit()] {
            stop_unit(units, &unit).await?;
        }
    }
    Ok(())
}

pub(super) async fn stop_unit(units: &impl Units, unit: &str) -> Result<(), Stop> {
    units.stop(unit).await.map_err(|error| {
        Stop::Failed(Event::ServiceNotStopped { error, remedy: format!("stop it: systemctl stop {unit}") })
    })?;
    crash_point!("{unit} stopped");
    Ok(())
}

/// Removes the marker of a service that was set up, and has no members to leave.
pub async fn forget<U: Units, C>(context: &Context<'_, U, C>, service: ServiceName, report: &dyn Report) -> Outcome {
    end(context, "leave", forget_setup(context, service, report).await, report)
}

/// Forgets that a service was set up.
pub(super) async fn forget_setup<U: Units, C>(
    context: &Context<'_, U, C>,
    service: ServiceName,
    report: &dyn Report,
) -> Result<(), Stop> {
    taking_over(context, service, report, async |lock, _is_changed| {
        stop_steps(context, service.into()).await?;
        remove_markers(context, lock, report)
    })
    .await
}

/// Does something as the one who holds the lock. A unit that waits with it, for a cluster or for a fix by an operator, is
/// stopped: an operator who has the node leave does not want it to join. Another operator's command is not. Where it comes to
/// nothing, the unit goes on; not where something was changed (`true` in the cell), for it would have the node join again.
pub(super) async fn taking_over<U: Units, C>(
    context: &Context<'_, U, C>,
    service: ServiceName,
    report: &dyn Report,
    work: impl AsyncFnOnce(&Lock, &Cell<bool>) -> Result<(), Stop>,
) -> Result<(), Stop> {
    let is_changed = Cell::new(false);
    let held = match context.lock(service)? {
        Ok(lock) => return work(&lock, &is_changed).await,
        Err(held) => held,
    };
    let is_the_unit = is_held_by_its_unit(&held, service);
    let Some(units) = context.units.as_ref().filter(|_| is_the_unit) else {
        return Err(lock_held(&held));
    };
    let (step, refused) = (Step::from(service), lock_held(&held));
    report.report(Event::TakingOver { holder: held.to_string(), awaited_unit: step.unit() });
    let done = async {
        for unit in [step.path_unit(), step.unit()] {
            stop_unit(units, &unit).await?;
        }
        match timeout(RELEASED_WITHIN, held.released()).await {
            Ok(Some(lock)) => work(&lock, &is_changed).await,
            _ => Err(refused),
        }
    };
    let done = done.await;
    if done.is_err() && !is_changed.get() {
        // Those behind it wait for what their path units watch.
        let later = step.and_behind(context.config).into_iter().skip(1).map(Step::path_unit);
        for unit in [step.unit(), step.path_unit()].into_iter().chain(later) {
            if let Err(error) = units.start(&unit).await {
                report.report(Event::NotStartedAgain { error, remedy: format!("systemctl start --no-block {unit}") });
            }
        }
    }
    done
}

fn is_held_by_its_unit(held: &Held, service: ServiceName) -> bool {
    held.holder.unit.as_ref() == Some(&Step::from(service).unit())
}

fn lock_held(held: &Held) -> Stop {
    Stop::Failed(Event::LockHeld {
        holder: held.to_string(),
        remedy: "wait for it, or end it, and try again".to_owned(),
    })
}

pub(super) fn remove_markers<U, C>(context: &Context<'_, U, C>, lock: &Lock, report: &dyn Report) -> Result<(), Stop> {
    let removed = context
        .markers
        .remove(lock)
        .map_err(|error| Stop::Failed(Event::MarkerNotRemoved { error: error.to_string() }))?;
    for path in removed {
        report.report(Event::MarkerRemoved { path: path.display().to_string() });
    }
    Ok(())
}

impl<U: Units, C: Cluster> Work<'_, U, C> {
    /// Returns when the live member list no longer holds this node.
    pub(super) async fn end_membership(
        &self,
        departure: Departure,
        quorum: Quorum,
        is_changed: &Cell<bool>,
    ) -> Result<(), Stop> {
        go(Leaving::new(self, departure, quorum), is_changed).await?;
        is_changed.set(true);
        Ok(())
    }
}

/// All rounds, until one of them ends it.
async fn go<U: Units, C: Cluster>(mut leaving: Leaving<'_, U, C>, is_changed: &Cell<bool>) -> Result<(), Stop> {
    let Work { context, service, report } = leaving.work;
    let policies = &context.config.policies;
    let (mut rounds, mut round) = Rounds::begin(&policies.join, &policies.promotion);
    let asked = async {
        let health = leaving.work.ask_own().await?;
        // Its health does not say which cluster it is in, but the list that it has does.
        let listed = service.api.is_added_first();
        let cluster_id = if listed { leaving.work.own_cluster().await.ok().flatten() } else { health.cluster_id };
        Ok(Health { cluster_id, ..health })
    };
    // Some of the time is the members'.
    let half = leaving.deadline.map(|deadline| Instant::now() + deadline.duration_since(Instant::now()) / 2);
    leaving.own = match in_time(half, asked).await {
        Some(Ok(health)) => Some(health),
        Some(Err(Setback::Stop(stop @ Stop::Blocked(Blocker { cause: Cause::NotThisNode, .. })))) => return Err(stop),
        Some(Err(_)) | None => None,
    };
    loop {
        let ended = in_time(leaving.deadline, Box::pin(leaving.round(round))).await.unwrap_or_else(|| {
            let message = "the members take longer to answer than a dry run waits".to_owned();
            Err(Fault::transient(service.url.clone(), message).into())
        });
        is_changed.set(leaving.is_removed);
        let (fault, why) = match ended {
            Ok(()) => return Ok(()),
            Err(Unfinished::Stop(stop)) => return Err(stop),
            Err(Unfinished::Again(fault, why)) => (fault, why),
        };
        if leaving.quorum == Quorum::Keep && leaving.is_without_a_trace() {
            return Err(Stop::Failed(leaving.membership_unknown(&fault)));
        }
        let attempt = rounds.attempt();
        let pause = rounds.after(why).or_else(|| {
            // A removal that no list has shown in time, or hints that lead nowhere: one more attempt.
            leaving.has_asked = false;
            rounds.after(Again::Failed { floor: None })
        });
        let is_in_time =
            |pause: &Pause| leaving.deadline.is_none_or(|deadline| Instant::now() + pause.length() < deadline);
        let Some(pause) = pause.filter(is_in_time) else {
            if let Some((list, at)) = &leaving.unheard {
                leaving.report_end(list, at);
                return Ok(());
            }
            let (error, attempts, remedy) = (fault.to_string(), attempt.into(), leaving.last_remedy(&fault));
            return Err(Stop::Failed(Event::LeaveFailed { error, attempts, remedy }));
        };
        let (error, next_retry_ms) = (fault.to_string(), milliseconds(pause.length()));
        let (seconds, remedy) = (pause.length().as_secs_f64(), leaving.remedy(&fault));
        context.progress.status(&format!("leaving {}: {fault}, next in {seconds:.1} s; {remedy}", service.name));
        if matches!(fault.class, Class::Busy { .. }) {
            report.report(Event::ClusterBusy { error, next_retry_ms });
        } else if rounds.attempt() > attempt {
            let (attempt, attempts) = (attempt.into(), policies.join.attempts.into());
            report.report(Event::LeaveDelayed { error, attempt, attempts, next_retry_ms, remedy });
        }
        round = pause.over().await;
    }
}

/// The result of some work, unless the deadline comes first.
async fn in_time<T>(deadline: Option<Instant>, work: impl Future<Output = T>) -> Option<T> {
    match deadline {
        Some(deadline) => timeout_at(deadline, work).await.ok(),
        None => Some(work.await),
    }
}

/// Why a round has not ended the membership.
enum Unfinished {
    /// It is refused.
    Stop(Stop),
    /// What is the matter, and what it asks for.
    Again(Box<Fault>, Again),
}

impl<T: Into<Setback>> From<T> for Unfinished {
    fn from(setback: T) -> Self {
        let fault = match setback.into() {
            Setback::Stop(stop) => return Self::Stop(stop),
            Setback::Fault(fault) => fault,
        };
        let again = match fault.class {
            Class::NotLeader(_) => Again::Hint,
            Class::Leaderless => Again::Election,
            _ => Again::Failed { floor: fault.retry_after() },
        };
        Self::Again(Box::new(fault), again)
    }
}

struct Leaving<'a, U, C> {
    work: &'a Work<'a, U, C>,
    departure: Departure,
    quorum: Quorum,
    candidates: Candidates<'a, U, C>,
    /// Whether a removal was taken that no list has shown yet.
    has_asked: bool,
    /// Why a removal may have failed, until a list shows what became of it.
    unsure: Option<Fault>,
    /// Whether one was asked for at all.
    is_removed: bool,
    /// Whether nothing is to be changed.
    only_looks: bool,
    /// When a look that nothing follows ends.
    deadline: Option<Instant>,
    /// What the own service says of itself.
    own: Option<Health>,
    /// The list of those who agree that this node is no member, while the leader cannot be asked.
    unheard: Option<(MemberList, Endpoint)>,
}

impl<'a, U: Units, C: Cluster> Leaving<'a, U, C> {
    fn new(work: &'a Work<'a, U, C>, departure: Departure, quorum: Quorum) -> Self {
        Self {
            work,
            departure,
            quorum,
            candidates: Candidates::with_own(work),
            has_asked: false,
            unsure: None,
            is_removed: false,
            only_looks: false,
            deadline: None,
            own: None,
            unheard: None,
        }
    }

    /// Whether nothing is known of a membership, neither here nor elsewhere, where nobody answers: then there is none to wait for.
    fn is_without_a_trace(&self) -> bool {
        let is_in_a_cluster = self.own.as_ref().is_some_and(|own| own.cluster_id.is_some());
        let is_marked = self.work.context.markers.read(self.work.service.name) != MarkerState::Absent;
        !self.candidates.has_heard() && !is_in_a_cluster && !is_marked
    }

    fn membership_unknown(&self, fault: &Fault) -> Event {
        const NEVER: &str = "if it never joined, or that cluster no longer exists";
        const OTHERWISE: &str = "else bring its members back, or the network to them, and run this again";
        let name = self.work.service.name;
        let error = format!(
            "this node has no marker of {name}, and no member can be asked whether it lists this node: {fault}"
        );
        let remedy = match self.departure {
            Departure::Leave => format!("{NEVER}, there is nothing to leave; {OTHERWISE}"),
            Departure::Reset => format!("{NEVER}: {}; {OTHERWISE}", self.without_the_cluster()),
        };
        Event::MembershipUnknown { error, remedy }
    }

    /// The command that asks no member.
    fn without_the_cluster(&self) -> String {
        format!("first-boot-agent reset {} --accept-quorum-loss", self.work.service.name)
    }

    /// What to do about a cluster that does not let this node go.
    fn remedy(&self, fault: &Fault) -> String {
        let what = match fault.class {
            Class::Busy { .. } => return "it is there, and busy: run this again later".to_owned(),
            Class::Leaderless => "bring a majority of its members back (first-boot-agent status)".to_owned(),
            _ if !self.candidates.has_heard() => "bring its members back, or the network to them".to_owned(),
            _ => fault.blocker().map_or_else(|| look_at_the_leader(&self.work.service.unit), |blocker| blocker.remedy),
        };
        match (self.departure, self.quorum) {
            (Departure::Reset, Quorum::MayBeLost) => format!("{what}; without them it goes on after the last attempt"),
            _ => what,
        }
    }

    /// The same after the last attempt. Where nobody was heard in all of them, the cluster may be gone; where anybody was, going on
    /// without it could cost a living cluster its quorum, or leave it with the entry of a voter whose data is lost.
    fn last_remedy(&self, fault: &Fault) -> String {
        let (what, without) = (self.remedy(fault), self.without_the_cluster());
        if self.candidates.has_heard() || !matches!(fault.class, Class::Unreachable) {
            return what;
        }
        format!("{what}, and run this again; only if that cluster no longer exists: {without}")
    }

    /// List, and one removal where the list has this node. The list that does not ends it.
    async fn round(&mut self, mut round: Round) -> Result<(), Unfinished> {
        let Work { context, service, .. } = self.work;
        let cluster = &context.cluster;
        let (mut at, mut list) = self.candidates.list(&mut round).await?;
        let leader = list.to_ask(service, &at);
        // A follower may lag: what ends the matter is the leader's list, where its entry gives its address. One that cannot be
        // asked has not said so.
        self.unheard = None;
        if !self.must_go(&list, &at).await? && leader != at {
            match self.candidates.list_of(&leader, &mut round).await {
                Ok(leaders) => (at, list) = (leader, leaders),
                Err(fault) => {
                    self.candidates.demote(&leader);
                    return self.without_the_leader(at, list, fault, round).await;
                }
            }
        }
        if !self.must_go(&list, &at).await? {
            let others = self.candidates.others(&at, &mut round).await;
            return self.without_an_entry(at, &list, &others);
        }
        if self.only_looks {
            return Ok(());
        }
        let id = self.work.id();
        if let Some(refused) = self.unsure.take() {
            return Err(refused.into());
        }
        if self.has_asked {
            let message = format!("{id} was asked to be removed and is listed still");
            return Err(Unfinished::Again(Box::new(Fault::transient(at, message)), Again::Removal));
        }
        let key = list.entry_of(id, service).map_or(id.as_str(), |entry| entry.key.as_str());
        context.progress.status(&format!("leaving {} through {at}", service.name));
        let removed = self.candidates.change(&at, round, async |at| cluster.remove(service, at, key).await).await;
        self.is_removed = true;
        // Whatever the removal has answered, only the list decides.
        match removed {
            Ok(()) => self.has_asked = true,
            Err(fault @ Fault { class: Class::Busy { .. } | Class::NotLeader(_), .. }) => return Err(fault.into()),
            Err(fault) => self.unsure = Some(fault),
        }
        let message = format!("{id} was asked to be removed, and no list has shown what became of it");
        Err(Unfinished::Again(Box::new(Fault::transient(at, message)), Again::Look))
    }

    /// A list without this node ends its membership, unless another member's has it: lists may be old, the first to be old is
    /// that of the node that leaves.
    fn without_an_entry(
        &mut self,
        at: Endpoint,
        list: &MemberList,
        others: &[(Endpoint, MemberList)],
    ) -> Result<(), Unfinished> {
        let (id, service) = (self.work.id(), self.work.service);
        if let Some((other, _)) = self.who_has_it(others).filter(|_| self.quorum == Quorum::Keep) {
            let message = format!("its list does not have {id}, and that of {other} has");
            self.candidates.prefer(other);
            let again = if self.has_asked { Again::Removal } else { Again::Failed { floor: None } };
            return Err(Unfinished::Again(Box::new(Fault::transient(at, message)), again));
        }
        let is_alone = service.endpoints_for_change().is_empty();
        if service.is_own_api(&at) && others.is_empty() && !is_alone {
            self.candidates.demote(&at);
            let message = "this node's own service has no entry of it, and no other member has said so".to_owned();
            return Err(Fault::transient(at, message).into());
        }
        self.report_end(list, &at);
        Ok(())
    }

    fn who_has_it<'l>(&self, lists: &'l [(Endpoint, MemberList)]) -> Option<&'l (Endpoint, MemberList)> {
        lists.iter().find(|(_, list)| list.has_id(self.work.id()))
    }

    /// A leader that the configuration knows has to be heard. One whose API is only guessed from its entry may have it elsewhere,
    /// or by another name: where all who can be asked agree, it is not waited for longer than for the attempts.
    async fn without_the_leader(
        &mut self,
        at: Endpoint,
        list: MemberList,
        fault: Fault,
        mut round: Round,
    ) -> Result<(), Unfinished> {
        let service = self.work.service;
        let is_guessed = list.leader().is_some_and(|leader| leader.configured_api(service).is_none());
        let others = self.candidates.others(&at, &mut round).await;
        let is_agreed = is_guessed && !service.is_own_api(&at) && self.who_has_it(&others).is_none();
        let is_word_of_the_service =
            |cause| matches!(cause, Cause::Contradiction | Cause::AnotherCluster | Cause::Refused);
        if is_agreed && matches!(fault.class, Class::Permanent(cause) if !is_word_of_the_service(cause)) {
            self.report_end(&list, &at);
            return Ok(());
        }
        if is_agreed {
            self.unheard = Some((list, at));
        } else {
            // Another member may name another leader.
            self.candidates.demote(&at);
        }
        Err(fault.into())
    }

    fn report_end(&self, list: &MemberList, at: &Endpoint) {
        if self.only_looks {
            return;
        }
        let (cluster, endpoint) = (self.work.service.name.to_string(), at.to_string());
        self.work.report.report(if self.is_removed {
            Event::Left { cluster, endpoint, members: list.members.len() as u64 }
        } else {
            Event::NoMember { cluster, endpoint }
        });
    }

    /// Whether the list has this node; an entry that is another machine's is not this node's to remove.
    async fn must_go(&self, list: &MemberList, at: &Endpoint) -> Result<bool, Stop> {
        let Work { context, service, .. } = self.work;
        let (config, id, own) = (context.config, self.work.id(), &self.own);
        let (is_marked, marked) = match context.markers.read(service.name) {
            MarkerState::Present { identity, path, .. } => match identity.mismatch(&context.this_node) {
                Some(mismatch) => return Err(Blocker::foreign_marker(&path, &mismatch).into()),
                None => (true, identity.cluster_id.as_deref().map(Word::new).filter(|id| !id.is_nobody())),
            },
            MarkerState::Absent | MarkerState::Damaged { .. } | MarkerState::NotPermitted { .. } => (false, None),
        };
        // The service itself knows better than a marker which cluster it is in: one may have been restored under a new identity.
        let cluster = own.as_ref().and_then(|own| own.cluster_id.as_ref()).or(marked.as_ref());
        if is_another(cluster, list.cluster_id.as_ref()) {
            return Err(Blocker::not_left(service, at).into());
        }
        let addresses = context.machine.addresses();
        let incarnation = own.as_ref().and_then(|own| own.incarnation_of(id));
        let candidate = Candidate { config, service, incarnation, cluster_id: None, addresses: &addresses };
        let Some(entry) = list.entry_of(id, service) else {
            return refuse_rival(list, candidate, at).map_or(Ok(false), |blocker| Err(blocker.into()));
        };
        // By its id alone, where this node does not say what its address is.
        let is_here = addresses.iter().any(|address| entry.raft_addr.is_at(*address));
        // What is started as a member listens at its address: without a marker, one that this machine does not have is the
        // address of a machine whose configuration was copied to this one.
        let is_copied = service.api.is_added_first() && !is_marked && self.work.is_elsewhere(entry);
        if (entry.raft_addr.is_certainly_another(service) && !is_here) || is_copied {
            return Err(Blocker::may_be_own(service, entry, at).into());
        }
        if let Some(own) = own.as_ref().filter(|_| is_other_data(incarnation, entry.incarnation.as_ref())) {
            match self.work.must_be_here(own, entry, at).await {
                Err(Setback::Stop(stop)) => return Err(stop),
                // A machine that does not answer now may be a living member's, whose configuration was copied to this one.
                Err(Setback::Fault(_)) if !entry.is_dead() && !is_here => {
                    return Err(Blocker::may_be_own(service, entry, at).into());
                }
                Ok(()) | Err(Setback::Fault(_)) => {}
            }
        }
        match risk_without(list, id).filter(|_| self.quorum == Quorum::Keep) {
            Some(risk) => Err(Blocker::quorum(format!("{}: {risk}", service.name)).into()),
            None => Ok(true),
        }
    }
}
