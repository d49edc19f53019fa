//! A whole cluster inside one test: members on the loopback address, in temporary folders.
//!
//! What it offers waits for conditions, never for time.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

use crate::error::StandinError;
use crate::identity::Identity;
use crate::pki::{Authority, Validity};
use crate::raft::{InitialMember, RaftOptions, RaftServer, Service};

const PATIENCE: Duration = Duration::from_secs(10);
const LOOK_AGAIN: Duration = Duration::from_millis(10);

/// The members of a cluster, and what it takes to start more of them.
pub struct TrialCluster {
    /// The members and waiting nodes, in the order of their start: node01, node02, …
    pub servers: Vec<RaftServer>,
    /// Who issued every certificate in it.
    pub authority: Authority,
    /// A client that trusts the CA and presents a certificate of it.
    pub client: reqwest::Client,
    folder: TempDir,
    service: Service,
    extensions: bool,
}

/// Starts a chainfire of this many members and waits until one leads and all know it.
///
/// # Errors
/// A member does not start, or no leader is found in ten seconds.
pub async fn cluster_of(members: usize) -> Result<TrialCluster, StandinError> {
    TrialCluster::start(Service::Chainfire, members).await
}

impl TrialCluster {
    /// Like [`cluster_of`], for either service.
    ///
    /// # Errors
    /// A member does not start, or no leader is found in ten seconds.
    pub async fn start(service: Service, members: usize) -> Result<Self, StandinError> {
        let authority = Authority::create()?;
        let client = identity(&authority, "client")?.client()?;
        let folder = tempfile::tempdir().map_err(|source| StandinError::File {
            action: "make",
            path: std::env::temp_dir(),
            source,
        })?;
        let mut cluster = Self { servers: Vec::new(), authority, client, folder, service, extensions: true };
        for _ in 0..members {
            cluster.start_waiting().await?;
        }
        let first: Vec<InitialMember> = cluster.servers.iter().map(RaftServer::as_initial_member).collect();
        for server in &cluster.servers {
            server.bootstrap(&first).await?;
        }
        for server in &cluster.servers {
            let led = |list: &Value| list["leader"].is_string() && list["cluster_id"].is_string();
            cluster.wait_for_members(server, "a leader", led).await?;
        }
        Ok(cluster)
    }

    /// Restarts every member, and later ones as well, with nothing but what the admin API demands.
    ///
    /// # Errors
    /// A member does not start, or is not healthy in ten seconds.
    pub async fn without_extensions(mut self) -> Result<Self, StandinError> {
        self.extensions = false;
        let mut stopped = Vec::new();
        for server in self.servers.drain(..) {
            stopped.push(server.stop().await);
        }
        for options in stopped {
            self.servers.push(RaftServer::start(RaftOptions { extensions: false, ..options }).await?);
        }
        for server in &self.servers {
            self.wait_for_health(server).await?;
        }
        Ok(self)
    }

    /// Starts one more node, which waits to be added; returns its place in `servers`.
    ///
    /// # Errors
    /// It does not start.
    pub async fn start_waiting(&mut self) -> Result<usize, StandinError> {
        let options = self.options(&format!("node{:02}", self.servers.len() + 1))?;
        self.servers.push(RaftServer::start(options).await?);
        Ok(self.servers.len() - 1)
    }

    /// Options for one more node of this cluster, to be changed before it is started.
    ///
    /// # Errors
    /// No certificate can be made.
    pub fn options(&self, node_id: &str) -> Result<RaftOptions, StandinError> {
        let any_port = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0);
        Ok(RaftOptions {
            service: self.service,
            node_id: node_id.to_owned(),
            listen: any_port,
            raft_addr: any_port,
            data_dir: self.folder.path().join(node_id),
            identity: self.identity(node_id)?,
            initial_cluster: Vec::new(),
            require_client_certificate: false,
            cluster_name: "trial".to_owned(),
            advertise: None,
            change_wait: Duration::from_secs(5),
            heartbeat_ms: 100,
            extensions: self.extensions,
            admission: true,
        })
    }

    /// A certificate for the loopback address, with its CA.
    ///
    /// # Errors
    /// No certificate can be made.
    pub fn identity(&self, subject: &str) -> Result<Identity, StandinError> {
        identity(&self.authority, subject)
    }

    /// The member that leads right now, if one does.
    #[must_use]
    pub fn leader(&self) -> Option<&RaftServer> {
        self.servers.iter().find(|server| server.is_leader())
    }

    /// A member that does not lead right now.
    #[must_use]
    pub fn follower(&self) -> Option<&RaftServer> {
        self.servers.iter().find(|server| !server.is_leader())
    }

    /// Waits until the member list of this server is as wanted, and returns it.
    ///
    /// # Errors
    /// It is not after ten seconds; the error shows what it was.
    pub async fn wait_for_members(
        &self,
        server: &RaftServer,
        condition: &str,
        wanted: impl Fn(&Value) -> bool,
    ) -> Result<Value, StandinError> {
        let url = format!("{}/admin/cluster/members", server.api_url());
        let deadline = Instant::now() + PATIENCE;
        loop {
            let list = self.get_json(&url).await?;
            if wanted(&list) {
                return Ok(list);
            }
            if Instant::now() > deadline {
                return Err(StandinError::Waited {
                    condition: format!("{condition} at {}", server.node_id()),
                    last_seen: list.to_string(),
                });
            }
            tokio::time::sleep(LOOK_AGAIN).await;
        }
    }

    async fn wait_for_health(&self, server: &RaftServer) -> Result<(), StandinError> {
        let url = format!("{}/health", server.api_url());
        let deadline = Instant::now() + PATIENCE;
        loop {
            let last_seen = self.get_json(&url).await?;
            if last_seen["status"] == "healthy" {
                return Ok(());
            }
            if Instant::now() > deadline {
                let condition = format!("health at {}", server.node_id());
                return Err(StandinError::Waited { condition, last_seen: last_seen.to_string() });
            }
            tokio::time::sleep(LOOK_AGAIN).await;
        }
    }

    async fn get_json(&self, url: &str) -> Result<Value, StandinError> {
        let failed = |source| StandinError::Request { url: url.to_owned(), source };
        let response = self.client.get(url).send().await.map_err(failed)?;
        response.json().await.map_err(failed)
    }
}

fn identity(authority: &Authority, subject: &str) -> Result<Identity, StandinError> {
    let names = ["localhost".to_owned(), "127.0.0.1".to_owned()];
    let issued = authority.issue(subject, &names, Validity::Valid)?;
    Ok(Identity::new(authority.certificate_pem(), &issued))
}
