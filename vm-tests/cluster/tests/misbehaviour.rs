//! The faults do what they say: each is what an agent has to live with.

use std::error::Error;
use std::time::Duration;

use cluster_standin::{Fault, Rule, cluster_of};
use reqwest::StatusCode;
use serde_json::{Value, json};

type Outcome = Result<(), Box<dyn Error>>;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lost_answer_is_lost_after_the_change_was_applied() -> Outcome {
    let mut cluster = cluster_of(1).await?;
    let second = cluster.start_waiting().await?;
    let (leader, second) = (&cluster.servers[0], &cluster.servers[second]);
    let path = "/admin/member/add";
    let body = json!({ "id": "node02", "raft_addr": second.raft_addr() });
    let add = || cluster.client.post(format!("{}{path}", leader.api_url())).json(&body);

    leader.faults().set(vec![Rule::once("POST", path, Fault::Reset)]);
    assert!(add().send().await.is_err());
    let alone = |list: &Value| list["members"].as_array().is_some_and(|all| all.len() == 1);
    cluster.wait_for_members(leader, "no second member", alone).await?;

    leader.faults().set(vec![Rule::once("POST", path, Fault::LoseAnswer)]);
    assert!(add().send().await.is_err());
    let joined = |list: &Value| list["members"][1]["role"] == "voter";
    cluster.wait_for_members(leader, "the second member", joined).await?;
    assert_eq!(add().send().await?.status(), StatusCode::CONFLICT);
    assert_eq!(leader.requests().count("POST", path), 3);
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn faults_can_be_set_over_http_and_answer_as_set() -> Outcome {
    let cluster = cluster_of(1).await?;
    let url = |path: &str| format!("{}{path}", cluster.servers[0].api_url());
    let rules = json!({ "rules": [
        { "method": "GET", "path": "/health", "times": 1, "fault":
            { "kind": "status", "status": 503, "headers": { "Retry-After": "7" }, "body": "busy" } },
        { "method": "GET", "path": "/health", "times": 1, "fault":
            { "kind": "garbage", "body": "<html>", "content_type": "text/html", "status": 200 } },
        { "path": "/health", "times": 1, "fault": { "kind": "endless" } },
        { "path": "/health", "times": 1, "fault": { "kind": "stall" } },
        { "path": "/health", "times": 1, "fault": { "kind": "delay", "ms": 1 } },
        { "path": "/admin/*", "fault": { "kind": "reset" } },
    ] });
    let set = cluster.client.put(url("/test/faults")).json(&rules);
    assert_eq!(set.send().await?.status(), StatusCode::NO_CONTENT);
    let health = || cluster.client.get(url("/health"));

    let busy = health().send().await?;
    assert_eq!(busy.headers()["retry-after"], "7");
    assert_eq!(busy.text().await?, "busy");
    let html = health().send().await?;
    assert_eq!(html.headers()["content-type"], "text/html");
    let mut endless = health().send().await?;
    for _ in 0..100 {
        assert!(endless.chunk().await?.is_some(), "an endless body ended");
    }
    drop(endless);
    let stalled = health().timeout(Duration::from_millis(300)).send().await;
    assert!(stalled.is_err_and(|error| error.is_timeout()));
    assert_eq!(health().send().await?.status(), StatusCode::OK);
    assert!(cluster.client.get(url("/admin/cluster/members")).send().await.is_err());

    cluster.client.delete(url("/test/faults")).send().await?;
    let list = cluster.client.get(url("/admin/cluster/members"));
    assert_eq!(list.send().await?.status(), StatusCode::OK);
    let requests: Value = cluster.client.get(url("/test/requests")).send().await?.json().await?;
    let asked = requests.as_array().into_iter().flatten();
    assert_eq!(asked.filter(|request| request["path"] == "/health").count(), 5);
    Ok(())
}
