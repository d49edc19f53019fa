//! What no two nodes may share: names, hardware addresses, disks, and addresses within a cluster and within a site; and no
//! two clusters. Must not look at anything else of them.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::hash::Hash;
use std::net::IpAddr;

use super::cluster::Cluster;
use super::findings::{Findings, Place, shown};
use super::node::Node;

/// Where an address must be unique.
#[derive(PartialEq, Eq, Hash)]
enum Network<'a> {
    Cluster(&'a str),
    Site(Option<String>),
}

/// Checks all nodes of all clusters, in order.
pub(super) fn check(findings: &mut Findings<'_>, nodes: &[&Node<'_>]) {
    for (node, other) in shared(nodes, |node| [Some(node.name.to_ascii_lowercase())]) {
        findings.problem("node-name-taken", node.place(), &[("other", &other.whole_name())]);
    }
    for (node, other) in shared(nodes, networks) {
        let found = node.ip.unwrap_or_default();
        findings.problem("address-taken", node.place(), &[("found", found), ("other", &other.whole_name())]);
    }
    for (node, other) in shared(nodes, |node| [node.mac.as_deref()]) {
        let found = shown(node.mac.as_deref().unwrap_or_default());
        findings.problem("mac-taken", node.place(), &[("found", &found), ("other", &other.whole_name())]);
    }
    for (node, other) in shared(nodes, |node| [node.disk.as_deref()]) {
        let found = shown(node.disk_name.unwrap_or_default());
        findings.problem("disk-taken", node.place(), &[("found", &found), ("other", &other.whole_name())]);
    }
}

/// The address of a node in each network in which it must be the only one.
fn networks<'a>(node: &Node<'a>) -> [Option<(IpAddr, Network<'a>)>; 2] {
    // Two spellings of a site are one site.
    let site = Network::Site(node.site.map(str::to_ascii_lowercase));
    [Network::Cluster(node.cluster), site].map(|network| Some((node.address?, network)))
}

/// No two clusters may have one name but for upper and lower case.
pub(super) fn check_clusters(findings: &mut Findings<'_>, clusters: &[Cluster<'_>]) {
    let mut first: HashMap<String, &str> = HashMap::new();
    for cluster in clusters {
        match first.entry(cluster.name.to_ascii_lowercase()) {
            Entry::Occupied(entry) => {
                let words = [("other", &*shown(entry.get()))];
                findings.problem("cluster-name-taken", Place::cluster(cluster.name), &words);
            }
            Entry::Vacant(entry) => _ = entry.insert(cluster.name),
        }
    }
}

/// Each node, with the first before it that has one of its keys. Each node is looked at once: there may be thousands.
fn shared<'b, 'a, K: Eq + Hash, const KEYS: usize>(
    nodes: &[&'b Node<'a>],
    keys: impl Fn(&'b Node<'a>) -> [Option<K>; KEYS],
) -> Vec<(&'b Node<'a>, &'b Node<'a>)> {
    let mut first: HashMap<K, usize> = HashMap::new();
    let mut before = |index: usize, key: K| match first.entry(key) {
        Entry::Occupied(entry) => Some(*entry.get()),
        Entry::Vacant(entry) => {
            entry.insert(index);
            None
        }
    };
    let mut pairs = Vec::new();
    for (index, node) in nodes.iter().enumerate() {
        let others: Vec<usize> = keys(node).into_iter().flatten().filter_map(|key| before(index, key)).collect();
        let other = others.into_iter().min().and_then(|other| nodes.get(other));
        pairs.extend(other.map(|other| (*node, *other)));
    }
    pairs
}
