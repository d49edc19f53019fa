//! The services of a config together: what each has by its name alone or by the node's role, which it needs, and what only
//! one of them may have. Must not know what is done for them.

use super::{
    fields::{Fields, Row},
    service_table::{SERVICE, default_of},
    table::WHOLE,
    value::{NodeRole, ServiceName, UnitName},
};
use std::path::PathBuf;

/// Fills in, checks, and puts each service behind those that it needs.
pub(crate) fn apply(fields: &mut Fields) {
    named(fields);
    on_a_worker(fields);
    needs_are_services(fields);
    in_order(fields);
    one_unit_each(fields);
}

/// The services that have members.
pub(crate) fn with_members(fields: &Fields) -> impl Iterator<Item = Row> + use<> {
    fields.rows.clone().into_iter().filter(|row| row.protocol.has_members())
}

/// The services that must be done before one: as given, else what its name says, where that is a service of this node.
pub(crate) fn needs(fields: &Fields, row: Row) -> Vec<ServiceName> {
    let usual = || default_of(row.name.as_str()).and_then(|service| service.needs).into_iter().collect();
    let mut needs: Vec<ServiceName> = fields.get(SERVICE.needs.of(row.name)).unwrap_or_else(usual);
    needs.retain(|name| fields.rows.iter().any(|row| row.name == *name));
    needs
}

/// What a service has by its name alone, where the table has nothing else.
fn named(fields: &mut Fields) {
    for row in fields.rows.clone() {
        let (unit, data) = (SERVICE.unit.of(row.name), SERVICE.data_dir.of(row.name));
        if fields.get(unit).is_none()
            && !fields.is_given(&unit)
            && let Ok(name) = format!("{}.service", row.name).parse::<UnitName>()
        {
            fields.derive(unit, name, "its name");
        }
        if fields.get(data).is_none() && !fields.is_given(&data) && row.protocol.has_members() {
            let directory = PathBuf::from(format!("/var/lib/{}", row.name));
            fields.derive(data, directory, "its name");
        }
    }
}

/// A worker carries chainfire alone of the default services (image-builder-overview.md), where nothing else is said.
fn on_a_worker(fields: &mut Fields) {
    if fields.get(WHOLE.node_role) != Some(NodeRole::Worker) {
        return;
    }
    let can_be_left_out = |row: &Row| [ServiceName::FLAREDB, ServiceName::IAM].contains(&row.name);
    for row in fields.rows.clone().into_iter().filter(can_be_left_out) {
        if !fields.is_named(row) {
            fields.derive(SERVICE.enable.of(row.name), false, "node_role");
        }
    }
}

fn needs_are_services(fields: &mut Fields) {
    let all: Vec<String> = fields.rows.iter().map(|row| row.name.to_string()).collect();
    for row in fields.rows.clone() {
        let path = SERVICE.needs.of(row.name);
        for (index, name) in fields.get(path).unwrap_or_default().iter().enumerate() {
            if !fields.rows.iter().any(|other| other.name == *name) {
                let found = fields.quotes.either(format!("\"{name}\""), "another name");
                let expected = format!("a service of this node: {}", all.join(", "));
                let hint = "correct the name, or add that service to `services`".to_owned();
                fields.problem(&format!("{path}[{index}]"), found, expected, Some(hint));
            }
        }
    }
}

/// Each service behind those that it needs, else in the order of the config.
fn in_order(fields: &mut Fields) {
    let mut left: Vec<(Row, Vec<ServiceName>)> = fields.rows.iter().map(|row| (*row, needs(fields, *row))).collect();
    let mut ordered: Vec<Row> = Vec::new();
    while !left.is_empty() {
        let is_ready =
            |(_, needs): &(Row, Vec<ServiceName>)| needs.iter().all(|name| ordered.iter().any(|row| row.name == *name));
        let Some(next) = left.iter().position(is_ready) else {
            return report_circle(fields, &left);
        };
        ordered.push(left.remove(next).0);
    }
    fields.rows = ordered;
}

/// Of services of which none can be the first, some need each other.
fn report_circle(fields: &mut Fields, left: &[(Row, Vec<ServiceName>)]) {
    let next = |name: ServiceName| {
        let (_, needs) = left.iter().find(|(row, _)| row.name == name)?;
        needs.iter().copied().find(|needed| left.iter().any(|(row, _)| row.name == *needed))
    };
    let Some((first, _)) = left.first() else { return };
    let mut chain = vec![first.name];
    while let Some(name) = chain.last().and_then(|last| next(*last)) {
        if let Some(begin) = chain.iter().position(|earlier| *earlier == name) {
            chain.push(name);
            let shown: Vec<String> = chain[begin..].iter().map(ToString::to_string).collect();
            let found = format!("a circle: {}", shown.join(" needs "));
            let hint = "take one of these out of `needs`".to_owned();
            let path = SERVICE.needs.of(name).to_string();
            return fields.problem(&path, found, "services that can be done before this one", Some(hint));
        }
        chain.push(name);
    }
}

/// A unit is one service: what is stopped, or moved aside, for one would be the other's.
fn one_unit_each(fields: &mut Fields) {
    let mut seen: Vec<(ServiceName, UnitName)> = Vec::new();
    for row in fields.rows.clone() {
        let key = SERVICE.unit.of(row.name);
        let is_on = fields.get(SERVICE.enable.of(row.name)).unwrap_or(true);
        let Some(unit) = fields.get(key).filter(|_| is_on) else { continue };
        if let Some((other, _)) = seen.iter().find(|(_, known)| *known == unit) {
            let found =
                fields.quotes.either(format!("{unit}, which is the unit of {other}"), "the unit of another service");
            let hint = format!("name the unit of {}, or disable one of the two", row.name);
            fields.problem(&key.to_string(), found, "a unit of its own", Some(hint));
        }
        seen.push((row.name, unit));
    }
}
