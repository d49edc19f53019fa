//! The table that Nix and Rust share: options, roles, services, ports, and the sentence of every rule. Must not decide
//! anything.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

/// The table, which is beside the Nix functions.
static TABLE: &str = include_str!("../../nixos-module/lib/topology/rules.json");

/// The whole table.
#[derive(Debug, Deserialize)]
pub struct Rules {
    /// The options of a topology, a cluster and a node.
    pub(super) fields: BTreeMap<String, BTreeMap<String, FieldRule>>,
    /// What each role does.
    pub(super) roles: BTreeMap<String, Role>,
    /// Where each service belongs.
    pub(super) services: BTreeMap<String, ServiceRule>,
    /// The usual ports of each service.
    pub(super) ports: BTreeMap<String, BTreeMap<String, u16>>,
    /// What `extraConfig` may not contain, and where to set it instead.
    pub(super) reserved: Reserved,
    /// Names that mean something else already, and what.
    pub(super) taken: Taken,
    /// What can be wrong.
    pub problems: BTreeMap<String, Sentence>,
    /// What can be odd.
    pub warnings: BTreeMap<String, Sentence>,
}

/// What a rule says when it is broken; `{name}` is replaced.
#[derive(Debug, Clone, Deserialize)]
pub struct Sentence {
    /// What is wrong.
    pub message: String,
    /// What to do about it.
    pub fix: String,
}

/// One option.
#[derive(Debug, Deserialize)]
pub(super) struct FieldRule {
    pub(super) kind: Kind,
    #[serde(default)]
    pub(super) required: bool,
    pub(super) default: Option<Value>,
    pub(super) example: String,
    pub(super) about: String,
}

/// What an option holds.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Kind {
    Flag,
    Object,
    Text,
    Texts,
}

#[derive(Debug, Deserialize)]
pub(super) struct Role {
    /// Whether it may be one of the first nodes of a cluster.
    pub(super) bootstraps: bool,
    /// What it runs where its node does not say.
    pub(super) services: Vec<String>,
}

#[derive(Debug, Deserialize)]
pub(super) struct ServiceRule {
    pub(super) roles: Vec<String>,
    /// What has to run on the same node.
    pub(super) needs: Vec<String>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Reserved {
    pub(super) cluster: BTreeMap<String, String>,
    /// These, and those of the cluster.
    pub(super) node: BTreeMap<String, String>,
}

/// Names that mean something else already.
#[derive(Debug, Deserialize)]
pub(super) struct Taken {
    pub(super) nodes: BTreeMap<String, String>,
    /// The last labels of domains.
    pub(super) domains: BTreeMap<String, String>,
}

impl Rules {
    /// The table of this build.
    ///
    /// # Errors
    /// When what was built in is no such table, which a test rules out.
    pub fn built_in() -> Result<Self, serde_json::Error> {
        serde_json::from_str(TABLE)
    }
}
