//! The journal catalog and the event reference, both from the list of events.

use first_boot_agent::events::{MEANINGS, Meaning};

/// Columns of running text in the catalog.
const WIDTH: usize = 78;

/// The journal catalog (`systemd.catalog`; journalctl(1), `-x`).
pub(crate) fn catalog() -> String {
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
pub(crate) fn reference() -> String {
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
