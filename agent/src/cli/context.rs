//! Puts together what the commands that change something work with.

use std::path::Path;

use crate::clock;
use crate::cluster::HttpCluster;
use crate::config::{ClusterName, Config, ConfigError};
use crate::events::{Event, Report, Scope, ScopedReporter};
use crate::inventory::{self, Inventory, Link};
use crate::markers::Markers;
use crate::plan::Blocker;
use crate::run::Context;
use crate::run::ports::{Machine, Progress};
use crate::systemd::Systemd;
use crate::systemd::notify::Notifier;

use super::node;

impl Progress for Notifier {
    fn status(&self, line: &str) {
        Self::status(self, line);
    }
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

    fn clock_before_build(&self) -> Option<(String, String)> {
        clock::before_build()
    }
}

/// The context of this process.
///
/// # Errors
/// A TLS file cannot be used.
pub(super) async fn of<'a>(
    config: &'a Config,
    markers: &'a Markers,
    notifier: &'a Notifier,
    report: &ScopedReporter,
) -> Result<Context<'a, Systemd, HttpCluster>, Blocker> {
    Ok(Context {
        config,
        markers,
        this_node: node::identity(config),
        cluster: HttpCluster::new(&config.tls, config.policies.request)?,
        units: connect(report).await,
        who: node::who(),
        progress: notifier,
        machine: &ThisMachine,
        admin_password_credential: node::admin_password_credential(),
    })
}

async fn connect(report: &ScopedReporter) -> Option<Systemd> {
    match Systemd::connect().await {
        Ok(systemd) => Some(systemd),
        Err(error) => {
            report.report(Event::SystemdUnreachable { error: error.to_string() });
            None
        }
    }
}

/// What every event of a command carries along.
pub(super) fn scope(service: &'static str, operation: &'static str, config: Option<&Config>) -> Scope {
    Scope {
        service,
        operation,
        node_id: config.map(|config| config.node.id.to_string()),
        cluster_name: config.and_then(|config| config.cluster_name.as_ref()).map(ClusterName::to_string),
    }
}

/// What is wrong with a configuration, as an event.
pub(super) fn configuration_event(error: &ConfigError) -> Event {
    let text = error.to_string();
    match error {
        ConfigError::NotFound { .. } => Event::ConfigurationNotFound { error: text },
        ConfigError::BootstrapsBehindBroken { .. } => Event::ConfigurationWouldBootstrap { error: text },
        _ => Event::ConfigurationInvalid { error: text },
    }
}

/// A configuration that was passed over for one of lower rank, as an event.
pub(super) fn passed_over_event(error: &ConfigError) -> Event {
    Event::ConfigurationPassedOver { error: error.to_string() }
}
