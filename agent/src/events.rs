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
mod meaning;
mod record;
mod reporter;

pub use catalog::{catalog_text, reference_page};
pub(crate) use console::Console;
pub use field::{Field, Value};
pub use list::{Event, MEANINGS};
pub use meaning::{Meaning, Severity};
pub use record::Scope;
pub use reporter::{Format, Report, Reporter, ScopedReporter};
