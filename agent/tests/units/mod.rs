//! The unit files that share their text: templates in `agent/systemd/source`, and a row of its `units.json` for each unit.

use std::collections::BTreeMap;
use std::mem;

const SERVICE: &str = include_str!("../../systemd/source/unit.service");
const PATH: &str = include_str!("../../systemd/source/unit.path");
const CREDENTIALS: &str = include_str!("../../systemd/source/0-0-encrypted-credentials.conf");
const DELAY: &str = include_str!("../../systemd/source/10-growing-delay.conf");

/// A value for each slot: `{unit}` in a template stands for the value of `unit`.
type Row = BTreeMap<String, String>;

/// Every generated file below `agent/systemd`, and its text.
pub(crate) fn files() -> Vec<(String, String)> {
    let rows: Vec<Row> = serde_json::from_str(include_str!("../../systemd/source/units.json")).unwrap();
    let of_a_row = |row: &Row| {
        let unit = row["unit"].clone();
        [
            (format!("{unit}.service"), SERVICE),
            (format!("{unit}.path"), PATH),
            (format!("254/{unit}.service.d/0-0-encrypted-credentials.conf"), CREDENTIALS),
            (format!("254/{unit}.service.d/10-growing-delay.conf"), DELAY),
        ]
        .map(|(file, template)| (file, rendered(template, row)))
    };
    rows.iter().flat_map(of_a_row).chain([in_the_initrd()]).collect()
}

/// The stage in the initrd has a text of its own, and its devices are not private: no socket, hence no `[Unit]`.
fn in_the_initrd() -> (String, String) {
    let (opening, rest) = CREDENTIALS.split_once("[Unit]").unwrap();
    let (_, service) = rest.split_once("[Service]").unwrap();
    let file = "254/first-boot-initrd.service.d/0-0-encrypted-credentials.conf";
    (file.into(), rendered(&format!("{opening}[Service]{service}"), &Row::new()))
}

/// What a row makes of a template. A word with a slot that the row has no value for is left out; so is a line with no other
/// word, together with the comment above it; so is such a comment.
fn rendered(template: &str, row: &Row) -> String {
    let (mut text, mut comment) = (String::new(), String::new());
    for line in template.split_inclusive('\n') {
        if line.starts_with('#') {
            comment += line;
            continue;
        }
        let above = filled(&mem::take(&mut comment), row).unwrap_or_default();
        let words: Vec<_> = line.trim_end().split(' ').filter_map(|word| filled(word, row)).collect();
        if !words.is_empty() {
            text += &above;
            text += &words.join(" ");
            text.push('\n');
        }
    }
    text
}

/// A text with the row's values in its slots, if the row has all of them.
fn filled(text: &str, row: &Row) -> Option<String> {
    let set = |text: String, (slot, value): (&String, &String)| text.replace(&format!("{{{slot}}}"), value);
    let text = row.iter().fold(text.to_owned(), set);
    (!text.contains('{')).then_some(text)
}
