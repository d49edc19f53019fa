//! One cluster: its problems, and what its options mean. Must not look at other clusters.

use serde_json::{Map, Value};

use super::address::Range;
use super::bootstrap::Bootstrap;
use super::findings::{Findings, Place, shown};
use super::node::{Node, Surroundings};
use super::nodes::Nodes;
use super::shape::{self, Fields, kind_of};
use super::{extra, names};

/// One cluster.
#[derive(Debug)]
pub(super) struct Cluster<'a> {
    pub(super) name: &'a str,
    pub(super) domain: Option<&'a str>,
    pub(super) network: Option<&'a Map<String, Value>>,
    pub(super) tls_directory: Option<&'a str>,
    pub(super) extra: Option<&'a Map<String, Value>>,
    /// By name.
    pub(super) nodes: Nodes<'a>,
    pub(super) bootstrap: Bootstrap<'a>,
}

impl<'a> Cluster<'a> {
    /// Reads a cluster, and notes what is wrong with it.
    pub(super) fn read(findings: &mut Findings<'a>, name: &'a str, given: &'a Value) -> Self {
        let place = Place::cluster(name);
        let fields = shape::checked(findings, "cluster", Place::whole(), place, &format!("clusters.{name}"), given);
        check(findings, name, &fields);
        let network = fields.object("network");
        let ranges: Vec<(&str, Range)> =
            network.into_iter().flatten().filter_map(|(_, range)| range.as_str()).filter_map(with_meaning).collect();
        let around = Surroundings { cluster: name, site: fields.text("site"), ranges: &ranges };
        let given_nodes = fields.object("nodes");
        if given_nodes.is_some_and(Map::is_empty) {
            findings.problem("no-nodes", place, &[]);
        }
        let nodes = given_nodes.into_iter().flatten().map(|(name, node)| Node::read(findings, around, name, node));
        let nodes = Nodes::of(nodes.collect());
        let bootstrap =
            Bootstrap::read(findings, name, &nodes, fields.texts("peers").as_deref(), fields.text("leader"));
        Self {
            name,
            domain: fields.text("domain"),
            network,
            tls_directory: fields.text("tlsDirectory"),
            extra: fields.object("extraConfig"),
            nodes,
            bootstrap,
        }
    }
}

fn with_meaning(text: &str) -> Option<(&str, Range)> {
    Range::parse(text).map(|range| (text, range))
}

fn check(findings: &mut Findings<'_>, name: &str, fields: &Fields<'_>) {
    let place = Place::cluster(name);
    if !names::is_cluster_name(name) {
        findings.problem("cluster-name", place, &[("found", &shown(name))]);
    }
    shape::text_rule(findings, place, fields, "domain", "domain", names::is_domain);
    let last =
        fields.text("domain").filter(|domain| names::is_domain(domain)).and_then(|domain| domain.rsplit('.').next());
    if let Some((found, why)) = last.and_then(|last| findings.rules.taken.domains.get_key_value(last)) {
        findings.problem("domain-reserved", place, &[("found", found), ("why", why)]);
    }
    shape::text_rule(findings, place, fields, "site", "place", names::is_place);
    shape::text_rule(findings, place, fields, "tlsDirectory", "tls-directory", names::is_secrets_directory);
    for (key, range) in fields.object("network").into_iter().flatten() {
        if range.as_str().and_then(Range::parse).is_none() {
            let found = range.as_str().map_or_else(|| kind_of(range).to_owned(), shown);
            findings.problem("network", place, &[("key", &shown(key)), ("found", &found)]);
        }
    }
    if let Some(extra) = fields.object("extraConfig") {
        extra::check_cluster(findings, place, extra);
    }
}
