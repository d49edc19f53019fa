//! Events as native journal entries.
//!
//! `systemd-journal-logger` maps log levels to priorities one step below syslog's own (info
//! becomes notice), so a severity picks the level that gives its PRIORITY.

use std::io;

use log::Level;
use log::kv::{self, ToValue};
use systemd_journal_logger::JournalLog;

use super::field::{Field, Value};
use super::meaning::Severity;
use super::record::Record;

/// `SYSLOG_IDENTIFIER` of every entry: `journalctl -t first-boot-agent`.
pub(super) const IDENTIFIER: &str = "first-boot-agent";

/// A connection to journald.
pub(super) struct Journal(JournalLog);

impl Journal {
    /// Connects; fails where no journal listens.
    pub(super) fn connect() -> io::Result<Self> {
        JournalLog::empty().map(|log| Self(log.with_syslog_identifier(IDENTIFIER.to_owned())))
    }

    /// Writes one entry.
    pub(super) fn write(&self, record: &Record) -> io::Result<()> {
        let meaning = record.event.meaning();
        let own = [
            ("MESSAGE_ID", meaning.message_id),
            ("SERVICE", &record.scope.service),
            ("OPERATION", record.scope.operation),
        ];
        let fields: Vec<Field> = own
            .into_iter()
            .map(|(name, text)| Field { name, value: Value::Text(text.to_owned()) })
            .chain(record.context())
            .chain(record.event.fields())
            .collect();
        let pairs: Vec<(&str, &Value)> = fields.iter().map(|field| (field.name, &field.value)).collect();
        self.0.journal_send(
            &log::Record::builder()
                .level(level(meaning.severity))
                .target("first_boot_agent")
                .key_values(&pairs.as_slice())
                .args(format_args!("{}", record.message()))
                .build(),
        )
    }
}

/// The log level that `systemd-journal-logger` turns into the severity's PRIORITY.
fn level(severity: Severity) -> Level {
    match severity {
        Severity::Error => Level::Error,
        Severity::Warning => Level::Warn,
        Severity::Notice => Level::Info,
        Severity::Info => Level::Debug,
    }
}

impl ToValue for Value {
    fn to_value(&self) -> kv::Value<'_> {
        match self {
            Self::Number(number) => kv::Value::from(*number),
            Self::Text(text) => kv::Value::from(text.as_str()),
        }
    }
}
