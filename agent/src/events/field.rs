//! The fields of an event: numbers stay numbers, everything else is text.

use std::fmt;

use serde::Serialize;

use crate::foreign_text;

/// A field's value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Value {
    /// A count, a code or a number of milliseconds.
    Number(u64),
    /// Any text.
    Text(String),
}

impl From<u64> for Value {
    fn from(number: u64) -> Self {
        Self::Number(number)
    }
}

/// Whatever is in a text, and however long it is: nothing of it leaves the process unbounded, or obeyed by a terminal.
impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(foreign_text::shown_lines(&text, foreign_text::LONGEST_MESSAGE))
    }
}

impl fmt::Display for Value {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => write!(formatter, "{number}"),
            Self::Text(text) => formatter.write_str(text),
        }
    }
}

/// A name, as in the journal (`NEXT_RETRY_MS`), and a value.
pub type Field = (&'static str, Value);
