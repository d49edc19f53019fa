//! What systemd says about a unit, as plain values.
//!
//! It only translates properties; it must not ask systemd and must not judge what a state means for a join.

use std::collections::HashMap;
use std::fmt;

use serde::de::IntoDeserializer;
use serde::de::value::{Error as NotOne, StrDeserializer};
use serde::{Deserialize, Serialize};
use zbus::Variant;

use crate::data_directory::Owner;

/// Properties by name, as systemd sends them.
pub(super) type Properties<'a> = HashMap<&'a str, Variant<'a>>;

/// One unit at one moment. What a unit type does not have is empty or 0.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UnitState {
    /// Whether there is such a unit, and whether its file could be read.
    pub load: LoadState,
    /// The run of the unit, as `$INVOCATION_ID` names it in the unit's processes; empty where it has never run.
    pub invocation_id: String,
    /// The state that all unit types share.
    pub active: ActiveState,
    /// The state in the words of the unit type, such as `running`, `start-pre`, `auto-restart`.
    pub sub: String,
    /// Whether it is enabled, as systemctl(1)'s `is-enabled` has it: something pulls it in at a boot.
    pub is_enabled: bool,
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
    /// How often systemd has restarted the service by itself.
    pub n_restarts: u32,
    /// How long systemd waits before it restarts the service, in microseconds: `RestartSec=`, or from systemd 254 on what
    /// `RestartSteps=` make of it when the state was read.
    pub restart_delay_us: u64,
    /// The files that its environment is read from and without which it does not start (`EnvironmentFile=` without `-`,
    /// systemd.exec(5)); never changes while it is loaded.
    pub needed_environment: Vec<String>,
    /// Whose files the service's are; never changes while it is loaded.
    pub owner: Owner,
}

impl UnitState {
    /// Whether the unit is to run on this machine, or has: it is enabled, or was started.
    #[must_use]
    pub fn is_to_run(&self) -> bool {
        self.load == LoadState::Loaded && (self.is_enabled || self.active != ActiveState::Inactive)
    }

    /// Takes over the properties that are there, and keeps the others: change signals name only some.
    pub(super) fn apply(&mut self, properties: &Properties<'_>) {
        for (name, value) in properties {
            match *name {
                "LoadState" => self.load = LoadState::of(value, properties.get("LoadError")),
                "InvocationID" => self.invocation_id = hexadecimal(value),
                "UnitFileState" => self.is_enabled = read::<String>(value).starts_with("enabled"),
                "ActiveState" => self.active = ActiveState::of(value),
                "SubState" => self.sub = read(value),
                "Job" => self.job_pending = first_field(value) != Some(Variant::U32(0)),
                "Result" => self.result = read(value),
                "StatusText" => self.status_text = read(value),
                "ExecMainStatus" => self.exec_main_status = read(value),
                "ExecMainCode" => self.exec_main_code = read(value),
                "NRestarts" => self.n_restarts = read(value),
                "RestartUSec" if properties.contains_key("RestartUSecNext") => {}
                "RestartUSec" | "RestartUSecNext" => self.restart_delay_us = read(value),
                "EnvironmentFiles" => self.needed_environment = needed(value),
                "User" => self.owner.user = read(value),
                "DynamicUser" => self.owner.is_dynamic = read(value),
                "StateDirectory" => self.owner.state_directories = read(value),
                _ => {}
            }
        }
    }

    /// Whether the service has ended and systemd is to start it again by itself (`Restart=`): systemd shows it as activating.
    #[must_use]
    pub fn awaits_restart(&self) -> bool {
        // From systemd 254 on, `auto-restart-queued` follows when the pause is over.
        self.active == ActiveState::Activating && self.sub.starts_with("auto-restart")
    }

    /// Whether nothing differs from another state but what the unit says of itself.
    pub(super) fn differs_in_words_only(&self, other: &Self) -> bool {
        Self { status_text: String::new(), ..self.clone() } == Self { status_text: String::new(), ..other.clone() }
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
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ActiveState {
    /// Started; for `Type=notify`, after `READY=1`.
    Active,
    /// Active, and reading its configuration again.
    Reloading,
    /// Active, and its mounts are being made again.
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
    #[serde(rename = "unknown")]
    Other,
}

impl ActiveState {
    fn of(value: &Variant<'_>) -> Self {
        let word: StrDeserializer<'_, NotOne> = text(value).into_deserializer();
        Self::deserialize(word).unwrap_or(Self::Other)
    }
}

impl fmt::Display for ActiveState {
    /// systemd's word.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.serialize(formatter)
    }
}

/// Empty or 0 where the value is of another type: a changed type is no reason to lose the rest.
fn read<'v, T: Default + TryFrom<Variant<'v>>>(value: &Variant<'v>) -> T {
    value.try_clone().ok().and_then(|value| T::try_from(value).ok()).unwrap_or_default()
}

/// A text, empty where the value is of another type.
fn text<'a>(value: &'a Variant<'_>) -> &'a str {
    if let Variant::Str(text) = value { text.as_str() } else { "" }
}

/// The paths of a list of paths and whether each may be missing, but for those that may.
fn needed(value: &Variant<'_>) -> Vec<String> {
    let path = |item: &Variant<'_>| match item {
        Variant::Structure(pair) if let [Variant::Str(path), Variant::Bool(false)] = pair.fields() => {
            Some(path.to_string())
        }
        _ => None,
    };
    if let Variant::Array(list) = value { list.iter().filter_map(path).collect() } else { Vec::new() }
}

/// An array of bytes, as digits.
fn hexadecimal(value: &Variant<'_>) -> String {
    let digits = |byte: &u8| format!("{byte:02x}");
    read::<Vec<u8>>(value).iter().map(digits).collect()
}

/// The first field of a structure, such as the number in a job's pair of number and path.
fn first_field<'a>(value: &'a Variant<'_>) -> Option<Variant<'a>> {
    if let Variant::Structure(fields) = value { fields.fields().first()?.try_clone().ok() } else { None }
}

#[cfg(test)]
#[path = "unit_state_tests.rs"]
mod tests;
