//! `join`, `setup`, `health-check` and `run`: one or more steps with their events.

use crate::cluster::HttpCluster;
use crate::config::{ClusterName, Config, ConfigError, Permissions};
use crate::events::{Event, Report, Reporter, Scope, ScopedReporter};
use crate::markers::Markers;
use crate::plan::{self, Decision, Step};
use crate::run::ports::Progress;
use crate::run::{self, Context, Outcome, Secrets};
use crate::systemd::Systemd;
use crate::systemd::notify::Notifier;

use super::{Exit, Options, node};

impl Progress for Notifier {
    fn status(&self, line: &str) {
        Self::status(self, line);
    }
}

/// Brings the steps to their end in order; the first that is not done ends the sequence.
pub(super) async fn run(options: &Options, steps: &[Step], wait: bool) -> Exit {
    let reporter = Reporter::start(options.log_format, &node::run_id());
    let exit = run_reporting(options, steps, wait, &reporter).await;
    reporter.finish();
    exit
}

async fn run_reporting(options: &Options, steps: &[Step], wait: bool, reporter: &Reporter) -> Exit {
    let notifier = Notifier::from_environment();
    let Some(first) = steps.first() else {
        return Exit::Success;
    };
    let report = reporter.scoped(scope(*first, None));
    let loaded = match node::load(options, Permissions::Refuse, false) {
        Ok(loaded) => loaded,
        Err(error) => {
            notifier.status(&format!("blocked: {}", error.summary()));
            report.report(configuration_event(&error));
            return Exit::Blocked;
        }
    };
    let config = &loaded.checked.config;
    let report = reporter.scoped(scope(*first, Some(config)));
    for warning in &loaded.checked.warnings {
        report.report(Event::ConfigurationWarning { warning: warning.to_string() });
    }
    if let Some(outcome) = done_without_effort(options, config, steps, reporter) {
        return outcome.into();
    }
    report.report(Event::ConfigurationLoaded { source: loaded.origin.to_string() });
    if let Some((clock, floor)) = crate::clock::before_build() {
        report.report(Event::ClockBeforeBuild { clock, floor });
    }
    let cluster = match HttpCluster::new(&config.tls, config.policies.request) {
        Ok(cluster) => cluster,
        Err(blocker) => {
            notifier.status(&blocker.to_string());
            report.report(blocker.event());
            return Exit::Blocked;
        }
    };
    let context = Context {
        config,
        markers: &Markers::new(options.state_dir.clone()),
        this_node: node::identity(config),
        units: connect(&report).await,
        cluster,
        progress: &notifier,
        secrets: Secrets { credentials_directory: node::credentials_directory() },
    };
    for step in steps {
        let report = reporter.scoped(scope(*step, Some(config)));
        match run::run_step(&context, *step, wait, &report).await {
            Outcome::Done => {}
            unfinished => return unfinished.into(),
        }
    }
    Exit::Success
}

/// A second start: where the markers say that all is done, neither systemd nor the cluster is asked.
fn done_without_effort(options: &Options, config: &Config, steps: &[Step], reporter: &Reporter) -> Option<Outcome> {
    let observed = run::observe(&Markers::new(options.state_dir.clone()), &node::identity(config));
    let events: Option<Vec<(Step, Event)>> = steps
        .iter()
        .map(|step| match plan::decide(config, &observed, *step) {
            Decision::Done { since } => Some((*step, Event::AlreadyDone { since })),
            Decision::Skip(reason) => Some((*step, Event::StepDisabled { reason: reason.to_string() })),
            Decision::Run(_) | Decision::Blocked(_) => None,
        })
        .collect();
    for (step, event) in events? {
        reporter.scoped(scope(step, Some(config))).report(event);
    }
    Some(Outcome::Done)
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

fn scope(step: Step, config: Option<&Config>) -> Scope {
    Scope {
        service: step.service_name(),
        operation: step.operation(),
        node_id: config.map(|config| config.node.id.to_string()),
        cluster_name: config.and_then(|config| config.cluster_name.as_ref()).map(ClusterName::to_string),
    }
}

fn configuration_event(error: &ConfigError) -> Event {
    let text = error.to_string();
    match error {
        ConfigError::NotFound { .. } => Event::ConfigurationNotFound { error: text },
        _ => Event::ConfigurationInvalid { error: text },
    }
}
