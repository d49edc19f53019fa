//! Every field of the cluster config, once. The checker, the defaults, the JSON
//! Schema, the reference page, the examples and the near-miss hints all read
//! this table. Must not hold code that decides anything.

mod expect;
mod policies;
pub(crate) mod services;

use expect::EXPECT;
use policies::POLICIES;

use super::{
    kind::Kind,
    text_kinds::{ADDRESS, CLUSTER, DNS, FILE, FLAREDB_ADDRESS, IP, LABEL, NODE_ID, RANGE, ROLE, URL},
};

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
pub(crate) static ROOT: &[Field] = &[
    field("node_id", Text(&NODE_ID), Derived("the host name"), "This node's id in every member list."),
    field("node_role", Text(&ROLE), Default("\"control-plane\""), "What this node is for."),
    field("bootstrap", Flag, Default("false"), "true on the first nodes of a new cluster, false on nodes that join."),
    field("cluster_name", Text(&CLUSTER), Open, "The cluster's name; given to IAM and written to markers."),
    field("leader_url", Text(&URL), Needed("to join"), "A member of the running cluster to ask first."),
    field("raft_addr", Text(&ADDRESS), Needed("to join"), "This node's chainfire Raft address, as others reach it."),
    field(
        "replace",
        Flag,
        Default("false"),
        "Whether a dead member of this node's id at another address is removed, and this node added in its place.",
    ),
    field(
        "initial_peers",
        List(&ADDRESS),
        Needed("to bootstrap"),
        "The Raft addresses of the first nodes, in the same order on each.",
    ),
    field(
        "flaredb_peers",
        List(&FLAREDB_ADDRESS),
        Derived("the hosts of initial_peers with flaredb's Raft port"),
        "The same for flaredb.",
    ),
    field("node_ip", Text(&IP), Open, "This node's primary address."),
    field("node_fqdn", Text(&DNS), Open, "This node's full name in DNS."),
    field("datacenter", Text(&LABEL), Open, "The datacenter this node stands in."),
    field("rack", Text(&LABEL), Open, "The rack this node stands in."),
    field(
        "services",
        Services,
        Inner,
        "What differs from the usual, by service. Where one has a `protocol`, these are all services of this node.",
    ),
    field("expect", Object(EXPECT), Inner, "What the machine must have before it joins anything."),
    field("tls", Object(TLS), Inner, "Where the TLS files are."),
    field("network", Map(&RANGE), Open, "Address ranges by name, for other readers of this file."),
    field("initrd", Object(INITRD), Inner, "What the stage in the initrd may do."),
    field("policies", Object(POLICIES), Inner, "How long to wait and how often to try."),
    field("health_check", Object(HEALTH_CHECK), Inner, "What the health check may do."),
    field("$schema", Text(&LABEL), Open, "Where editors find the schema of this file; the agent does not read it."),
];

static TLS: &[Field] = &[
    field(
        "ca",
        Text(&FILE),
        Derived("/etc/nixos/secrets/ca.crt"),
        "The authority that signed the services' certificates.",
    ),
    field(
        "cert",
        Text(&FILE),
        Derived("/etc/nixos/secrets/NODE.crt"),
        "This node's certificate; given together with key.",
    ),
    field(
        "key",
        Text(&FILE),
        Derived("/etc/nixos/secrets/NODE.key"),
        "The certificate's key, mode 0600; given together with cert.",
    ),
];

static INITRD: &[Field] = &[field(
    "required",
    Flag,
    Default("false"),
    "Whether the boot stops in the initrd where this machine lacks something that is needed.",
)];

static HEALTH_CHECK: &[Field] =
    &[field("probe", Flag, Default("false"), "Whether it also writes one key and reads it back.")];
