//! Events as lines: the first-boot specification's JSON line, and plain text for a terminal.

use serde::Serializer;

use super::meaning::Severity;
use super::record::Record;

/// The first-boot specification's JSON line: `timestamp, level, service, operation, message`, in this order,
/// then the further fields in lower case.
pub(super) fn json(record: &Record) -> String {
    let meaning = record.event.meaning();
    let fields = record.fields(&[
        ("timestamp", record.timestamp.as_str()),
        ("level", &meaning.severity.to_string()),
        ("service", &record.scope.service),
        ("operation", record.scope.operation),
        ("message", &record.message()),
        ("message_id", meaning.message_id),
    ]);
    let mut line = Vec::new();
    let written = serde_json::Serializer::new(&mut line)
        .collect_map(fields.iter().map(|(name, value)| (name.to_ascii_lowercase(), value)));
    // A map of strings and numbers always serialises; an empty line would say that it did not.
    written.ok().and_then(|()| String::from_utf8(line).ok()).unwrap_or_default()
}

/// `HH:MM:SS  mark  service operation: message`, for people.
pub(super) fn text(record: &Record) -> String {
    let mark = match record.event.meaning().severity {
        Severity::Error => "✗",
        Severity::Warning => "!",
        Severity::Notice => "✓",
        Severity::Info => "·",
    };
    let time = record.timestamp.get(11..19).unwrap_or_default();
    format!("{time} {mark} {} {}: {}", record.scope.service, record.scope.operation, record.message())
}
