//! The arguments of `cluster-standin`, and the options of the library that they set.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand};
use cluster_standin::pki::Validity;
use cluster_standin::{IamOptions, Identity, InitialMember, RaftOptions, Service, StandinError};

/// Stand-ins for chainfire, flaredb and IAM, for tests only.
#[derive(Parser)]
#[command(version)]
pub(crate) struct CommandLine {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Run a member of chainfire or flaredb.
    Raft(RaftArguments),
    /// Run IAM over flaredb.
    Iam(IamArguments),
    /// Make a CA and certificates.
    Pki(PkiArguments),
}

#[derive(Args)]
pub(crate) struct RaftArguments {
    /// The service to stand in for.
    #[arg(long, value_enum)]
    service: Service,
    /// This node's name.
    #[arg(long)]
    node_id: String,
    /// Address and port of the API.
    #[arg(long)]
    listen: SocketAddr,
    /// Address and port for the other members.
    #[arg(long)]
    raft_addr: SocketAddr,
    /// Folder of the store.
    #[arg(long)]
    data_dir: PathBuf,
    #[command(flatten)]
    tls: TlsArguments,
    /// The members of a new cluster, the same on each of them: ID=HOST:PORT,… Without it, the node
    /// waits to be added.
    #[arg(long, value_delimiter = ',', value_parser = parse_initial_member)]
    initial_cluster: Vec<InitialMember>,
    /// The name that the health answer gives for the cluster.
    #[arg(long, default_value = "test")]
    cluster_name: String,
    /// URL of the API as clients should use it, if not made of --listen.
    #[arg(long)]
    advertise: Option<String>,
    /// How long a membership change waits for another one; 0 refuses at once.
    #[arg(long, default_value_t = 5000)]
    change_wait_ms: u64,
    /// How often a leader calls, and how long such a call may take, in milliseconds.
    #[arg(long, default_value_t = 100)]
    heartbeat_interval: u32,
    /// Offer only what the admin API demands: no role, leader, `cluster_id`, incarnation or Retry-After.
    #[arg(long)]
    without_extensions: bool,
    /// Give all nodes that must retry later the same time, not each its own.
    #[arg(long)]
    no_admission: bool,
}

#[derive(Args)]
pub(crate) struct IamArguments {
    /// Address and port of the API.
    #[arg(long)]
    listen: SocketAddr,
    /// API URL of a member of flaredb; may be given several times.
    #[arg(long = "flaredb-url", required = true)]
    flaredb_urls: Vec<String>,
    #[command(flatten)]
    tls: TlsArguments,
}

#[derive(Args)]
struct TlsArguments {
    /// The CA to trust, as PEM.
    #[arg(long)]
    ca: PathBuf,
    /// The certificate to present, as PEM.
    #[arg(long)]
    cert: PathBuf,
    /// Its key, as PEM.
    #[arg(long)]
    key: PathBuf,
    /// Turn away clients of the API that present no certificate of the CA.
    #[arg(long)]
    require_client_certificate: bool,
}

#[derive(Args)]
pub(crate) struct PkiArguments {
    /// Where ca.crt, ca.key and the certificates go; an existing CA is used again.
    #[arg(long)]
    pub(crate) out: PathBuf,
    /// A certificate to make: NAME=HOST,IP,… for NAME.crt and NAME.key; may be given several times.
    #[arg(long = "node", value_parser = parse_node_names)]
    pub(crate) nodes: Vec<NodeNames>,
    /// When the certificates are good.
    #[arg(long, value_enum, default_value = "valid")]
    pub(crate) validity: Validity,
}

/// A node and the names that its certificate is good for.
#[derive(Clone)]
pub(crate) struct NodeNames {
    pub(crate) node: String,
    pub(crate) names: Vec<String>,
}

impl RaftArguments {
    pub(crate) fn into_options(self) -> Result<RaftOptions, StandinError> {
        Ok(RaftOptions {
            service: self.service,
            node_id: self.node_id,
            listen: self.listen,
            raft_addr: self.raft_addr,
            data_dir: self.data_dir,
            identity: self.tls.identity()?,
            initial_cluster: self.initial_cluster,
            require_client_certificate: self.tls.require_client_certificate,
            cluster_name: self.cluster_name,
            advertise: self.advertise,
            change_wait: Duration::from_millis(self.change_wait_ms),
            heartbeat_ms: self.heartbeat_interval,
            extensions: !self.without_extensions,
            admission: !self.no_admission,
        })
    }
}

impl IamArguments {
    pub(crate) fn into_options(self) -> Result<IamOptions, StandinError> {
        let without_slash = |url: &String| url.trim_end_matches('/').to_owned();
        Ok(IamOptions {
            listen: self.listen,
            flaredb_urls: self.flaredb_urls.iter().map(without_slash).collect(),
            identity: self.tls.identity()?,
            require_client_certificate: self.tls.require_client_certificate,
        })
    }
}

impl TlsArguments {
    fn identity(&self) -> Result<Identity, StandinError> {
        Identity::read(&self.ca, &self.cert, &self.key)
    }
}

fn parse_initial_member(text: &str) -> Result<InitialMember, String> {
    match text.split_once('=') {
        Some((id, raft_addr)) if !id.is_empty() && raft_addr.contains(':') => {
            Ok(InitialMember { id: id.to_owned(), raft_addr: raft_addr.to_owned() })
        }
        _ => Err("expected ID=HOST:PORT".to_owned()),
    }
}

fn parse_node_names(text: &str) -> Result<NodeNames, String> {
    match text.split_once('=') {
        Some((node, names)) if !node.is_empty() && !names.is_empty() => {
            Ok(NodeNames { node: node.to_owned(), names: names.split(',').map(str::to_owned).collect() })
        }
        _ => Err("expected NAME=HOST,IP,…".to_owned()),
    }
}
