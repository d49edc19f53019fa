//! The calling end of the talk between members: JSON over HTTPS to the other's Raft port.
//!
//! Every call says for whom it is meant, so that a member added under a wrong address is turned
//! away there instead of being taken for another; from which cluster it comes, so that two clusters
//! that know each other's addresses never mix; and where the caller's own API is, so that its
//! followers can send clients on.

use std::sync::Arc;
use std::time::Duration;

use openraft::error::{InstallSnapshotError, NetworkError, RPCError, RaftError, RemoteError, Unreachable};
use openraft::network::{Backoff, RPCOption, RaftNetwork, RaftNetworkFactory};
use openraft::raft::{
    AppendEntriesRequest, AppendEntriesResponse, InstallSnapshotRequest, InstallSnapshotResponse, VoteRequest,
    VoteResponse,
};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::sync::watch;

use super::peers::Peers;
use super::store::Applied;
use super::types::{MemberNode, TypeConfig};

/// The header that names the member a call is meant for.
pub(crate) const RECIPIENT: &str = "x-raft-recipient";
/// The header that names the cluster of the caller, once it has a name.
pub(crate) const CLUSTER: &str = "x-raft-cluster";
/// The header that says where the caller's API is.
pub(crate) const CALLER_API: &str = "x-raft-caller-api";

/// So many heartbeats pass before a peer that cannot be reached is called again.
const BACKOFF: u32 = 2;

type CallError<E> = RPCError<u64, MemberNode, RaftError<u64, E>>;

/// Makes connections to other members.
#[derive(Clone)]
pub(crate) struct Network {
    pub(crate) client: reqwest::Client,
    pub(crate) api_url: String,
    pub(crate) peers: Arc<Peers>,
    pub(crate) applied: watch::Receiver<Applied>,
}

/// The way to one other member.
pub(crate) struct Connection {
    network: Network,
    target: u64,
    node: MemberNode,
}

impl RaftNetworkFactory<TypeConfig> for Network {
    type Network = Connection;

    async fn new_client(&mut self, target: u64, node: &MemberNode) -> Connection {
        Connection { network: self.clone(), target, node: node.clone() }
    }
}

impl Connection {
    async fn call<Q, A, E>(&self, path: &str, question: &Q, limit: Duration) -> Result<A, CallError<E>>
    where
        Q: Serialize + Sync,
        A: DeserializeOwned,
        E: std::error::Error + DeserializeOwned,
    {
        self.network.peers.called(self.target);
        let answer = self.exchange(path, question, limit).await;
        let answer: Result<A, RaftError<u64, E>> = answer.map_err(|error| {
            if error.is_connect() || error.is_status() {
                RPCError::Unreachable(Unreachable::new(&error))
            } else {
                RPCError::Network(NetworkError::new(&error))
            }
        })?;
        self.network.peers.answered(self.target);
        answer.map_err(|error| RPCError::RemoteError(RemoteError::new(self.target, error)))
    }

    async fn exchange<Q: Serialize + Sync, A: DeserializeOwned>(
        &self,
        path: &str,
        question: &Q,
        limit: Duration,
    ) -> Result<A, reqwest::Error> {
        let url = format!("https://{}/raft/{path}", self.node.raft_addr);
        let call = self.network.client.post(url).timeout(limit);
        let call = call.header(RECIPIENT, &self.node.id).header(CALLER_API, &self.network.api_url);
        let cluster_id = self.network.applied.borrow().cluster_id.clone();
        let call = match cluster_id {
            Some(cluster_id) => call.header(CLUSTER, cluster_id),
            None => call,
        };
        let response = call.json(question).send().await?.error_for_status()?;
        response.json().await
    }
}

impl RaftNetwork<TypeConfig> for Connection {
    async fn append_entries(
        &mut self,
        request: AppendEntriesRequest<TypeConfig>,
        option: RPCOption,
    ) -> Result<AppendEntriesResponse<u64>, CallError<openraft::error::Infallible>> {
        self.call("append", &request, option.hard_ttl()).await
    }

    async fn install_snapshot(
        &mut self,
        request: InstallSnapshotRequest<TypeConfig>,
        option: RPCOption,
    ) -> Result<InstallSnapshotResponse<u64>, CallError<InstallSnapshotError>> {
        self.call("snapshot", &request, option.hard_ttl()).await
    }

    async fn vote(
        &mut self,
        request: VoteRequest<u64>,
        option: RPCOption,
    ) -> Result<VoteResponse<u64>, CallError<openraft::error::Infallible>> {
        self.call("vote", &request, option.hard_ttl()).await
    }

    fn backoff(&self) -> Backoff {
        Backoff::new(std::iter::repeat(self.network.peers.heartbeat() * BACKOFF))
    }
}
