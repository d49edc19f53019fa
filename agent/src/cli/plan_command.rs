//! `plan`: what would be done and why, touching nothing: markers and live membership are read, nothing is changed.

use serde_json::{Value, json};

use crate::cluster::HttpCluster;
use crate::config::{Config, Mode, Permissions, RaftServiceConfig};
use crate::markers::Markers;
use crate::plan::membership::{Candidate, Move, next_move};
use crate::plan::{self, Action, Blocker, Decision};
use crate::run;
use crate::run::ports::Cluster;

use super::{Exit, Options, node, output};

pub(super) async fn run(options: &Options, as_json: bool) -> Exit {
    let loaded = match node::load(options, Permissions::Warn, false) {
        Ok(loaded) => loaded,
        Err(error) => {
            output::complain(&error.to_string());
            return Exit::Blocked;
        }
    };
    let config = &loaded.checked.config;
    let observed = run::observe(&Markers::new(options.state_dir.clone()), &node::identity(config));
    let cluster = HttpCluster::new(&config.tls, config.policies.request);
    let mut rows = Vec::new();
    for (step, decision) in plan::plan(config, &observed) {
        let (what, why) = explain(config, &cluster, &decision).await;
        rows.push((step, what, why));
    }
    if as_json {
        let steps: Vec<Value> = rows
            .iter()
            .map(|(step, what, why)| json!({"step": step.label(), "unit": step.unit(), "what": what, "why": why}))
            .collect();
        output::print(&format!("{:#}\n", json!({"node_id": config.node.id.as_str(), "steps": steps})));
    } else {
        for (step, what, why) in &rows {
            output::print(&format!("{:<10} {what}: {why}\n", step.label()));
        }
    }
    Exit::Success
}

/// What a decision comes to, and why.
async fn explain(config: &Config, cluster: &Result<HttpCluster, Blocker>, decision: &Decision) -> (String, String) {
    match decision {
        Decision::Done { since } => ("nothing".to_owned(), format!("done at {since}, as its marker says")),
        Decision::Skip(reason) => ("nothing".to_owned(), reason.to_string()),
        Decision::Blocked(blocker) => ("blocked".to_owned(), format!("{}; {}", blocker.reason, blocker.remedy)),
        Decision::Run(action) => {
            let why = match (action, cluster) {
                (_, Err(blocker)) => format!("{blocker}"),
                (Action::Bootstrap(service) | Action::Join(service), Ok(cluster)) => {
                    next(config, config.raft(*service), cluster).await
                }
                (Action::SetUpIam, _) => "there is no marker".to_owned(),
                (Action::CheckHealth, _) => "at every boot".to_owned(),
            };
            (action.to_string(), why)
        }
    }
}

/// What the live member list says of this node.
async fn next(config: &Config, service: &RaftServiceConfig, cluster: &HttpCluster) -> String {
    let asked = match &service.mode {
        Mode::Bootstrap => vec![service.url.clone()],
        Mode::Join { .. } => service.endpoints_for_change(),
    };
    let health = cluster.health(&service.url, service.paths.health.as_str()).await.unwrap_or_default();
    let incarnation = health.incarnation.as_deref();
    let mut error = "nobody to ask".to_owned();
    for at in asked {
        match cluster.members(service, &at).await {
            Ok(list) => {
                let ids = if list.members.is_empty() { "nobody".to_owned() } else { list.ids() };
                return match next_move(&list, Candidate { config, service: service.service, incarnation }, &at) {
                    Move::Add => format!("no marker, and the members at {at} are {ids}"),
                    Move::Await { standing } => format!("the list at {at} has this node as {standing}"),
                    Move::Confirmed => format!("the list at {at} has this node; only the marker is missing"),
                    Move::AwaitQuorum(risk) => risk.to_string(),
                    Move::Replace { member } => format!("the list at {at} has {member}, which is removed first"),
                    Move::Blocked(blocker) => blocker.to_string(),
                };
            }
            Err(fault) => error = fault.to_string(),
        }
    }
    format!("no marker; the member list is not known: {error}")
}
