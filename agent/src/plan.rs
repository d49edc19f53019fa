//! What to do, as data. Nothing here asks, waits or writes: the same input gives the same
//! plan, so sequencing and resumption are table tests.
//!
//! `plan` and `status` print a plan, `run` executes it.

mod blocker;
pub mod expectations;
pub mod health;
pub mod member;
pub mod membership;
pub mod quorum;

#[cfg(test)]
mod tests;

use std::fmt;

use crate::config::{Config, Mode, RaftService, RaftServiceConfig, Service};
use crate::markers::{Identity, MarkerState};

pub use blocker::{Blocker, Cause};
pub use expectations::Unmet;

/// One step of the first boot, in the order of the sequence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Step {
    /// Become a member of chainfire.
    Chainfire,
    /// Become a member of flaredb.
    Flaredb,
    /// Have IAM set up.
    Iam,
    /// Judge the whole.
    HealthCheck,
}

impl Step {
    /// All steps, in order.
    pub const ALL: [Self; 4] = [Self::Chainfire, Self::Flaredb, Self::Iam, Self::HealthCheck];

    /// The `SERVICE` of its events.
    #[must_use]
    pub fn service_name(self) -> &'static str {
        match self {
            Self::Chainfire => "chainfire",
            Self::Flaredb => "flaredb",
            Self::Iam => "iam",
            Self::HealthCheck => "cluster",
        }
    }

    /// The step's name in `status` and `plan`.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::HealthCheck => "health",
            other => other.service_name(),
        }
    }

    /// The `OPERATION` of its events (first-boot seed).
    #[must_use]
    pub fn operation(self) -> &'static str {
        match self {
            Self::Chainfire | Self::Flaredb => "cluster-join",
            Self::Iam => "initial-setup",
            Self::HealthCheck => "health-check",
        }
    }

    /// The unit that runs the step.
    #[must_use]
    pub fn unit(self) -> &'static str {
        match self {
            Self::Chainfire => "chainfire-cluster-join.service",
            Self::Flaredb => "flaredb-cluster-join.service",
            Self::Iam => "iam-initial-setup.service",
            Self::HealthCheck => "cluster-health-check.service",
        }
    }

    /// The unit that starts it when what it waits for has changed.
    #[must_use]
    pub fn path_unit(self) -> &'static str {
        match self {
            Self::Chainfire => "chainfire-cluster-join.path",
            Self::Flaredb => "flaredb-cluster-join.path",
            Self::Iam => "iam-initial-setup.path",
            Self::HealthCheck => "cluster-health-check.path",
        }
    }

    /// The step that must be done first.
    #[must_use]
    pub fn needs(self) -> Option<Self> {
        match self {
            Self::Chainfire | Self::HealthCheck => None,
            Self::Flaredb => Some(Self::Chainfire),
            Self::Iam => Some(Self::Flaredb),
        }
    }

    /// The service whose marker says that the step is done; the health check has none.
    #[must_use]
    pub fn marked_by(self) -> Option<Service> {
        match self {
            Self::Chainfire => Some(Service::Chainfire),
            Self::Flaredb => Some(Service::Flaredb),
            Self::Iam => Some(Service::Iam),
            Self::HealthCheck => None,
        }
    }
}

impl From<Service> for Step {
    fn from(service: Service) -> Self {
        match service {
            Service::Chainfire => Self::Chainfire,
            Service::Flaredb => Self::Flaredb,
            Service::Iam => Self::Iam,
        }
    }
}

impl From<RaftService> for Step {
    fn from(service: RaftService) -> Self {
        Service::from(service).into()
    }
}

/// What is to be done for a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// Confirm that the local service has formed its cluster with this node.
    Bootstrap(RaftService),
    /// Have this node added to the service's cluster.
    Join(RaftService),
    /// Have IAM set up.
    SetUpIam,
    /// Judge the whole.
    CheckHealth,
}

impl fmt::Display for Action {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bootstrap(service) => write!(formatter, "confirm the bootstrapped {service} cluster"),
            Self::Join(service) => write!(formatter, "join the {service} cluster"),
            Self::SetUpIam => formatter.write_str("set up IAM"),
            Self::CheckHealth => formatter.write_str("check the health of the cluster"),
        }
    }
}

/// Why a step is left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SkipReason {
    /// The configuration turns the service off.
    Disabled(Service),
    /// A step before it is blocked.
    Waits(Step),
}

impl fmt::Display for SkipReason {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Disabled(service) => {
                write!(formatter, "services.{service}.enable is false in the configuration")
            }
            Self::Waits(step) => write!(formatter, "{} is blocked", step.label()),
        }
    }
}

/// The plan for one step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// To be done now.
    Run(Action),
    /// Done before; `since` is the marker's first line.
    Done {
        /// When, as the marker says.
        since: String,
    },
    /// Left out.
    Skip(SkipReason),
    /// Cannot be done until somebody changes something.
    Blocked(Blocker),
}

/// What the plan goes by.
#[derive(Debug, Clone)]
pub struct Observed {
    /// Who this node is.
    pub this_node: Identity,
    /// chainfire's marker.
    pub chainfire: MarkerState,
    /// flaredb's marker.
    pub flaredb: MarkerState,
    /// IAM's marker.
    pub iam: MarkerState,
    /// What the machine lacks of what the configuration expects.
    pub unmet: Vec<Unmet>,
}

impl Observed {
    /// The marker of a service.
    #[must_use]
    pub fn marker(&self, service: Service) -> &MarkerState {
        match service {
            Service::Chainfire => &self.chainfire,
            Service::Flaredb => &self.flaredb,
            Service::Iam => &self.iam,
        }
    }
}

/// The decision for every step, in order.
#[must_use]
pub fn plan(config: &Config, observed: &Observed) -> Vec<(Step, Decision)> {
    let mut decisions: Vec<(Step, Decision)> = Vec::with_capacity(Step::ALL.len());
    for step in Step::ALL {
        let waits_for = step.needs().filter(|needed| {
            decisions.iter().any(|(earlier, decision)| {
                earlier == needed && matches!(decision, Decision::Blocked(_) | Decision::Skip(SkipReason::Waits(_)))
            })
        });
        let decision = match (decide(config, observed, step), waits_for) {
            // What the machine lacks is told once, at the first step that it blocks.
            (Decision::Blocked(Blocker { cause: Cause::Hardware, .. }) | Decision::Run(_), Some(needed)) => {
                Decision::Skip(SkipReason::Waits(needed))
            }
            (decision, _) => decision,
        };
        decisions.push((step, decision));
    }
    decisions
}

/// The decision for one step, whatever becomes of the others.
#[must_use]
pub fn decide(config: &Config, observed: &Observed, step: Step) -> Decision {
    let Some(service) = step.marked_by() else {
        return Decision::Run(Action::CheckHealth);
    };
    let (enabled, action) = match service {
        Service::Chainfire => membership_action(&config.chainfire),
        Service::Flaredb => membership_action(&config.flaredb),
        Service::Iam => (config.iam.enable, Action::SetUpIam),
    };
    if !enabled {
        return Decision::Skip(SkipReason::Disabled(service));
    }
    match observed.marker(service) {
        MarkerState::Absent | MarkerState::Damaged { .. } => match expectations::blocker(&observed.unmet) {
            Some(blocker) => Decision::Blocked(blocker),
            None => Decision::Run(action),
        },
        MarkerState::Present { written, identity, path, .. } => match identity.mismatch(&observed.this_node) {
            Some(mismatch) => Decision::Blocked(Blocker::foreign_marker(path, &mismatch)),
            None => Decision::Done { since: written.clone() },
        },
    }
}

fn membership_action(service: &RaftServiceConfig) -> (bool, Action) {
    let action = match service.mode {
        Mode::Bootstrap => Action::Bootstrap(service.service),
        Mode::Join { .. } => Action::Join(service.service),
    };
    (service.enable, action)
}
