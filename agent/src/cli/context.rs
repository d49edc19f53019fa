//! Puts together what the commands that change something work with.

use std::cell::Cell;
use std::net::IpAddr;
use std::path::Path;

use crate::clock;
use crate::config::{ClusterName, Config, ConfigError, Service, ServiceName};
use crate::events::{Event, Report, Scope, ScopedReporter};
use crate::foreign_text::LONGEST_MESSAGE;
use crate::inventory::{self, Inventory, Link};
use crate::markers::{Hold, Markers, Trouble};
use crate::plan::Blocker;
use crate::protocols::HttpCluster;
use crate::run::ports::{Machine, Progress};
use crate::run::{Context, Requests};
use crate::systemd::Systemd;
use crate::systemd::notify::Notifier;

use super::node;

/// What a step is doing, for systemd and, where this is the run of a unit, for `status`.
pub(super) struct StepProgress<'a> {
    pub(super) notifier: &'a Notifier,
    state_dir: &'a Path,
    invocation_id: Option<String>,
    step: &'a str,
    is_noted: Cell<bool>,
}

impl<'a> StepProgress<'a> {
    pub(super) fn new(notifier: &'a Notifier, state_dir: &'a Path, step: &'a str) -> Self {
        // An earlier run may have left something, which is no longer so.
        Self { notifier, state_dir, invocation_id: node::invocation_id(), step, is_noted: Cell::new(true) }
    }

    /// Notes a failure that is met before there is a step.
    pub(super) fn blocked(&self, reason: &str, remedy: &str) {
        self.trouble(Trouble::new(Hold::Blocked, reason, remedy));
    }
}

impl Progress for StepProgress<'_> {
    fn status(&self, line: &str) {
        self.notifier.status(line);
        if self.invocation_id.is_some() && self.is_noted.replace(false) {
            // What is left there names another run, or is forgotten with the next.
            let _ = Trouble::remove(self.state_dir, self.step);
        }
    }

    fn trouble(&self, trouble: Trouble) {
        self.notifier.status(&trouble.to_string());
        if let Some(invocation_id) = &self.invocation_id {
            self.is_noted.set(true);
            // On a full disk the line above is what is left.
            let noted = Trouble { invocation_id: invocation_id.clone(), ..trouble };
            let _ = noted.write(self.state_dir, self.step);
        }
    }
}

/// For commands that only read, whose progress is not shown.
pub(super) struct Silent;

impl Progress for Silent {
    fn status(&self, _line: &str) {}

    fn trouble(&self, _trouble: Trouble) {}
}

/// The machine that this process runs on.
pub(super) struct ThisMachine;

impl Machine for ThisMachine {
    fn inventory(&self) -> Inventory {
        Inventory::take_with_hand_over(Path::new("/"))
    }

    fn links(&self) -> Vec<Link> {
        inventory::links(Path::new("/"))
    }

    fn addresses(&self) -> Vec<IpAddr> {
        inventory::addresses()
    }

    fn clock_before_build(&self) -> Option<(String, String)> {
        clock::before_build()
    }
}

/// The context of this process; without a reporter it knows nothing of units.
///
/// # Errors
/// A TLS file cannot be used.
pub(super) async fn of<'a>(
    config: &'a Config,
    markers: &'a Markers,
    progress: &'a dyn Progress,
    requests: &'a Requests,
    report: Option<&ScopedReporter>,
) -> Result<Context<'a, Systemd, HttpCluster>, Blocker> {
    Ok(Context {
        config,
        markers,
        this_node: node::identity(config),
        cluster: node::cluster(config)?,
        units: match report {
            Some(report) => Systemd::connect()
                .await
                .inspect_err(|error| report.report(Event::SystemdUnreachable { error: error.to_string() }))
                .ok(),
            None => None,
        },
        who: node::who(),
        progress,
        machine: &ThisMachine,
        find_credential: &node::find_credential,
        requests,
        looks_again: node::invocation_id().is_some(),
    })
}

/// What every event of a command carries along.
pub(super) fn scope(service: &str, operation: &'static str, config: Option<&Config>) -> Scope {
    Scope {
        service: service.to_owned(),
        operation,
        node_id: config.map(|config| config.node.id.to_string()),
        cluster_name: config.and_then(|config| config.cluster_name.as_ref()).map(ClusterName::to_string),
    }
}

/// A service of this node.
///
/// # Errors
/// It has none of that name.
pub(super) fn service(config: &Config, name: ServiceName) -> Result<&Service, Event> {
    config.service(name).ok_or_else(|| {
        let all: Vec<String> = config.services.iter().map(|service| service.name().to_string()).collect();
        Event::ServiceNotConfigured {
            error: format!("this node has no service {name}; its configuration has {}", all.join(", ")),
        }
    })
}

/// What ends a report that is too long for one message.
const MORE: &str = "  … and more: `first-boot-agent config validate` lists every problem";

/// What is wrong with a configuration, as an event.
pub(super) fn configuration_event(error: &ConfigError) -> Event {
    let mut text = error.to_string();
    if text.chars().count() > LONGEST_MESSAGE {
        let lines = text.lines().scan(0, |length, line| {
            *length += line.chars().count() + 1;
            (*length < LONGEST_MESSAGE - MORE.len()).then_some(line)
        });
        text = lines.chain([MORE]).collect::<Vec<_>>().join("\n");
    }
    match error {
        ConfigError::NotFound { .. } => Event::ConfigurationNotFound { error: text },
        ConfigError::BootstrapsBehindBroken { .. } => Event::ConfigurationWouldBootstrap { error: text },
        _ => Event::ConfigurationInvalid { error: text },
    }
}
