//! `status`: read once, an operator knows what to do.

mod judge;
mod show;
mod view;

use std::time::Duration;

use futures_util::future::{join, join_all, select_all};

use crate::clock;
use crate::config::{Config, Loaded, Permissions};
use crate::markers::{Markers, Trouble};
use crate::names::{self, Names};
use crate::plan::{self, Step};
use crate::run::{self, Requests};
use crate::systemd::{Systemd, UnitState, UnitWatch};

use super::context::{self, Silent, ThisMachine};
use super::output::{self, Written};
use super::{Exit, Options, node};

use judge::{Facts, State, Status, StepUnits};
use view::View;

/// With `--wait` and `--watch`: how often to look where no unit changes, as when a peer comes back.
const LOOK_AGAIN: Duration = Duration::from_secs(2);

/// How `status` is asked for.
#[derive(Debug, Clone, Copy, clap::Args)]
pub(super) struct Manner {
    /// As JSON; with --watch, an object per line
    #[arg(long)]
    json: bool,
    /// Return when the node is a healthy member, or blocked
    #[arg(long)]
    wait: bool,
    /// Show every change when it happens: live in a terminal, as lines elsewhere; with --wait until that returns
    #[arg(long)]
    watch: bool,
}

pub(super) async fn run(options: &Options, manner: Manner) -> Exit {
    let systemd = Systemd::connect().await.ok();
    let mut watches = match &systemd {
        Some(systemd) if manner.wait || manner.watch => {
            let loaded = node::load(options, Permissions::Warn, false).ok();
            watch(systemd, &steps(loaded.as_ref())).await
        }
        _ => Vec::new(),
    };
    let mut view = manner.watch.then(|| View::of_this_process(manner.json));
    loop {
        let status = look(options, systemd.as_ref()).await;
        let exit = exit(&status);
        let is_over = manner.wait && matches!(exit, Exit::Done | Exit::Blocked);
        match &mut view {
            None if is_over || !manner.wait => return output::print(&whole(&status, manner.json), exit),
            None => {}
            Some(view) => match output::write(&view.of(&status, &clock::now())) {
                Written::Whole if is_over => return exit,
                Written::Whole => {}
                Written::NobodyReads => return exit,
                Written::Failed => return Exit::Transient,
            },
        }
        change(&mut watches).await;
    }
}

fn whole(status: &Status, as_json: bool) -> String {
    if as_json { format!("{:#}\n", show::json(status)) } else { show::text(status) }
}

fn exit(status: &Status) -> Exit {
    match status.overall {
        State::Done | State::Off => Exit::Done,
        State::Blocked => Exit::Blocked,
        _ => Exit::Transient,
    }
}

/// The steps of the configuration, where there is one that can be used.
fn steps(loaded: Option<&Loaded>) -> Vec<Step> {
    loaded.map_or_else(|| Step::DEFAULT.to_vec(), |loaded| Step::all(&loaded.checked.config))
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

/// Returns at the next change of a unit, and after a while without one.
async fn change(watches: &mut [UnitWatch]) {
    if watches.is_empty() {
        tokio::time::sleep(LOOK_AGAIN).await;
        return;
    }
    let changes = watches.iter_mut().map(|watch| Box::pin(watch.next()));
    // Which unit changed does not matter: everything is looked at again.
    let _ = tokio::time::timeout(LOOK_AGAIN, select_all(changes)).await;
}

/// The whole of it for people, as of now.
pub(super) async fn text(options: &Options, systemd: Option<&Systemd>) -> String {
    show::text(&look(options, systemd).await)
}

/// Looks at everything once: configuration, markers, units, names, and the live cluster.
async fn look(options: &Options, systemd: Option<&Systemd>) -> Status {
    let loaded = node::load(options, Permissions::Warn, false);
    let steps = steps(loaded.as_ref().ok());
    let units = join_all(steps.iter().map(async |step| systemd?.unit(&step.unit()).await.ok())).await;
    let loaded = match loaded {
        Ok(loaded) => loaded,
        Err(error) => return Status::without_configuration(&error.to_string(), error.is_not_permitted(), &units),
    };
    let config = &loaded.checked.config;
    let (markers, requests) = (Markers::new(options.state_dir.clone()), Requests::default());
    let facts = async {
        let units = units_of_steps(options, config, systemd, units).await;
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
    Status { names, ..judge::judge(config, facts) }
}

/// With each step's unit the path unit that starts it, the unit of the service that it is about, and what its run has noted,
/// where systemd knows of that run: what an earlier one has left is no longer so.
async fn units_of_steps(
    options: &Options,
    config: &Config,
    systemd: Option<&Systemd>,
    units: Vec<Option<UnitState>>,
) -> Vec<StepUnits> {
    let around = Step::all(config).into_iter().zip(units).map(async |(step, unit)| {
        let Some(systemd) = systemd else {
            return StepUnits { unit, ..StepUnits::default() };
        };
        let service = async {
            let service = config.service(step.marked_by()?)?;
            systemd.unit(service.unit().as_str()).await.ok()
        };
        let path_unit = step.path_unit();
        let (path, service) = join(systemd.unit(&path_unit), service).await;
        let is_of_this_run =
            |noted: &Trouble| unit.as_ref().is_some_and(|unit| unit.invocation_id == noted.invocation_id);
        let trouble = Trouble::read(&options.state_dir, step.label()).filter(is_of_this_run);
        StepUnits { unit, path: path.ok(), service, trouble }
    });
    join_all(around).await
}
