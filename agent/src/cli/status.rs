//! `status`: read once, an operator knows what to do.

mod commands;
mod counts;
mod judge;
mod layout;
mod prometheus;
mod show;
mod view;
mod without_root;

use std::fs;
use std::io::{stderr, stdout};
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::time::Duration;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::time::{Instant, sleep_until, timeout_at};

use futures_util::future::{join, join_all, select_all};

use crate::clock;
use crate::config::value::{parse_duration, show_duration};
use crate::config::{Config, ConfigError, Loaded, Permissions};
use crate::durable::write_among_others;
use crate::foreign_text;
use crate::http;
use crate::markers::{MarkerState, Markers, Trouble};
use crate::names::{self, Names};
use crate::plan::{self, Step};
use crate::run::{self, Requests};
use crate::systemd::{Systemd, UnitWatch};

use super::context::{self, Silent, ThisMachine};
use super::output::{self, Written};
use super::{Exit, Options, node};

use judge::{Facts, State, Status, StepUnits};
use layout::Layout;
use view::View;

/// With `--wait` and `--watch`: how often to look where no unit changes, as when a peer comes back.
const LOOK_AGAIN: Duration = Duration::from_secs(2);

/// How `status` is asked for.
#[derive(Debug, Clone, clap::Args)]
pub(super) struct Manner {
    /// Print JSON; with --watch, one object per line
    #[arg(long)]
    json: bool,
    /// Wait until the node is a healthy member or blocked; print changes on standard error
    #[arg(long)]
    wait: bool,
    /// Stop waiting after TIME, such as 90s, 10min or 1h; the exit code is 1 then
    #[arg(long, requires = "wait", value_name = "TIME", value_parser = parse_duration)]
    timeout: Option<Duration>,
    /// Show changes as they happen; with --wait, until that returns
    #[arg(long)]
    watch: bool,
    #[command(flatten)]
    metrics: Metrics,
}

/// Numbers in place of words.
#[derive(Debug, Clone, clap::Args)]
struct Metrics {
    /// Print metrics for Prometheus; the exit code says only whether they were written
    #[arg(long, conflicts_with_all = ["json", "wait", "watch"])]
    prometheus: bool,
    /// Write the metrics to FILE, replacing it atomically
    #[arg(long, requires = "prometheus", value_name = "FILE")]
    output: Option<PathBuf>,
}

impl Manner {
    pub(super) fn is_a_single_look(&self) -> bool {
        !self.wait && !self.watch
    }
}

pub(super) async fn run(options: &Options, manner: Manner) -> Exit {
    let deadline = manner.timeout.and_then(|limit| Instant::now().checked_add(limit));
    let systemd = Systemd::connect().await.ok();
    let mut watches = match &systemd {
        Some(systemd) if !manner.is_a_single_look() => {
            let steps = match node::load(options, Permissions::Warn, false) {
                Ok(loaded) => Step::all(&loaded.checked.config),
                Err(_) => steps_without_configuration(options, Some(systemd)).await,
            };
            watch(systemd, &steps).await
        }
        _ => Vec::new(),
    };
    if manner.metrics.prometheus {
        let metrics = prometheus::text(&look(options, systemd.as_ref()).await);
        return match &manner.metrics.output {
            None => output::print(&metrics, Exit::Done),
            Some(path) => match write(path, &metrics) {
                Ok(()) => Exit::Done,
                Err(error) => {
                    output::complain(&error);
                    Exit::Transient
                }
            },
        };
    }
    // What it is made of is escaped where it comes from; JSON leaves some of what a terminal obeys as it is.
    let show = if manner.json { output::write } else { output::draw };
    let mut view = manner.watch.then(|| View::of_this_process(manner.json));
    // Where it cannot be had, the width is looked at with everything else.
    let mut resized = signal(SignalKind::window_change()).ok().filter(|_| manner.watch);
    let mut progress = View::lines(Layout::of(&stderr()));
    let mut last = None;
    loop {
        let looked = until(deadline, look(options, systemd.as_ref())).await;
        let is_late = looked.is_none() || deadline.is_some_and(|deadline| deadline <= Instant::now());
        // A member that does not answer keeps a look waiting; what the one before has seen is shown then.
        let late = |exit| {
            if let Some(limit) = manner.timeout.filter(|_| is_late && exit == Exit::Transient) {
                output::complain(&format!("not done within {}", show_duration(limit)));
            }
            exit
        };
        let Some(status) = looked.or(last) else {
            return late(Exit::Transient);
        };
        let exit = exit(&status);
        let is_over = manner.wait && (is_late || matches!(exit, Exit::Done | Exit::Blocked));
        progress.fit(Layout::of(&stderr()));
        // One for all redraws: a terminal that is being resized must not put the next look off.
        let mut changed = pin!(change(&mut watches, deadline));
        match &mut view {
            None if is_over || !manner.wait => {
                return late(show(&whole(&status, manner.json)).ending(exit));
            }
            None => output::aside(&progress.of(&status, &clock::now())),
            Some(view) => loop {
                view.fit(Layout::of(&stdout()));
                match show(&view.of(&status, &clock::now())) {
                    Written::Whole if is_over => return late(exit),
                    Written::Whole => {}
                    Written::NobodyReads => return exit,
                    Written::Failed => return Exit::Transient,
                }
                tokio::select! {
                    () = &mut changed => break,
                    () = resize(&mut resized) => {}
                }
            },
        }
        if view.is_none() {
            changed.await;
        }
        last = Some(status);
    }
}

/// What comes of something before a deadline, where there is one.
async fn until<T>(deadline: Option<Instant>, something: impl Future<Output = T>) -> Option<T> {
    match deadline {
        Some(deadline) => timeout_at(deadline, something).await.ok(),
        None => Some(something.await),
    }
}

/// Writes the metrics: in a directory that exists, and in the place of a file alone. `/dev/stdout` must stay what it is.
fn write(path: &Path, metrics: &str) -> Result<(), String> {
    let shown = foreign_text::path(path);
    if fs::symlink_metadata(path).is_ok_and(|found| !found.is_file()) {
        return Err(format!("{shown} is not a file; name a file, or leave --output out"));
    }
    if !path.parent().is_none_or(|parent| parent.as_os_str().is_empty() || parent.is_dir()) {
        return Err(format!("cannot write {shown}: its directory does not exist; create it, or name another file"));
    }
    write_among_others(path, metrics.as_bytes(), 0o644).map_err(|error| error.to_string())
}

fn whole(status: &Status, as_json: bool) -> String {
    if as_json { format!("{:#}\n", show::json(status)) } else { show::text(status, Layout::of(&stdout())) }
}

fn exit(status: &Status) -> Exit {
    match status.overall {
        State::Done | State::Off => Exit::Done,
        State::Blocked => Exit::Blocked,
        _ => Exit::Transient,
    }
}

/// The patterns of the units that run steps.
const UNITS_OF_STEPS: [&str; 3] = ["*-cluster-join.service", "cluster-join@*.service", "iam-initial-setup.service"];

/// The steps that systemd is to run on this machine, or has run: their units are enabled, or have been started.
async fn steps_of_units(systemd: Option<&Systemd>) -> Vec<Step> {
    let Some(systemd) = systemd else { return Vec::new() };
    let names = systemd.units_like(&UNITS_OF_STEPS).await.unwrap_or_default();
    let found = names.iter().filter_map(|name| Step::run_by(name)).map(async |step| {
        let unit = systemd.unit(&step.unit()).await.ok()?;
        unit.is_to_run().then_some(step)
    });
    let mut steps: Vec<Step> = join_all(found).await.into_iter().flatten().collect();
    steps.sort_unstable();
    steps
}

/// The steps of a machine without a configuration that can be used: by the units and the markers that it has.
async fn steps_without_configuration(options: &Options, systemd: Option<&Systemd>) -> Vec<Step> {
    let marked = Markers::new(options.state_dir.clone()).services();
    let mut steps = steps_of_units(systemd).await;
    steps.extend(marked.into_iter().map(Step::from));
    if steps.is_empty() {
        return Step::DEFAULT.to_vec();
    }
    steps.push(Step::HealthCheck);
    steps.sort_unstable();
    steps.dedup();
    steps
}

async fn watch(systemd: &Systemd, steps: &[Step]) -> Vec<UnitWatch> {
    let units: Vec<String> = steps.iter().map(|step| step.unit()).collect();
    let watches = units.iter().map(|unit| systemd.watch(unit));
    let mut watches: Vec<_> = join_all(watches).await.into_iter().flatten().collect();
    for watch in &mut watches {
        // The current state is read anyway; later ones are the news.
        let _ = watch.next().await;
    }
    watches
}

/// Returns when the terminal has another size; never, where that is not announced.
async fn resize(signals: &mut Option<Signal>) {
    if let Some(signals) = signals
        && signals.recv().await.is_some()
    {
        return;
    }
    std::future::pending::<()>().await;
}

/// Returns at the next change of a unit, after a while without one, and at the deadline.
async fn change(watches: &mut [UnitWatch], deadline: Option<Instant>) {
    let look_again = Instant::now() + LOOK_AGAIN;
    let look_again = deadline.map_or(look_again, |deadline| deadline.min(look_again));
    if watches.is_empty() {
        return sleep_until(look_again).await;
    }
    let changes = watches.iter_mut().map(|watch| Box::pin(watch.next()));
    // Which unit changed does not matter: everything is looked at again.
    let _ = timeout_at(look_again, select_all(changes)).await;
}

/// The whole of it for people, as of now.
pub(super) async fn text(options: &Options, systemd: Option<&Systemd>) -> String {
    show::text(&look(options, systemd).await, Layout::Plain)
}

/// Looks at everything once: configuration, markers, units, names, and the live cluster.
async fn look(options: &Options, systemd: Option<&Systemd>) -> Status {
    let status = match node::load(options, Permissions::Warn, false) {
        Ok(loaded) => with_configuration(options, loaded, systemd).await,
        Err(error) => without_configuration(options, &error, systemd).await,
    };
    status.fit_to_be_shown()
}

async fn with_configuration(options: &Options, mut loaded: Loaded, systemd: Option<&Systemd>) -> Status {
    let is_named = loaded.checked.names_services();
    let of_units = steps_of_units(systemd).await;
    let config = &mut loaded.checked.config;
    let unconfigured: Vec<Step> = of_units
        .iter()
        .copied()
        .filter(|step| step.marked_by().is_some_and(|name| config.service(name).is_none()))
        .collect();
    if !is_named && !unconfigured.is_empty() {
        // The platform's services are meant only because none is named, and this machine is to run others.
        let marked = Markers::new(options.state_dir.clone()).services();
        let is_here = |name| of_units.contains(&Step::from(name)) || marked.contains(&name);
        config.services.retain(|service| is_here(service.name()));
    }
    let config = &loaded.checked.config;
    let (markers, requests) = (Markers::new(options.state_dir.clone()), Requests::default());
    let facts = async {
        // Units before markers: a step that ends in between is done, and not one whose marker is missing.
        let units = units_of_steps(options, Step::all(config), Some(config), systemd).await;
        let observed = run::observe(config, &markers, node::identity(config), run::unmet(config, &ThisMachine));
        let passed_over = loaded.passed_over.iter().map(|error| format!("passed over: {}", error.summary()));
        Facts {
            source: loaded.origin.to_string(),
            warnings: passed_over.chain(loaded.checked.warnings.iter().map(ToString::to_string)).collect(),
            decisions: plan::plan(config, &observed),
            unmet: observed.unmet,
            units,
            live: match context::of(config, &markers, &Silent, &requests, None).await {
                // It only reads.
                Ok(context) => Ok(run::find_health(&context, false).await),
                Err(blocker) => Err(blocker),
            },
        }
    };
    let (facts, names) = join(facts, names::check(&Names::default(), config)).await;
    let units = units_of_steps(options, unconfigured.clone(), None, systemd).await;
    let status = judge::judge(config, facts).with_unconfigured(&unconfigured, &units);
    Status { names, certificates: http::ends_of_certificates(&config.tls), ..status }
}

/// What is left to look at: units, and markers.
async fn without_configuration(options: &Options, error: &ConfigError, systemd: Option<&Systemd>) -> Status {
    let steps = steps_without_configuration(options, systemd).await;
    let units = units_of_steps(options, steps.clone(), None, systemd).await;
    if !error.is_not_permitted() {
        return Status::without_configuration(&error.to_string(), &steps, &units);
    }
    let markers = Markers::new(options.state_dir.clone());
    let marker = |step: Step| step.marked_by().map_or(MarkerState::Absent, |service| markers.read(service));
    let steps: Vec<_> = steps.into_iter().zip(units).map(|(step, units)| (step, marker(step), units)).collect();
    without_root::status(&error.to_string(), &steps, &node::this_machine())
}

/// Each step's unit, with the path unit that starts it, the unit of the service that it is about, and what its run has noted,
/// where systemd knows of that run: what an earlier one has left is no longer so.
async fn units_of_steps(
    options: &Options,
    steps: Vec<Step>,
    config: Option<&Config>,
    systemd: Option<&Systemd>,
) -> Vec<StepUnits> {
    let around = steps.into_iter().map(async |step| {
        let Some(systemd) = systemd else {
            return StepUnits::default();
        };
        let service = async {
            let service = config?.service(step.marked_by()?)?;
            systemd.unit(service.unit().as_str()).await.ok()
        };
        let (unit, path_unit) = (step.unit(), step.path_unit());
        let (unit, (path, service)) = join(systemd.unit(&unit), join(systemd.unit(&path_unit), service)).await;
        let unit = unit.ok();
        let is_of_this_run =
            |noted: &Trouble| unit.as_ref().is_some_and(|unit| unit.invocation_id == noted.invocation_id);
        let trouble = Trouble::read(&options.state_dir, step.label()).filter(is_of_this_run);
        StepUnits { unit, path: path.ok(), service, trouble }
    });
    join_all(around).await
}
