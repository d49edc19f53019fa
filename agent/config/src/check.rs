//! Walks a JSON tree along the field table: types, forms, bounds, unknown and
//! repeated keys, defaults. Must not stop at the first problem, and must not
//! know any field by name.

use super::{
    fields::{Fields, Row},
    kind::{Absent, Field, Held, Kind, TextKind, Value},
    near::nearest,
    origin::Origin,
    report::{Quotes, WIDTH, below, looks_secret},
    service_table::{self, DEFAULT, default_of},
    syntax,
    table::ROOT,
    text_kinds::PROTOCOL,
    tree::Tree,
    value::{Label, Protocol, ServiceName, ValueError},
};
use std::collections::HashSet;

/// More services than a node has; they are compared with each other.
pub(crate) const MOST_SERVICES: usize = 64;
/// More entries than a list or a map of a cluster has; they are compared with each other as well.
pub(crate) const MOST_ENTRIES: usize = 1024;

/// Checks a whole config, field by field.
pub(crate) fn walk(tree: &Tree, origin: &Origin, quotes: Quotes) -> Fields {
    let mut walk = Walk { origin, fields: Fields::default() };
    walk.fields.quotes = quotes;
    match tree {
        Tree::Object(entries) => walk.object(ROOT, entries, "$"),
        other => {
            let hint = "`first-boot-agent config example` prints one".to_owned();
            walk.fields.problem("$", other.kind(), "an object with the cluster config", Some(hint));
        }
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
        for (place, (key, tree)) in entries.iter().enumerate() {
            let Some(field) = table.iter().find(|field| field.key == key) else {
                if seen.insert(key.as_str()) {
                    self.unknown_key(table.iter().map(|field| field.key), path, (key, tree), place);
                }
                continue;
            };
            let at = below(path, key);
            if !seen.insert(key.as_str()) {
                self.fields.repeated(&at);
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
    fn unknown_key(
        &mut self,
        known: impl Iterator<Item = &'static str>,
        path: &str,
        (key, tree): (&str, &Tree),
        place: usize,
    ) {
        let near = nearest(key, known);
        let (meant, hint) = if let Some(near) = near {
            (Some(below(path, near)), Some(format!("did you mean `{near}`?")))
        } else {
            // A service of another protocol has no field of this one's.
            let is_of_services = |home: &String| path.starts_with("$.services.") && home.starts_with("$.services.");
            let is_service =
                default_of(key).is_some() || (self.fields.quotes == Quotes::Shown && given_protocol(tree).is_some());
            let home = if is_service && path == "$" {
                Some(below("$.services", key))
            } else {
                place_of(ROOT, "$", key).filter(|home| !is_of_services(home))
            };
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
            (Kind::Services, Tree::Object(entries)) => return self.services(entries, at),
            (Kind::List(kind), Tree::List(items)) => self.list(kind, items, at),
            (Kind::Map(kind), Tree::Object(entries)) => self.map(kind, entries, at),
            (kind @ (Kind::Object(_) | Kind::Services), _) => {
                self.single(&kind, None, tree, at);
                // What is in it has its defaults, so that the rest of the config is checked as well.
                return self.absent(field, at);
            }
            (kind, _) => self.single(&kind, field.example(), tree, at),
        };
        if let Some(value) = value {
            self.fields.put(at, value, self.origin.clone());
        }
    }

    /// The default services, with what differs; where one has a protocol, those that are there and no others.
    fn services(&mut self, entries: &[(String, Tree)], at: &str) {
        if self.is_too_long(entries.len(), MOST_SERVICES, "services", at) {
            return;
        }
        let is_whole = entries.iter().any(|(_, tree)| given_protocol(tree).is_some());
        let mut seen = HashSet::new();
        for (place, (key, tree)) in entries.iter().enumerate() {
            let path = below(at, key);
            if !seen.insert(key.as_str()) {
                self.fields.repeated(&path);
            } else if *tree == Tree::Null {
                seen.remove(key.as_str());
            } else if default_of(key).is_none() && given_protocol(tree).is_none() {
                self.unknown_service(at, key, tree, place);
            } else {
                self.fields.note_given(&path);
                self.service(key, tree, &path, place);
            }
        }
        if !is_whole {
            for service in DEFAULT.iter().filter(|service| !seen.contains(service.name.as_str())) {
                let path = below(at, service.name.as_str());
                self.fields.rows.push(Row { name: service.name, protocol: service.protocol });
                self.object(service.fields, &[], &path);
            }
            let place = |row: &Row| DEFAULT.iter().position(|service| service.name == row.name);
            self.fields.rows.sort_by_key(place);
        }
    }

    /// Without a protocol it is none, be it meant as one or not.
    fn unknown_service(&mut self, at: &str, key: &str, tree: &Tree, place: usize) {
        let known = || DEFAULT.iter().map(|service| service.name.as_str());
        let is_meant_as_one = matches!(tree, Tree::Object(_)) || place_of(ROOT, "$", key).is_none();
        if nearest(key, known()).is_none() && is_meant_as_one {
            let path = self.fields.quotes.below(at, key, place);
            let hint = format!("to declare a service, give it a `protocol`: {}", PROTOCOL.name);
            return self.fields.unknown_key(path, None, Some(hint));
        }
        self.unknown_key(known(), at, (key, tree), place);
    }

    fn service(&mut self, key: &str, tree: &Tree, path: &str, place: usize) {
        let entries: &[_] = if let Tree::Object(entries) = tree { entries } else { &[] };
        let Some(protocol) = protocol_of(key, tree, entries) else { return };
        let fields = service_table::fields(key, protocol);
        let name = match key.parse::<ServiceName>() {
            Ok(name) => name,
            Err(advice) => {
                let shown = self.fields.quotes.below("$.services", key, place);
                let advice = self.advice(&advice, &shown);
                self.fields.problem(&shown, "this key", "the name of a service", advice);
                return self.object(fields, entries, &shown);
            }
        };
        // Others may need it, right or wrong.
        self.fields.rows.push(Row { name, protocol });
        if !matches!(tree, Tree::Object(_)) {
            let found = self.fields.quotes.value(path, tree);
            return self.fields.problem(path, found, Kind::Object(&[]).expected(None), None);
        }
        self.object(fields, entries, path);
    }

    fn list(&mut self, kind: &'static TextKind, items: &[Tree], at: &str) -> Option<Value> {
        if self.is_too_long(items.len(), MOST_ENTRIES, "entries", at) {
            return None;
        }
        let read = |(index, item)| self.single(&Kind::Text(kind), None, item, &format!("{at}[{index}]"));
        let values: Vec<Option<Value>> = items.iter().enumerate().map(read).collect();
        values.into_iter().collect::<Option<_>>().map(Value::List)
    }

    fn map(&mut self, kind: &'static TextKind, entries: &[(String, Tree)], at: &str) -> Option<Value> {
        if self.is_too_long(entries.len(), MOST_ENTRIES, "entries", at) {
            return None;
        }
        let mut seen = HashSet::new();
        let mut values = Vec::new();
        for (place, (key, tree)) in entries.iter().enumerate() {
            let below = self.fields.quotes.below(at, key, place);
            if !seen.insert(key.as_str()) {
                self.fields.repeated(&below);
            }
            let value = self.single(&Kind::Text(kind), None, tree, &below);
            match key.parse::<Label>() {
                Ok(label) => values.push(value.map(|value| (label, value))),
                Err(advice) => {
                    let advice = self.advice(&advice, &below);
                    self.fields.problem(&below, "this key", "a short text as its key", advice);
                }
            }
        }
        values.into_iter().collect::<Option<_>>().map(Value::Map)
    }

    /// Whether there are more than are looked at. In an initrd, memory for a problem of each pair would end the stage.
    fn is_too_long(&mut self, count: usize, most: usize, what: &str, at: &str) -> bool {
        let is_too_long = count > most;
        if is_too_long {
            self.fields.problem(at, format!("{count} {what}"), format!("at most {most} {what}"), None);
        }
        is_too_long
    }

    fn single(&mut self, kind: &Kind, example: Option<&str>, tree: &Tree, at: &str) -> Option<Value> {
        match kind.read(tree) {
            Ok(value) => Some(value),
            Err(advice) => {
                let other = kind.of_another_type(tree).map(str::to_owned);
                let other = other.or_else(|| self.whole_path(kind, example, tree, at));
                let advice = other.or_else(|| advice.and_then(|advice| self.advice(&advice, at)));
                self.fields.problem(at, self.fields.quotes.value(at, tree), kind.expected(example), advice);
                None
            }
        }
    }

    /// What to do about a value. It may quote it.
    fn advice(&self, advice: &ValueError, at: &str) -> Option<String> {
        (self.fields.quotes == Quotes::Shown && !looks_secret(at)).then(|| advice.to_string())
    }

    /// What to write in the place of a path that does not begin at the root: the same name where this field's file usually is,
    /// or that file itself, where the text may be more than a path.
    fn whole_path(&self, kind: &Kind, example: Option<&str>, tree: &Tree, at: &str) -> Option<String> {
        let (Kind::Text(text), Tree::Text(given)) = (kind, tree) else { return None };
        let example = example.unwrap_or(text.example);
        let (directory, _) =
            example.rsplit_once('/').filter(|_| example.starts_with('/') && !given.starts_with('/'))?;
        let name = given.rsplit('/').next().unwrap_or_default();
        let is_plain = name.starts_with(|first: char| first.is_ascii_alphanumeric())
            && name.len() <= WIDTH
            && name.chars().all(|c| c.is_ascii_alphanumeric() || "._-".contains(c));
        let may_be_shown = is_plain && self.fields.quotes == Quotes::Shown && !looks_secret(at);
        let whole = if may_be_shown { format!("{directory}/{name}") } else { example.to_owned() };
        Some(format!("write the whole path, such as `{whole}`"))
    }

    fn absent(&mut self, field: &Field, at: &str) {
        match (field.absent, field.kind) {
            (Absent::Inner, Kind::Object(inner)) => self.object(inner, &[], at),
            (Absent::Inner, Kind::Services) => self.services(&[], at),
            (Absent::Default(json), kind) => {
                // One that is wrong leaves its field without a value, which a test of the table would have found.
                if let Some(value) = syntax::read(json.as_bytes()).ok().and_then(|tree| kind.read(&tree).ok()) {
                    self.fields.put(at, value, Origin::Default);
                }
            }
            _ => {}
        }
    }
}

/// What a service has as its protocol, right or wrong.
fn given_protocol(tree: &Tree) -> Option<&Tree> {
    let Tree::Object(entries) = tree else { return None };
    entries.iter().find(|(key, tree)| key == "protocol" && *tree != Tree::Null).map(|(_, tree)| tree)
}

/// The protocol of a service. Of one that is wrong, the one that was most likely meant: what else is wrong with this service, and
/// with those that need it, is reported in the same run.
fn protocol_of(name: &str, tree: &Tree, entries: &[(String, Tree)]) -> Option<Protocol> {
    let usual = || default_of(name).map(|service| service.protocol);
    let Some(given) = given_protocol(tree) else { return usual() };
    let near = || match given {
        Tree::Text(text) => nearest(text, Protocol::ALL.iter().map(|protocol| protocol.as_str()))?.parse().ok(),
        _ => None,
    };
    // The first of those that have the most of its fields.
    let has = |protocol, key: &str| service_table::fields(name, protocol).iter().any(|field| field.key == key);
    let known = |protocol: &&Protocol| entries.iter().filter(|(key, _)| has(**protocol, key)).count();
    let by_fields = || Protocol::ALL.iter().rev().max_by_key(known).copied();
    let read = Kind::Text(&PROTOCOL).read(given).ok().and_then(|value| Protocol::of(&value));
    read.or_else(near).or_else(usual).or_else(by_fields)
}

/// The first place at which the table has a key.
fn place_of(table: &[Field], path: &str, key: &str) -> Option<String> {
    if table.iter().any(|field| field.key == key) {
        return Some(below(path, key));
    }
    table.iter().find_map(|field| match field.kind {
        Kind::Object(inner) => place_of(inner, &below(path, field.key), key),
        Kind::Services if DEFAULT.iter().all(|service| service.fields.iter().any(|field| field.key == key)) => {
            Some(format!("{path}.{}.NAME.{key}", field.key))
        }
        Kind::Services => DEFAULT
            .iter()
            .find_map(|service| place_of(service.fields, &format!("{path}.{}.{}", field.key, service.name), key)),
        _ => None,
    })
}
