//! `status`: read once, an operator knows what to do.

mod judge;
mod show;

use std::time::Duration;

use futures_util::future::{join_all, select_all};

use crate::cluster::HttpCluster;
use crate::config::{Config, Loaded, Permissions};
use crate::markers::Markers;
use crate::plan::{self, Decision, Observed, Step};
use crate::run::{self, Context};
use crate::systemd::notify::Notifier;
use crate::systemd::{Systemd, UnitState, UnitWatch};

use super::context::ThisMachine;
use super::{Exit, Options, node, output};

use judge::{Facts, State, Status};

/// With `--wait`: how often to look where no unit changes, as when a peer comes back.
const LOOK_AGAIN: Duration = Duration::from_secs(2);

pub(super) async fn run(options: &Options, as_json: bool, wait: bool) -> Exit {
    let systemd = Systemd::connect().await.ok();
    let mut watches = match (&systemd, wait) {
        (Some(systemd), true) => watch(systemd).await,
        _ => Vec::new(),
    };
    loop {
        let status = look(options, systemd.as_ref()).await;
        let exit = exit(&status);
        if !wait || matches!(exit, Exit::Success | Exit::Blocked) {
            output::print(&if as_json { show::json(&status) } else { show::text(&status) });
            return exit;
        }
        change(&mut watches).await;
    }
}

fn exit(status: &Status) -> Exit {
    match status.overall {
        State::Done | State::Off => Exit::Success,
        State::Blocked => Exit::Blocked,
        _ => Exit::Transient,
    }
}

async fn watch(systemd: &Systemd) -> Vec<UnitWatch> {
    let mut watches: Vec<_> =
        join_all(Step::ALL.map(|step| systemd.watch(step.unit()))).await.into_iter().flatten().collect();
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

/// Looks at everything once: configuration, markers, units, and the live cluster.
async fn look(options: &Options, systemd: Option<&Systemd>) -> Status {
    let units = match systemd {
        Some(systemd) => join_all(Step::ALL.map(|step| systemd.unit(step.unit()))).await,
        None => Vec::new(),
    };
    let units: Vec<Option<UnitState>> =
        units.into_iter().map(Result::ok).chain(std::iter::repeat(None)).take(Step::ALL.len()).collect();
    let loaded = match node::load(options, Permissions::Warn, false) {
        Ok(loaded) => loaded,
        Err(error) => return Status::without_configuration(&error.to_string(), &units),
    };
    let facts = facts(options, &loaded, units).await;
    judge::judge(&loaded.checked.config, facts)
}

async fn facts(options: &Options, loaded: &Loaded, units: Vec<Option<UnitState>>) -> Facts {
    let config: &Config = &loaded.checked.config;
    let markers = Markers::new(options.state_dir.clone());
    let this_node = node::identity(config);
    let unmet = run::unmet(config, &ThisMachine);
    let observed = Observed { unmet, ..run::observe(&markers, &this_node) };
    let decisions: Vec<(Step, Decision)> = plan::plan(config, &observed);
    let live = match HttpCluster::new(&config.tls, config.policies.request) {
        Ok(cluster) => {
            let context: Context<'_, Systemd, _> = Context {
                // It only reads.
                who: String::new(),
                config,
                markers: &markers,
                this_node,
                units: None,
                cluster,
                progress: &Notifier::at(None),
                machine: &ThisMachine,
                admin_password_credential: None,
            };
            // status only reads.
            Ok(run::find_health(&context, false).await)
        }
        Err(blocker) => Err(blocker),
    };
    let passed_over = loaded.passed_over.iter().map(|error| format!("passed over: {}", error.summary()));
    Facts {
        source: loaded.origin.to_string(),
        warnings: passed_over.chain(loaded.checked.warnings.iter().map(ToString::to_string)).collect(),
        decisions,
        unmet: observed.unmet,
        units,
        live,
    }
}
