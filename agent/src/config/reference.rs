//! The reference page of the config, made from the field table. Must not hold
//! prose about single fields: that is the table's.

use super::{
    kind::Kind,
    report::below,
    table::{Absent, Field, ROOT},
};
use std::fmt::Write;

/// The fields as a Markdown table, one row each.
#[must_use]
pub fn reference() -> String {
    let mut page = String::from("| field | holds | when absent | meaning |\n|---|---|---|---|\n");
    rows(ROOT, "$", &mut page);
    page
}

fn rows(table: &[Field], path: &str, page: &mut String) {
    for field in table {
        let at = below(path, field.key);
        let shown = at.trim_start_matches("$.");
        let (holds, absent, about) = (cell(&field.kind.expected()), cell(&absent(field.absent)), cell(field.about));
        // Writing to a String cannot fail.
        let _ = writeln!(page, "| `{shown}` | {holds} | {absent} | {about} |");
        if let Kind::Object(inner) = field.kind {
            rows(inner, &at, page);
        }
    }
}

fn absent(absent: Absent) -> String {
    match absent {
        Absent::Default(json) => format!("`{json}`"),
        Absent::Derived(from) => format!("from {from}"),
        Absent::Needed(when) => format!("needed {when}"),
        Absent::Open => "left open".to_owned(),
        Absent::Inner => "the defaults below".to_owned(),
    }
}

fn cell(text: &str) -> String {
    text.replace('|', "\\|")
}
