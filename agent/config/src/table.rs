//! Every field of the cluster config, once. The checker, the defaults, the JSON
//! Schema, the reference page, the examples and the near-miss hints all read
//! this table. Must not hold code that decides anything.

pub(crate) mod expect;
pub(crate) mod policies;
pub(crate) mod services;

use expect::EXPECT_FIELDS;
use policies::POLICIES;

use super::{
    kind::Kind,
    text_kinds::{ADDRESS, CLUSTER, DNS, FILE, FLAREDB_ADDRESS, IP, LABEL, NODE_ID, RANGE, ROLE, URL},
    value::{BaseUrl, Cidr, ClusterName, DnsName, HostPort, Label, NodeId, NodeRole},
};
use std::{net::IpAddr, path::PathBuf};

/// One field.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Field {
    pub(crate) key: &'static str,
    pub(crate) kind: Kind,
    pub(crate) absent: Absent,
    pub(crate) about: &'static str,
}

/// What holds when a field is not given.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Absent {
    /// This JSON value.
    Default(&'static str),
    /// A value made from others; the words say from which.
    Derived(&'static str),
    /// It must be given in the case that the words name.
    Needed(&'static str),
    /// Nothing: what it would say is left open.
    Open,
    /// The fields in it, each on its own.
    Inner,
}

use Absent::{Default, Derived, Inner, Needed, Open};
use Kind::{Flag, List, Map, Object, Services, Text};

pub(crate) const fn field(key: &'static str, kind: Kind, absent: Absent, about: &'static str) -> Field {
    Field { key, kind, absent, about }
}

/// Declares the keys of an object's fields, each with the type of what it holds.
macro_rules! keys {
    ($keys:ident: $type:ident, $within:ident $object:literal { $($key:ident: $holds:ty,)+ }) => {
        pub(crate) struct $type { $(pub(crate) $key: $crate::key::Key<$holds>,)+ }

        pub(crate) const $keys: $type = $type {
            $($key: $crate::key::Key::$within($object, stringify!($key)),)+
        };
    };
}

/// Declares the fields of an object, and the keys of those that hold what is looked up.
macro_rules! fields {
    ($table:ident, $keys:ident: $type:ident, $within:ident $object:literal
     $($key:ident $(: $holds:ty)? = $kind:expr, $absent:expr, $about:literal;)+) => {
        $crate::table::keys!($keys: $type, $within $object { $($($key: $holds,)?)+ });

        pub(crate) const $table: &[$crate::table::Field] =
            &[$($crate::table::field(stringify!($key), $kind, $absent, $about),)+];
    };
}
pub(crate) use {fields, keys};

/// Two tables as one.
macro_rules! joined {
    ($some:expr, $more:expr) => {
        const { &$crate::table::join::<{ $some.len() + $more.len() }>($some, $more) }
    };
}
pub(crate) use joined;

pub(crate) const fn join<const ALL: usize>(some: &[Field], more: &[Field]) -> [Field; ALL] {
    let (mut all, mut index) = ([some[0]; ALL], 0);
    while index < ALL {
        all[index] = if index < some.len() { some[index] } else { more[index - some.len()] };
        index += 1;
    }
    all
}

/// The whole config.
pub(crate) static ROOT: &[Field] = joined!(
    WHOLE_FIELDS,
    &[field("$schema", Text(&LABEL), Open, "Where editors find the schema of this file; the agent does not read it.")]
);

fields! {
    WHOLE_FIELDS, WHOLE: Whole, whole ""
    node_id: NodeId = Text(&NODE_ID), Derived("the host name"), "This node's id in every member list.";
    node_role: NodeRole = Text(&ROLE), Default("\"control-plane\""), "What this node is for.";
    bootstrap: bool = Flag, Default("false"), "true on the first nodes of a new cluster, false on nodes that join.";
    cluster_name: ClusterName = Text(&CLUSTER), Open, "The cluster's name; given to IAM and written to markers.";
    leader_url: BaseUrl = Text(&URL), Needed("to join"), "A member of the running cluster to ask first.";
    raft_addr: HostPort = Text(&ADDRESS), Needed("to join"), "This node's chainfire Raft address, as others reach it.";
    replace: bool = Flag, Default("false"),
        "Whether a dead member of this node's id at another address is removed, and this node added in its place.";
    initial_peers: Vec<HostPort> = List(&ADDRESS), Needed("to bootstrap"),
        "The Raft addresses of the first nodes, in the same order on each.";
    flaredb_peers: Vec<HostPort> = List(&FLAREDB_ADDRESS), Derived("the hosts of initial_peers with flaredb's Raft port"),
        "The same for flaredb.";
    node_ip: IpAddr = Text(&IP), Open, "This node's primary address.";
    node_fqdn: DnsName = Text(&DNS), Open, "This node's full name in DNS.";
    datacenter = Text(&LABEL), Open, "The datacenter this node stands in.";
    rack = Text(&LABEL), Open, "The rack this node stands in.";
    services = Services, Inner,
        "What differs from the usual, by service. Where one has a `protocol`, these are all services of this node.";
    expect = Object(EXPECT_FIELDS), Inner, "What the machine must have before it joins anything.";
    tls = Object(TLS_FIELDS), Inner, "Where the TLS files are.";
    network: Vec<(Label, Cidr)> = Map(&RANGE), Open, "Address ranges by name, for other readers of this file.";
    initrd = Object(INITRD_FIELDS), Inner, "What the stage in the initrd may do.";
    policies = Object(POLICIES), Inner, "How long to wait and how often to try.";
    health_check = Object(HEALTH_CHECK_FIELDS), Inner, "What the health check may do.";
}

fields! {
    TLS_FIELDS, TLS: Tls, whole "tls."
    ca: PathBuf = Text(&FILE), Derived("/etc/nixos/secrets/ca.crt"),
        "The authority that signed the services' certificates.";
    cert: PathBuf = Text(&FILE), Derived("/etc/nixos/secrets/NODE.crt"),
        "This node's certificate; given together with key.";
    key: PathBuf = Text(&FILE), Derived("/etc/nixos/secrets/NODE.key"),
        "The certificate's key, mode 0600; given together with cert.";
}

fields! {
    INITRD_FIELDS, INITRD: Initrd, whole "initrd."
    required: bool = Flag, Default("false"),
        "Whether the boot stops in the initrd where this machine lacks something that is needed.";
}

fields! {
    HEALTH_CHECK_FIELDS, HEALTH_CHECK: HealthCheck, whole "health_check."
    probe: bool = Flag, Default("false"), "Whether it also writes one key and reads it back.";
}
