//! The topology: clusters and their nodes, described once, from which every node's configuration is derived.
//!
//! The same as `nixos-module/lib/topology`, file by file, for use without Nix. Options, rules and sentences are in
//! one table, `rules.json` there, and both are held to the same cases, byte for byte. Besides, every configuration made
//! here has passed the agent's own check. Must not reach for anything but the topology: no DNS, no machine.
//!
//! ```text
//! JSON ─ source ─► value ─ shape ─► nodes, clusters ─ bootstrap, unique ─► problems | configurations ─► files
//! ```

pub mod command;

mod address;
mod bootstrap;
mod cluster;
mod extra;
mod file;
mod findings;
mod generate;
mod names;
mod node;
mod nodes;
mod page;
mod rules;
mod shape;
mod source;
#[cfg(test)]
mod tests;
mod unique;

pub use findings::Finding;
pub use generate::Generated;
pub use page::reference_page;
pub use rules::{Rules, Sentence};
pub use source::{SourceError, parse, read};

use serde_json::Value;

use cluster::Cluster;
use findings::{Findings, Place};

/// A topology, judged.
#[derive(Debug)]
pub struct Topology {
    /// The configuration of every node, in the order of clusters and nodes; none where there are problems.
    pub configs: Vec<Generated>,
    /// Everything that is wrong.
    pub problems: Vec<Finding>,
    /// What is valid but may surprise; listed if nothing is wrong.
    pub warnings: Vec<Finding>,
}

/// Judges a topology, and makes the configurations of its nodes where it is sound.
#[must_use]
pub fn evaluate(rules: &Rules, topology: &Value) -> Topology {
    let mut findings = Findings::new(rules);
    let fields = shape::checked(&mut findings, "topology", Place::whole(), Place::whole(), "topology", topology);
    let clusters: Vec<Cluster> = fields
        .object("clusters")
        .into_iter()
        .flatten()
        .map(|(name, given)| Cluster::read(&mut findings, name, given))
        .collect();
    let nodes: Vec<_> = clusters.iter().flat_map(|cluster| cluster.nodes.iter()).collect();
    unique::check_clusters(&mut findings, &clusters);
    unique::check(&mut findings, &nodes);
    let configs = if findings.problems.is_empty() { generate::all(&mut findings, &clusters) } else { Vec::new() };
    let sound = findings.problems.is_empty();
    Topology {
        configs: if sound { configs } else { Vec::new() },
        problems: findings.problems,
        warnings: findings.warnings,
    }
}
