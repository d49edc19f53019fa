//! Executes decisions: waits for the local service, becomes a member, sets IAM up, judges
//! the cluster, and writes each marker after its effect.
//!
//! Everything outside is reached through the ports that this room owns; what to do is the
//! plan's business, how long to wait the policies'.

mod candidates;
mod health;
mod iam;
mod membership;
pub mod ports;
mod service;

#[cfg(test)]
mod tests;

use std::path::PathBuf;

use crate::config::{Config, Service};
use crate::events::{Event, Report};
use crate::markers::{Achievement, Identity, MarkerState, Markers};
use crate::plan::{self, Action, Blocker, Decision, Observed, Step};

use ports::{Cluster, Fault, Progress, Units};

pub use health::find as find_health;

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
    /// What systemd is told.
    pub progress: &'a dyn Progress,
    /// The credential with IAM's admin password, where there is one.
    pub admin_password_credential: Option<PathBuf>,
}

/// How a step ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Done, now or before, or turned off.
    Done,
    /// Failed in a way that may pass: to be started again.
    Transient,
    /// Cannot go on until somebody changes something.
    Blocked,
    /// Met a state that it should not.
    Internal,
}

/// What ends a step before it is done.
#[derive(Debug)]
enum Stop {
    /// May pass; the event tells what happened.
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
            Some(blocker) => Self::Stop(Stop::Blocked(blocker)),
            None => Self::Fault(fault),
        }
    }
}

/// Reads the markers, for the plan.
#[must_use]
pub fn observe(markers: &Markers, this_node: &Identity) -> Observed {
    Observed {
        this_node: this_node.clone(),
        chainfire: markers.read(Service::Chainfire),
        flaredb: markers.read(Service::Flaredb),
        iam: markers.read(Service::Iam),
    }
}

/// Brings one step to its end, telling `report` what happens.
///
/// With `wait`, the health check looks again until its verdict is good or its time is over.
pub async fn run_step<U: Units, C: Cluster>(
    context: &Context<'_, U, C>,
    step: Step,
    wait: bool,
    report: &dyn Report,
) -> Outcome {
    let observed = observe(context.markers, &context.this_node);
    let done = match plan::decide(context.config, &observed, step) {
        Decision::Done { since } => {
            report.report(Event::AlreadyDone { since });
            Ok(())
        }
        Decision::Skip(reason) => {
            report.report(Event::StepDisabled { reason: reason.to_string() });
            Ok(())
        }
        Decision::Blocked(blocker) => Err(Stop::Blocked(blocker)),
        Decision::Run(action) => {
            if let Some(MarkerState::Damaged { path, reason }) =
                step.marked_by().map(|service| observed.marker(service))
            {
                report.report(Event::MarkerDamaged { path: path.display().to_string(), reason: reason.clone() });
            }
            perform(context, action, wait, report).await
        }
    };
    match done {
        Ok(()) => {
            context.progress.status(&format!("done: {}", step.operation()));
            Outcome::Done
        }
        Err(stop) => {
            report.report(stop.event());
            if let Stop::Blocked(blocker) = &stop {
                context.progress.status(&blocker.to_string());
            }
            stop.outcome()
        }
    }
}

async fn perform<U: Units, C: Cluster>(
    context: &Context<'_, U, C>,
    action: Action,
    wait: bool,
    report: &dyn Report,
) -> Result<(), Stop> {
    match action {
        Action::Bootstrap(service) => membership::bootstrap(context, context.config.raft(service), report).await,
        Action::Join(service) => membership::join(context, context.config.raft(service), report).await,
        Action::SetUpIam => iam::set_up(context, report).await,
        Action::CheckHealth => health::check(context, wait, report).await,
    }
}

impl<U, C> Context<'_, U, C> {
    /// Writes a step's marker; its effect must have been confirmed.
    fn mark(&self, service: Service, achievement: Achievement, report: &dyn Report) -> Result<(), Stop> {
        match self.markers.write(service, achievement, &self.this_node) {
            Ok(path) => {
                report.report(Event::MarkerWritten { path: path.display().to_string() });
                Ok(())
            }
            Err(error) => Err(Stop::Failed(Event::MarkerFailed { error: error.to_string() })),
        }
    }
}
