//! What must hold between fields: which are needed when, which go together,
//! which bound each other. Runs on configs with problems too, so that all are
//! reported at once. Must not read anything but the checked fields.

use super::{
    fields::Fields,
    key::{Key, Place},
    kind::Value,
    origin::Origin,
    service_table::SERVICE,
    services::{self, with_members},
    system_directory::of_the_system,
    table::{
        TLS, WHOLE,
        policies::{BLOCKED, HEALTH, IAM_SETUP, LINK, PROMOTION, REQUEST},
    },
    value::{Host, NodeId, NodeRole, Reach, ServiceName, show_duration},
};
use std::{path::PathBuf, time::Duration};

/// A field that must be given in one of the two modes.
#[derive(Debug)]
pub(crate) struct Need {
    /// The mode: the value of `bootstrap`.
    pub(crate) bootstrap: bool,
    /// The fields of which one must be given; that of any service is that of the first one that has members.
    pub(crate) any_of: [Place; 2],
    pub(crate) expected: &'static str,
    pub(crate) hint: &'static str,
}

/// The schema prints these too.
pub(crate) static NEEDS: &[Need] = &[
    Need {
        bootstrap: true,
        any_of: [WHOLE.initial_peers.place, SERVICE.initial_peers.place],
        expected: "the Raft addresses of the first nodes, for example [\"node01:2380\", \"node02:2380\", \"node03:2380\"]",
        hint: "a node that bootstraps needs `initial_peers`; one that joins a running cluster has `bootstrap` false",
    },
    Need {
        bootstrap: false,
        any_of: [WHOLE.leader_url.place, SERVICE.leader_url.place],
        expected: "the URL of a member of the cluster, for example https://node01.prod.example.com:2379",
        hint: "a node that joins needs `leader_url`; one of the first nodes of a new cluster has `bootstrap` true",
    },
    Need {
        bootstrap: false,
        any_of: [WHOLE.raft_addr.place, SERVICE.raft_addr.place],
        expected: "this node's Raft address as HOST:PORT, for example 10.0.1.13:2380",
        hint: "a node that joins needs `raft_addr`: the address under which the members reach it",
    },
];

/// Applies every rule; fills in the node's id where the config has none.
pub(crate) fn apply(fields: &mut Fields, host_name: Option<&str>) {
    node_id(fields, host_name);
    services::apply(fields);
    needs(fields);
    tls_pair(fields);
    data_directories(fields);
    reachable(fields);
    role(fields);
    ports(fields);
    for wait in [HEALTH, PROMOTION, IAM_SETUP, LINK, BLOCKED] {
        ordered(fields, wait.first_delay, wait.max_delay);
        ordered(fields, wait.first_delay, wait.limit);
    }
    ordered(fields, REQUEST.connect, REQUEST.total);
}

/// Names that installers give to every machine: two nodes would share them.
const NAMES_OF_NOBODY: [&str; 4] = ["localhost", "localhost.localdomain", "nixos", "nixos-installer"];

fn node_id(fields: &mut Fields, host_name: Option<&str>) {
    if fields.is_given(&WHOLE.node_id) {
        return;
    }
    let own = host_name.filter(|name| !NAMES_OF_NOBODY.contains(name));
    if let Some(id) = own.and_then(|name| name.parse::<NodeId>().ok()) {
        return fields.put(WHOLE.node_id.to_string(), id.into(), Origin::HostName);
    }
    let hint = match host_name {
        Some(name) => format!("give `node_id`; the hostname {name:?} cannot be used instead"),
        None => "give `node_id`; there is no hostname to use instead".to_owned(),
    };
    fields.missing(WHOLE.node_id.place, "the id of this node, for example node01", hint);
}

fn needs(fields: &mut Fields) {
    let Some(bootstrap) = fields.get(WHOLE.bootstrap) else {
        return;
    };
    let Some(first) = with_members(fields).next() else {
        return;
    };
    for need in NEEDS.iter().filter(|need| need.bootstrap == bootstrap) {
        let empty = |place: &Place| matches!(fields.value(*place), Some(Value::List(list)) if list.is_empty());
        let any_of = need.any_of.map(|place| place.of(first.name));
        if any_of.iter().all(|place| !fields.is_given(place)) {
            fields.missing(any_of[0], need.expected, need.hint.to_owned());
        } else if any_of.iter().any(empty) {
            fields.problem(&any_of[0].to_string(), "an empty list", need.expected, Some(need.hint.to_owned()));
        }
    }
}

fn tls_pair(fields: &mut Fields) {
    for (one, missing) in [(TLS.cert, TLS.key), (TLS.key, TLS.cert)] {
        if fields.is_given(&one) && !fields.is_given(&missing) {
            let (one, other) = (one.place.name, missing.place.name);
            let hint =
                format!("give `{other}` with `{one}`, or neither to use this node's files at their default paths");
            let expected = format!("the path of the file that belongs to `{one}`");
            fields.missing(missing.place, &expected, hint);
        }
    }
}

/// Warns of data directories that `reset` would not move: nothing else touches them.
fn data_directories(fields: &mut Fields) {
    let expected = "a directory that only this service uses, such as /var/lib/chainfire";
    let hint = || Some("`reset` moves this directory aside, and refuses one that is not the service's own".to_owned());
    let mut earlier: Vec<(ServiceName, PathBuf)> = Vec::new();
    for row in with_members(fields) {
        let key = SERVICE.data_dir.of(row.name);
        let Some(directory) = fields.get(key) else { continue };
        if let Some(reason) = of_the_system(&directory).filter(|_| fields.is_given(&key)) {
            let found = fields.quotes.either(format!("{}: {reason}", directory.display()), &reason);
            fields.warn(&key.to_string(), found, expected, hint());
            continue;
        }
        let is_one = |other: &PathBuf| other.starts_with(&directory) || directory.starts_with(other);
        if let Some((name, other)) = earlier.iter().find(|(_, other)| is_one(other)) {
            let found = format!("{}, and {name} has {}", directory.display(), other.display());
            let found = fields.quotes.either(found, "one of the two directories is in the other");
            fields.warn(&key.to_string(), found, expected, hint());
        }
        earlier.push((row.name, directory));
    }
}

/// The addresses by which nodes are to reach each other.
static HOSTS: &[Place] = &[
    WHOLE.raft_addr.place,
    SERVICE.raft_addr.place,
    WHOLE.initial_peers.place,
    WHOLE.flaredb_peers.place,
    SERVICE.initial_peers.place,
    WHOLE.leader_url.place,
    SERVICE.leader_url.place,
    WHOLE.node_ip.place,
    WHOLE.node_fqdn.place,
];

/// Warns of addresses that others do not reach, though a lab on one machine works with them: once for each reason.
fn reachable(fields: &mut Fields) {
    let mut found: Vec<(&str, String, Host, Vec<String>)> = Vec::new();
    let names: Vec<ServiceName> = with_members(fields).map(|row| row.name).collect();
    for place in HOSTS.iter().flat_map(|place| place.of_each(&names)) {
        let hosts = match fields.value(place).filter(|_| fields.is_given(&place)) {
            Some(Value::List(items)) => items
                .iter()
                .enumerate()
                .filter_map(|(at, item)| Some((format!("{place}[{at}]"), host(item)?)))
                .collect(),
            Some(value) => host(value).map(|host| (place.to_string(), host)).into_iter().collect(),
            None => Vec::new(),
        };
        for (path, host) in hosts {
            let Some(trouble) = Reach::of_host(&host).trouble() else { continue };
            match found.iter_mut().find(|(other, ..)| *other == trouble) {
                Some((.., others)) => others.push(path),
                None => found.push((trouble, path, host, Vec::new())),
            }
        }
    }
    for (trouble, path, host, others) in found {
        let hint = "give the address under which the other nodes reach it, unless all nodes are on this machine";
        let others = if others.is_empty() { String::new() } else { format!("; the same in {}", others.join(", ")) };
        let found = fields.quotes.either(format!("{}, which is {trouble}{others}", host.bare()), trouble);
        fields.warn(&path, found, "an address that other nodes can reach", Some(hint.to_owned()));
    }
}

/// Advises on services of a worker that are not off: by its role it has neither flaredb nor IAM.
fn role(fields: &mut Fields) {
    if fields.get(WHOLE.node_role) != Some(NodeRole::Worker) {
        return;
    }
    for row in fields.rows.clone() {
        let key = SERVICE.enable.of(row.name);
        if [ServiceName::FLAREDB, ServiceName::IAM].contains(&row.name) && fields.get(key) == Some(true) {
            let hint = format!("set it to false where {} does not run here, or change `node_role`", row.name);
            fields.advise(&key.to_string(), "true on a worker", "false, as the role implies", hint);
        }
    }
}

/// Checks each `leader_url` for its port: without one the API's is used, and the Raft port is another protocol's.
fn ports(fields: &mut Fields) {
    for (index, row) in with_members(fields).enumerate() {
        let own = SERVICE.leader_url.of(row.name);
        let path = if index == 0 && !fields.is_given(&own) { WHOLE.leader_url } else { own };
        let (Some(url), Some(api), Some(raft)) =
            (fields.get(path), fields.get(SERVICE.api_port.of(row.name)), fields.get(SERVICE.raft_port.of(row.name)))
        else {
            continue;
        };
        let expected = format!("the port of {}'s API, usually {api}", row.name);
        if url.port().is_none() {
            let hint = format!("write `:{api}`: the agent uses it anyway, other programs use 443");
            fields.advise(&path.to_string(), "a URL without a port", expected, hint);
        } else if url.port() == Some(raft) && raft != api {
            let hint = format!("use `:{api}`: a node joins through the API");
            fields.warn(&path.to_string(), format!("port {raft}, the Raft port"), &expected, Some(hint));
        }
    }
}

/// The host that a value has, of whichever form.
fn host(value: &Value) -> Option<Host> {
    match value {
        Value::Address(address) => Some(address.host().clone()),
        Value::Url(url) => Some(url.host().clone()),
        Value::Ip(ip) => Some(Host::Ip(*ip)),
        Value::Dns(name) => Some(Host::Name(name.clone())),
        _ => None,
    }
}

/// Asks that of two durations the first is not the longer.
fn ordered(fields: &mut Fields, shorter: Key<Duration>, longer: Key<Duration>) {
    let (Some(short), Some(long)) = (fields.get(shorter), fields.get(longer)) else {
        return;
    };
    if short > long {
        let (short, long) = (show_duration(short), show_duration(long));
        let (lower, higher) = (shorter.place.name, longer.place.name);
        let hint = format!("lower `{lower}` or raise `{higher}`");
        fields.problem(&shorter.to_string(), short, format!("at most `{higher}`, which is {long}"), Some(hint));
    }
}
