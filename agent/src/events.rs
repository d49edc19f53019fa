//! Everything the agent says: one enum of events, each with a stable MESSAGE_ID, a
//! severity, fields and a text, and the sinks that write them.
//!
//! An event is the only way to tell an operator something while working; the journal
//! catalog and the event reference are generated from the same list. Nothing here may hold
//! the work up: sinks write from a thread of their own.

mod catalog;
mod console;
mod field;
mod journal;
mod line;
mod list;
mod reporter;

use std::fmt;

pub use catalog::{catalog_text, reference_page};
pub use field::{Field, Value};
pub use list::{Event, MEANINGS};
pub use reporter::{Format, Reporter, Scope, ScopedReporter};

/// How much an event matters, in the journal's terms.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Severity {
    /// Something failed; a remedy is in the catalog. PRIORITY=3.
    Error,
    /// Unexpected, and the work goes on. PRIORITY=4.
    Warning,
    /// A milestone that an operator waits for. PRIORITY=5.
    Notice,
    /// What is going on. PRIORITY=6.
    Info,
}

impl Severity {
    /// The journal's PRIORITY (`syslog(3)`).
    #[must_use]
    pub fn priority(self) -> u8 {
        match self {
            Self::Error => 3,
            Self::Warning => 4,
            Self::Notice => 5,
            Self::Info => 6,
        }
    }

    /// The `level` of the seed's JSON line.
    #[must_use]
    pub fn level(self) -> &'static str {
        match self {
            Self::Error => "ERROR",
            Self::Warning => "WARN",
            Self::Notice | Self::Info => "INFO",
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.level())
    }
}

/// What an event means, for the catalog and the reference: written once beside the event.
#[derive(Debug, Clone, Copy)]
pub struct Meaning {
    /// The event's name in the code and in the reference.
    pub name: &'static str,
    /// The stable MESSAGE_ID: 32 hexadecimal digits (systemd.journal-fields(7)).
    pub message_id: &'static str,
    /// How much it matters.
    pub severity: Severity,
    /// The catalog's subject line.
    pub subject: &'static str,
    /// What happened and what to do, as running text.
    pub explanation: &'static str,
    /// The names of the event's own fields, as in the journal.
    pub fields: &'static [&'static str],
}

impl Event {
    /// What is wrong, where the event reports trouble: its `REASON` or `ERROR`, else its message.
    #[must_use]
    pub fn reason(&self) -> String {
        self.text_of("REASON").or_else(|| self.text_of("ERROR")).unwrap_or_else(|| self.to_string())
    }

    /// What to do about it: its `REMEDY`, else where more can be read.
    #[must_use]
    pub fn remedy(&self) -> String {
        self.text_of("REMEDY")
            .unwrap_or_else(|| format!("read more: journalctl -b -x MESSAGE_ID={}", self.meaning().message_id))
    }

    fn text_of(&self, name: &str) -> Option<String> {
        self.fields().into_iter().find(|field| field.name == name).map(|field| field.value.to_string())
    }
}

/// What an event is told to. Tests collect; the binary writes.
pub trait Report {
    /// Takes note of an event. Never blocks and never fails.
    fn report(&self, event: Event);
}
