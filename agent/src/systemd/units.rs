//! The adapter to the run's port: what a unit's state means for somebody who waits for it.

use super::{ActiveState, LoadState, Systemd, UnitState, UnitWatch, last_journal_lines};
use crate::config::value::UnitName;
use crate::run::ports::{self, UnitPhase, Units};

/// How many journal lines explain a failure.
const LAST_LINES: usize = 5;

impl Units for Systemd {
    type Watch = UnitWatch;

    async fn watch(&self, unit: &UnitName) -> Result<UnitWatch, String> {
        Self::watch(self, unit.as_str()).await.map_err(|error| error.to_string())
    }

    async fn last_lines(&self, unit: &UnitName) -> Vec<String> {
        last_journal_lines(unit.as_str(), LAST_LINES).await
    }

    async fn stop(&self, unit: &str) -> Result<(), String> {
        Self::stop(self, unit).await.map_err(|error| error.to_string())
    }
}

impl ports::UnitWatch for UnitWatch {
    async fn next(&mut self) -> Result<UnitPhase, String> {
        Self::next(self).await.map(|state| phase(&state)).map_err(|error| error.to_string())
    }
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
        _ if state.sub == "auto-restart" => UnitPhase::Failed(how_it_ended(state)),
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
