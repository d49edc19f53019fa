//! A busy leader over real TLS (M10): whole agents against a real Raft member; root and systemd are not needed.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

#[allow(dead_code, reason = "what a node can do serves more tests than these")]
mod node;

use cluster_standin::{Fault, Rule, cluster_of};
use futures_util::future::join_all;
use node::Node;
use serde_json::{Value, json};

const ADD: &str = "/admin/member/add";

#[tokio::test(flavor = "multi_thread")]
async fn m10_agents_with_one_attempt_each_outwait_a_busy_leader() {
    const AGENTS: usize = 4;
    const REFUSALS: usize = 8;
    let mut cluster = cluster_of(1).await.unwrap();
    let mut nodes = Vec::new();
    for _ in 0..AGENTS {
        let own = cluster.start_waiting().await.unwrap();
        nodes.push(Node::joining(&cluster, own));
    }
    let busy = Fault::Status {
        status: 503,
        headers: [("Retry-After".to_owned(), "1".to_owned())].into_iter().collect(),
        body: "{}".to_owned(),
    };
    let leader = &cluster.servers[0];
    leader.faults().set(vec![Rule::once("POST", ADD, busy); REFUSALS]);

    let runs = join_all(nodes.iter().map(async |node| {
        node.edit(|config| {
            config["policies"]["join"]["attempts"] = 1.into();
            // The one attempt is not to be spent on a slow machine.
            config["policies"]["request"] = json!({"connect": "10s", "total": "20s"});
        });
        node.run(&["join", "chainfire"]).await
    }))
    .await;
    for (node, run) in nodes.iter().zip(&runs) {
        assert_eq!(run.code, 0, "{run}");
        assert!(node.has_marker("chainfire-joined"), "{run}");
    }
    assert!(runs.iter().any(|run| run.says("ClusterBusy")));
    assert!(!runs.iter().any(|run| run.says("RequestFailed")));
    let all_voters = |list: &Value| {
        let members = list["members"].as_array().unwrap();
        members.len() == 1 + AGENTS && members.iter().all(|member| member["role"] == "voter")
    };
    cluster.wait_for_members(leader, "each node once, as a voter", all_voters).await.unwrap();
    assert!(leader.requests().count("POST", ADD) >= REFUSALS + AGENTS);
}
