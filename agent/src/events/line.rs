//! Events as lines: the seed's JSON line, and plain text for a terminal.

use serde::ser::{Serialize, SerializeMap, Serializer};

use super::meaning::Severity;
use super::record::Record;

/// The seed's JSON line: `timestamp, level, service, operation, message`, in this order,
/// then the further fields in lower case.
pub(super) fn json(record: &Record) -> String {
    // A map of strings and numbers always serialises; an empty line would say that it did not.
    serde_json::to_string(&JsonLine(record)).unwrap_or_default()
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

struct JsonLine<'a>(&'a Record);

impl Serialize for JsonLine<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let record = self.0;
        let meaning = record.event.meaning();
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("timestamp", &record.timestamp)?;
        map.serialize_entry("level", &meaning.severity.to_string())?;
        map.serialize_entry("service", &record.scope.service)?;
        map.serialize_entry("operation", record.scope.operation)?;
        map.serialize_entry("message", &record.message())?;
        map.serialize_entry("message_id", meaning.message_id)?;
        for (name, value) in record.context().into_iter().chain(record.event.fields()) {
            map.serialize_entry(&name.to_ascii_lowercase(), &value)?;
        }
        map.end()
    }
}
