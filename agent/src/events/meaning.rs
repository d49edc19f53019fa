//! What an event means, and how much it matters.

use std::fmt;

/// How much an event matters, by the journal's PRIORITY (`syslog(3)`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Severity {
    /// Something failed; a remedy is in the catalog.
    Error = 3,
    /// Unexpected, and the work goes on.
    Warning = 4,
    /// A milestone that an operator waits for.
    Notice = 5,
    /// What is going on.
    Info = 6,
}

impl fmt::Display for Severity {
    /// The `level` of the first-boot specification's JSON line.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Error => "ERROR",
            Self::Warning => "WARN",
            Self::Notice | Self::Info => "INFO",
        })
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
