//! An accepted config, written again from what `config show` says of it, must be the same config; and the published
//! schema must take it. Must not know any field by name, save those whose keys are free.

use std::sync::LazyLock;

use first_boot_agent::config::{Checked, Config, Origin, Shown, check, parse, schema};
use serde_json::{Map, Value};

use crate::{config::context, published_schema};

static SCHEMA: LazyLock<Value> = LazyLock::new(|| serde_json::from_str(&schema()).unwrap_or_default());

/// Asserts both of a config and the text it was read from.
pub(crate) fn assert(checked: &Checked, text: &[u8]) {
    // A byte order mark and a number beyond the range of a double are taken by the agent and not by this reader.
    if let Ok(document) = serde_json::from_slice(text) {
        assert_eq!(
            published_schema::violation(&SCHEMA, &document),
            None,
            "accepted, and against the schema: {document}"
        );
    }
    let written = as_shown(checked).to_string();
    let again = parse(written.as_bytes()).ok().and_then(|document| check(&document, &context(false)).ok());
    assert_eq!(again.map(|again| in_order(&again.config)), Some(in_order(&checked.config)), "shown as {written}");
}

/// The config with its networks and partitions in the order that objects have here.
fn in_order(config: &Config) -> Config {
    let mut config = config.clone();
    config.networks.sort_by(|(one, _), (other, _)| one.cmp(other));
    config.expect.partitions.sort_by(|(one, _), (other, _)| one.cmp(other));
    config
}

/// The values that were given, as an object; and which services there are, since one is there by its name alone.
fn as_shown(checked: &Checked) -> Value {
    let mut document = Value::Object(Map::new());
    let is_given = |shown: &&Shown| shown.origin == Origin::Credential || shown.path.ends_with(".enable");
    for shown in checked.provenance().iter().filter(is_given) {
        let Some((pointer, property)) = property(&shown.path) else {
            continue;
        };
        let value = match pointer.as_str() {
            "/network" => networks(checked),
            "/expect/partitions" => partitions(checked),
            _ => value(&shown.value, property),
        };
        put(&mut document, &pointer, value);
    }
    document
}

/// The place of a field in a document, and what the schema says of it.
fn property(path: &str) -> Option<(String, &'static Value)> {
    let keys = path.strip_prefix("$.")?;
    if keys.contains('[') {
        return None;
    }
    let mut property = &*SCHEMA;
    for key in keys.split('.') {
        property = property.get("properties")?.get(key)?;
    }
    Some((format!("/{}", keys.replace('.', "/")), property))
}

fn value(shown: &str, property: &Value) -> Value {
    let is = |name: &str| property["type"].as_array().is_some_and(|types| types.iter().any(|one| one == name));
    if is("array") {
        let items = shown.split(", ").filter(|item| *item != "(none)");
        return items.map(Value::from).collect();
    }
    if is("string") { Value::from(shown) } else { serde_json::from_str(shown).unwrap_or_default() }
}

/// Names of networks may hold what separates them in the text, so these are taken from the config.
fn networks(checked: &Checked) -> Value {
    let entries = &checked.config.networks;
    entries.iter().map(|(name, range)| (name.to_string(), Value::from(range.to_string()))).collect()
}

/// The same of labels of partitions.
fn partitions(checked: &Checked) -> Value {
    let entries = &checked.config.expect.partitions;
    entries.iter().map(|(name, size)| (name.to_string(), Value::from(format!("{size}B")))).collect()
}

fn put(document: &mut Value, pointer: &str, value: Value) {
    let mut place = document;
    for key in pointer.split('/').skip(1) {
        if place.is_null() {
            *place = Value::Object(Map::new());
        }
        place = &mut place[key];
    }
    *place = value;
}
