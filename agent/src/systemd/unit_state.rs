//! What systemd says about a unit, as plain values.
//!
//! It only translates properties; it must not ask systemd and must not judge what a state means for a join.

use std::collections::HashMap;
use std::fmt;

use zbus::Variant;

/// Properties by name, as systemd sends them.
pub(super) type Properties<'a> = HashMap<&'a str, Variant<'a>>;

/// One unit at one moment. Times are in microseconds since 1970, 0 where it has never happened; what a unit type does
/// not have is empty or 0.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UnitState {
    /// The name, such as `chainfire.service`; for an alias the name of the unit that it stands for.
    pub name: String,
    /// Whether there is such a unit, and whether its file could be read.
    pub load: LoadState,
    /// The state that all unit types share.
    pub active: ActiveState,
    /// The state in the words of the unit type, such as `running`, `start-pre`, `auto-restart`.
    pub sub: String,
    /// Whether a job (a start, a stop) is waiting or running. An inactive unit without one is not about to start.
    pub job_pending: bool,
    /// How the service last ended: `success`, `exit-code`, `signal`, `timeout`, `start-limit-hit`, …
    pub result: String,
    /// What the service last said with `STATUS=`.
    pub status_text: String,
    /// The exit status of the main process, or the number of the signal that ended it (see `exec_main_code`).
    pub exec_main_status: i32,
    /// How the main process ended: 0 not yet, 1 exited, 2 killed by a signal, 3 dumped core.
    pub exec_main_code: i32,
    /// The main process, 0 where none runs.
    pub main_pid: u32,
    /// How often systemd has restarted the service by itself.
    pub n_restarts: u32,
    /// When systemd restarts the service by itself (`Restart=`): `no`, `on-failure`, `always`, … Where it is not `no`, a
    /// `Failed` state often lasts for an instant only, and `Activating` with the sub-state `auto-restart` follows.
    pub restart: String,
    /// How long systemd waits before it restarts the service (`RestartSec=`).
    pub restart_delay_us: u64,
    /// Whether the conditions of the unit held when it was last started.
    pub condition_result: bool,
    /// When the conditions were last looked at.
    pub condition_timestamp: u64,
    /// When the unit last became active.
    pub active_enter: u64,
    /// When the unit last became inactive or failed.
    pub inactive_enter: u64,
    /// When the unit last changed its state at all.
    pub state_change: u64,
    /// Whether the unit is enabled: `enabled`, `disabled`, `static`, `masked`, …; empty where it has no file.
    pub unit_file_state: String,
}

impl UnitState {
    /// Takes over the properties that are there, and keeps the others: change signals name only some.
    pub(super) fn apply(&mut self, properties: &Properties<'_>) {
        for (name, value) in properties {
            match *name {
                "Id" => set_text(&mut self.name, value),
                "LoadState" => self.load = LoadState::of(value, properties.get("LoadError")),
                "ActiveState" => self.active = ActiveState::of(value),
                "SubState" => set_text(&mut self.sub, value),
                "Job" => self.job_pending = first_field(value) != Some(Variant::U32(0)),
                "Result" => set_text(&mut self.result, value),
                "StatusText" => set_text(&mut self.status_text, value),
                "ExecMainStatus" => set_i32(&mut self.exec_main_status, value),
                "ExecMainCode" => set_i32(&mut self.exec_main_code, value),
                "MainPID" => set_u32(&mut self.main_pid, value),
                "NRestarts" => set_u32(&mut self.n_restarts, value),
                "Restart" => set_text(&mut self.restart, value),
                "RestartUSec" => set_u64(&mut self.restart_delay_us, value),
                "ConditionResult" => self.condition_result = *value == Variant::Bool(true),
                "ConditionTimestamp" => set_u64(&mut self.condition_timestamp, value),
                "ActiveEnterTimestamp" => set_u64(&mut self.active_enter, value),
                "InactiveEnterTimestamp" => set_u64(&mut self.inactive_enter, value),
                "StateChangeTimestamp" => set_u64(&mut self.state_change, value),
                "UnitFileState" => set_text(&mut self.unit_file_state, value),
                _ => {}
            }
        }
    }
}

/// Whether systemd has the unit's definition.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum LoadState {
    /// It has.
    Loaded,
    /// There is no such unit.
    #[default]
    NotFound,
    /// The operator has masked it: it cannot be started.
    Masked,
    /// Its file has a setting that systemd refuses; the text is systemd's.
    BadSetting(String),
    /// Its file cannot be read; the text is systemd's.
    Error(String),
    /// A state that passes by or that this agent does not know, in systemd's word.
    Other(String),
}

impl LoadState {
    fn of(value: &Variant<'_>, error: Option<&Variant<'_>>) -> Self {
        // LoadError is the pair of an error name and a text; both are empty where all is well.
        let message = || match error {
            Some(Variant::Structure(pair)) => pair.fields().get(1).map(text).unwrap_or_default().to_owned(),
            _ => String::new(),
        };
        match text(value) {
            "loaded" => Self::Loaded,
            "not-found" => Self::NotFound,
            "masked" => Self::Masked,
            "bad-setting" => Self::BadSetting(message()),
            "error" => Self::Error(message()),
            other => Self::Other(other.to_owned()),
        }
    }
}

impl fmt::Display for LoadState {
    /// systemd's own word.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Loaded => "loaded",
            Self::NotFound => "not-found",
            Self::Masked => "masked",
            Self::BadSetting(_) => "bad-setting",
            Self::Error(_) => "error",
            Self::Other(word) => word,
        })
    }
}

/// The state that all unit types share.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ActiveState {
    /// Started; for `Type=notify`, after `READY=1`.
    Active,
    /// Active, and reading its configuration again.
    Reloading,
    /// Active, and its mounts are being made anew.
    Refreshing,
    /// Not started.
    #[default]
    Inactive,
    /// Not running because it went wrong; `result` says how.
    Failed,
    /// Starting, or waiting to be restarted (`sub` is then `auto-restart`).
    Activating,
    /// Stopping.
    Deactivating,
    /// Inactive, and being worked on.
    Maintenance,
    /// A state that this agent does not know.
    Other,
}

impl ActiveState {
    fn of(value: &Variant<'_>) -> Self {
        match text(value) {
            "active" => Self::Active,
            "reloading" => Self::Reloading,
            "refreshing" => Self::Refreshing,
            "inactive" => Self::Inactive,
            "failed" => Self::Failed,
            "activating" => Self::Activating,
            "deactivating" => Self::Deactivating,
            "maintenance" => Self::Maintenance,
            _ => Self::Other,
        }
    }
}

impl fmt::Display for ActiveState {
    /// systemd's own word.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Active => "active",
            Self::Reloading => "reloading",
            Self::Refreshing => "refreshing",
            Self::Inactive => "inactive",
            Self::Failed => "failed",
            Self::Activating => "activating",
            Self::Deactivating => "deactivating",
            Self::Maintenance => "maintenance",
            Self::Other => "unknown",
        })
    }
}

/// A text, empty where the value is of another type: a changed type is no reason to lose the rest.
fn text<'a>(value: &'a Variant<'_>) -> &'a str {
    if let Variant::Str(text) = value { text.as_str() } else { "" }
}

fn set_text(target: &mut String, value: &Variant<'_>) {
    text(value).clone_into(target);
}

fn set_i32(target: &mut i32, value: &Variant<'_>) {
    if let Variant::I32(number) = value {
        *target = *number;
    }
}

fn set_u32(target: &mut u32, value: &Variant<'_>) {
    if let Variant::U32(number) = value {
        *target = *number;
    }
}

fn set_u64(target: &mut u64, value: &Variant<'_>) {
    if let Variant::U64(number) = value {
        *target = *number;
    }
}

/// The first field of a structure, such as the number in a job's pair of number and path.
fn first_field<'a>(value: &'a Variant<'_>) -> Option<Variant<'a>> {
    if let Variant::Structure(fields) = value { fields.fields().first()?.try_clone().ok() } else { None }
}

#[cfg(test)]
#[path = "unit_state_tests.rs"]
mod tests;
