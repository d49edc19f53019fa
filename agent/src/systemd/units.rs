//! The adapter to the run's port: what a unit's state means for somebody who waits for it.

use super::{ActiveState, LoadState, Systemd, UnitState, UnitWatch, last_journal_lines};
use crate::config::value::UnitName;
use crate::data_directory::Owner;
use crate::run::ports::{self, UnitPhase, Units};

/// How many journal lines explain a failure.
const LAST_LINES: usize = 5;

impl Units for Systemd {
    type Watch = PhaseWatch;

    async fn watch(&self, unit: &UnitName) -> Result<PhaseWatch, String> {
        let watch = Self::watch(self, unit.as_str()).await.map_err(|error| error.to_string())?;
        Ok(PhaseWatch { watch, last: None })
    }

    async fn last_lines(&self, unit: &UnitName) -> Vec<String> {
        last_journal_lines(unit.as_str(), LAST_LINES).await
    }

    async fn stop(&self, unit: &str) -> Result<(), String> {
        Self::stop(self, unit).await.map_err(|error| error.to_string())
    }

    async fn start(&self, unit: &str) -> Result<(), String> {
        let started = async { self.session().await?.start_unit(unit, "replace").await };
        started.await.map_err(|error| error.to_string())
    }

    async fn needed_environment(&self, unit: &UnitName) -> Result<Vec<String>, String> {
        Self::unit(self, unit.as_str()).await.map(|state| state.needed_environment).map_err(|error| error.to_string())
    }

    async fn owner(&self, unit: &UnitName) -> Result<Owner, String> {
        Self::unit(self, unit.as_str()).await.map(|state| state.owner).map_err(|error| error.to_string())
    }
}

/// A watch that answers where the phase has changed: a unit may say what it is doing (`STATUS=`) as often as it likes.
#[derive(Debug)]
pub struct PhaseWatch {
    watch: UnitWatch,
    /// What was answered last.
    last: Option<UnitPhase>,
}

impl ports::UnitWatch for PhaseWatch {
    async fn next(&mut self) -> Result<UnitPhase, String> {
        loop {
            let state = self.watch.next().await.map_err(|error| error.to_string())?;
            if let Some(phase) = news(&mut self.last, &state) {
                return Ok(phase);
            }
        }
    }
}

/// The phase that a state means, unless it is the last one.
fn news(last: &mut Option<UnitPhase>, state: &UnitState) -> Option<UnitPhase> {
    let phase = phase(state);
    (last.as_ref() != Some(&phase)).then(|| last.insert(phase).clone())
}

fn phase(state: &UnitState) -> UnitPhase {
    match &state.load {
        LoadState::Loaded | LoadState::Other(_) => {}
        LoadState::NotFound => return UnitPhase::Unknown("not known to systemd".to_owned()),
        LoadState::Masked => return UnitPhase::Unknown("masked".to_owned()),
        LoadState::BadSetting(reason) | LoadState::Error(reason) => {
            return UnitPhase::Failed(format!("its unit file cannot be used: {reason}"));
        }
    }
    match state.active {
        ActiveState::Active | ActiveState::Reloading | ActiveState::Refreshing => UnitPhase::Active,
        ActiveState::Failed => UnitPhase::Failed(how_it_ended(state)),
        _ if state.awaits_restart() => UnitPhase::Failed(how_it_ended(state)),
        active => UnitPhase::NotYet(format!("{active} ({})", state.sub)),
    }
}

/// `exit-code, status 1`, as `systemctl status` says it.
fn how_it_ended(state: &UnitState) -> String {
    match (state.result.as_str(), state.exec_main_code) {
        ("exit-code", 1) => format!("exit-code, status {}", state.exec_main_status),
        ("signal" | "core-dump", 2 | 3) => format!("{}, signal {}", state.result, state.exec_main_status),
        (result, _) => result.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::{UnitPhase, news};
    use crate::systemd::{ActiveState, LoadState, UnitState};

    fn state(active: ActiveState, sub: &str, said: &str) -> UnitState {
        let status_text = said.to_owned();
        UnitState { load: LoadState::Loaded, active, sub: sub.to_owned(), status_text, ..UnitState::default() }
    }

    #[test]
    fn a_unit_that_says_what_it_does_again_and_again_is_no_news() {
        let mut last = None;
        let mut reported = Vec::new();
        for step in ["1 of 3", "2 of 3", "3 of 3"] {
            reported.extend(news(&mut last, &state(ActiveState::Activating, "start", step)));
        }
        for said in ["0 requests", "1 request", "2 requests"] {
            reported.extend(news(&mut last, &state(ActiveState::Active, "running", said)));
        }
        assert_eq!(reported, [UnitPhase::NotYet("activating (start)".to_owned()), UnitPhase::Active]);
    }

    #[test]
    fn a_failure_is_reported_once_and_again_after_the_next_start() {
        let mut last = None;
        let ended = |active, sub| UnitState { result: "exit-code".to_owned(), ..state(active, sub, "") };
        let reported: Vec<_> = [
            ended(ActiveState::Failed, "failed"),
            ended(ActiveState::Activating, "auto-restart"),
            ended(ActiveState::Activating, "auto-restart-queued"),
            state(ActiveState::Activating, "start", ""),
            ended(ActiveState::Failed, "failed"),
        ]
        .iter()
        .filter_map(|state| news(&mut last, state))
        .collect();
        let failed = UnitPhase::Failed("exit-code".to_owned());
        assert_eq!(reported, [failed.clone(), UnitPhase::NotYet("activating (start)".to_owned()), failed]);
    }
}
