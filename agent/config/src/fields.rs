//! The checked values of one config by path, with where each came from, and
//! the problems met so far. Must not know what the values mean together.

use super::{
    kind::Value,
    protocols::Protocol,
    report::{Problem, Quotes},
    shown::Origin,
    value::{Label, ServiceName},
};
use std::collections::{HashMap, HashSet};

/// A service of one config.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Row {
    pub(crate) name: ServiceName,
    pub(crate) protocol: Protocol,
}

impl Row {
    /// The path of one of its fields.
    pub(crate) fn path(&self, key: &str) -> String {
        format!("$.services.{}.{key}", self.name)
    }
}

/// The checked values of one config.
#[derive(Debug, Clone, Default)]
pub(crate) struct Fields {
    values: HashMap<String, (Value, Origin)>,
    given: HashSet<String>,
    /// The services, in the order in which the config has them.
    pub(crate) rows: Vec<Row>,
    /// The keys that the table does not know, each with the path of the field that was probably meant.
    pub(crate) unknown: Vec<(String, Option<String>)>,
    /// Whether a problem may quote the config.
    pub(crate) quotes: Quotes,
    pub(crate) problems: Vec<Problem>,
    pub(crate) warnings: Vec<Problem>,
}

impl Fields {
    /// The value at a path, given, default or derived.
    pub(crate) fn get<T: TryFrom<Value>>(&self, path: &str) -> Option<T> {
        self.values.get(path).and_then(|(value, _)| T::try_from(value.clone()).ok())
    }

    /// The items of the list at a path.
    pub(crate) fn list<T: TryFrom<Value>>(&self, path: &str) -> Option<Vec<T>> {
        self.get::<Vec<Value>>(path)?.into_iter().map(|item| T::try_from(item).ok()).collect()
    }

    /// The entries of the map at a path; none, where there is no map.
    pub(crate) fn map<T: TryFrom<Value>>(&self, path: &str) -> Option<Vec<(Label, T)>> {
        let entries = self.get::<Vec<(Label, Value)>>(path).unwrap_or_default();
        entries.into_iter().map(|(key, value)| Some((key, T::try_from(value).ok()?))).collect()
    }

    /// The value at a path as it is shown, and where it came from.
    pub(crate) fn entry(&self, path: &str) -> Option<&(Value, Origin)> {
        self.values.get(path)
    }

    /// Whether the config has something at a path, be it right or wrong.
    pub(crate) fn is_given(&self, path: &str) -> bool {
        self.given.contains(path)
    }

    pub(crate) fn note_given(&mut self, path: &str) {
        self.given.insert(path.to_owned());
    }

    pub(crate) fn put(&mut self, path: impl Into<String>, value: Value, origin: Origin) {
        self.values.insert(path.into(), (value, origin));
    }

    /// Puts a value that was made from others.
    pub(crate) fn derive(&mut self, path: impl Into<String>, value: Value, from: &str) {
        self.put(path, value, Origin::Derived(from.to_owned()));
    }

    pub(crate) fn problem(
        &mut self,
        path: &str,
        found: impl Into<String>,
        expected: impl Into<String>,
        hint: Option<String>,
    ) {
        self.problems.push(Problem::new(path, found, expected, hint));
    }

    pub(crate) fn warn(&mut self, path: &str, found: impl Into<String>, expected: &str, hint: Option<String>) {
        self.warnings.push(Problem::new(path, found, expected, hint));
    }

    /// A key that stands there more than once: which one is meant, nobody can tell.
    pub(crate) fn repeated(&mut self, path: &str) {
        self.problem(path, "the key a second time", "each key once", None);
    }

    /// A field that must be there and is not. Where an unknown key looks like
    /// it, that is the likelier advice.
    pub(crate) fn missing(&mut self, path: &str, expected: &str, hint: String) {
        let misspelt = self.unknown.iter().find(|(_, meant)| meant.as_deref() == Some(path));
        let hint = misspelt.map_or(hint, |(unknown, _)| {
            let key = path.rsplit('.').next().unwrap_or(path);
            format!("did you mean `{key}` where {unknown} stands?")
        });
        self.problem(path, "nothing", expected, Some(hint));
    }

    /// A key that the table does not know; its value is never looked at.
    pub(crate) fn unknown_key(&mut self, path: String, meant: Option<String>, hint: Option<String>) {
        self.warn(&path, "an unknown key", "only known keys", hint);
        self.unknown.push((path, meant));
    }
}
