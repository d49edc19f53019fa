//! Services as data: a fourth one is joined by its row alone, after what it needs.

use std::time::Duration;

use tokio::time::sleep;

use super::model::ModelCluster;
use super::{Outcome, TestNode};
use crate::config::ServiceName;
use crate::markers::MarkerState;
use crate::plan::Step;

const THREE: [(&str, &str); 3] =
    [("node01", "10.0.1.10:2380"), ("node02", "10.0.1.11:2380"), ("node03", "10.0.1.12:2380")];

fn search() -> ServiceName {
    "search".parse().unwrap()
}

/// A node with the three services and an unknown one.
fn with_a_fourth() -> TestNode {
    TestNode::new(
        r#"{"node_id": "node04", "cluster_name": "prod", "leader_url": "https://node01:2379",
            "raft_addr": "10.0.1.13:2380", "initial_peers": ["node01:2380", "node02:2380", "node03:2380"],
            "services": {"search": {"protocol": "admin-v1", "needs": ["flaredb"], "api_port": 2579, "raft_port": 2580},
                         "chainfire": {}, "flaredb": {}, "iam": {}}}"#,
    )
}

fn is_marked(node: &TestNode) -> bool {
    matches!(node.markers.read(search()), MarkerState::Present { .. })
}

#[test]
fn a_fourth_service_follows_from_its_row() {
    let node = with_a_fourth();
    let labels: Vec<String> = Step::all(&node.config).iter().map(|step| step.label().to_owned()).collect();
    assert_eq!(labels, ["chainfire", "flaredb", "search", "iam", "health"], "each after what it needs");
    let step = Step::from(search());
    assert_eq!(
        (step.unit(), step.path_unit()),
        ("cluster-join@search.service".into(), "cluster-join@search.path".into())
    );
    let behind: Vec<String> =
        Step::FLAREDB.and_behind(&node.config).iter().map(|step| step.label().to_owned()).collect();
    assert_eq!(behind, ["flaredb", "search", "iam", "health"]);
    let service = node.config.member_service(search()).unwrap();
    assert_eq!(service.raft_addr().unwrap().to_string(), "10.0.1.13:2580");
    let asked: Vec<String> = service.endpoints_for_change().iter().map(ToString::to_string).collect();
    assert_eq!(asked, ["https://node01:2579", "https://node02:2579", "https://node03:2579"]);
    assert_eq!(service.unit.as_str(), "search.service");
}

#[tokio::test(start_paused = true)]
async fn a_fourth_service_is_joined_and_marked_under_its_name() {
    let (node, cluster) = (with_a_fourth(), ModelCluster::of(&THREE));
    node.write_marker(ServiceName::FLAREDB);
    assert_eq!(node.run(Step::from(search()), None, &cluster).await, Outcome::Done, "{}", node.events.text());
    assert!(is_marked(&node) && node.markers.directory().join(".search-joined").exists());
    assert_eq!(cluster.calls("ADD"), 1);
}

#[tokio::test(start_paused = true)]
async fn what_a_service_needs_is_waited_for_by_its_unit_and_named_to_an_operator() {
    let (mut node, cluster) = (with_a_fourth(), ModelCluster::of(&THREE));
    assert_eq!(node.run(Step::from(search()), None, &cluster).await, Outcome::Transient);
    assert!(
        node.events.text().contains("search needs flaredb, which is not done; look at it: systemctl status flaredb")
    );
    assert_eq!(cluster.calls(""), 0, "nobody was asked");

    node.looks_again = true;
    let later = async {
        sleep(Duration::from_secs(90)).await;
        assert!(!is_marked(&node) && node.events.has("WaitingForNeeded"));
        node.write_marker(ServiceName::FLAREDB);
    };
    let (outcome, ()) = tokio::join!(node.run(Step::from(search()), None, &cluster), later);
    assert_eq!((outcome, is_marked(&node)), (Outcome::Done, true), "{}", node.events.text());
}
