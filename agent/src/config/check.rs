//! Walks a JSON tree along the field table: types, forms, bounds, unknown and
//! repeated keys, defaults. Must not stop at the first problem, and must not
//! know any field by name.

use super::{
    fields::Fields,
    kind::{Kind, TextKind, Value},
    near::nearest,
    report::{Quotes, below, looks_secret},
    shown::Origin,
    syntax,
    table::{Absent, Field, ROOT},
    tree::Tree,
    value::{Label, ValueError},
};
use std::{
    collections::{HashMap, HashSet},
    sync::LazyLock,
};

/// Checks a whole config, field by field.
pub(crate) fn walk(tree: &Tree, origin: &Origin, quotes: Quotes) -> Fields {
    let mut walk = Walk { origin, fields: Fields::quoting(quotes) };
    match tree {
        Tree::Object(entries) => walk.object(ROOT, entries, "$"),
        other => walk.fields.problem("$", other.kind(), "an object with the cluster config".to_owned(), None),
    }
    walk.fields
}

/// The defaults by path, read once. One that is wrong leaves its field without a value, which a test of the table would
/// have found.
static DEFAULTS: LazyLock<HashMap<String, Value>> = LazyLock::new(|| {
    let mut defaults = HashMap::new();
    collect_defaults(ROOT, "$", &mut defaults);
    defaults
});

fn collect_defaults(table: &[Field], path: &str, defaults: &mut HashMap<String, Value>) {
    for field in table {
        let at = below(path, field.key);
        match (field.absent, field.kind) {
            (_, Kind::Object(inner)) => collect_defaults(inner, &at, defaults),
            (Absent::Default(json), kind) => {
                let value = syntax::read(json.as_bytes()).ok().and_then(|tree| kind.read(&tree).ok());
                defaults.extend(value.map(|value| (at, value)));
            }
            _ => {}
        }
    }
}

struct Walk<'a> {
    origin: &'a Origin,
    fields: Fields,
}

impl Walk<'_> {
    fn object(&mut self, table: &[Field], entries: &[(String, Tree)], path: &str) {
        let mut seen = HashSet::new();
        for (place, (key, tree)) in entries.iter().enumerate() {
            let Some(field) = table.iter().find(|field| field.key == key) else {
                if seen.insert(key) {
                    self.unknown_key(table, path, key, place);
                }
                continue;
            };
            let at = below(path, key);
            if !seen.insert(key) {
                self.fields.problem(&at, "the key a second time".to_owned(), "each key once".to_owned(), None);
            } else if *tree != Tree::Null {
                self.fields.note_given(&at);
                self.field(field, tree, &at);
            }
        }
        for field in table {
            let at = below(path, field.key);
            if !self.fields.is_given(&at) {
                self.absent(field, &at);
            }
        }
    }

    /// Guesses what was meant: a neighbour of nearly that name, or a field of
    /// just that name elsewhere.
    fn unknown_key(&mut self, table: &[Field], path: &str, key: &str, place: usize) {
        let near = nearest(key, table.iter().map(|field| field.key));
        let (meant, hint) = if let Some(near) = near {
            (Some(below(path, near)), Some(format!("did you mean `{near}`?")))
        } else {
            let home = place_of(ROOT, "$", key);
            let hint = home.as_ref().map(|home| format!("`{key}` belongs at `{home}`"));
            (home, hint)
        };
        // What is nearly a known key is no secret; what goes on behind one may be.
        let is_nearly = |near: &str| key.len() <= near.len() + 2;
        let is_plain = near.map_or(meant.is_some(), is_nearly);
        let at = if is_plain { below(path, key) } else { self.fields.quotes.below(path, key, place) };
        self.fields.unknown_key(at, meant, hint);
    }

    fn field(&mut self, field: &Field, tree: &Tree, at: &str) {
        let value = match (field.kind, tree) {
            (Kind::Object(inner), Tree::Object(entries)) => return self.object(inner, entries, at),
            (Kind::List(kind), Tree::List(items)) => self.list(kind, items, at),
            (Kind::Map(kind), Tree::Object(entries)) => self.map(kind, entries, at),
            (kind, _) => self.single(&kind, tree, at),
        };
        if let Some(value) = value {
            self.fields.put(at, value, self.origin.clone());
        }
    }

    fn list(&mut self, kind: &'static TextKind, items: &[Tree], at: &str) -> Option<Value> {
        let read = |(index, item)| self.single(&Kind::Text(kind), item, &format!("{at}[{index}]"));
        let values: Vec<Option<Value>> = items.iter().enumerate().map(read).collect();
        values.into_iter().collect::<Option<_>>().map(Value::List)
    }

    fn map(&mut self, kind: &'static TextKind, entries: &[(String, Tree)], at: &str) -> Option<Value> {
        let mut seen = HashSet::new();
        let mut values = Vec::new();
        for (place, (key, tree)) in entries.iter().enumerate() {
            let below = self.fields.quotes.below(at, key, place);
            if !seen.insert(key) {
                self.fields.problem(&below, "the key a second time".to_owned(), "each key once".to_owned(), None);
            }
            let value = self.single(&Kind::Text(kind), tree, &below);
            match key.parse::<Label>() {
                Ok(label) => values.push(value.map(|value| (label, value))),
                Err(advice) => {
                    let expected = "a short text as its key".to_owned();
                    let advice = self.advice(&advice, &below);
                    self.fields.problem(&below, "this key".to_owned(), expected, advice);
                }
            }
        }
        values.into_iter().collect::<Option<_>>().map(Value::Map)
    }

    fn single(&mut self, kind: &Kind, tree: &Tree, at: &str) -> Option<Value> {
        match kind.read(tree) {
            Ok(value) => Some(value),
            Err(advice) => {
                let advice = advice.and_then(|advice| self.advice(&advice, at));
                self.fields.problem(at, self.fields.quotes.value(at, tree), kind.expected(), advice);
                None
            }
        }
    }

    /// What to do about a value. It may quote it.
    fn advice(&self, advice: &ValueError, at: &str) -> Option<String> {
        (self.fields.quotes == Quotes::Shown && !looks_secret(at)).then(|| advice.to_string())
    }

    fn absent(&mut self, field: &Field, at: &str) {
        match (field.absent, field.kind) {
            (Absent::Inner, Kind::Object(inner)) => self.object(inner, &[], at),
            (Absent::Default(_), _) => {
                if let Some(value) = DEFAULTS.get(at) {
                    self.fields.put(at, value.clone(), Origin::Default);
                }
            }
            _ => {}
        }
    }
}

/// The first place at which the table has a key.
fn place_of(table: &[Field], path: &str, key: &str) -> Option<String> {
    if table.iter().any(|field| field.key == key) {
        return Some(below(path, key));
    }
    table.iter().find_map(|field| match field.kind {
        Kind::Object(inner) => place_of(inner, &below(path, field.key), key),
        _ => None,
    })
}
