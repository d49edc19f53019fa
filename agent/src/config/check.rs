//! Walks a JSON tree along the field table: types, forms, bounds, unknown and
//! repeated keys, defaults. Must not stop at the first problem, and must not
//! know any field by name.

use super::{
    fields::Fields,
    kind::{Kind, TextKind, Value},
    near::nearest,
    report::{below, looks_secret, shown},
    shown::Origin,
    syntax,
    table::{Absent, Field, ROOT},
    tree::Tree,
    value::Label,
};
use std::collections::HashSet;

/// Checks a whole config, field by field.
pub(crate) fn walk(tree: &Tree, origin: &Origin) -> Fields {
    let mut walk = Walk { origin, fields: Fields::default() };
    match tree {
        Tree::Object(entries) => walk.object(ROOT, entries, "$"),
        other => walk.fields.problem("$", other.kind(), "an object with the cluster config".to_owned(), None),
    }
    walk.fields
}

struct Walk<'a> {
    origin: &'a Origin,
    fields: Fields,
}

impl Walk<'_> {
    fn object(&mut self, table: &[Field], entries: &[(String, Tree)], path: &str) {
        let mut seen = HashSet::new();
        for (key, tree) in entries {
            let Some(field) = table.iter().find(|field| field.key == key) else {
                if seen.insert(key) {
                    self.unknown_key(table, path, key);
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
    fn unknown_key(&mut self, table: &[Field], path: &str, key: &str) {
        let near = nearest(key, table.iter().map(|field| field.key));
        let (meant, hint) = if let Some(near) = near {
            (Some(below(path, near)), Some(format!("did you mean `{near}`?")))
        } else {
            let place = place_of(ROOT, "$", key);
            let hint = place.as_ref().map(|place| format!("`{key}` belongs at `{place}`"));
            (place, hint)
        };
        self.fields.unknown_key(below(path, key), meant, hint);
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
        for (key, tree) in entries {
            let below = below(at, key);
            if !seen.insert(key) {
                self.fields.problem(&below, "the key a second time".to_owned(), "each key once".to_owned(), None);
            }
            let value = self.single(&Kind::Text(kind), tree, &below);
            match key.parse::<Label>() {
                Ok(label) => values.push(value.map(|value| (label, value))),
                Err(advice) => {
                    let expected = "a short text as its key".to_owned();
                    self.fields.problem(&below, "this key".to_owned(), expected, Some(advice.to_string()));
                }
            }
        }
        values.into_iter().collect::<Option<_>>().map(Value::Map)
    }

    fn single(&mut self, kind: &Kind, tree: &Tree, at: &str) -> Option<Value> {
        match kind.read(tree) {
            Ok(value) => Some(value),
            Err(advice) => {
                let advice = advice.map(|advice| advice.to_string()).filter(|_| !looks_secret(at));
                self.fields.problem(at, shown(at, tree), kind.expected(), advice);
                None
            }
        }
    }

    fn absent(&mut self, field: &Field, at: &str) {
        match (field.absent, field.kind) {
            (Absent::Inner, Kind::Object(inner)) => self.object(inner, &[], at),
            (Absent::Default(json), kind) => {
                // A default that is wrong leaves its field without a value,
                // which a test of the table would have found.
                let value = syntax::read(json.as_bytes()).ok().and_then(|tree| kind.read(&tree).ok());
                if let Some(value) = value {
                    self.fields.put(at, value, Origin::Default);
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
