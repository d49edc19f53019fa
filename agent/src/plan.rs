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

use crate::config::{Config, MemberService, Mode, Service, ServiceName, SetupService};
use crate::markers::{Identity, MarkerState};

pub use blocker::{Blocker, Cause};
pub use expectations::Unmet;

/// One step of the first boot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Step {
    /// Become a member of a service's cluster, or have it set up.
    Service(ServiceName),
    /// Judge the whole.
    HealthCheck,
}

impl Step {
    /// Become a member of chainfire.
    pub const CHAINFIRE: Self = Self::Service(ServiceName::CHAINFIRE);
    /// Become a member of flaredb.
    pub const FLAREDB: Self = Self::Service(ServiceName::FLAREDB);
    /// Have IAM set up.
    pub const IAM: Self = Self::Service(ServiceName::IAM);
    /// The steps of a configuration that names no services, and what is known where there is none.
    pub const DEFAULT: [Self; 4] = [Self::CHAINFIRE, Self::FLAREDB, Self::IAM, Self::HealthCheck];

    /// All steps of a configuration, in order.
    #[must_use]
    pub fn all(config: &Config) -> Vec<Self> {
        let services = config.services.iter().map(|service| Self::Service(service.name()));
        services.chain([Self::HealthCheck]).collect()
    }

    /// The `SERVICE` of its events.
    #[must_use]
    pub fn service_name(&self) -> &str {
        match self {
            Self::Service(name) => name.as_str(),
            Self::HealthCheck => "cluster",
        }
    }

    /// The step's name in `status` and `plan`.
    #[must_use]
    pub fn label(&self) -> &str {
        match self {
            Self::Service(name) => name.as_str(),
            Self::HealthCheck => "health",
        }
    }

    /// The `OPERATION` of its events (first-boot-readme.md). Without a configuration, only the default services are known.
    #[must_use]
    pub fn operation(self, config: Option<&Config>) -> &'static str {
        let Self::Service(name) = self else { return "health-check" };
        let is_set_up = match config.and_then(|config| config.service(name)) {
            Some(service) => matches!(service, Service::Setup(_)),
            None => name == ServiceName::IAM,
        };
        if is_set_up { "initial-setup" } else { "cluster-join" }
    }

    /// The unit that runs the step.
    #[must_use]
    pub fn unit(self) -> String {
        self.unit_with("service")
    }

    /// The unit that starts it when what it waits for has changed.
    #[must_use]
    pub fn path_unit(self) -> String {
        self.unit_with("path")
    }

    /// The default services have the unit names of the first-boot specification, others an instance of a template.
    fn unit_with(self, suffix: &str) -> String {
        match self {
            Self::IAM => format!("iam-initial-setup.{suffix}"),
            Self::Service(name) if ServiceName::DEFAULT.contains(&name) => format!("{name}-cluster-join.{suffix}"),
            Self::Service(name) => format!("cluster-join@{name}.{suffix}"),
            Self::HealthCheck => format!("cluster-health-check.{suffix}"),
        }
    }

    /// The step that a unit runs, where it is one that does.
    #[must_use]
    pub fn run_by(unit: &str) -> Option<Self> {
        let instance = unit.strip_prefix("cluster-join@").and_then(|rest| rest.strip_suffix(".service"));
        let of_template = instance.and_then(|name| name.parse().ok()).map(Self::Service);
        of_template.or_else(|| Self::DEFAULT.into_iter().find(|step| step.unit() == unit))
    }

    /// Whether a unit is one that runs a step.
    #[must_use]
    pub fn is_run_by(unit: &str) -> bool {
        unit.starts_with("cluster-join@") || Self::DEFAULT.iter().any(|step| step.unit() == unit)
    }

    /// The service whose marker says that the step is done; the health check has none.
    #[must_use]
    pub fn marked_by(self) -> Option<ServiceName> {
        match self {
            Self::Service(name) => Some(name),
            Self::HealthCheck => None,
        }
    }

    /// It and the steps behind it, in order: those that need it, and the health check.
    #[must_use]
    pub fn and_behind(self, config: &Config) -> Vec<Self> {
        let mut behind: Vec<ServiceName> = self.marked_by().into_iter().collect();
        for service in &config.services {
            if service.needs().iter().any(|needed| behind.contains(needed)) && !behind.contains(&service.name()) {
                behind.push(service.name());
            }
        }
        behind.into_iter().map(Self::Service).chain([Self::HealthCheck]).collect()
    }
}

impl From<ServiceName> for Step {
    fn from(name: ServiceName) -> Self {
        Self::Service(name)
    }
}

/// What is to be done for a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action<'a> {
    /// Confirm that the local service has formed its cluster with this node.
    Bootstrap(&'a MemberService),
    /// Have this node added to the service's cluster.
    Join(&'a MemberService),
    /// Have the service set up.
    SetUp(&'a SetupService),
    /// Judge the whole.
    CheckHealth,
}

impl fmt::Display for Action<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bootstrap(service) => write!(formatter, "confirm the bootstrapped {} cluster", service.name),
            Self::Join(service) => write!(formatter, "join the {} cluster", service.name),
            Self::SetUp(service) if service.name == ServiceName::IAM => formatter.write_str("set up IAM"),
            Self::SetUp(service) => write!(formatter, "set up {}", service.name),
            Self::CheckHealth => formatter.write_str("check the health of the cluster"),
        }
    }
}

/// Why a step is left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SkipReason {
    /// The configuration turns the service off.
    Disabled(ServiceName),
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
pub enum Decision<'a> {
    /// To be done now.
    Run(Action<'a>),
    /// Done before; `since` is the marker's first line.
    Done {
        /// When, as the marker says.
        since: String,
    },
    /// Left out.
    Skip(SkipReason),
    /// Cannot be done until something is changed.
    Blocked(Blocker),
}

/// What the plan is made from.
#[derive(Debug, Clone)]
pub struct Observed {
    /// Who this node is.
    pub this_node: Identity,
    /// The marker of each service.
    pub markers: Vec<(ServiceName, MarkerState)>,
    /// What the machine lacks of what the configuration expects.
    pub unmet: Vec<Unmet>,
}

impl Observed {
    /// The marker of a service.
    #[must_use]
    pub fn marker(&self, service: ServiceName) -> &MarkerState {
        let found = self.markers.iter().find(|(name, _)| *name == service);
        found.map_or(&MarkerState::Absent, |(_, marker)| marker)
    }
}

/// The decision for every step, in order.
#[must_use]
pub fn plan<'a>(config: &'a Config, observed: &Observed) -> Vec<(Step, Decision<'a>)> {
    let mut decisions: Vec<(Step, Decision<'a>)> = Vec::new();
    for step in Step::all(config) {
        let waits_for = needs(config, step).find(|needed| {
            decisions.iter().any(|(earlier, decision)| {
                earlier == needed && matches!(decision, Decision::Blocked(_) | Decision::Skip(SkipReason::Waits(_)))
            })
        });
        let decision = match (decide(config, observed, step), waits_for) {
            // What the machine lacks is reported once, at the first step that it blocks.
            (Decision::Blocked(Blocker { cause: Cause::Hardware, .. }) | Decision::Run(_), Some(needed)) => {
                Decision::Skip(SkipReason::Waits(needed))
            }
            (decision, _) => decision,
        };
        decisions.push((step, decision));
    }
    decisions
}

/// The steps that must be done before one.
pub fn needs(config: &Config, step: Step) -> impl Iterator<Item = Step> {
    let service = step.marked_by().and_then(|name| config.service(name));
    service.map_or(&[][..], Service::needs).iter().copied().map(Step::Service)
}

/// The decision for one step, whatever becomes of the others.
#[must_use]
pub fn decide<'a>(config: &'a Config, observed: &Observed, step: Step) -> Decision<'a> {
    let Step::Service(name) = step else {
        return Decision::Run(Action::CheckHealth);
    };
    let Some(service) = config.service(name).filter(|service| service.is_enabled()) else {
        return Decision::Skip(SkipReason::Disabled(name));
    };
    match observed.marker(name) {
        MarkerState::Absent | MarkerState::Damaged { .. } | MarkerState::NotPermitted { .. } => {
            match expectations::blocker(&observed.unmet) {
                Some(blocker) => Decision::Blocked(blocker),
                None => Decision::Run(action(service)),
            }
        }
        MarkerState::Present { written, identity, path, .. } => match identity.mismatch(&observed.this_node) {
            Some(mismatch) => Decision::Blocked(Blocker::foreign_marker(path, &mismatch)),
            None => Decision::Done { since: written.clone() },
        },
    }
}

fn action(service: &Service) -> Action<'_> {
    match service {
        Service::Members(service) => match service.mode {
            Mode::Bootstrap { .. } => Action::Bootstrap(service),
            Mode::Join { .. } => Action::Join(service),
        },
        Service::Setup(service) => Action::SetUp(service),
    }
}
