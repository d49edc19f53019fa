//! What is open to a user who may not read the configuration: markers, by their time, and what systemd says of units.
//! Pure. Must not call anything well: the member lists were not asked.

use crate::plan::Step;
use crate::systemd::ActiveState;

use super::judge::{State, Status, StepStatus, StepUnits, journal, state_of, with_command};

/// Every step, with the time of its marker where it has one, and its units.
pub(super) fn status(error: &str, steps: Vec<(Step, Option<String>, StepUnits)>) -> Status {
    let steps = steps.into_iter().map(|(step, marked, units)| of_step(step, marked, &units)).collect();
    // Without root it is unknown whether all is well.
    let overall = State::Blocked;
    Status { overall, steps, warnings: vec![error.to_owned()], needs_root: true, ..Status::default() }
}

fn of_step(step: Step, marked: Option<String>, units: &StepUnits) -> StepStatus {
    let said = units.unit.as_ref().map_or("", |unit| unit.status_text.as_str());
    let said_or = |else_said: &str| if said.is_empty() { else_said.to_owned() } else { said.to_owned() };
    let (state, detail) = match (marked, &units.trouble, &units.unit) {
        (Some(time), ..) => (State::Done, format!("marked at {time}; not compared with the member list")),
        (None, _, None) => (State::Waiting, "systemd cannot be asked".to_owned()),
        (None, Some(trouble), Some(unit)) if matches!(unit.active, ActiveState::Activating | ActiveState::Failed) => {
            let state = state_of(trouble.hold, unit);
            let (detail, next) = with_command(trouble.reason.clone(), &trouble.remedy);
            return StepStatus::new(step, state, detail, Some(next));
        }
        (None, _, Some(unit)) => match unit.active {
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
