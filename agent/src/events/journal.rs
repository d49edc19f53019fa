//! Events as native journal entries.
//!
//! `systemd-journal-logger` maps log levels to priorities one step below syslog's own (info
//! becomes notice), so a severity picks the level that gives its PRIORITY.

use std::io;

use log::Level;
use log::kv::{self, ToValue};
use systemd_journal_logger::JournalLog;

use super::field::Value;
use super::meaning::Severity;
use super::record::Record;

/// `SYSLOG_IDENTIFIER` of every entry: `journalctl -t first-boot-agent`.
pub(super) const IDENTIFIER: &str = "first-boot-agent";

/// Connects to journald; fails where no journal listens.
pub(super) fn connect() -> io::Result<JournalLog> {
    Ok(JournalLog::empty()?.with_syslog_identifier(IDENTIFIER.to_owned()))
}

/// Writes one entry.
pub(super) fn write(journal: &JournalLog, record: &Record) -> io::Result<()> {
    let meaning = record.event.meaning();
    let fields = record.fields(&[
        ("MESSAGE_ID", meaning.message_id),
        ("SERVICE", &record.scope.service),
        ("OPERATION", record.scope.operation),
    ]);
    journal.journal_send(
        &log::Record::builder()
            .level(level(meaning.severity))
            .target("first_boot_agent")
            .key_values(&fields.as_slice())
            .args(format_args!("{}", record.message()))
            .build(),
    )
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
