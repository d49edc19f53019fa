//! The journal catalog and the event reference, both from the list of events.
//!
//! `agent/catalog/first-boot-agent.catalog` and the page in `docs/` are what these functions
//! return; a test fails where they drift, and `make generate` writes them.

use super::list::MEANINGS;
use super::meaning::Meaning;

/// Columns of running text in the catalog.
const WIDTH: usize = 78;

/// The journal catalog (`systemd.catalog`; journalctl(1), `-x`).
#[must_use]
pub fn catalog_text() -> String {
    let head = "# Generated from agent/src/events/list.rs by `make generate`; do not edit.\n\
                # Shown by `journalctl -x`.\n";
    let entry = |meaning: &Meaning| {
        format!(
            "\n-- {}\nSubject: {}\nDefined-By: first-boot-agent\n\n{}",
            meaning.message_id,
            meaning.subject,
            wrapped(meaning.explanation),
        )
    };
    std::iter::once(head.to_owned()).chain(MEANINGS.iter().map(entry)).collect()
}

/// The event reference of the documentation, as Markdown.
#[must_use]
pub fn reference_page() -> String {
    let head = "# Events\n\n\
         <!-- Generated from agent/src/events/list.rs by `make generate`; do not edit. -->\n\n\
         Every entry also carries `SERVICE`, `OPERATION`, `NODE_ID`, `CLUSTER_NAME` and \
         `RUN_ID` (the same for everything within one boot).\n\
         `journalctl -x` shows the explanation beside the entry; \
         `journalctl MESSAGE_ID=…` finds all of a kind.\n";
    let section = |meaning: &Meaning| {
        let fields = match meaning.fields {
            [] => "none".to_owned(),
            fields => format!("`{}`", fields.join("`, `")),
        };
        format!(
            "\n## {}\n\n{} · `PRIORITY={}` · `MESSAGE_ID={}` · fields: {fields}\n\n**{}.** {}\n",
            meaning.name,
            meaning.severity,
            meaning.severity as u8,
            meaning.message_id,
            meaning.subject,
            meaning.explanation,
        )
    };
    std::iter::once(head.to_owned()).chain(MEANINGS.iter().map(section)).collect()
}

fn wrapped(text: &str) -> String {
    let mut lines = String::new();
    let mut column = 0;
    for word in text.split_whitespace() {
        if column > 0 && column + 1 + word.len() > WIDTH {
            lines.push('\n');
            column = 0;
        } else if column > 0 {
            lines.push(' ');
            column += 1;
        }
        lines.push_str(word);
        column += word.len();
    }
    lines.push('\n');
    lines
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

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
