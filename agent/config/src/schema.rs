//! The JSON Schema of the config, made from the field table and the rules, so
//! that an editor says what the agent will say. Must not accept less than the
//! checker does; what a schema cannot say (that an address exists, that one
//! duration is shorter than another) it leaves out.

use super::{
    check::{MOST_ENTRIES, MOST_SERVICES},
    kind::{Absent, Field, Kind, TextKind},
    rules::{NEEDS, Need},
    service_table::{DEFAULT, further},
    syntax,
    table::ROOT,
    text_kinds::{LABEL, SIZE},
    tree::Tree,
    value::{Protocol, ServiceName},
};
use std::time::Duration;

/// The schema as pretty JSON (draft 2020-12), with a final newline.
#[must_use]
pub fn schema() -> String {
    let schema = Tree::object([
        ("$schema", Tree::text("https://json-schema.org/draft/2020-12/schema")),
        ("title", Tree::text("cluster-config.json")),
        ("description", Tree::text("The configuration of a node and its cluster for first-boot-agent.")),
        ("type", Tree::text("object")),
        ("properties", properties(ROOT)),
        ("if", says("bootstrap", Tree::Flag(true))),
        ("then", needs(true)),
        ("else", needs(false)),
    ]);
    serde_json::to_string_pretty(&schema).unwrap_or_default() + "\n"
}

/// That a key is there, with just this value.
fn says(key: &str, value: Tree) -> Tree {
    let properties = Tree::object([(key, Tree::object([("const", value)]))]);
    Tree::object([("properties", properties), ("required", Tree::texts([key]))])
}

fn properties(table: &[Field]) -> Tree {
    Tree::Object(table.iter().map(|field| (field.key.to_owned(), property(field))).collect())
}

/// Every field may also be null, which is the same as not giving it: that is
/// how generators write what they have no value for.
fn property(field: &Field) -> Tree {
    let mut schema = match field.kind {
        Kind::Flag => typed(&["boolean", "null"]),
        Kind::Port => numbers(&["integer", "null"], 1, u64::from(u16::MAX)),
        Kind::Count(least, most) => numbers(&["integer", "null"], least, most),
        Kind::Time(least, most) => {
            let seconds = numbers(&["string", "integer", "null"], whole_seconds(least), most.as_secs());
            with(seconds, "pattern", Tree::text("^[0-9]+ *(ms|s|min|h)$"))
        }
        Kind::Size(least, most) => {
            let bytes = numbers(&["string", "integer", "null"], least, most);
            with(bytes, "pattern", Tree::text(SIZE.pattern))
        }
        Kind::Text(kind) => text(kind, field.example(), &["string", "null"]),
        Kind::List(kind) => {
            let list = with(typed(&["array", "null"]), "maxItems", count(MOST_ENTRIES));
            with(list, "items", text(kind, None, &["string"]))
        }
        Kind::Map(kind) => {
            let names = Tree::object([("pattern", Tree::text(LABEL.pattern))]);
            let schema = with(typed(&["object", "null"]), "maxProperties", count(MOST_ENTRIES));
            let schema = with(schema, "propertyNames", names);
            with(schema, "additionalProperties", text(kind, None, &["string", "null"]))
        }
        Kind::Object(inner) => with(typed(&["object", "null"]), "properties", properties(inner)),
        Kind::Services => services(),
    };
    schema.put("description", Tree::text(described(field)));
    if let Absent::Default(json) = field.absent
        && let Ok(default) = syntax::read(json.as_bytes())
    {
        schema.put("default", default);
    }
    schema
}

/// The default services have their own fields; any other one those of its protocol. What has no protocol is an unknown key.
fn services() -> Tree {
    let defaults = DEFAULT.iter().map(|service| {
        let schema = with(typed(&["object", "null"]), "properties", properties(service.fields));
        (service.name.to_string(), with(schema, "description", Tree::text(service.about)))
    });
    let further = Protocol::ALL.iter().map(|protocol| {
        let fields = Tree::object([("properties", properties(further(*protocol)))]);
        Tree::object([("if", says("protocol", Tree::text(protocol.as_str()))), ("then", fields)])
    });
    // Of any type: what has no protocol is an unknown key, and passed over.
    let further = Tree::object([("allOf", Tree::List(further.collect()))]);
    let schema = with(typed(&["object", "null"]), "maxProperties", count(MOST_SERVICES));
    let schema = with(schema, "properties", Tree::Object(defaults.collect()));
    with(schema, "additionalProperties", further)
}

fn described(field: &Field) -> String {
    match field.absent {
        Absent::Derived(from) => format!("{} When absent: {from}.", field.about),
        Absent::Needed(when) => format!("{} Needed {when}.", field.about),
        Absent::Default(_) | Absent::Open | Absent::Inner => field.about.to_owned(),
    }
}

fn count(most: usize) -> Tree {
    Tree::Count(u64::try_from(most).unwrap_or(u64::MAX))
}

fn typed(types: &[&str]) -> Tree {
    match types {
        [single] => Tree::object([("type", Tree::text(*single))]),
        several => Tree::object([("type", Tree::texts(several.iter().copied()))]),
    }
}

fn numbers(types: &[&str], least: u64, most: u64) -> Tree {
    with(with(typed(types), "minimum", Tree::Count(least)), "maximum", Tree::Count(most))
}

fn text(kind: &TextKind, example: Option<&'static str>, types: &[&str]) -> Tree {
    let schema = with(typed(types), "pattern", Tree::text(kind.pattern));
    with(schema, "examples", Tree::texts([example.unwrap_or(kind.example)]))
}

fn with(mut schema: Tree, key: &str, value: Tree) -> Tree {
    schema.put(key, value);
    schema
}

/// The smallest number of seconds that is not under a bound.
fn whole_seconds(least: Duration) -> u64 {
    least.as_secs() + u64::from(least.subsec_nanos() > 0)
}

fn needs(bootstrap: bool) -> Tree {
    let of_all =
        |need: &Need| Tree::List(need.any_of.iter().flat_map(|place| given_of_services(&place.to_string())).collect());
    let needs = NEEDS.iter().filter(|need| need.bootstrap == bootstrap);
    let needs = needs.map(|need| Tree::object([("anyOf", of_all(need))])).collect();
    Tree::object([("allOf", Tree::List(needs))])
}

/// The first service is chainfire, unless the services are all named; which one of them is the first, no schema can say.
fn given_of_services(path: &str) -> Vec<Tree> {
    let Some((services, field)) = path.split_once('*') else {
        return vec![given(path)];
    };
    let is_whole = given(&format!("{services}*.protocol"));
    let of_any = Tree::object([("allOf", Tree::List(vec![is_whole, given(path)]))]);
    vec![given(&format!("{services}{}{field}", ServiceName::CHAINFIRE)), of_any]
}

/// That there is something at a path.
fn given(path: &str) -> Tree {
    let mut schema = Tree::object([("type", Tree::texts(["string", "array"])), ("minItems", Tree::Count(1))]);
    for key in path.trim_start_matches("$.").rsplit('.') {
        if key == "*" {
            // Not all are without it.
            let none = Tree::object([("additionalProperties", Tree::object([("not", schema)]))]);
            schema = Tree::object([("type", Tree::text("object")), ("not", none)]);
            continue;
        }
        schema = Tree::object([
            ("type", Tree::text("object")),
            ("required", Tree::texts([key])),
            ("properties", Tree::object([(key, schema)])),
        ]);
    }
    schema
}
