//! Whose marker it is: the identity lines of a marker and their comparison with this node.

use std::fmt;

use crate::config::{ClusterName, Config};
use crate::foreign_text;

/// As long as an id or a cluster's name can be; more of a foreign one is of no use.
const LONGEST_SHOWN: usize = 128;

/// Who wrote a marker, or who this node is. A part that is not known is not compared.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Identity {
    /// `node_id` of the configuration.
    pub node_id: Option<String>,
    /// `cluster_name` of the configuration.
    pub cluster_name: Option<String>,
    /// The identity that the cluster gives itself, where its service reports one: differs in a cluster that was built again
    /// under its old name.
    pub cluster_id: Option<String>,
    /// `/etc/machine-id`: differs on the clone of a disk that was prepared as systemd asks
    /// (machine-id(5)).
    pub machine_id: Option<String>,
}

impl Identity {
    /// This node's identity, with the text of `/etc/machine-id` where it can be read.
    #[must_use]
    pub fn of_this_node(config: &Config, machine_id: Option<&str>) -> Self {
        Self {
            node_id: Some(config.node.id.to_string()),
            cluster_name: config.cluster_name.as_ref().map(ClusterName::to_string),
            // Only a member list reports; see `Identity::in_cluster`.
            cluster_id: None,
            ..Self::of_this_machine(machine_id)
        }
    }

    /// What the machine alone reports, with the text of `/etc/machine-id` where it can be read.
    #[must_use]
    pub fn of_this_machine(machine_id: Option<&str>) -> Self {
        let machine_id = machine_id.map(str::trim).filter(|id| !id.is_empty() && *id != "uninitialized");
        Self { machine_id: machine_id.map(str::to_owned), ..Self::default() }
    }

    /// This node as a member of the cluster that a member list describes. What cannot be on a line of a marker is left
    /// out: it could not be compared later.
    #[must_use]
    pub fn in_cluster(&self, cluster_id: Option<&str>) -> Self {
        let plain = |id: &&str| {
            !id.trim().is_empty() && id.trim() == *id && !id.contains(char::is_control) && id.len() <= LONGEST_SHOWN
        };
        Self { cluster_id: cluster_id.filter(plain).map(str::to_owned), ..self.clone() }
    }

    /// Reads the `key=value` lines of a marker; unknown keys are a newer agent's business.
    pub fn parse<'a>(lines: impl Iterator<Item = &'a str>) -> Self {
        let mut identity = Self::default();
        for (key, value) in lines.filter_map(|line| line.split_once('=')) {
            let value = Some(value.trim().to_owned());
            match key.trim() {
                "node_id" => identity.node_id = value,
                "cluster_name" => identity.cluster_name = value,
                "cluster_id" => identity.cluster_id = value,
                "machine_id" => identity.machine_id = value,
                _ => {}
            }
        }
        identity
    }

    /// The parts by their names, in the order of a marker's lines.
    fn parts(&self) -> [(&'static str, Option<&String>); 4] {
        let Self { node_id, cluster_name, cluster_id, machine_id } = self;
        [("node_id", node_id), ("cluster_name", cluster_name), ("cluster_id", cluster_id), ("machine_id", machine_id)]
            .map(|(name, part)| (name, part.as_ref()))
    }

    /// The first part in which `self`, read from a marker, contradicts this node, for people.
    #[must_use]
    pub fn mismatch(&self, this_node: &Self) -> Option<String> {
        self.parts().into_iter().zip(this_node.parts()).find_map(|((part, found), (_, expected))| {
            let (found, expected) = found.zip(expected).filter(|(found, expected)| found != expected)?;
            // The text is untrusted and may contain terminal control sequences.
            let found = foreign_text::shown(found, LONGEST_SHOWN);
            Some(format!("{part} is {found} there and {expected} here"))
        })
    }
}

/// As the lines of a marker.
impl fmt::Display for Identity {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.parts()
            .iter()
            .try_for_each(|(name, part)| part.map_or(Ok(()), |part| writeln!(formatter, "{name}={part}")))
    }
}
