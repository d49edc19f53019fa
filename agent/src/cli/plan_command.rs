//! `plan`: what would be done and why, touching nothing: markers and live membership are read, nothing is changed.

use serde_json::{Value, json};

use crate::config::{Config, ConfigError, MemberService, Mode, Permissions};
use crate::inventory;
use crate::markers::Markers;
use crate::plan::expectations::{Outlook, Unmet};
use crate::plan::membership::Move;
use crate::plan::{self, Action, Blocker, Decision, Step};
use crate::protocols::HttpCluster;
use crate::run;
use crate::run::ports::{Members, Probe};

use super::context::ThisMachine;
use super::{Exit, Options, node, output};

pub(super) async fn run(options: &Options, as_json: bool) -> Exit {
    match look_ahead(options).await {
        Ok(outlook) => {
            let text = if as_json { outlook.json() } else { outlook.text() };
            output::print(&text, if outlook.is_blocked() { Exit::Blocked } else { Exit::Done })
        }
        Err(error) => {
            output::complain(&error.to_string());
            Exit::Blocked
        }
    }
}

/// What is foreseen.
pub(super) struct Foresight {
    node_id: String,
    unmet: Vec<Unmet>,
    rows: Vec<Row>,
}

/// What is foreseen for a step.
struct Row {
    step: Step,
    what: String,
    why: String,
    is_blocked: bool,
}

/// Reads markers and live membership.
///
/// # Errors
/// There is no usable configuration.
pub(super) async fn look_ahead(options: &Options) -> Result<Foresight, ConfigError> {
    let loaded = node::load(options, Permissions::Warn, false)?;
    let config = &loaded.checked.config;
    let unmet = run::unmet(config, &ThisMachine);
    let observed = run::observe(config, &Markers::new(options.state_dir.clone()), node::identity(config), unmet);
    let cluster = node::cluster(config);
    let mut rows = Vec::new();
    for (step, decision) in plan::plan(config, &observed) {
        rows.push(match foresee(config, &cluster, decision).await {
            Ok((what, why)) => Row { step, what, why, is_blocked: false },
            Err(Blocker { reason, remedy, .. }) => {
                Row { step, what: "blocked".to_owned(), why: format!("{reason}; {remedy}"), is_blocked: true }
            }
        });
    }
    Ok(Foresight { node_id: config.node.id.to_string(), unmet: observed.unmet, rows })
}

impl Foresight {
    fn is_blocked(&self) -> bool {
        self.rows.iter().any(|row| row.is_blocked)
    }

    fn json(&self) -> String {
        let step =
            |row: &Row| json!({"step": row.step.label(), "unit": row.step.unit(), "what": row.what, "why": row.why});
        let steps: Vec<Value> = self.rows.iter().map(step).collect();
        format!("{:#}\n", json!({"node_id": self.node_id, "unmet": self.unmet, "steps": steps}))
    }

    pub(super) fn text(&self) -> String {
        let unmet = self.unmet.iter().filter(|unmet| unmet.outlook != Outlook::Lasting);
        let unmet = unmet.map(|unmet| format!("{:<10} {}: {unmet}; {}\n", "machine", unmet.outlook, unmet.remedy));
        // What blocks several steps is shown at the first.
        let steps = self.rows.iter().enumerate().map(|(index, Row { step, what, why, is_blocked })| {
            let is_same = |other: &&Row| *is_blocked && other.is_blocked && other.why == *why;
            let earlier = self.rows.iter().take(index).find(is_same);
            let why = earlier.map_or_else(|| why.clone(), |earlier| format!("same cause as {}", earlier.step.label()));
            format!("{:<10} {what}: {why}\n", step.label())
        });
        unmet.chain(steps).collect()
    }
}

/// What a decision comes to, and why.
async fn foresee(
    config: &Config,
    cluster: &Result<HttpCluster, Blocker>,
    decision: Decision<'_>,
) -> Result<(String, String), Blocker> {
    let action = match decision {
        Decision::Done { since } => {
            return Ok(("nothing".to_owned(), format!("done at {since}, as its marker says")));
        }
        Decision::Skip(reason) => return Ok(("nothing".to_owned(), reason.to_string())),
        Decision::Blocked(blocker) => return Err(blocker),
        Decision::Run(action) => action,
    };
    let cluster = cluster.as_ref().map_err(Blocker::clone)?;
    let why = match action {
        Action::Bootstrap(service) | Action::Join(service) => next(config, service, cluster).await?,
        Action::SetUp(_) => "there is no marker".to_owned(),
        Action::CheckHealth => "at every boot".to_owned(),
    };
    Ok((action.to_string(), why))
}

/// What the live member lists say of this node.
async fn next(config: &Config, service: &MemberService, cluster: &HttpCluster) -> Result<String, Blocker> {
    let health = cluster.health(&service.url, service.api.health_path().as_str()).await.unwrap_or_default();
    let health = run::refuse_anothers(config, service, health)?;
    let addresses = inventory::addresses();
    let asked = match &service.mode {
        Mode::Bootstrap { .. } => {
            if let Some(blocker) = run::find_second_cluster(cluster, config, service, &health, None, &addresses).await {
                return Err(blocker);
            }
            vec![service.url.clone()]
        }
        Mode::Join { .. } => service.endpoints_for_change(),
    };
    let mut faults = Vec::new();
    for at in asked {
        match cluster.members(service, &at).await {
            Ok(mut list) => {
                let ids = if list.members.is_empty() { "nobody".to_owned() } else { list.ids() };
                let candidate = health.candidate(config, service, &addresses);
                return match run::judge(cluster, &mut list, candidate, &at).await {
                    Move::Add if let Some(blocker) = run::left_alone(service, &at) => Err(blocker),
                    Move::Add => Ok(format!("no marker, and the members at {at} are {ids}")),
                    Move::Await(member) => Ok(format!("the list at {at} has this node as {}", member.standing())),
                    Move::Confirmed => Ok(format!("the list at {at} has this node; only the marker is missing")),
                    Move::AwaitQuorum(risk) => Ok(format!("{}; {}", risk.reason, risk.remedy)),
                    Move::Replace(old) => Ok(format!("the list at {at} has {old}, which is removed first")),
                    Move::Blocked(blocker) => Err(blocker),
                };
            }
            Err(fault) => faults.push(fault),
        }
    }
    match faults.last() {
        // Where all refuse, the join is blocked.
        Some(last)
            if let Some(blocker) = last.blocker().filter(|_| faults.iter().all(|one| one.blocker().is_some())) =>
        {
            Err(blocker)
        }
        Some(last) => Ok(format!("no marker; the member list is not known: {last}")),
        None => Ok("no marker; there is no member to ask".to_owned()),
    }
}
