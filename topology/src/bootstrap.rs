//! Who bootstraps, and whom the others ask: one set of odd size, its leader, its services. Must not judge what a node
//! says about itself.

use std::collections::BTreeMap;

use super::findings::{Findings, Place, listed, shown};
use super::node::Node;
use super::nodes::Nodes;

/// Who bootstraps, and whom the others ask.
#[derive(Debug, Default)]
pub(super) struct Bootstrap<'a> {
    /// The nodes that bootstrap, in the order of `initial_peers`.
    pub(super) voters: Vec<&'a str>,
    /// The node to ask first.
    pub(super) leader: Option<&'a str>,
}

impl<'a> Bootstrap<'a> {
    /// Works it out of all nodes of a cluster, and notes what is wrong; `peers` and `leader` as given.
    pub(super) fn read(
        findings: &mut Findings<'_>,
        cluster: &'a str,
        nodes: &Nodes<'a>,
        peers: Option<&[&'a str]>,
        leader: Option<&'a str>,
    ) -> Self {
        let place = Place::cluster(cluster);
        let peers = peers.map(|given| Peers::read(given, nodes));
        if let Some(peers) = &peers {
            peers.check(findings, place, nodes);
        }
        let voters = voters(findings, place, nodes, peers.as_ref());
        check_set(findings, place, nodes, &voters, peers.as_ref());
        let names: Vec<&str> = voters.iter().map(|voter| voter.name).collect();
        check_leader(findings, place, nodes, &names, leader);
        check_services(findings, nodes, &voters);
        check_family(findings, nodes, &voters);
        for service in ["chainfire", "flaredb"] {
            warn_of_size(findings, place, nodes, service);
        }
        Self { leader: leader.or(names.first().copied()), voters: names }
    }
}

/// The names in `peers`.
struct Peers<'a, 'b> {
    /// Each once, in order, with its node where there is one.
    nodes: Vec<(&'a str, Option<&'b Node<'a>>)>,
    /// How often each is named.
    times: BTreeMap<&'a str, usize>,
}

impl<'a, 'b> Peers<'a, 'b> {
    fn read(given: &[&'a str], nodes: &'b Nodes<'a>) -> Self {
        let mut peers = Self { nodes: Vec::new(), times: BTreeMap::new() };
        for name in given {
            let times = peers.times.entry(name).or_default();
            *times += 1;
            if *times == 1 {
                peers.nodes.push((name, nodes.get(name)));
            }
        }
        peers
    }

    fn all_exist(&self) -> bool {
        self.nodes.iter().all(|(_, node)| node.is_some())
    }

    fn check(&self, findings: &mut Findings<'_>, place: Place<'_>, nodes: &Nodes<'_>) {
        let known = listed(nodes.iter().map(|node| node.name));
        for (name, _) in self.nodes.iter().filter(|(_, node)| node.is_none()) {
            findings.problem("peer-unknown", place, &[("found", &shown(name)), ("known", &known)]);
        }
        for (name, _) in self.nodes.iter().filter(|(name, _)| self.times.get(name).is_some_and(|times| *times > 1)) {
            findings.problem("peer-twice", place, &[("found", &shown(name))]);
        }
        for node in nodes.iter() {
            if let Some(says) = node.bootstrap.filter(|says| *says != self.times.contains_key(node.name)) {
                findings.problem("peer-contradicted", node.place(), &[("found", &says.to_string())]);
            }
        }
    }
}

/// The nodes that bootstrap: those that `peers` names, else those that say so, else the first by name.
fn voters<'a, 'b>(
    findings: &mut Findings<'_>,
    place: Place<'_>,
    nodes: &'b Nodes<'a>,
    peers: Option<&Peers<'a, 'b>>,
) -> Vec<&'b Node<'a>> {
    if let Some(peers) = peers {
        return peers.nodes.iter().filter_map(|(_, node)| *node).collect();
    }
    let flagged: Vec<&Node> = nodes.iter().filter(|node| node.bootstrap == Some(true)).collect();
    if !flagged.is_empty() {
        return flagged;
    }
    let can = |node: &&Node| may_bootstrap(findings, node) == Some(true) && node.bootstrap != Some(false);
    let candidates: Vec<&Node> = nodes.iter().filter(can).collect();
    let count = if candidates.len() < 3 { 1 } else { 3 };
    let voters: Vec<&Node> = candidates.iter().copied().take(count).collect();
    if candidates.len() > voters.len() {
        let (found, known) = (listed(names_of(&voters)), listed(names_of(&candidates)));
        findings.warning("bootstrap-by-name", place, &[("found", &found), ("known", &known)]);
    }
    voters
}

/// Whether the role of a node allows it to bootstrap, where its role is known.
fn may_bootstrap(findings: &Findings<'_>, node: &Node<'_>) -> Option<bool> {
    node.role.and_then(|role| findings.rules.roles.get(role)).map(|role| role.bootstraps)
}

fn names_of<'a>(nodes: &[&Node<'a>]) -> Vec<&'a str> {
    nodes.iter().map(|node| node.name).collect()
}

fn check_set(
    findings: &mut Findings<'_>,
    place: Place<'_>,
    nodes: &Nodes<'_>,
    voters: &[&Node<'_>],
    peers: Option<&Peers<'_, '_>>,
) {
    for voter in voters {
        if let Some(role) = voter.role.filter(|_| may_bootstrap(findings, voter) == Some(false)) {
            findings.problem("bootstrap-role", voter.place(), &[("found", role)]);
        }
    }
    let count = voters.len();
    if count == 0 {
        let explained = nodes.is_empty()
            || peers.is_some_and(|peers| !peers.all_exist())
            || nodes.iter().any(|node| node.role.is_none());
        if !explained {
            findings.problem("bootstrap-none", place, &[]);
        }
    } else if ![1, 3, 5, 7].contains(&count) {
        let words = [("count", &*count.to_string()), ("found", &*listed(names_of(voters)))];
        findings.problem("bootstrap-size", place, &words);
    }
}

fn check_leader(
    findings: &mut Findings<'_>,
    place: Place<'_>,
    nodes: &Nodes<'_>,
    voters: &[&str],
    leader: Option<&str>,
) {
    let Some(leader) = leader.filter(|leader| !voters.is_empty() && !voters.contains(leader)) else { return };
    let rule = if nodes.get(leader).is_some() { "leader-not-voter" } else { "leader-unknown" };
    findings.problem(rule, place, &[("found", &shown(leader)), ("known", &listed(voters.iter().copied()))]);
}

/// flaredb forms its group of the same nodes as chainfire, if it runs at all; the first of the initial peers sets IAM
/// up, and the others wait for that.
fn check_services(findings: &mut Findings<'_>, nodes: &Nodes<'_>, voters: &[&Node<'_>]) {
    let with = |service: &str| nodes.iter().filter(|node| node.runs(service)).map(|node| node.name).collect::<Vec<_>>();
    let flaredb = Some("flaredb").filter(|service| !with(service).is_empty());
    for voter in voters.iter().filter(|voter| voter.services.is_some()) {
        for service in ["chainfire"].into_iter().chain(flaredb).filter(|service| !voter.runs(service)) {
            findings.problem("voter-service", voter.place(), &[("found", service)]);
        }
    }
    let with_iam = with("iam");
    let first = voters.first().filter(|first| first.services.is_some() && !first.runs("iam"));
    if let Some(first) = first.filter(|_| !with_iam.is_empty()) {
        findings.problem("iam-first", first.place(), &[("known", &listed(with_iam))]);
    }
}

/// Each node is reached under the one address that the topology gives it, by all others.
fn check_family(findings: &mut Findings<'_>, nodes: &Nodes<'_>, voters: &[&Node<'_>]) {
    let Some(first) = voters.iter().find(|voter| voter.address.is_some()) else { return };
    let is_ipv4 = |node: &Node<'_>| node.address.map(|address| address.is_ipv4());
    for node in nodes.iter().filter(|node| node.address.is_some() && is_ipv4(node) != is_ipv4(first)) {
        let kind = if is_ipv4(node) == Some(true) { "IPv4" } else { "IPv6" };
        let (found, known) = (node.ip.unwrap_or_default(), first.ip.unwrap_or_default());
        let words = [("found", found), ("kind", kind), ("other", &*shown(first.name)), ("known", known)];
        findings.problem("address-family", node.place(), &words);
    }
}

fn warn_of_size(findings: &mut Findings<'_>, place: Place<'_>, nodes: &Nodes<'_>, service: &str) {
    let members: Vec<&str> = nodes.iter().filter(|node| node.runs(service)).map(|node| node.name).collect();
    let (count, known) = (members.len().to_string(), listed(members.iter().copied()));
    let words = [("found", service), ("count", &count), ("known", &known)];
    match members.len() {
        2 => findings.warning("two-members", place, &words),
        8.. => findings.warning("many-members", place, &words),
        _ => {}
    }
}
