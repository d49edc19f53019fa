//! `extraConfig`: what it may contain, and the ports that the topology reads from it. Must not judge what the agent's
//! own check will.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::findings::{Findings, Place};
use super::rules::Rules;
use super::shape::kind_of;

/// The additional settings in every node's configuration.
pub(super) fn check_cluster(findings: &mut Findings<'_>, place: Place<'_>, extra: &Map<String, Value>) {
    let rules = findings.rules;
    check_reserved(findings, [&rules.reserved.cluster], place, extra);
    for (service, ports) in &rules.ports {
        for name in ports.keys() {
            let path = format!("services.{service}.{name}");
            match value_at(extra, &path) {
                None | Some(Value::Null) => {}
                Some(value) if port_number(value).is_some() => {}
                Some(value) => {
                    let found = value.as_i64().map_or_else(|| kind_of(value).to_owned(), |number| number.to_string());
                    let key = format!("extraConfig.{path}");
                    findings.problem("port", place, &[("key", &key), ("found", &found)]);
                }
            }
        }
    }
}

/// The additional settings in the configuration of one node.
pub(super) fn check_node(findings: &mut Findings<'_>, place: Place<'_>, extra: &Map<String, Value>) {
    let Rules { reserved, .. } = findings.rules;
    check_reserved(findings, [&reserved.cluster, &reserved.node], place, extra);
}

/// A port of a service: as the cluster's `extraConfig` says, else the usual one.
pub(super) fn port(rules: &Rules, extra: &Map<String, Value>, service: &str, name: &str) -> Option<u16> {
    let given = value_at(extra, &format!("services.{service}.{name}")).and_then(port_number);
    given.or_else(|| rules.ports.get(service)?.get(name).copied())
}

fn check_reserved<const TABLES: usize>(
    findings: &mut Findings<'_>,
    reserved: [&BTreeMap<String, String>; TABLES],
    place: Place<'_>,
    extra: &Map<String, Value>,
) {
    let reserved: BTreeMap<_, _> = reserved.into_iter().flatten().collect();
    for (path, instead) in reserved.into_iter().filter(|(path, _)| value_at(extra, path).is_some()) {
        findings.problem("extra-config", place, &[("key", path), ("instead", instead)]);
    }
}

/// The value at a path of keys with dots between.
fn value_at<'a>(object: &'a Map<String, Value>, path: &str) -> Option<&'a Value> {
    let (parents, key) = path.rsplit_once('.').map_or(("", path), |(parents, key)| (parents, key));
    let mut inner = object;
    for parent in parents.split('.').filter(|parent| !parent.is_empty()) {
        inner = inner.get(parent)?.as_object()?;
    }
    inner.get(key)
}

fn port_number(value: &Value) -> Option<u16> {
    value.as_u64().and_then(|number| u16::try_from(number).ok()).filter(|port| *port > 0)
}
