//! How a chainfire or flaredb server is to be started: plain data, nothing is checked here.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use super::types::Service;
use crate::identity::Identity;

/// How to start a server.
#[derive(Clone, Debug)]
pub struct RaftOptions {
    /// Which service it stands in for.
    pub service: Service,
    /// The node's name.
    pub node_id: String,
    /// Where the API listens; port 0 takes any.
    pub listen: SocketAddr,
    /// Where the other members find this one; port 0 takes any.
    pub raft_addr: SocketAddr,
    /// Where the store is.
    pub data_dir: PathBuf,
    /// Certificate, key and CA.
    pub identity: Identity,
    /// The members to bootstrap with, the same list on each of them; empty to wait to be added.
    pub initial_cluster: Vec<InitialMember>,
    /// Whether clients of the API must present a certificate. Members always must.
    pub require_client_certificate: bool,
    /// The name of the cluster, for the health answer.
    pub cluster_name: String,
    /// The URL of the API as others should use it; else made of `listen`.
    pub advertise: Option<String>,
    /// How long a membership change waits for the one before it; zero refuses at once.
    pub change_wait: Duration,
    /// How often a leader calls, and how long such a call may take, in milliseconds: after eight of them without one, another is
    /// elected. A handshake must take less, or no connection is ever made.
    pub heartbeat_ms: u32,
    /// Whether it offers what the admin API does not demand: `role`, `leader`, `cluster_id`,
    /// `incarnation` and `Retry-After`.
    pub extensions: bool,
    /// Whether a node that must retry later gets a time of its own; else all get one second.
    pub admission: bool,
}

/// A member of the first membership.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct InitialMember {
    /// The node's name.
    pub id: String,
    /// Its Raft address, `HOST:PORT`.
    pub raft_addr: String,
}
