//! `join`, `setup`, `health-check` and `run`: one or more steps with their events.

use std::path::PathBuf;
use std::time::Duration;

use crate::clock;
use crate::config::{Changes, Config, Loaded, Permissions};
use crate::events::{Event, Report, Reporter, Scope, ScopedReporter};
use crate::markers::Markers;
use crate::plan::{self, Decision, Step};
use crate::run::ports::Progress;
use crate::run::{self, Looks, Outcome, Requests};
use crate::systemd::notify::Notifier;

use super::context::StepProgress;
use super::{Exit, Options, context, node};

/// What to do about a configuration that cannot be used; the reason says where it is wrong.
const CORRECT_IT: &str = "correct it: `first-boot-agent config validate --strict` lists every problem; the unit starts again when the file changes";
/// How long a configuration that cannot be used is given to become another one: it may just be being written.
const SETTLING: Duration = Duration::from_millis(300);

/// The step that is asked for, else all that the configuration has, in their order.
///
/// # Errors
/// The configuration has no such service.
fn steps(asked: Option<Step>, config: &Config) -> Result<Vec<Step>, Event> {
    let Some(step) = asked else { return Ok(Step::all(config)) };
    step.marked_by().map_or(Ok(()), |name| context::service(config, name).map(drop))?;
    Ok(vec![step])
}

/// Brings the steps to their end in order; the first that is not done ends the sequence. Where the configuration changes
/// meanwhile, it starts over: what an operator has corrected must not be acted on.
pub(super) async fn run(options: &Options, asked: Option<Step>, wait: bool) -> Exit {
    // Known without a configuration, which may be what is wrong.
    let named = asked.unwrap_or(Step::CHAINFIRE);
    let reporter = Reporter::start(options.log_format, &node::run_id(), None);
    let notifier = Notifier::from_environment();
    let progress = StepProgress::new(&notifier, &options.state_dir, named.label());
    let requests = Requests::default();
    let sequence = Sequence { options, wait, reporter: &reporter, progress: &progress, requests: &requests };
    if node::lacks_filters() {
        reporter.scoped(scope(named, None)).report(Event::SandboxUnfiltered {});
    }
    let places = node::places_of_configuration(options);
    let mut changes = Changes::default();
    let exit = loop {
        // Before the configuration is read: a change in between is not missed.
        changes.forget();
        changes.include(&places.iter().map(PathBuf::as_path).collect::<Vec<_>>());
        let loaded = match node::load(options, Permissions::Refuse, false) {
            Ok(loaded) => loaded,
            Err(error) => {
                // Written in place, a file is empty for a moment, and its creation alone wakes the unit.
                if changes.happen_within(SETTLING).await {
                    continue;
                }
                progress.blocked(&error.summary(), CORRECT_IT);
                reporter.scoped(scope(named, None)).report(context::configuration_event(&error));
                break Exit::Blocked;
            }
        };
        let config = &loaded.checked.config;
        changes.include(&[&config.tls.ca, &config.tls.certificate, &config.tls.key]);
        let steps = steps(asked, config);
        let first = steps.as_ref().map_or(named, |steps| steps.first().copied().unwrap_or(named));
        tokio::select! {
            // The work first: where it is done at once, nothing is watched.
            biased;
            // A block that is already fixed must not last: the path unit's call came while this run was active. Nor one
            // that is just being fixed: a certificate and its key come one after the other.
            exit = sequence.run(&loaded, first, &steps) => {
                if exit != Exit::Blocked || !changes.happen_within(SETTLING).await {
                    break exit;
                }
            }
            () = changes.next() => {}
        }
        reporter
            .scoped(scope(first, Some(config)))
            .report(Event::ConfigurationChanged { source: loaded.origin.to_string() });
    };
    reporter.flush();
    exit
}

/// What every go at the steps has, whatever the configuration is.
struct Sequence<'a> {
    options: &'a Options,
    wait: bool,
    reporter: &'a Reporter,
    progress: &'a StepProgress<'a>,
    requests: &'a Requests,
}

impl Sequence<'_> {
    /// One go at the steps, with one configuration; or what to say where it has none of them.
    async fn run(&self, loaded: &Loaded, first: Step, steps: &Result<Vec<Step>, Event>) -> Exit {
        let config = &loaded.checked.config;
        let report = self.reporter.scoped(scope(first, Some(config)));
        for error in &loaded.passed_over {
            report.report(Event::ConfigurationPassedOver { error: error.to_string() });
        }
        for warning in &loaded.checked.warnings {
            report.report(Event::ConfigurationWarning { warning: warning.to_string() });
        }
        let steps = match steps {
            Ok(steps) => steps,
            Err(event) => {
                self.progress.blocked(&event.to_string(), CORRECT_IT);
                report.report(event.clone());
                return Exit::Blocked;
            }
        };
        if done_without_effort(self.options, config, steps, self.reporter).is_some() {
            return Exit::Done;
        }
        report.report(Event::ConfigurationLoaded { source: loaded.origin.to_string() });
        self.await_clock(config.policies.clock_limit, &report).await;
        let markers = Markers::new(self.options.state_dir.clone());
        let mut looks = Looks::of(node::invocation_id().is_some(), &config.policies, self.progress, &report);
        let context = loop {
            match context::of(config, &markers, self.progress, self.requests, Some(&report)).await {
                Ok(context) => break context,
                Err(blocker) => {
                    if let Err(ended) = looks.await_fix(blocker).await {
                        return ended;
                    }
                }
            }
        };
        for step in steps {
            let report = self.reporter.scoped(scope(*step, Some(config)));
            match run::run_step(&context, *step, self.wait, &report).await {
                Outcome::Done => {}
                unfinished => return unfinished,
            }
        }
        Exit::Done
    }

    /// A machine without an RTC: NTP is given some time, then certificates are judged as of the build date.
    async fn await_clock(&self, limit: Duration, report: &ScopedReporter) {
        let Some((clock, _)) = clock::before_build() else {
            return;
        };
        self.progress.status(&format!("waiting up to {} s for the clock to be set, it says {clock}", limit.as_secs()));
        report.report(Event::WaitingForClock { clock, limit_s: limit.as_secs() });
        clock::until_set(limit).await;
        report.report(match clock::before_build() {
            Some((clock, floor)) => Event::ClockBeforeBuild { clock, floor },
            None => Event::ClockSet { clock: clock::now() },
        });
    }
}

/// A second start: where the markers say that all is done, neither systemd nor the cluster is asked.
fn done_without_effort(options: &Options, config: &Config, steps: &[Step], reporter: &Reporter) -> Option<()> {
    let markers = Markers::new(options.state_dir.clone());
    let observed = run::observe(config, &markers, node::identity(config), Vec::new());
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
    Some(())
}

fn scope(step: Step, config: Option<&Config>) -> Scope {
    context::scope(step.service_name(), step.operation(config), config)
}
