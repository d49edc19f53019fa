//! Who bootstraps, and whom the others ask: one set of odd size, its leader, its services. Must not judge what a node
//! says about itself.

use std::collections::BTreeSet;

use super::findings::{Findings, Place, listed, shown};
use super::node::Node;

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
        nodes: &[Node<'a>],
        peers: Option<&[&'a str]>,
        leader: Option<&'a str>,
    ) -> Self {
        let place = Place::cluster(cluster);
        let peers = peers.map(|given| Peers { given, nodes });
        if let Some(peers) = &peers {
            peers.check(findings, place);
        }
        let voters = voters(findings, place, nodes, peers.as_ref());
        check_set(findings, place, nodes, &voters, peers.as_ref());
        let names: Vec<&str> = voters.iter().map(|voter| voter.name).collect();
        check_leader(findings, place, nodes, &names, leader);
        check_services(findings, nodes, &voters);
        for service in ["chainfire", "flaredb"] {
            warn_of_size(findings, place, nodes, service);
        }
        Self { leader: leader.or(names.first().copied()), voters: names }
    }
}

/// The names in `peers`.
struct Peers<'a, 'b> {
    given: &'b [&'a str],
    nodes: &'b [Node<'a>],
}

impl<'a, 'b> Peers<'a, 'b> {
    /// Each once, in order.
    fn names(&self) -> impl Iterator<Item = &'a str> {
        let mut seen = BTreeSet::new();
        self.given.iter().copied().filter(move |name| seen.insert(*name))
    }

    fn node(&self, name: &str) -> Option<&'b Node<'a>> {
        self.nodes.iter().find(|node| node.name == name)
    }

    fn all_exist(&self) -> bool {
        self.names().all(|name| self.node(name).is_some())
    }

    fn check(&self, findings: &mut Findings<'_>, place: Place<'_>) {
        let known = listed(self.nodes.iter().map(|node| node.name));
        for name in self.names().filter(|name| self.node(name).is_none()) {
            findings.problem("peer-unknown", place, &[("found", &shown(name)), ("known", &known)]);
        }
        for name in self.names().filter(|name| self.given.iter().filter(|other| *other == name).count() > 1) {
            findings.problem("peer-twice", place, &[("found", &shown(name))]);
        }
        for node in self.nodes {
            if let Some(says) = node.bootstrap.filter(|says| *says != self.given.contains(&node.name)) {
                findings.problem("peer-contradicted", node.place(), &[("found", &says.to_string())]);
            }
        }
    }
}

/// The nodes that bootstrap: those that `peers` names, else those that say so, else the first by name.
fn voters<'a, 'b>(
    findings: &mut Findings<'_>,
    place: Place<'_>,
    nodes: &'b [Node<'a>],
    peers: Option<&Peers<'a, 'b>>,
) -> Vec<&'b Node<'a>> {
    if let Some(peers) = peers {
        return peers.names().filter_map(|name| peers.node(name)).collect();
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
    nodes: &[Node<'_>],
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
        let told = nodes.is_empty()
            || peers.is_some_and(|peers| !peers.all_exist())
            || nodes.iter().any(|node| node.role.is_none());
        if !told {
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
    nodes: &[Node<'_>],
    voters: &[&str],
    leader: Option<&str>,
) {
    let Some(leader) = leader.filter(|leader| !voters.is_empty() && !voters.contains(leader)) else { return };
    let exists = nodes.iter().any(|node| node.name == leader);
    let rule = if exists { "leader-not-voter" } else { "leader-unknown" };
    findings.problem(rule, place, &[("found", &shown(leader)), ("known", &listed(voters.iter().copied()))]);
}

/// flaredb forms its group of the same nodes as chainfire, if it runs at all; the first of the initial peers sets IAM
/// up, and the others wait for that.
fn check_services(findings: &mut Findings<'_>, nodes: &[Node<'_>], voters: &[&Node<'_>]) {
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

fn warn_of_size(findings: &mut Findings<'_>, place: Place<'_>, nodes: &[Node<'_>], service: &str) {
    let members: Vec<&str> = nodes.iter().filter(|node| node.runs(service)).map(|node| node.name).collect();
    let (count, known) = (members.len().to_string(), listed(members.iter().copied()));
    let words = [("found", service), ("count", &count), ("known", &known)];
    match members.len() {
        2 => findings.warning("two-members", place, &words),
        8.. => findings.warning("many-members", place, &words),
        _ => {}
    }
}
