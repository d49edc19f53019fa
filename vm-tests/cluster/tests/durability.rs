//! What a member still knows after it was stopped and started again.

use std::error::Error;

use cluster_standin::{RaftServer, cluster_of};
use reqwest::StatusCode;
use serde_json::Value;

type Outcome = Result<(), Box<dyn Error>>;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn keys_membership_and_identity_survive_a_restart() -> Outcome {
    let mut cluster = cluster_of(1).await?;
    let only = &cluster.servers[0];
    let key = format!("{}/v1/kv/iam/setup", only.api_url());
    let create = || cluster.client.put(&key).header("If-None-Match", "*").body("once");
    assert_eq!(create().send().await?.status(), StatusCode::OK);
    assert_eq!(create().send().await?.status(), StatusCode::PRECONDITION_FAILED);
    let led = |list: &Value| list["leader"] == "node01";
    let before = cluster.wait_for_members(only, "a leader", led).await?;

    let options = cluster.servers.remove(0).stop().await;
    cluster.servers.push(RaftServer::start(options).await?);
    let only = &cluster.servers[0];
    let after = cluster.wait_for_members(only, "a leader", led).await?;
    assert_eq!(before, after);
    assert_eq!(cluster.client.get(&key).send().await?.text().await?, "once");
    let missing = cluster.client.get(format!("{key}/other")).send().await?;
    assert_eq!(missing.status(), StatusCode::NOT_FOUND);
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_member_that_was_away_catches_up() -> Outcome {
    let mut cluster = cluster_of(3).await?;
    let position = cluster.servers.iter().position(|server| !server.is_leader());
    let options = cluster.servers.remove(position.ok_or("no follower")?).stop().await;
    let leader = cluster.leader().ok_or("no leader")?;
    let put = cluster.client.put(format!("{}/v1/kv/colour", leader.api_url()));
    assert_eq!(put.body("blue").send().await?.status(), StatusCode::OK);

    let back = RaftServer::start(options).await?;
    let led = |list: &Value| list["leader"].is_string();
    cluster.wait_for_members(&back, "a leader", led).await?;
    let url = format!("{}/v1/kv/colour?stale=true", back.api_url());
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(5);
    while cluster.client.get(&url).send().await?.text().await? != "blue" {
        assert!(std::time::Instant::now() < deadline, "the key did not arrive");
    }
    Ok(())
}

/// "Reset and Re-join" in the first-boot specification empties the data folder of a member that is still in the list.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_member_that_lost_its_data_is_filled_again() -> Outcome {
    for bootstraps_again in [false, true] {
        let mut cluster = cluster_of(3).await?;
        let leader = cluster.leader().ok_or("no leader")?;
        let led = |list: &Value| list["members"].as_array().is_some_and(|all| all.len() == 3);
        let before = cluster.wait_for_members(leader, "three members", led).await?;
        let first: Vec<_> = cluster.servers.iter().map(RaftServer::as_initial_member).collect();

        let position = cluster.servers.iter().position(|server| !server.is_leader());
        let mut options = cluster.servers.remove(position.ok_or("no follower")?).stop().await;
        std::fs::remove_dir_all(&options.data_dir)?;
        if bootstraps_again {
            options.initial_cluster = first;
        }
        let emptied = RaftServer::start(options).await?;
        let same = |list: &Value| list["cluster_id"] == before["cluster_id"] && list["leader"].is_string();
        cluster.wait_for_members(&emptied, "the old cluster", same).await?;
        cluster.servers.push(emptied);
        let leader = cluster.leader().ok_or("no leader")?;
        let put = cluster.client.put(format!("{}/v1/kv/colour", leader.api_url()));
        assert_eq!(put.body("red").send().await?.status(), StatusCode::OK);
    }
    Ok(())
}
