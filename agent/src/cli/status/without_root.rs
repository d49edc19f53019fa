//! What is open to a user who may not read the configuration: markers, by their time, and what systemd says of units.
//! Pure. Must not call anything well: the member lists were not asked.

use crate::foreign_text;
use crate::markers::{Identity, MarkerState};
use crate::plan::Step;
use crate::systemd::ActiveState;

use super::judge::{State, Status, StepStatus, StepUnits, journal, state_of, with_command};

/// As long as an id can be.
const LONGEST_ID: usize = 128;

/// Every step, with what is at the place of its marker, and its units.
pub(super) fn status(error: &str, steps: &[(Step, MarkerState, StepUnits)], this_machine: &Identity) -> Status {
    let nodes = nodes(steps.iter().map(|(_, marker, _)| marker));
    let steps = steps.iter().map(|(step, marker, units)| of_step(*step, marker, &nodes, units, this_machine)).collect();
    // Without root it is unknown whether all is well.
    let overall = State::Blocked;
    Status { overall, steps, warnings: vec![error.to_owned()], needs_root: true, ..Status::default() }
}

/// The nodes that the markers name. Which of them is this one only the configuration says.
fn nodes<'a>(markers: impl Iterator<Item = &'a MarkerState>) -> Vec<&'a str> {
    let named = markers.filter_map(|marker| match marker {
        MarkerState::Present { identity, .. } => identity.node_id.as_deref(),
        MarkerState::Absent | MarkerState::Damaged { .. } | MarkerState::NotPermitted { .. } => None,
    });
    let mut nodes: Vec<&str> = named.collect();
    nodes.sort_unstable();
    nodes.dedup();
    nodes
}

fn of_step(step: Step, marker: &MarkerState, nodes: &[&str], units: &StepUnits, this_machine: &Identity) -> StepStatus {
    let (state, detail) = match marker {
        MarkerState::Absent => return without_marker(step, units),
        MarkerState::NotPermitted { .. } => {
            let seen = without_marker(step, units);
            let detail = format!("{}; its marker cannot be read without root", seen.detail);
            return StepStatus { detail, ..seen };
        }
        MarkerState::Damaged { path, reason } => {
            (State::Failed, format!("its marker {} is damaged ({reason})", path.display()))
        }
        MarkerState::Present { path, written, identity, .. } => {
            let node = identity.node_id.as_ref().map(|id| foreign_text::shown(id, LONGEST_ID));
            let of_node = node.map_or_else(String::new, |id| format!(" for {id}"));
            match identity.mismatch(this_machine) {
                Some(mismatch) => {
                    (State::Failed, format!("its marker {} is of another machine: {mismatch}", path.display()))
                }
                // At least one of them is another node's.
                None if nodes.len() > 1 && !of_node.is_empty() => {
                    (State::Failed, format!("marked at {written}{of_node}, and other markers are for another node"))
                }
                None => (
                    State::Done,
                    format!("marked at {written}{of_node}; not compared with the configuration and the member list"),
                ),
            }
        }
    };
    let next = (state == State::Failed).then(|| "run first-boot-agent status as root: it shows what to do".to_owned());
    StepStatus::new(step, state, detail, next)
}

fn without_marker(step: Step, units: &StepUnits) -> StepStatus {
    let said = units.unit.as_ref().map_or("", |unit| unit.status_text.as_str());
    let said_or = |else_said: &str| if said.is_empty() { else_said.to_owned() } else { said.to_owned() };
    let (state, detail) = match (&units.trouble, &units.unit) {
        (_, None) => (State::Waiting, "systemd cannot be asked".to_owned()),
        (Some(trouble), Some(unit)) if matches!(unit.active, ActiveState::Activating | ActiveState::Failed) => {
            let state = state_of(trouble.hold, unit);
            let (detail, next) = with_command(trouble.reason.clone(), &trouble.remedy);
            return StepStatus::new(step, state, detail, Some(next));
        }
        (_, Some(unit)) => match unit.active {
            ActiveState::Activating => (State::Working, said_or("its unit is running")),
            ActiveState::Failed => (State::Failed, said_or("its unit has failed")),
            _ if unit.job_pending => (State::Waiting, "waits for the units before it".to_owned()),
            // What has no marker has a last run.
            _ if step.marked_by().is_none() && unit.result == "success" && !unit.invocation_id.is_empty() => {
                (State::Done, "its last run was successful".to_owned())
            }
            _ => (State::Waiting, "not started".to_owned()),
        },
    };
    StepStatus::new(step, state, detail, (state == State::Failed).then(|| journal(step)))
}
