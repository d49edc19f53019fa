//! Bootstrap, growing, shrinking, and finding the leader: what the admin API promises.

use std::error::Error;

use cluster_standin::{RaftServer, TrialCluster, cluster_of};
use reqwest::StatusCode;
use serde_json::{Value, json};

type Outcome = Result<(), Box<dyn Error>>;

async fn add(
    cluster: &TrialCluster,
    asked: &RaftServer,
    id: &str,
    raft_addr: &str,
) -> Result<reqwest::Response, reqwest::Error> {
    let url = format!("{}/admin/member/add", asked.api_url());
    let body = json!({ "id": id, "raft_addr": raft_addr });
    cluster.client.post(url).json(&body).send().await
}

fn roles(list: &Value) -> Vec<(String, String, String)> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let members = list["members"].as_array();
    let members = members.into_iter().flatten();
    members.map(|member| (text(&member["id"]), text(&member["role"]), text(&member["status"]))).collect()
}

fn all_healthy_voters(list: &Value, number: usize) -> bool {
    let roles = roles(list);
    roles.len() == number && roles.iter().all(|(_, role, status)| role == "voter" && status == "healthy")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn three_nodes_bootstrap_one_cluster() -> Outcome {
    let cluster = cluster_of(3).await?;
    let mut identities = Vec::new();
    for server in &cluster.servers {
        let list = cluster.wait_for_members(server, "three voters", |list| all_healthy_voters(list, 3)).await?;
        let ids: Vec<_> = roles(&list).into_iter().map(|(id, ..)| id).collect();
        assert_eq!(ids, ["node01", "node02", "node03"]);
        identities.push(list["cluster_id"].clone());
        let health = cluster.client.get(format!("{}/health", server.api_url()));
        assert_eq!(health.send().await?.status(), StatusCode::OK);
    }
    assert!(identities.iter().all(|identity| *identity == identities[0]));
    assert_eq!(cluster.servers.iter().filter(|server| server.is_leader()).count(), 1);
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_added_node_becomes_a_voter_and_can_be_removed_again() -> Outcome {
    let mut cluster = cluster_of(3).await?;
    let fourth = cluster.start_waiting().await?;
    let fourth = &cluster.servers[fourth];
    let waiting = cluster.client.get(format!("{}/health", fourth.api_url()));
    assert_eq!(waiting.send().await?.status(), StatusCode::OK);
    let empty = cluster.wait_for_members(fourth, "an empty list", |list| roles(list).is_empty());
    assert_eq!(empty.await?["leader"], Value::Null);

    let leader = cluster.leader().ok_or("no leader")?;
    let added = add(&cluster, leader, "node04", &fourth.raft_addr()).await?;
    assert_eq!(added.status(), StatusCode::CREATED);
    let timing = added.headers()["server-timing"].to_str()?.to_owned();
    assert!(timing.starts_with("raft;dur="), "{timing}");
    for server in &cluster.servers {
        let grown = |list: &Value| all_healthy_voters(list, 4);
        cluster.wait_for_members(server, "four voters", grown).await?;
    }

    let remove = format!("{}/admin/member/node04", leader.api_url());
    let removed = cluster.client.delete(&remove).send().await?;
    assert_eq!(removed.status(), StatusCode::OK);
    let shrunk = |list: &Value| all_healthy_voters(list, 3);
    cluster.wait_for_members(leader, "three voters", shrunk).await?;
    let again = cluster.client.delete(&remove).send().await?;
    assert_eq!(again.status(), StatusCode::NOT_FOUND);
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_id_or_an_address_that_is_taken_is_a_conflict() -> Outcome {
    let cluster = cluster_of(1).await?;
    let only = &cluster.servers[0];
    let own = only.raft_addr();
    for (id, raft_addr) in [("node01", own.as_str()), ("node01", "127.0.0.1:9"), ("node09", &own)] {
        let answer = add(&cluster, only, id, raft_addr).await?;
        assert_eq!(answer.status(), StatusCode::CONFLICT, "{id} {raft_addr}");
        let body: Value = answer.json().await?;
        assert_eq!(body["error"], "already a member");
        assert_eq!(body["member"], json!({ "id": "node01", "raft_addr": own }));
    }
    for raft_addr in ["", "127.0.0.1", "127.0.0.1:0"] {
        let answer = add(&cluster, only, "node09", raft_addr).await?;
        assert_eq!(answer.status(), StatusCode::BAD_REQUEST, "{raft_addr:?}");
    }
    let last = cluster.client.delete(format!("{}/admin/member/node01", only.api_url()));
    assert_eq!(last.send().await?.status(), StatusCode::CONFLICT);
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_follower_points_to_the_leader_and_leadership_can_be_moved() -> Outcome {
    let cluster = cluster_of(3).await?;
    let follower = cluster.follower().ok_or("no follower")?;
    let leader = cluster.leader().ok_or("no leader")?;
    let answer = add(&cluster, follower, "node04", "127.0.0.1:9").await?;
    assert_eq!(answer.status(), StatusCode::MISDIRECTED_REQUEST);
    let expected = format!("{}/admin/member/add", leader.api_url());
    assert_eq!(answer.headers()["location"], expected.as_str());
    let body: Value = answer.json().await?;
    assert_eq!(body["leader"], json!({ "id": leader.node_id(), "url": leader.api_url() }));

    let elect = format!("{}/test/elect", follower.api_url());
    assert_eq!(cluster.client.post(elect).send().await?.status(), StatusCode::OK);
    for server in &cluster.servers {
        let moved = |list: &Value| list["leader"] == follower.node_id();
        cluster.wait_for_members(server, "the new leader", moved).await?;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dead_member_is_seen_as_unreachable_and_the_cluster_goes_on() -> Outcome {
    let mut cluster = cluster_of(3).await?;
    let position = cluster.servers.iter().position(|server| !server.is_leader());
    let dead = cluster.servers.remove(position.ok_or("no follower")?);
    let name = dead.node_id().to_owned();
    dead.stop().await;
    for server in &cluster.servers {
        let unreachable = |list: &Value| {
            let mut roles = roles(list).into_iter();
            roles.any(|(id, _, status)| id == name && status == "unreachable")
        };
        let seen = cluster.wait_for_members(server, "an unreachable member", unreachable);
        seen.await?;
    }
    let leader = cluster.leader().ok_or("no leader")?;
    let key = format!("{}/v1/kv/colour", leader.api_url());
    let put = cluster.client.put(&key).body("green").send().await?;
    assert_eq!(put.status(), StatusCode::OK);
    assert_eq!(cluster.client.get(&key).send().await?.text().await?, "green");
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn adding_one_node_many_times_at_once_leaves_one_entry() -> Outcome {
    let mut cluster = cluster_of(3).await?;
    let fourth = cluster.start_waiting().await?;
    let leader = cluster.leader().ok_or("no leader")?;
    let url = format!("{}/admin/member/add", leader.api_url());
    let body = json!({ "id": "node04", "raft_addr": cluster.servers[fourth].raft_addr() });
    let mut calls = tokio::task::JoinSet::new();
    for _ in 0..8 {
        calls.spawn(cluster.client.post(&url).json(&body).send());
    }
    let mut statuses = Vec::new();
    while let Some(answer) = calls.join_next().await {
        statuses.push(answer??.status());
    }
    statuses.sort();
    let mut expected = vec![StatusCode::CONFLICT; 8];
    expected[0] = StatusCode::CREATED;
    assert_eq!(statuses, expected);
    let grown = |list: &Value| all_healthy_voters(list, 4);
    cluster.wait_for_members(leader, "four voters", grown).await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_leader_can_be_removed_and_another_takes_over() -> Outcome {
    let mut cluster = cluster_of(3).await?;
    let position = cluster.servers.iter().position(RaftServer::is_leader);
    let leader = cluster.servers.remove(position.ok_or("no leader")?);
    let remove = format!("{}/admin/member/{}", leader.api_url(), leader.node_id());
    let removed = cluster.client.delete(remove).send().await?;
    assert_eq!(removed.status(), StatusCode::OK);
    leader.stop().await;
    for server in &cluster.servers {
        let shrunk = |list: &Value| list["leader"].is_string() && all_healthy_voters(list, 2);
        cluster.wait_for_members(server, "two voters", shrunk).await?;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_of_another_cluster_is_never_taken_over() -> Outcome {
    let ours = cluster_of(1).await?;
    let theirs = cluster_of(1).await?;
    let (leader, stranger) = (&ours.servers[0], &theirs.servers[0]);
    let identity = |list: &Value| list["cluster_id"].clone();
    let any = |_: &Value| true;
    let before = identity(&theirs.wait_for_members(stranger, "a list", any).await?);
    let added = add(&ours, leader, "node02", &stranger.raft_addr()).await?;
    assert_eq!(added.status(), StatusCode::CREATED);
    let unreachable = |list: &Value| list["members"][1]["status"] == "unreachable";
    let list = ours.wait_for_members(leader, "an unreachable stranger", unreachable).await?;
    assert_eq!(list["members"][1]["role"], "learner");
    let after = theirs.wait_for_members(stranger, "a list", any).await?;
    assert_eq!(identity(&after), before);
    assert_eq!(after["members"].as_array().map(Vec::len), Some(1));
    Ok(())
}
