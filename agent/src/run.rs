//! Executes decisions: waits for the local service, becomes a member, sets IAM up, judges
//! the cluster, and writes each marker after its effect.
//!
//! Everything outside is reached through the ports that this module owns; what to do is the
//! plan's business, how long to wait the policies'.

mod bootstrap;
mod bring_up;
mod candidates;
mod health;
mod join;
mod judge;
mod leave;
mod needed;
mod peers;
pub mod ports;
mod preflight;
mod removed;
mod reset;
mod service;
mod setup;

#[cfg(test)]
mod tests;

use std::cell::RefCell;
use std::collections::HashMap;
use std::fmt;
use std::path::PathBuf;

use tokio::time::sleep;

use crate::clock;
use crate::config::{Config, MemberService, NodeId, Policies, ServiceName};
use crate::events::{Event, Report};
use crate::markers::{Achievement, Held, Hold, Holder, Identity, Lock, MarkerState, Markers, Trouble};
use crate::plan::member::Word;
use crate::plan::{self, Action, Blocker, Decision, Observed, Step, Unmet};
use crate::retry::{SHORTEST_PAUSE, Schedule};

use ports::{Cluster, Fault, Machine, Progress, Units};

pub use bootstrap::find_second_cluster;
pub use bring_up::left_alone;
/// How a step ended, which is how its process ends.
pub use first_boot_output::Exit as Outcome;
pub use health::find as find_health;
pub use judge::judge;
pub use leave::{Departure, Quorum, foresee_leave, foresee_markers, forget, leave};
pub use preflight::unmet;
pub use reset::{after_reset_of_all, foresee_reset, reset, reset_setup};
pub use service::refuse_anothers;

/// How many members of a group are asked at the same time, of both groups 16: enough to be quick, and no storm from a node of
/// a large cluster.
const AT_ONCE: usize = 8;

/// Everything that a step works with.
pub struct Context<'a, U, C> {
    /// The validated configuration.
    pub config: &'a Config,
    /// The markers of this node.
    pub markers: &'a Markers,
    /// Who this node is.
    pub this_node: Identity,
    /// systemd, where it can be reached.
    pub units: Option<U>,
    /// The services' APIs.
    pub cluster: C,
    /// Who this process is, for another that meets its lock.
    pub who: Holder,
    /// What is reported to systemd.
    pub progress: &'a dyn Progress,
    /// The machine under the agent.
    pub machine: &'a dyn Machine,
    /// Finds the credential of a name, as systemd has it for this process.
    pub find_credential: &'a dyn Fn(&str) -> Option<Credential>,
    /// What this process has asked the clusters for.
    pub requests: &'a Requests,
    /// Whether a step blocked by a fault elsewhere looks again, as a unit does; an operator who calls gets an answer at once.
    pub looks_again: bool,
}

/// A systemd credential, as a process meets it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Credential {
    /// A file to be read.
    Readable(PathBuf),
    /// It exists, and systemd has not decrypted it for this process.
    Encrypted(PathBuf),
}

/// The changes that this process has asked the clusters for, over all its looks: members that disagree about an old entry must
/// not make a storm of removals, nor have the new one removed.
#[derive(Debug, Default)]
pub struct Requests(RefCell<HashMap<ServiceName, Asked>>);

/// What a service was asked for.
#[derive(Debug, Clone, Copy, Default)]
struct Asked {
    /// A removal, and it was not seen done, nor refused: there is at most one at a time.
    is_removing: bool,
    /// A removal at all.
    has_removed: bool,
    /// To add this node: from then on an old entry of it is an old list.
    has_added: bool,
}

impl Requests {
    fn of(&self, service: ServiceName) -> Asked {
        self.0.borrow().get(&service).copied().unwrap_or_default()
    }

    fn note(&self, service: ServiceName, change: impl FnOnce(&mut Asked)) {
        change(self.0.borrow_mut().entry(service).or_default());
    }
}

/// What ends a step before it is done.
#[derive(Debug)]
enum Stop {
    /// May pass; the event says what happened.
    Failed(Event),
    /// Will not pass by itself.
    Blocked(Blocker),
}

impl Stop {
    fn event(&self) -> Event {
        match self {
            Self::Failed(event) => event.clone(),
            Self::Blocked(blocker) => blocker.event(),
        }
    }

    fn outcome(&self) -> Outcome {
        match self {
            Self::Failed(Event::Internal { .. }) => Outcome::Internal,
            Self::Failed(_) => Outcome::Transient,
            Self::Blocked(_) => Outcome::Blocked,
        }
    }
}

impl From<Blocker> for Stop {
    fn from(blocker: Blocker) -> Self {
        Self::Blocked(blocker)
    }
}

/// What ends one attempt within a step.
enum Setback {
    /// Another attempt may go better.
    Fault(Fault),
    /// The step ends.
    Stop(Stop),
}

impl From<Fault> for Setback {
    fn from(fault: Fault) -> Self {
        match fault.blocker() {
            Some(blocker) => blocker.into(),
            None => Self::Fault(fault),
        }
    }
}

impl<T: Into<Stop>> From<T> for Setback {
    fn from(stop: T) -> Self {
        Self::Stop(stop.into())
    }
}

/// What is done for a service with members: with what, and where it is reported.
struct Work<'a, U, C> {
    context: &'a Context<'a, U, C>,
    service: &'a MemberService,
    report: &'a dyn Report,
}

impl<'a, U, C> Work<'a, U, C> {
    /// This node's id.
    fn id(&self) -> &'a NodeId {
        &self.context.config.node.id
    }
}

/// Reads the markers, for the plan; what the machine lacks is for the caller to say.
#[must_use]
pub fn observe(config: &Config, markers: &Markers, this_node: Identity, unmet: Vec<Unmet>) -> Observed {
    let markers = config.services.iter().map(|service| (service.name(), markers.read(service.name()))).collect();
    Observed { this_node, markers, unmet }
}

/// Brings one step to its end and reports what happens to `report`.
///
/// With `wait`, the health check looks again until its verdict is good or its time is over.
pub async fn run_step<U: Units, C: Cluster>(
    context: &Context<'_, U, C>,
    step: Step,
    wait: bool,
    report: &dyn Report,
) -> Outcome {
    let mut looks = Looks::of(context.looks_again, &context.config.policies, context.progress, report);
    loop {
        match Box::pin(attend(context, step, wait, report)).await {
            Err(Stop::Blocked(blocker)) => {
                if let Err(ended) = looks.await_fix(blocker).await {
                    return ended;
                }
            }
            ended => return end(context, step.operation(Some(context.config)), ended, report),
        }
    }
}

/// What is blocked by a fault elsewhere looks again by itself, in a unit: nothing on this node changes when it is fixed there,
/// so nothing would wake the unit.
pub struct Looks<'a> {
    schedule: Option<Schedule>,
    reported: Option<Blocker>,
    progress: &'a dyn Progress,
    report: &'a dyn Report,
}

impl<'a> Looks<'a> {
    /// None yet; none ever for an operator who calls, and gets the answer at once.
    #[must_use]
    pub fn of(looks_again: bool, policies: &Policies, progress: &'a dyn Progress, report: &'a dyn Report) -> Self {
        Self { schedule: looks_again.then(|| Schedule::polling(&policies.blocked)), reported: None, progress, report }
    }

    /// Reports what is in the way, and returns when it is time to look again.
    ///
    /// # Errors
    /// It ends here: what is in the way is fixed on this node, or was looked at long enough for one run.
    pub async fn await_fix(&mut self, blocker: Blocker) -> Result<(), Outcome> {
        let Some(schedule) = self.schedule.as_mut().filter(|_| blocker.cause.is_fixed_elsewhere()) else {
            return Err(stopped(&Stop::Blocked(blocker), self.progress, self.report));
        };
        let Some(delay) = schedule.next_delay(None) else {
            // systemd starts the next run, which reports it again.
            return Err(stopped(&Stop::Failed(blocker.event()), self.progress, self.report));
        };
        let trouble = Trouble::new(Hold::Blocked, &blocker.reason, &blocker.remedy);
        self.progress.trouble(Trouble { looks_again: Some(clock::time_after(delay)), ..trouble });
        if self.reported.as_ref() != Some(&blocker) {
            self.report.report(blocker.event());
            self.reported = Some(blocker);
        }
        sleep(delay.max(SHORTEST_PAUSE)).await;
        Ok(())
    }
}

/// Reports how it ended.
fn end<U, C>(context: &Context<'_, U, C>, operation: &str, ended: Result<(), Stop>, report: &dyn Report) -> Outcome {
    match ended {
        Ok(()) => {
            context.progress.status(&format!("done: {operation}"));
            Outcome::Done
        }
        Err(stop) => stopped(&stop, context.progress, report),
    }
}

/// Reports what ended it.
fn stopped(stop: &Stop, progress: &dyn Progress, report: &dyn Report) -> Outcome {
    let event = stop.event();
    let hold = if matches!(stop, Stop::Blocked(_)) { Hold::Blocked } else { Hold::Failed };
    progress.trouble(Trouble::new(hold, &event.reason(), &event.remedy()));
    report.report(event);
    stop.outcome()
}

/// Does what the plan says. What changes the service's state is done as the one who holds its lock.
async fn attend<U: Units, C: Cluster>(
    context: &Context<'_, U, C>,
    step: Step,
    wait: bool,
    report: &dyn Report,
) -> Result<(), Stop> {
    let Some(service) = step.marked_by() else {
        return health::check(context, wait, report).await;
    };
    let unmet = unmet(context.config, context.machine);
    let Some(mut action) = to_do(context, step, &unmet, report)? else {
        return Ok(());
    };
    preflight::attend(context, &unmet, report).await?;
    if let Some(service) = context.config.service(service) {
        needed::await_needed(context, service, report).await?;
    }
    let lock = match context.lock(service)? {
        Ok(lock) => lock,
        Err(held) => {
            report.report(Event::WaitingForLock { holder: held.to_string() });
            context.progress.status(&format!("waiting for another agent: {held}"));
            let lock =
                held.released().await.ok_or_else(|| locking_failed(&"the system gave up waiting for the lock"))?;
            // The other one has most likely done it.
            match to_do(context, step, &unmet, report)? {
                Some(still) => action = still,
                None => return Ok(()),
            }
            lock
        }
    };
    match action {
        Action::Bootstrap(service) => Work { context, service, report }.bootstrap(&lock).await,
        Action::Join(service) => Work { context, service, report }.join(&lock).await,
        Action::SetUp(service) => setup::set_up(context, service, &lock, report).await,
        Action::CheckHealth => Ok(()),
    }
}

/// What the plan has for a step, if anything; the rest is reported.
fn to_do<'a, U, C>(
    context: &Context<'a, U, C>,
    step: Step,
    unmet: &[Unmet],
    report: &dyn Report,
) -> Result<Option<Action<'a>>, Stop> {
    let config = context.config;
    let observed = observe(config, context.markers, context.this_node.clone(), unmet.to_vec());
    match plan::decide(config, &observed, step) {
        Decision::Done { since } => {
            report.report(Event::AlreadyDone { since });
            Ok(None)
        }
        Decision::Skip(reason) => {
            report.report(Event::StepDisabled { reason: reason.to_string() });
            Ok(None)
        }
        Decision::Blocked(blocker) => Err(blocker.into()),
        Decision::Run(action) => {
            if let Some(MarkerState::Damaged { path, reason } | MarkerState::NotPermitted { path, reason }) =
                step.marked_by().map(|service| observed.marker(service))
            {
                report.report(Event::MarkerDamaged { path: path.display().to_string(), reason: reason.clone() });
            }
            Ok(Some(action))
        }
    }
}

fn locking_failed(error: &dyn fmt::Display) -> Stop {
    Stop::Failed(Event::StateUnusable { error: error.to_string() })
}

impl<U, C> Context<'_, U, C> {
    /// The right to change a service's state, or who has it.
    fn lock(&self, service: ServiceName) -> Result<Result<Lock, Held>, Stop> {
        self.markers.try_lock(service, &self.who).map_err(|error| locking_failed(&error))
    }

    /// Writes the marker of the locked service; its effect must have been confirmed.
    fn mark(
        &self,
        lock: &Lock,
        achievement: Achievement,
        cluster_id: Option<&Word>,
        report: &dyn Report,
    ) -> Result<(), Stop> {
        let identity = self.this_node.in_cluster(cluster_id.map(Word::as_str));
        let written = self.markers.write(lock, achievement, &identity);
        let path = written.map_err(|error| Stop::Failed(Event::MarkerFailed { error: error.to_string() }))?;
        report.report(Event::MarkerWritten { path: path.display().to_string() });
        Ok(())
    }
}
