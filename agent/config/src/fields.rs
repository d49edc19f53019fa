//! The checked values of one config by path, with where each came from, and
//! the problems met so far. Must not know what the values mean together.

use super::{
    key::{Key, Place},
    kind::{Held, Value},
    origin::Origin,
    report::{Problem, Quotes},
    value::{Protocol, ServiceName},
};
use std::collections::{HashMap, HashSet};

/// A service of one config.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Row {
    pub(crate) name: ServiceName,
    pub(crate) protocol: Protocol,
}

/// More problems than are ever shown; the rest is counted, so that no config makes the agent run out of memory.
const MOST_PROBLEMS: usize = 1000;

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
    /// How many problems there are beyond [`MOST_PROBLEMS`].
    pub(crate) left_out: usize,
    /// What is most likely a mistake: refused when strict.
    pub(crate) warnings: Vec<Problem>,
    /// What works, and may not be what was meant: reported when strict, never refused.
    pub(crate) advice: Vec<Problem>,
}

impl Fields {
    /// The value of a field, given, default or derived.
    pub(crate) fn get<T: Held>(&self, key: Key<T>) -> Option<T> {
        self.value(key.place).and_then(T::of)
    }

    /// The value of a field, whatever it holds.
    pub(crate) fn value(&self, place: Place) -> Option<&Value> {
        self.entry(&place.to_string()).map(|(value, _)| value)
    }

    /// The value at a path as it is shown, and where it came from.
    pub(crate) fn entry(&self, path: &str) -> Option<&(Value, Origin)> {
        self.values.get(path)
    }

    /// Whether the config has something at a path, be it right or wrong.
    pub(crate) fn is_given(&self, path: &(impl ToString + ?Sized)) -> bool {
        self.given.contains(&path.to_string())
    }

    /// Whether the config names this service.
    pub(crate) fn is_named(&self, row: Row) -> bool {
        self.is_given(&format!("$.services.{}", row.name))
    }

    pub(crate) fn note_given(&mut self, path: &str) {
        self.given.insert(path.to_owned());
    }

    pub(crate) fn put(&mut self, path: impl Into<String>, value: Value, origin: Origin) {
        self.values.insert(path.into(), (value, origin));
    }

    /// Puts a value that was made from others.
    pub(crate) fn derive<T: Into<Value>>(&mut self, key: Key<T>, value: T, from: &str) {
        self.put(key.to_string(), value.into(), Origin::Derived(from.to_owned()));
    }

    pub(crate) fn problem(
        &mut self,
        path: &str,
        found: impl Into<String>,
        expected: impl Into<String>,
        hint: Option<String>,
    ) {
        if self.problems.len() < MOST_PROBLEMS {
            self.problems.push(Problem::new(path, found, expected, hint));
        } else {
            self.left_out += 1;
        }
    }

    pub(crate) fn warn(&mut self, path: &str, found: impl Into<String>, expected: &str, hint: Option<String>) {
        self.warnings.push(Problem::new(path, found, expected, hint));
    }

    pub(crate) fn advise(&mut self, path: &str, found: impl Into<String>, expected: impl Into<String>, hint: String) {
        self.advice.push(Problem::new(path, found, expected, Some(hint)));
    }

    /// A key that is there more than once: which one is meant is unknown.
    pub(crate) fn repeated(&mut self, path: &str) {
        self.problem(path, "the key a second time", "each key once", None);
    }

    /// A required field that is missing. Where an unknown key looks like it, the hint names that key.
    pub(crate) fn missing(&mut self, place: Place, expected: &str, hint: String) {
        let path = place.to_string();
        let misspelt = self.unknown.iter().find(|(_, meant)| meant.as_ref() == Some(&path));
        let hint = misspelt.map_or(hint, |(unknown, _)| format!("did you mean `{}` instead of {unknown}?", place.name));
        self.problem(&path, "nothing", expected, Some(hint));
    }

    /// A key that is not in the table; its value is never looked at.
    pub(crate) fn unknown_key(&mut self, path: String, meant: Option<String>, hint: Option<String>) {
        self.warn(&path, "an unknown key", "only known keys", hint);
        self.unknown.push((path, meant));
    }
}
