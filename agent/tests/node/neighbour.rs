//! Servers on different loopback addresses with one port, as nodes have it: so that one finds the other's API by its Raft
//! address alone.

use cluster_standin::pki::Validity;
use cluster_standin::{Identity, RaftServer, StandinError, TrialCluster};
use serde_json::Value;

use super::Node;

const BESIDE: &str = "127.0.0.2";

/// Starts a server beside the first one of the cluster, not bootstrapped yet.
pub(crate) async fn start(cluster: &TrialCluster, id: &str) -> Result<RaftServer, StandinError> {
    let mut options = cluster.options(id)?;
    let address = [127, 0, 0, 2];
    options.listen = (address, port(cluster)).into();
    options.raft_addr = (address, 0).into();
    let issued = cluster.authority.issue(id, &[BESIDE.to_owned()], Validity::Valid)?;
    options.identity = Identity::new(cluster.authority.certificate_pem(), &issued);
    RaftServer::start(options).await
}

/// Waits until this server knows a leader.
pub(crate) async fn led(cluster: &TrialCluster, server: &RaftServer) -> Result<(), StandinError> {
    let led = |list: &Value| list["leader"].is_string() && list["cluster_id"].is_string();
    cluster.wait_for_members(server, "a leader", led).await.map(drop)
}

/// Has the node look for the others' APIs at the port that theirs have.
pub(crate) fn introduce(node: &Node, cluster: &TrialCluster) {
    node.edit(|config| config["services"]["chainfire"]["api_port"] = port(cluster).into());
}

fn port(cluster: &TrialCluster) -> u16 {
    cluster.servers[0].api_url().rsplit_once(':').unwrap().1.parse().unwrap()
}
