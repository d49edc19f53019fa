//! Where each value of the config came from, for `config show`. Must not show
//! what may be secret: unknown keys and secret-looking ones keep their values.

use super::{
    fields::{Fields, Row},
    kind::{Field, Kind, Value},
    logins::without_logins,
    origin::Origin,
    report::{below, looks_secret},
    service_table,
    table::ROOT,
};

/// One value and where it came from.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Shown {
    /// Where it is, as a JSON path.
    pub path: String,
    /// What it is, or why that is not shown.
    pub value: String,
    /// Where it came from.
    pub origin: Origin,
}

/// Everything that is known, in the order of the table; unknown keys last.
pub(crate) fn list(fields: &Fields, given: &Origin) -> Vec<Shown> {
    let mut shown = Vec::new();
    collect(ROOT, "$", fields, &mut shown);
    let unknown = fields.unknown.iter().map(|(path, _)| Shown {
        path: path.clone(),
        value: "(unknown key, ignored)".to_owned(),
        origin: given.clone(),
    });
    shown.extend(unknown);
    shown
}

fn collect(table: &[Field], path: &str, fields: &Fields, shown: &mut Vec<Shown>) {
    for field in table {
        let at = below(path, field.key);
        if let Kind::Object(inner) = field.kind {
            collect(inner, &at, fields, shown);
        } else if matches!(field.kind, Kind::Services) {
            for Row { name, protocol } in &fields.rows {
                let inner = service_table::fields(name.as_str(), *protocol);
                collect(inner, &below(&at, name.as_str()), fields, shown);
            }
        } else if let Some((value, origin)) = fields.entry(&at) {
            // The path of a secret's file is no secret, and is what an operator
            // looks for.
            let open = matches!(value, Value::File(_)) || !looks_secret(&at);
            let value = if open { without_logins(&value.to_string()).into_owned() } else { "(not shown)".to_owned() };
            shown.push(Shown { path: at, value, origin: origin.clone() });
        }
    }
}
