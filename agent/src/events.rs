//! Everything the agent says: one enum of events, each with a stable MESSAGE_ID, a
//! severity, fields and a text, and the sinks that write them.
//!
//! An event is the only way to report something to an operator while working; the journal
//! catalog and the event reference are generated from the same list. Nothing here may hold
//! the work up: sinks write from a thread of their own.

mod console;
mod field;
mod journal;
mod line;
mod list;
mod meaning;
mod record;
mod reporter;

pub(crate) use console::Console;
pub use field::{Field, Value};
pub use list::{Event, MEANINGS};
pub use meaning::{Meaning, Severity};
pub use record::Scope;
pub use reporter::{Format, Report, Reporter, ScopedReporter};

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::MEANINGS;

    #[test]
    fn message_ids_are_well_formed_and_unique() {
        let mut seen = HashSet::new();
        for meaning in MEANINGS {
            let id = meaning.message_id;
            assert!(id.len() == 32 && id.bytes().all(|byte| byte.is_ascii_hexdigit()), "{id}");
            assert!(seen.insert(id), "{id} is used twice");
        }
    }

    #[test]
    fn the_explanations_name_only_fields_that_exist() {
        for meaning in MEANINGS {
            for name in meaning.explanation.split('@').skip(1).step_by(2) {
                assert!(meaning.fields.contains(&name), "{}: @{name}@", meaning.name);
            }
        }
    }
}
