//! Every field of the cluster config, once. The checker, the defaults, the JSON
//! Schema, the reference page, the examples and the near-miss hints all read
//! this table. Must not hold code that decides anything.

pub(crate) mod expect;
pub(crate) mod policies;

use expect::EXPECT_FIELDS;
use policies::POLICIES;

use super::{
    kind::{Absent, Field, Kind, field, fields, joined},
    text_kinds::{
        ADDRESS, CA_FILE, CERTIFICATE_FILE, CLUSTER, DNS, FLAREDB_ADDRESS, IP, KEY_FILE, LABEL, NODE_ID, RACK, RANGE,
        ROLE, SCHEMA, URL,
    },
    value::{BaseUrl, Cidr, ClusterName, DnsName, HostPort, Label, NodeId, NodeRole},
};
use std::{net::IpAddr, path::PathBuf};

use Absent::{Default, Derived, Inner, Needed, Open};
use Kind::{Flag, List, Map, Object, Services, Text};

/// The whole config.
pub(crate) static ROOT: &[Field] = joined!(
    WHOLE_FIELDS,
    &[field("$schema", Text(&SCHEMA), Open, "Where editors find the schema of this file; the agent does not read it.")]
);

fields! {
    WHOLE_FIELDS, WHOLE: Whole, whole ""
    node_id: NodeId = Text(&NODE_ID), Derived("the hostname"), "This node's id in every member list.";
    node_role: NodeRole = Text(&ROLE), Default("\"control-plane\""), "What this node runs. On a worker, flaredb and iam are off unless `services` names them.";
    bootstrap: bool = Flag, Default("false"), "true on the first nodes of a new cluster, false on nodes that join.";
    cluster_name: ClusterName = Text(&CLUSTER), Open, "The cluster's name; passed to IAM and written to markers.";
    leader_url: BaseUrl = Text(&URL), Needed("to join"), "A member of the running cluster to ask first.";
    raft_addr: HostPort = Text(&ADDRESS), Needed("to join"), "This node's chainfire Raft address, as others reach it.";
    replace: bool = Flag, Default("false"),
        "Whether to remove a dead member with this node's id at another address, and to add this node in its place.";
    initial_peers: Vec<HostPort> = List(&ADDRESS), Needed("to bootstrap"),
        "The Raft addresses of the first nodes, in the same order on each.";
    flaredb_peers: Vec<HostPort> = List(&FLAREDB_ADDRESS), Derived("the hosts of initial_peers with flaredb's Raft port"),
        "The same addresses for flaredb.";
    node_ip: IpAddr = Text(&IP), Open, "This node's primary address.";
    node_fqdn: DnsName = Text(&DNS), Open, "This node's fully qualified domain name.";
    datacenter = Text(&LABEL), Open, "The datacenter of this node.";
    rack = Text(&RACK), Open, "The rack of this node.";
    services = Services, Inner,
        "Settings that differ from the defaults, by service. If one has a `protocol`, these are all services of this node.";
    expect = Object(EXPECT_FIELDS), Inner, "What the machine must have before it joins anything.";
    tls = Object(TLS_FIELDS), Inner, "Where the TLS files are.";
    network: Vec<(Label, Cidr)> = Map(&RANGE), Open, "Address ranges by name, for other readers of this file.";
    initrd = Object(INITRD_FIELDS), Inner, "Settings of the initrd stage.";
    policies = Object(POLICIES), Inner, "How long to wait and how often to try.";
    health_check = Object(HEALTH_CHECK_FIELDS), Inner, "Settings of the health check.";
}

fields! {
    TLS_FIELDS, TLS: Tls, whole "tls."
    ca: PathBuf = Text(&CA_FILE), Derived("/etc/nixos/secrets/ca.crt"),
        "The CA that signed the services' certificates.";
    cert: PathBuf = Text(&CERTIFICATE_FILE), Derived("/etc/nixos/secrets/NODE.crt"),
        "This node's certificate; requires `key`.";
    key: PathBuf = Text(&KEY_FILE), Derived("/etc/nixos/secrets/NODE.key"),
        "The private key of the certificate, mode 0600; requires `cert`.";
}

fields! {
    INITRD_FIELDS, INITRD: Initrd, whole "initrd."
    required: bool = Flag, Default("false"),
        "Whether the boot stops in the initrd if this machine lacks something required.";
}

fields! {
    HEALTH_CHECK_FIELDS, HEALTH_CHECK: HealthCheck, whole "health_check."
    probe: bool = Flag, Default("false"), "Whether it also writes one key and reads it back.";
}
