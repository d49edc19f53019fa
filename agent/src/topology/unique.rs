//! What no two nodes may share: names, hardware addresses, and addresses within a cluster and within a site. Must not
//! look at anything else of them.

use std::collections::HashMap;
use std::hash::Hash;

use super::findings::{Findings, shown};
use super::node::Node;

/// Checks all nodes of all clusters, in order.
pub(super) fn check(findings: &mut Findings<'_>, nodes: &[&Node<'_>]) {
    for (node, other) in shared(nodes, |node| Some(node.name), |_, _| true) {
        findings.problem("node-name-taken", node.place(), &[("other", &shown(other.cluster))]);
    }
    let same_network = |node: &Node, other: &Node| node.cluster == other.cluster || node.site == other.site;
    for (node, other) in shared(nodes, |node| node.address, same_network) {
        let found = node.ip.unwrap_or_default();
        findings.problem("address-taken", node.place(), &[("found", found), ("other", &whole_name(other))]);
    }
    for (node, other) in shared(nodes, |node| node.mac.as_deref(), |_, _| true) {
        let found = shown(node.mac.as_deref().unwrap_or_default());
        findings.problem("mac-taken", node.place(), &[("found", &found), ("other", &whole_name(other))]);
    }
}

/// Each node that has a key, with the first before it that has the same and clashes with it.
fn shared<'b, 'a, K: Eq + Hash>(
    nodes: &[&'b Node<'a>],
    key: impl Fn(&'b Node<'a>) -> Option<K>,
    clashes: impl Fn(&Node<'a>, &Node<'a>) -> bool,
) -> Vec<(&'b Node<'a>, &'b Node<'a>)> {
    let mut before: HashMap<K, Vec<&Node>> = HashMap::new();
    let mut pairs = Vec::new();
    for node in nodes.iter().copied() {
        let Some(key) = key(node) else { continue };
        let others = before.entry(key).or_default();
        pairs.extend(others.iter().find(|other| clashes(node, other)).map(|other| (node, *other)));
        others.push(node);
    }
    pairs
}

fn whole_name(node: &Node<'_>) -> String {
    format!("{}/{}", shown(node.cluster), shown(node.name))
}
