//! What the stand-ins offer beyond what the admin API demands, and that all of it can be left out.

use std::error::Error;

use cluster_standin::{RaftServer, TrialCluster, cluster_of};
use reqwest::StatusCode;
use serde_json::{Value, json};

type Outcome = Result<(), Box<dyn Error>>;

async fn add(cluster: &TrialCluster, asked: &RaftServer, node: &Value) -> Result<(StatusCode, Value), reqwest::Error> {
    let url = format!("{}/admin/member/add", asked.api_url());
    let answer = cluster.client.post(url).json(node).send().await?;
    Ok((answer.status(), answer.json().await?))
}

async fn get(cluster: &TrialCluster, asked: &RaftServer, path: &str) -> Result<Value, reqwest::Error> {
    cluster.client.get(format!("{}{path}", asked.api_url())).send().await?.json().await
}

fn entry<'a>(list: &'a Value, id: &str) -> &'a Value {
    let mut members = list["members"].as_array().into_iter().flatten();
    members.find(|member| member["id"] == id).unwrap_or(&Value::Null)
}

fn keys(value: &Value) -> Vec<&str> {
    value.as_object().into_iter().flat_map(|object| object.keys().map(String::as_str)).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn health_says_who_answers_and_for_which_cluster() -> Outcome {
    let mut cluster = cluster_of(1).await?;
    let waiting = cluster.start_waiting().await?;
    let health = get(&cluster, &cluster.servers[waiting], "/health").await?;
    assert_eq!(health["node_id"], "node02");
    assert_eq!(health["cluster_id"], Value::Null);
    assert!(health["incarnation"].is_string(), "{health}");

    let only = &cluster.servers[0];
    let health = get(&cluster, only, "/health").await?;
    let list = get(&cluster, only, "/admin/cluster/members").await?;
    assert_eq!(health["node_id"], "node01");
    assert!(health["cluster_id"].is_string(), "{health}");
    assert_eq!(health["cluster_id"], list["cluster_id"]);
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_incarnation_is_that_of_the_data_directory() -> Outcome {
    let mut cluster = cluster_of(1).await?;
    let waiting = cluster.start_waiting().await?;
    let first = get(&cluster, &cluster.servers[waiting], "/health").await?["incarnation"].clone();

    let options = cluster.servers.remove(waiting).stop().await;
    cluster.servers.push(RaftServer::start(options).await?);
    let restarted = get(&cluster, &cluster.servers[waiting], "/health").await?["incarnation"].clone();
    assert_eq!(restarted, first);

    let options = cluster.servers.remove(waiting).stop().await;
    std::fs::remove_dir_all(&options.data_dir)?;
    cluster.servers.push(RaftServer::start(options).await?);
    let emptied = get(&cluster, &cluster.servers[waiting], "/health").await?["incarnation"].clone();
    assert!(emptied.is_string());
    assert_ne!(emptied, first);
    Ok(())
}

/// An add whose answer was lost can be sent again; the one of a wiped node is distinguished from it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_add_is_idempotent_for_one_incarnation_and_a_conflict_for_another() -> Outcome {
    let mut cluster = cluster_of(3).await?;
    let fourth = cluster.start_waiting().await?;
    let fourth = &cluster.servers[fourth];
    let incarnation = get(&cluster, fourth, "/health").await?["incarnation"].clone();
    let leader = cluster.leader().ok_or("no leader")?;
    let node = json!({ "id": "node04", "raft_addr": fourth.raft_addr(), "incarnation": incarnation });
    assert_eq!(add(&cluster, leader, &node).await?, (StatusCode::CREATED, json!({ "member": node })));
    assert_eq!(add(&cluster, leader, &node).await?, (StatusCode::OK, json!({ "member": node })));

    let wiped = json!({ "id": "node04", "raft_addr": fourth.raft_addr(), "incarnation": "another" });
    let elsewhere = json!({ "id": "node04", "raft_addr": "127.0.0.1:9", "incarnation": incarnation });
    let silent = json!({ "id": "node04", "raft_addr": fourth.raft_addr() });
    for again in [wiped, elsewhere, silent] {
        let (status, body) = add(&cluster, leader, &again).await?;
        assert_eq!(status, StatusCode::CONFLICT, "{again}");
        assert!(body["error"].is_string());
        assert_eq!(body["member"], node, "{again}");
    }
    for server in &cluster.servers {
        let is_voter = |list: &Value| entry(list, "node04")["role"] == "voter";
        let list = cluster.wait_for_members(server, "a fourth voter", is_voter).await?;
        assert_eq!(list["members"].as_array().map(Vec::len), Some(4));
        assert_eq!(entry(&list, "node04")["incarnation"], incarnation);
        let first = entry(&list, "node01").as_object().ok_or("no node01")?;
        assert_eq!(first.get("incarnation"), Some(&Value::Null), "it was never sent");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_incarnation_survives_the_restart_of_the_leader() -> Outcome {
    let mut cluster = cluster_of(1).await?;
    let node = json!({ "id": "node02", "raft_addr": "127.0.0.1:9", "incarnation": "first" });
    assert_eq!(add(&cluster, &cluster.servers[0], &node).await?.0, StatusCode::CREATED);
    let options = cluster.servers.remove(0).stop().await;
    cluster.servers.push(RaftServer::start(options).await?);
    let led = |list: &Value| list["leader"].is_string();
    let list = cluster.wait_for_members(&cluster.servers[0], "a leader", led).await?;
    assert_eq!(entry(&list, "node02")["incarnation"], "first");
    assert_eq!(add(&cluster, &cluster.servers[0], &node).await?.0, StatusCode::OK);
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_extensions_there_is_only_what_the_api_demands() -> Outcome {
    let mut cluster = cluster_of(3).await?.without_extensions().await?;
    let fourth = cluster.start_waiting().await?;
    let fourth = &cluster.servers[fourth];
    assert_eq!(keys(&get(&cluster, fourth, "/health").await?), ["status"]);

    let leader = cluster.leader().ok_or("no leader")?;
    let node = json!({ "id": "node04", "raft_addr": fourth.raft_addr(), "incarnation": "first" });
    let bare = json!({ "id": "node04", "raft_addr": fourth.raft_addr() });
    assert_eq!(add(&cluster, leader, &node).await?, (StatusCode::CREATED, json!({ "member": bare })));
    let conflict = json!({ "error": "already a member", "member": bare });
    assert_eq!(add(&cluster, leader, &node).await?, (StatusCode::CONFLICT, conflict));
    let list = get(&cluster, leader, "/admin/cluster/members").await?;
    assert_eq!(keys(&list), ["members"]);
    let mut names = keys(entry(&list, "node04"));
    names.sort_unstable();
    assert_eq!(names, ["id", "raft_addr", "status"]);

    // The way to the leader is not an extension.
    let follower = cluster.servers[..3].iter().find(|server| !server.is_leader()).ok_or("no follower")?;
    let hint = add(&cluster, follower, &json!({ "id": "node05", "raft_addr": "127.0.0.1:9" })).await?;
    assert_eq!(hint.0, StatusCode::MISDIRECTED_REQUEST);
    assert_eq!(hint.1["leader"]["url"], leader.api_url());
    Ok(())
}

/// A client that is refused for the moment gets `Retry-After`, unless extensions are left out.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_time_to_come_again_is_an_extension() -> Outcome {
    let cluster = cluster_of(1).await?;
    for extensions in [true, false] {
        let mut options = cluster.options("node09")?;
        options.extensions = extensions;
        let waiting = RaftServer::start(options).await?;
        let change = cluster.client.delete(format!("{}/admin/member/node01", waiting.api_url()));
        let answer = change.send().await?;
        assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(answer.headers().contains_key("retry-after"), extensions);
        waiting.stop().await;
    }
    Ok(())
}
