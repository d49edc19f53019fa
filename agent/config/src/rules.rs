//! What must hold between fields: which are needed when, which go together,
//! which bound each other. Runs on configs with problems too, so that all are
//! told at once. Must not read anything but the checked fields.

use super::{
    fields::Fields,
    kind::Value,
    services::{self, with_members},
    shown::Origin,
    system_directory::of_the_system,
    value::{BaseUrl, DnsName, Host, HostPort, NodeId, Reach, ServiceName},
};
use std::{net::IpAddr, path::PathBuf, time::Duration};

/// A field that must be given in one of the two modes.
#[derive(Debug)]
pub(crate) struct Need {
    /// The mode: the value of `bootstrap`.
    pub(crate) bootstrap: bool,
    /// The paths of which one must be given; `*` is the first service that has members.
    pub(crate) any_of: &'static [&'static str],
    pub(crate) expected: &'static str,
    pub(crate) hint: &'static str,
}

/// The schema prints these too.
pub(crate) static NEEDS: &[Need] = &[
    Need {
        bootstrap: true,
        any_of: &["$.initial_peers", "$.services.*.initial_peers"],
        expected: "the Raft addresses of the first nodes, for example [\"node01:2380\", \"node02:2380\", \"node03:2380\"]",
        hint: "a node that bootstraps needs `initial_peers`; one that joins a running cluster has `bootstrap` false",
    },
    Need {
        bootstrap: false,
        any_of: &["$.leader_url", "$.services.*.leader_url"],
        expected: "the URL of a member of the cluster, for example https://node01.prod.example.com:2379",
        hint: "a node that joins needs `leader_url`; one of the first nodes of a new cluster has `bootstrap` true",
    },
    Need {
        bootstrap: false,
        any_of: &["$.raft_addr", "$.services.*.raft_addr"],
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
    for wait in ["health", "promotion", "iam_setup", "link", "blocked"] {
        ordered(fields, &format!("$.policies.{wait}"), "first_delay", "max_delay");
        ordered(fields, &format!("$.policies.{wait}"), "first_delay", "limit");
    }
    ordered(fields, "$.policies.request", "connect", "total");
}

/// Names that installers give to every machine: two nodes would share them.
const NAMES_OF_NOBODY: [&str; 4] = ["localhost", "localhost.localdomain", "nixos", "nixos-installer"];

fn node_id(fields: &mut Fields, host_name: Option<&str>) {
    let path = "$.node_id";
    if fields.is_given(path) {
        return;
    }
    let own = host_name.filter(|name| !NAMES_OF_NOBODY.contains(name));
    if let Some(id) = own.and_then(|name| name.parse::<NodeId>().ok()) {
        return fields.put(path, Value::NodeId(id), Origin::HostName);
    }
    let hint = match host_name {
        Some(name) => format!("give `node_id`; the host name {name:?} cannot stand in for it"),
        None => "give `node_id`; there is no host name to stand in for it".to_owned(),
    };
    fields.missing(path, "the id of this node, for example node01", hint);
}

fn needs(fields: &mut Fields) {
    let Some(bootstrap) = fields.get::<bool>("$.bootstrap") else {
        return;
    };
    let Some(first) = with_members(fields).next() else {
        return;
    };
    let name = first.name.to_string();
    for need in NEEDS.iter().filter(|need| need.bootstrap == bootstrap) {
        let empty = |path: &str| fields.get::<Vec<Value>>(path).is_some_and(|list| list.is_empty());
        let any_of: Vec<String> = need.any_of.iter().map(|path| path.replace('*', &name)).collect();
        let Some(first) = any_of.first() else {
            continue;
        };
        if any_of.iter().all(|path| !fields.is_given(path)) {
            fields.missing(first, need.expected, need.hint.to_owned());
        } else if any_of.iter().any(|path| empty(path)) {
            fields.problem(first, "an empty list", need.expected, Some(need.hint.to_owned()));
        }
    }
}

fn tls_pair(fields: &mut Fields) {
    for (one, other) in [("cert", "key"), ("key", "cert")] {
        if fields.is_given(&format!("$.tls.{one}")) && !fields.is_given(&format!("$.tls.{other}")) {
            let hint = format!("give `{other}` with `{one}`, or neither to use this node's files in the default place");
            let expected = format!("the path of the file that belongs to `{one}`");
            fields.missing(&format!("$.tls.{other}"), &expected, hint);
        }
    }
}

/// Warns of data directories that `reset` would not move: nothing else touches them.
fn data_directories(fields: &mut Fields) {
    let expected = "a directory of this service alone, as /var/lib/chainfire";
    let hint = || Some("`reset` moves this directory aside, and refuses one that is not the service's own".to_owned());
    let mut earlier: Vec<(ServiceName, PathBuf)> = Vec::new();
    for row in with_members(fields) {
        let path = row.path("data_dir");
        let Some(directory) = fields.get::<PathBuf>(&path) else { continue };
        if let Some(reason) = of_the_system(&directory).filter(|_| fields.is_given(&path)) {
            let found = fields.quotes.either(format!("{}: {reason}", directory.display()), &reason);
            fields.warn(&path, found, expected, hint());
            continue;
        }
        let is_one = |other: &PathBuf| other.starts_with(&directory) || directory.starts_with(other);
        if let Some((name, other)) = earlier.iter().find(|(_, other)| is_one(other)) {
            let found = format!("{}, and {name} has {}", directory.display(), other.display());
            let found = fields.quotes.either(found, "one of the two directories is in the other");
            fields.warn(&path, found, expected, hint());
        }
        earlier.push((row.name, directory));
    }
}

/// The addresses by which nodes are to reach each other.
static HOSTS: &[&str] = &[
    "$.raft_addr",
    "$.services.*.raft_addr",
    "$.initial_peers",
    "$.flaredb_peers",
    "$.services.*.initial_peers",
    "$.leader_url",
    "$.services.*.leader_url",
    "$.node_ip",
    "$.node_fqdn",
];

/// Warns of addresses that others do not reach, though a lab on one machine works with them.
fn reachable(fields: &mut Fields) {
    let names: Vec<String> = with_members(fields).map(|row| row.name.to_string()).collect();
    let of_all = |path: &&str| match path.split_once('*') {
        Some((before, behind)) => names.iter().map(|name| format!("{before}{name}{behind}")).collect(),
        None => vec![(*path).to_owned()],
    };
    for path in HOSTS.iter().flat_map(of_all) {
        if !fields.is_given(&path) {
            continue;
        }
        let listed = fields.list::<HostPort>(&path).unwrap_or_default();
        let listed = listed.iter().enumerate().map(|(at, one)| (format!("{path}[{at}]"), one.host().clone()));
        let hosts: Vec<_> = listed.chain(host(fields, &path).map(|host| (path.clone(), host))).collect();
        for (path, host) in hosts {
            if let Some(trouble) = Reach::of_host(&host).trouble() {
                let hint =
                    "give the address under which the other nodes reach it, unless all nodes are on this machine";
                let found = fields.quotes.either(format!("{}, which is {trouble}", host.bare()), trouble);
                fields.warn(&path, found, "an address that other nodes can reach", Some(hint.to_owned()));
            }
        }
    }
}

/// The host of a single field, of whichever form.
fn host(fields: &Fields, path: &str) -> Option<Host> {
    let of_address = fields.get::<HostPort>(path).map(|address| address.host().clone());
    let of_url = || fields.get::<BaseUrl>(path).map(|url| url.host().clone());
    let by_ip = || fields.get::<IpAddr>(path).map(Host::Ip);
    let by_name = || fields.get::<DnsName>(path).map(Host::Name);
    of_address.or_else(of_url).or_else(by_ip).or_else(by_name)
}

/// Asks that of two durations the first is not the longer.
fn ordered(fields: &mut Fields, path: &str, shorter: &str, longer: &str) {
    let (at, limit) = (format!("{path}.{shorter}"), format!("{path}.{longer}"));
    let (Some(short), Some(long)) = (fields.get::<Duration>(&at), fields.get::<Duration>(&limit)) else {
        return;
    };
    if short > long {
        let (short, long) = (Value::Time(short), Value::Time(long));
        let hint = format!("lower `{shorter}` or raise `{longer}`");
        fields.problem(&at, short.to_string(), format!("at most `{longer}`, which is {long}"), Some(hint));
    }
}
