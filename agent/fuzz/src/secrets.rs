//! Secrets that people put where none belongs must not come out again: in a message, in `config show`, in the config
//! itself. Plants one in copies of a document, in every way that the agent promises to keep.

use std::fmt::Write;

use first_boot_agent::config::{InitrdFindings, Options, Origin, Permissions, Source, check, examine, parse};
use serde_json::Value;

use crate::config::context;

const SECRET: &str = "kept7Secret";

/// The ways in which a text may carry a secret: as a password or as a query of a URL.
const CARRIERS: [fn(&str) -> String; 6] = [
    |text| format!("https://user:{SECRET}@{text}"),
    |text| format!("user:{SECRET}@{text}"),
    |text| format!("https://user:{SECRET}#1@{text}"),
    |text| format!("https://user:1?{SECRET}@{text}"),
    |text| format!("https://{text}?token={SECRET}"),
    |text| format!("{text}?token={SECRET}"),
];

/// Asserts that what is planted in a config stays there.
pub(crate) fn assert_kept(data: &[u8]) {
    let Ok(Value::Object(entries)) = serde_json::from_slice(data) else {
        return;
    };
    if data.len() > 4096 || String::from_utf8_lossy(data).contains(SECRET) {
        return;
    }
    let document = Value::Object(entries);
    in_a_delivery(document.clone(), data.len());
    under_keys(document.clone(), data.len());
    let mut texts = 0;
    each_text(&mut document.clone(), &mut |_| texts += 1);
    if texts > 0 {
        // One text and one carrier for each input: the fuzzer brings all of them together in time.
        let (wanted, carrier) = (data.len() % texts, data.len() / texts % CARRIERS.len());
        within_a_text(document, wanted, CARRIERS[carrier]);
    }
}

/// In the place of any text, key or object of a config that came by a partition or a URL: nothing of it is quoted.
fn in_a_delivery(mut document: Value, salt: usize) {
    let mut places = 0;
    replace(&mut document.clone(), &mut places, usize::MAX);
    replace(&mut document, &mut 0, salt * 31 % places.max(1));
    let text = document.to_string();
    let options = Options {
        explicit: None,
        root: "/".into(),
        credentials_directory: None,
        host_name: None,
        permissions: Permissions::Refuse,
        strict: salt.is_multiple_of(2),
        initrd: InitrdFindings::default(),
        is_member: false,
        quotes_nothing: false,
    };
    let reported = match examine(text.as_bytes(), &Source::Delivered("a partition".to_owned()), &options) {
        Ok(checked) => format!("{:?}", checked.warnings),
        Err(error) => format!("{error} {}", error.summary()),
    };
    assert!(!reported.contains(SECRET), "{reported}\n{text}");
}

/// Puts the secret into the place that has this number: a value of any kind, or a key.
fn replace(value: &mut Value, seen: &mut usize, wanted: usize) {
    let mut is_it = || {
        *seen += 1;
        *seen - 1 == wanted
    };
    if is_it() {
        *value = Value::from(SECRET);
        return;
    }
    match value {
        Value::Array(items) => items.iter_mut().for_each(|item| replace(item, seen, wanted)),
        Value::Object(entries) => {
            let keys: Vec<String> = entries.keys().cloned().collect();
            for key in keys {
                *seen += 1;
                if *seen - 1 == wanted
                    && let Some(entry) = entries.remove(&key)
                {
                    // As a key of its own, and behind one that there is.
                    entries.insert(SECRET.to_owned(), entry.clone());
                    entries.insert(format!("{key}{SECRET}"), entry);
                } else if let Some(entry) = entries.get_mut(&key) {
                    replace(entry, seen, wanted);
                }
            }
        }
        _ => {}
    }
}

/// In keys that look secret and in unknown ones, at every level; and in a file that ends too early.
fn under_keys(mut document: Value, salt: usize) {
    plant(&mut document, &["admin_password", "api_token", "key", "unheard_of"]);
    let text = document.to_string();
    let reported = reported(&text, |_| true);
    assert!(!reported.contains(SECRET), "{reported}\n{text}");
    let mut cut = salt * 31 % text.len();
    while !text.is_char_boundary(cut) {
        cut -= 1;
    }
    let reported = parse(&text.as_bytes()[..cut]).err().map(|error| format!("{error} {error:?}")).unwrap_or_default();
    assert!(!reported.contains(SECRET), "{reported}");
}

fn plant(value: &mut Value, keys: &[&str]) {
    let Value::Object(entries) = value else {
        return;
    };
    for (key, entry) in entries.iter_mut() {
        // Any key is known there, so only those that look secret are kept.
        plant(entry, if key == "network" { &keys[..3] } else { keys });
    }
    for key in keys {
        // What is at home there is shown, and rightly: the path of a file.
        if entries.get(*key).is_none_or(Value::is_null) {
            entries.insert((*key).to_owned(), Value::from(SECRET));
        }
    }
}

/// In a text of the document. What is accepted there is a label or a path, which `config show` may show; no address
/// and no URL may be accepted with it, and no problem may quote it.
fn within_a_text(mut document: Value, wanted: usize, carrier: fn(&str) -> String) {
    let mut index = 0;
    each_text(&mut document, &mut |text| {
        if index == wanted {
            *text = carrier(text);
        }
        index += 1;
    });
    let text = document.to_string();
    let reported =
        reported(&text, |path| ["url", "_addr", "_peers", "_ip"].iter().any(|ending| path.ends_with(ending)));
    assert!(!reported.contains(SECRET), "{reported}\n{text}");
}

fn each_text(value: &mut Value, visit: &mut dyn FnMut(&mut String)) {
    match value {
        Value::String(text) => visit(text),
        Value::Array(items) => items.iter_mut().for_each(|item| each_text(item, visit)),
        Value::Object(entries) => entries.values_mut().for_each(|entry| each_text(entry, visit)),
        _ => {}
    }
}

/// Everything that is said of a config: all problems, and the values of the fields that are asked for.
fn reported(text: &str, asked_for: fn(&str) -> bool) -> String {
    let mut reported = String::new();
    let Ok(document) = parse(text.as_bytes()) else {
        return reported;
    };
    match check(&document, &context(false)) {
        Err(report) => reported = format!("{:?} {:?}", report.problems, report.warnings),
        Ok(checked) => {
            reported = format!("{:?}", checked.warnings);
            for shown in
                checked.provenance().iter().filter(|shown| shown.origin != Origin::Default && asked_for(&shown.path))
            {
                let _ = write!(reported, "\n{} = {}", shown.path, shown.value);
            }
        }
    }
    reported
}
