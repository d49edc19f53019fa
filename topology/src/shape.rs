//! Whether an object of the topology has the options that the table lists, and no others, each of its kind. Must not
//! know what they mean.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::findings::{Findings, Place, listed, shown};
use super::rules::{FieldRule, Kind};

/// The options of one object that are given, and of the right kind.
#[derive(Debug, Default)]
pub(super) struct Fields<'a>(BTreeMap<&'a str, &'a Value>);

impl<'a> Fields<'a> {
    pub(super) fn text(&self, key: &str) -> Option<&'a str> {
        self.0.get(key).and_then(|value| value.as_str())
    }

    pub(super) fn flag(&self, key: &str) -> Option<bool> {
        self.0.get(key).and_then(|value| value.as_bool())
    }

    pub(super) fn object(&self, key: &str) -> Option<&'a Map<String, Value>> {
        self.0.get(key).and_then(|value| value.as_object())
    }

    pub(super) fn texts(&self, key: &str) -> Option<Vec<&'a str>> {
        self.0.get(key).and_then(|value| value.as_array()).map(|items| items.iter().filter_map(Value::as_str).collect())
    }
}

/// Checks an object, which is called `key` in the place around it.
pub(super) fn checked<'a>(
    findings: &mut Findings<'a>,
    kind: &str,
    around: Place<'_>,
    place: Place<'_>,
    key: &str,
    given: &'a Value,
) -> Fields<'a> {
    let Some(table) = findings.rules.fields.get(kind) else { return Fields::default() };
    let Some(object) = given.as_object() else {
        let words = [("key", &*shown(key)), ("found", kind_of(given)), ("expected", expected(Kind::Object))];
        findings.problem("wrong-type", around, &words);
        return Fields::default();
    };
    for key in object.keys().filter(|key| !table.contains_key(*key)) {
        let known = listed(table.keys().map(String::as_str));
        findings.problem("unknown-key", place, &[("key", &shown(key)), ("known", &known)]);
    }
    let fields = table.iter().filter_map(|(key, field)| {
        let value = field_value(findings, place, key, field, object.get(key))?;
        Some((key.as_str(), value))
    });
    Fields(fields.collect())
}

/// The value of an option; a value of the wrong kind is reported, and not used further.
fn field_value<'a>(
    findings: &mut Findings<'_>,
    place: Place<'_>,
    key: &str,
    field: &'a FieldRule,
    given: Option<&'a Value>,
) -> Option<&'a Value> {
    match given {
        None if field.default.is_some() => field.default.as_ref(),
        None | Some(Value::Null) => {
            if field.required {
                findings.problem("missing", place, &[("key", key), ("example", &field.example)]);
            }
            None
        }
        Some(value) if fits(field.kind, value) => Some(value),
        Some(value) => {
            let found = match (field.kind, value) {
                (Kind::Texts, Value::Array(_)) => "a list that holds more than strings",
                _ => kind_of(value),
            };
            let words = [("key", key), ("found", found), ("expected", expected(field.kind))];
            findings.problem("wrong-type", place, &words);
            None
        }
    }
}

/// A rule about one option, a text, that holds where the option is not given.
pub(super) fn text_rule(
    findings: &mut Findings<'_>,
    place: Place<'_>,
    fields: &Fields<'_>,
    key: &str,
    rule: &'static str,
    holds: impl Fn(&str) -> bool,
) {
    if let Some(value) = fields.text(key).filter(|value| !holds(value)) {
        let roles = listed(findings.rules.roles.keys().map(String::as_str));
        findings.problem(rule, place, &[("key", key), ("found", &shown(value)), ("known", &roles)]);
    }
}

fn fits(kind: Kind, value: &Value) -> bool {
    match kind {
        Kind::Flag => value.is_boolean(),
        Kind::Object => value.is_object(),
        Kind::Text => value.is_string(),
        Kind::Texts => value.as_array().is_some_and(|items| items.iter().all(Value::is_string)),
    }
}

pub(super) const fn expected(kind: Kind) -> &'static str {
    match kind {
        Kind::Flag => "true or false",
        Kind::Object => "an object",
        Kind::Text => "a string",
        Kind::Texts => "a list of strings",
    }
}

/// What a value is, in words, without what it holds.
pub(super) const fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}
