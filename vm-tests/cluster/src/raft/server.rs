//! One chainfire or flaredb server: its start, its end, and what a test can ask of it.
//!
//! It starts in an order that shows nothing half done: the store, Raft, the Raft port, the
//! bootstrap where one is asked for, and the API port last.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use openraft::Config;
use openraft::error::{InitializeError, RaftError};
use tokio::sync::{Mutex, watch};
use tokio::task::JoinHandle;

use super::admission::Admission;
use super::member::Member;
use super::network::Network;
use super::options::{InitialMember, RaftOptions};
use super::peers::Peers;
use super::store::{LogStore, Machine, Store, StoreError};
use super::types::{MemberNode, Raft, raft_id};
use super::{api, peer_routes, steward};
use crate::error::StandinError;
use crate::faults::Faults;
use crate::interception::Interception;
use crate::listener::{Port, ServedPort};
use crate::requests::Requests;

const STOPPING: Duration = Duration::from_millis(500);
const CLOSING: Duration = Duration::from_secs(2);

/// A running server. Dropping it stops its ports; [`RaftServer::stop`] ends it in order.
pub struct RaftServer {
    options: RaftOptions,
    member: Arc<Member>,
    interception: Arc<Interception>,
    summary: watch::Receiver<String>,
    ports: Vec<ServedPort>,
    steward: JoinHandle<()>,
}

impl RaftServer {
    /// Starts a server and returns once it answers.
    ///
    /// # Errors
    /// A port that is taken, a store that cannot be opened, certificates that cannot be used.
    pub async fn start(mut options: RaftOptions) -> Result<Self, StandinError> {
        let api_port = Port::bind(options.listen).await?;
        let raft_port = Port::bind(options.raft_addr).await?;
        options.listen = api_port.address();
        options.raft_addr = raft_port.address();

        let api_tls = options.identity.server_config(options.require_client_certificate)?;
        let raft_tls = options.identity.server_config(true)?;
        let member = Arc::new(open_member(&options).await?);
        // Faults are for the API alone: what members say to each other is never disturbed.
        let undisturbed = Interception::new();
        let raft_routes = peer_routes::routes(Arc::clone(&member));
        let served_raft_port = raft_port.serve(raft_tls, raft_routes, undisturbed);
        if !options.initial_cluster.is_empty() {
            bootstrap(&member, &options.initial_cluster).await?;
        }

        let interception = Interception::new();
        let api_routes = api::routes(Arc::clone(&member)).merge(interception.routes());
        let served_api_port = api_port.serve(api_tls, api_routes, Arc::clone(&interception));
        let (send_summary, summary) = watch::channel(member.summary());
        Ok(Self {
            options,
            steward: tokio::spawn(steward::run(Arc::clone(&member), send_summary)),
            member,
            interception,
            summary,
            ports: vec![served_raft_port, served_api_port],
        })
    }

    /// Makes this node one of a new cluster; does nothing where it belongs to one already. To be
    /// called with the same list on every member.
    ///
    /// # Errors
    /// The list does not hold this node.
    pub async fn bootstrap(&self, members: &[InitialMember]) -> Result<(), StandinError> {
        bootstrap(&self.member, members).await
    }

    /// This node as a member of a list for [`RaftServer::bootstrap`].
    #[must_use]
    pub fn as_initial_member(&self) -> InitialMember {
        InitialMember { id: self.options.node_id.clone(), raft_addr: self.raft_addr() }
    }

    /// The node's name.
    #[must_use]
    pub fn node_id(&self) -> &str {
        &self.options.node_id
    }

    /// The API's URL, without a slash at the end.
    #[must_use]
    pub fn api_url(&self) -> &str {
        &self.member.api_url
    }

    /// Where the other members find this one.
    #[must_use]
    pub fn raft_addr(&self) -> String {
        self.options.raft_addr.to_string()
    }

    /// Whether this node leads its cluster right now.
    #[must_use]
    pub fn is_leader(&self) -> bool {
        self.member.is_leader()
    }

    /// The faults in force on the API.
    #[must_use]
    pub fn faults(&self) -> &Faults {
        &self.interception.faults
    }

    /// What the API was asked.
    #[must_use]
    pub fn requests(&self) -> &Requests {
        &self.interception.requests
    }

    /// One line on the state of the node, whenever it changes.
    #[must_use]
    pub fn summaries(&self) -> watch::Receiver<String> {
        self.summary.clone()
    }

    /// Ends the server, closes its store, and returns the options to start it again on the same
    /// ports with what it had stored.
    pub async fn stop(self) -> RaftOptions {
        let mut options = self.options;
        options.advertise = Some(self.member.api_url.clone());
        for port in self.ports {
            port.stop().await;
        }
        self.steward.abort();
        let _aborted = self.steward.await;
        let stopped = self.member.raft.shutdown();
        let _best_effort = tokio::time::timeout(STOPPING, stopped).await;
        let closed = self.member.store.clone().close();
        drop(self.member);
        // Workers of the Raft library may hold the file for a moment longer.
        let _best_effort = tokio::time::timeout(CLOSING, closed).await;
        options
    }
}

async fn open_member(options: &RaftOptions) -> Result<Member, StandinError> {
    let store = Store::open(&options.data_dir, &options.node_id)?;
    let failed = |cause: StoreError| StandinError::Store { path: options.data_dir.clone(), cause: cause.to_string() };
    let (machine, applied) = Machine::open(store.clone()).map_err(failed)?;
    let incarnation = store.incarnation().map_err(failed)?;
    let client = options.identity.client()?;
    let peers = Arc::new(Peers::new(Duration::from_millis(options.heartbeat_ms.into())));
    let api_url = options.advertise.clone().unwrap_or_else(|| format!("https://{}", options.listen));
    let network = Network {
        client: client.clone(),
        api_url: api_url.clone(),
        peers: Arc::clone(&peers),
        applied: applied.clone(),
    };
    let raft_id = raft_id(&options.node_id);
    let config = Arc::new(raft_config(options)?);
    let log = LogStore::new(store.clone());
    let raft = Raft::new(raft_id, config, network, log, machine).await;
    let raft = raft.map_err(|cause| raft_failed(&options.node_id, &cause))?;
    // Answered only once the state of the store is visible to every client.
    let visible = raft.is_initialized().await;
    visible.map_err(|cause| raft_failed(&options.node_id, &cause))?;
    Ok(Member {
        name: options.node_id.clone(),
        raft_id,
        incarnation,
        service: options.service,
        cluster_name: options.cluster_name.clone(),
        api_url,
        raft,
        store,
        applied,
        peers,
        client,
        turn: Mutex::new(()),
        change_wait: options.change_wait,
        extensions: options.extensions,
        admission: (options.admission && options.extensions).then(|| Admission::new(options.change_wait)),
    })
}

fn raft_config(options: &RaftOptions) -> Result<Config, StandinError> {
    let heartbeat = u64::from(options.heartbeat_ms);
    let config = Config {
        cluster_name: options.cluster_name.clone(),
        heartbeat_interval: heartbeat,
        election_timeout_min: 4 * heartbeat,
        election_timeout_max: 8 * heartbeat,
        install_snapshot_timeout: 20 * heartbeat,
        ..Config::default()
    };
    let valid = config.validate();
    valid.map_err(|cause| raft_failed(&options.node_id, &cause))
}

async fn bootstrap(member: &Member, members: &[InitialMember]) -> Result<(), StandinError> {
    let nodes: BTreeMap<u64, MemberNode> = members
        .iter()
        .map(|member| {
            // The same on every member, so it cannot hold what each of them alone knows.
            let node = MemberNode { id: member.id.clone(), raft_addr: member.raft_addr.clone(), incarnation: None };
            (raft_id(&member.id), node)
        })
        .collect();
    match member.raft.initialize(nodes).await {
        // The store is not pristine: this is a restart.
        Ok(()) | Err(RaftError::APIError(InitializeError::NotAllowed(_))) => Ok(()),
        Err(cause) => Err(raft_failed(&member.name, &cause)),
    }
}

fn raft_failed(node: &str, cause: &dyn std::fmt::Display) -> StandinError {
    StandinError::Raft { node: node.to_owned(), cause: cause.to_string() }
}
