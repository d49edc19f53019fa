//! The words that members exchange and keep: commands, their outcomes, and who a member is.
//!
//! All of it is written to disk and sent to peers as JSON; nothing here does anything.

use std::io::Cursor;

use openraft::StoredMembership;
use serde::{Deserialize, Serialize};

/// Which service a server stands in for. They differ in name only.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Service {
    /// The cluster's key-value store.
    Chainfire,
    /// The SQL store, with a Raft group of its own.
    Flaredb,
}

openraft::declare_raft_types!(
    /// The types that the Raft library works with.
    pub(crate) TypeConfig:
        D = Command,
        R = Outcome,
        NodeId = u64,
        Node = MemberNode,
        SnapshotData = Cursor<Vec<u8>>,
);

pub(crate) type Raft = openraft::Raft<TypeConfig>;
pub(crate) type Membership = StoredMembership<u64, MemberNode>;

/// What the membership says of each member. The address of its API is not kept: members send it to each other.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub(crate) struct MemberNode {
    pub(crate) id: String,
    pub(crate) raft_addr: String,
    /// Which data directory it has; none for the first members, which were never added, and for those
    /// whose add had none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) incarnation: Option<String>,
}

/// A change to the replicated state.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) enum Command {
    /// Set a key.
    Put { key: String, value: Vec<u8>, only_if_absent: bool },
    /// Give the cluster its identity, once.
    NameCluster { cluster_id: String },
}

/// What became of a command.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub(crate) enum Outcome {
    /// It was carried out.
    Applied,
    /// The key was there already and was left alone.
    KeyExists,
}

/// The number by which the Raft library knows a member: it wants one that is cheap to copy, while
/// the API speaks of names. A digest needs no table that all members would have to agree on.
pub(crate) fn raft_id(name: &str) -> u64 {
    let digest = ring::digest::digest(&ring::digest::SHA256, name.as_bytes());
    let first = digest.as_ref().iter().take(8);
    first.fold(0, |number, byte| (number << 8) | u64::from(*byte))
}
