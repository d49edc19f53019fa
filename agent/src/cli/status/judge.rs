//! What the facts come to, step by step: pure, so that every line of `status` is a table test.

use crate::config::{ClusterName, Config, Mode};
use crate::plan::expectations::Outlook;
use crate::plan::health::{Findings, GroupFinding, MarkerFinding, Verdict};
use crate::plan::{Action, Blocker, Decision, SkipReason, Step, Unmet};
use crate::systemd::{ActiveState, UnitState};

/// Everything that was looked at.
pub(super) struct Facts {
    pub(super) source: String,
    pub(super) warnings: Vec<String>,
    pub(super) decisions: Vec<(Step, Decision)>,
    /// What the machine lacks of what the configuration expects.
    pub(super) unmet: Vec<Unmet>,
    /// The units of the steps, in order; `None` where systemd does not tell.
    pub(super) units: Vec<Option<UnitState>>,
    pub(super) live: Result<Findings, Blocker>,
}

/// How far a step is, best first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum State {
    Off,
    Done,
    Working,
    Waiting,
    Failed,
    Blocked,
}

impl State {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Done => "done",
            Self::Working => "working",
            Self::Waiting => "waiting",
            Self::Failed => "failed",
            Self::Blocked => "blocked",
        }
    }
}

/// One step's line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct StepStatus {
    pub(super) step: Step,
    pub(super) state: State,
    pub(super) detail: String,
    /// What to do, where there is something to do.
    pub(super) next: Option<String>,
}

/// The whole answer.
#[derive(Debug, Clone)]
pub(super) struct Status {
    pub(super) node: Option<String>,
    pub(super) cluster: Option<String>,
    pub(super) mode: Option<&'static str>,
    pub(super) source: Option<String>,
    pub(super) overall: State,
    pub(super) steps: Vec<StepStatus>,
    pub(super) warnings: Vec<String>,
    /// The table of groups and endpoints.
    pub(super) table: String,
}

impl Status {
    /// Without a usable configuration nothing else matters.
    pub(super) fn without_configuration(error: &str, units: &[Option<UnitState>]) -> Self {
        let steps = Step::ALL.into_iter().zip(units).map(|(step, unit)| StepStatus {
            step,
            state: State::Blocked,
            detail: "there is no usable configuration".to_owned(),
            next: unit.as_ref().filter(|unit| unit.active == ActiveState::Failed).map(|_| journal(step)),
        });
        Self {
            node: None,
            cluster: None,
            mode: None,
            source: None,
            overall: State::Blocked,
            steps: steps.collect(),
            warnings: vec![error.to_owned()],
            table: String::new(),
        }
    }
}

/// Judges every step.
pub(super) fn judge(config: &Config, facts: Facts) -> Status {
    let steps: Vec<StepStatus> = facts
        .decisions
        .iter()
        .zip(&facts.units)
        .map(|((step, decision), unit)| match (decision, &facts.live) {
            (Decision::Done { since }, live) => done(config, *step, since, live.as_ref().ok()),
            (Decision::Skip(reason), _) => skipped(*step, *reason),
            (Decision::Blocked(blocker), _) | (Decision::Run(_), Err(blocker)) => blocked(*step, blocker),
            (Decision::Run(Action::CheckHealth), Ok(findings)) => health(config, findings, unit.as_ref()),
            (Decision::Run(action), Ok(findings)) => {
                let awaited = step.needs().filter(|needed| !is_done(&facts.decisions, *needed));
                damaged(*step, findings)
                    .unwrap_or_else(|| under_way(*step, &action.to_string(), awaited, unit.as_ref()))
            }
        })
        .collect();
    let overall = steps.iter().map(|step| step.state).max().unwrap_or(State::Off);
    Status {
        node: Some(config.node.id.to_string()),
        cluster: config.cluster_name.as_ref().map(ClusterName::to_string),
        mode: Some(match config.chainfire.mode {
            Mode::Bootstrap => "bootstrap",
            Mode::Join { .. } => "join",
        }),
        source: Some(facts.source),
        overall,
        steps,
        warnings: facts.warnings.into_iter().chain(not_yet(&facts.unmet)).collect(),
        table: facts.live.map(|findings| findings.to_string()).unwrap_or_default(),
    }
}

/// What the machine lacks and no step is blocked by, for it may come true or cannot be judged.
fn not_yet(unmet: &[Unmet]) -> Vec<String> {
    let open = unmet.iter().filter(|unmet| unmet.outlook != Outlook::Lasting);
    open.map(|unmet| format!("the machine: {unmet} ({}); {}", unmet.outlook, unmet.remedy)).collect()
}

fn is_done(decisions: &[(Step, Decision)], step: Step) -> bool {
    let is_out_of_the_way =
        |decision: &Decision| matches!(decision, Decision::Done { .. } | Decision::Skip(SkipReason::Disabled(_)));
    decisions.iter().any(|(other, decision)| *other == step && is_out_of_the_way(decision))
}

fn skipped(step: Step, reason: SkipReason) -> StepStatus {
    let state = match reason {
        SkipReason::Disabled(_) => State::Off,
        SkipReason::Waits(_) => State::Waiting,
    };
    StepStatus { step, state, detail: reason.to_string(), next: None }
}

fn blocked(step: Step, blocker: &Blocker) -> StepStatus {
    StepStatus { step, state: State::Blocked, detail: blocker.reason.clone(), next: Some(blocker.remedy.clone()) }
}

/// The marker is there: does the live membership agree?
fn done(config: &Config, step: Step, since: &str, live: Option<&Findings>) -> StepStatus {
    let group = live.and_then(|live| live.groups.iter().find(|group| Step::from(group.service) == step));
    let (state, detail, next) = match group {
        Some(GroupFinding { holds_this_node: false, list: Ok(list), .. }) => (
            State::Failed,
            format!("marked at {since}, but the live member list ({list}) does not hold this node"),
            group.map(|group| format!("if it should: {}", group.way_back(config))),
        ),
        Some(GroupFinding { list: Err(error), .. }) => {
            (State::Done, format!("since {since}; cannot be confirmed now: {error}"), None)
        }
        Some(group) => (State::Done, format!("member since {since}; {}", group.summary()), None),
        None => (State::Done, format!("since {since}"), None),
    };
    StepStatus { step, state, detail, next }
}

/// A damaged marker keeps the unit from starting: systemd only asks whether the file exists.
fn damaged(step: Step, findings: &Findings) -> Option<StepStatus> {
    let prefix = format!(".{}-", step.service_name());
    findings.markers.iter().find_map(|marker| match marker {
        MarkerFinding::Damaged { path, reason } if path.file_name()?.to_str()?.starts_with(&prefix) => {
            Some(StepStatus {
                step,
                state: State::Failed,
                detail: format!("its marker {} is damaged ({reason})", path.display()),
                next: Some(format!("rm -r {} && systemctl restart {}", path.display(), step.unit())),
            })
        }
        _ => None,
    })
}

/// The marker is missing: what does the unit say?
fn under_way(step: Step, action: &str, awaited: Option<Step>, unit: Option<&UnitState>) -> StepStatus {
    let (state, detail, next) = match unit {
        Some(unit) => as_the_unit_says(step, action, awaited, unit),
        None => (State::Waiting, format!("to do: {action}"), Some(format!("systemctl start {}", step.unit()))),
    };
    StepStatus { step, state, detail, next }
}

fn as_the_unit_says(
    step: Step,
    action: &str,
    awaited: Option<Step>,
    unit: &UnitState,
) -> (State, String, Option<String>) {
    let said = if unit.status_text.is_empty() { action } else { &unit.status_text };
    match unit.active {
        ActiveState::Activating if unit.sub == "auto-restart" => (
            State::Failed,
            format!(
                "{said}; started again within {} s, {} restarts so far",
                unit.restart_delay_us / 1_000_000,
                unit.n_restarts
            ),
            Some(journal(step)),
        ),
        ActiveState::Activating => (State::Working, said.to_owned(), None),
        ActiveState::Failed if unit.exec_main_status == i32::from(super::Exit::Blocked.code()) => {
            // `blocked: REASON; DO THIS`, as the run has said it.
            let said = said.strip_prefix("blocked: ").unwrap_or(said);
            match said.split_once("; ") {
                Some((reason, remedy)) => (State::Blocked, reason.to_owned(), Some(remedy.to_owned())),
                None => (State::Blocked, said.to_owned(), Some(journal(step))),
            }
        }
        ActiveState::Failed => (State::Failed, said.to_owned(), Some(journal(step))),
        ActiveState::Active => (
            State::Failed,
            "the unit is done, but its marker is gone".to_owned(),
            Some(format!("systemctl restart {}", step.unit())),
        ),
        _ if unit.job_pending => (State::Waiting, "for the units before it".to_owned(), None),
        _ => match awaited {
            Some(needed) => (State::Waiting, format!("starts when {} is done", needed.label()), None),
            None => {
                (State::Waiting, format!("not started: {action}"), Some(format!("systemctl start {}", step.unit())))
            }
        },
    }
}

fn health(config: &Config, findings: &Findings, unit: Option<&UnitState>) -> StepStatus {
    let (state, detail) = match findings.verdict() {
        Verdict::Healthy => (State::Done, "healthy".to_owned()),
        Verdict::Degraded { reasons } => (State::Done, format!("degraded: {}", reasons.join("; "))),
        Verdict::Unhealthy { reasons } => {
            let working = unit.is_some_and(|unit| unit.active == ActiveState::Activating || unit.job_pending);
            (if working { State::Working } else { State::Failed }, format!("not healthy: {}", reasons.join("; ")))
        }
    };
    let next = (state == State::Failed).then(|| match findings.own_failing() {
        Some(service) => format!("systemctl status {}", config.unit(service)),
        None => journal(Step::HealthCheck),
    });
    StepStatus { step: Step::HealthCheck, state, detail, next }
}

fn journal(step: Step) -> String {
    format!("journalctl -b -x -u {}", step.unit())
}

#[cfg(test)]
mod tests;
