//! Just enough of JSON Schema (draft 2020-12) to hold the published schema
//! against documents. A keyword that it does not know is an error, so that the
//! schema cannot outgrow it unnoticed.

use regex_lite::Regex;
use serde_json::Value;
use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
};

/// The first way in which a document does not fit a schema.
pub(crate) fn violation(schema: &Value, document: &Value) -> Option<String> {
    let keywords = schema.as_object().unwrap();
    keywords.iter().find_map(|(keyword, rule)| {
        let fits = match keyword.as_str() {
            "$schema" | "title" | "description" | "default" | "examples" | "then" | "else" => true,
            "type" => has_type(rule, document),
            "const" => rule == document,
            "pattern" => document.as_str().is_none_or(|text| matches(rule, text)),
            "minimum" => document.as_f64().is_none_or(|number| number >= rule.as_f64().unwrap()),
            "maximum" => document.as_f64().is_none_or(|number| number <= rule.as_f64().unwrap()),
            "minItems" => document.as_array().is_none_or(|items| items.len() as u64 >= rule.as_u64().unwrap()),
            "maxItems" => document.as_array().is_none_or(|items| items.len() as u64 <= rule.as_u64().unwrap()),
            "maxProperties" => document.as_object().is_none_or(|object| object.len() as u64 <= rule.as_u64().unwrap()),
            "required" => document.as_object().is_none_or(|object| {
                rule.as_array().unwrap().iter().all(|key| object.contains_key(key.as_str().unwrap()))
            }),
            "allOf" => {
                return rule.as_array().unwrap().iter().find_map(|each| violation(each, document));
            }
            "not" => violation(rule, document).is_some(),
            "anyOf" => rule.as_array().unwrap().iter().any(|each| violation(each, document).is_none()),
            "if" => {
                let branch = if violation(rule, document).is_none() { "then" } else { "else" };
                return keywords.get(branch).and_then(|branch| violation(branch, document));
            }
            "items" => {
                return document.as_array()?.iter().find_map(|item| violation(rule, item));
            }
            "properties" => {
                let known = |(key, inner): (&String, &Value)| violation(inner, document.get(key)?);
                return rule.as_object().unwrap().iter().find_map(known);
            }
            "propertyNames" => {
                return document.as_object()?.keys().find_map(|key| violation(rule, &Value::from(key.as_str())));
            }
            "additionalProperties" => {
                let named = keywords.get("properties").and_then(Value::as_object);
                let is_other = |key: &String| named.is_none_or(|named| !named.contains_key(key));
                let mut others = document.as_object()?.iter().filter(|(key, _)| is_other(key));
                return others.find_map(|(_, value)| violation(rule, value));
            }
            other => panic!("the schema uses `{other}`, which this test does not know"),
        };
        (!fits).then(|| format!("{keyword} {rule}: {document}"))
    })
}

fn has_type(rule: &Value, document: &Value) -> bool {
    let is = |name: &Value| match name.as_str().unwrap() {
        "null" => document.is_null(),
        "boolean" => document.is_boolean(),
        "integer" => document.is_i64() || document.is_u64(),
        "string" => document.is_string(),
        "array" => document.is_array(),
        "object" => document.is_object(),
        other => panic!("unknown type {other}"),
    };
    rule.as_array().map_or_else(|| is(rule), |names| names.iter().any(is))
}

/// Whether a text fits a pattern. Compiling one takes longer than all else here, and documents come by the thousand.
fn matches(pattern: &Value, text: &str) -> bool {
    static COMPILED: Mutex<BTreeMap<String, Regex>> = Mutex::new(BTreeMap::new());
    let mut compiled = COMPILED.lock().unwrap_or_else(PoisonError::into_inner);
    let pattern = pattern.as_str().unwrap();
    if !compiled.contains_key(pattern) {
        compiled.insert(pattern.to_owned(), Regex::new(&regex(pattern)).unwrap());
    }
    compiled[pattern].is_match(text)
}

/// ECMA 262's `\u001f` is `\u{001f}` here.
fn regex(pattern: &str) -> String {
    let escape = Regex::new(r"\\u([0-9a-f]{4})").unwrap();
    escape.replace_all(pattern, r"\u{$1}").into_owned()
}
