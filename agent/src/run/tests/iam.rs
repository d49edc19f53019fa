//! Setting IAM up, and whose password it is.

use std::os::unix::fs::PermissionsExt;

use super::model::ModelCluster;
use super::{Outcome, TestNode};
use crate::config::Service;
use crate::markers::MarkerState;
use crate::plan::Step;

fn marked(node: &TestNode) -> bool {
    matches!(node.markers.read(Service::Iam), MarkerState::Present { .. })
}

#[tokio::test(start_paused = true)]
async fn the_first_initial_peer_generates_the_password_into_a_private_file() {
    let (node, cluster) = (TestNode::bootstrapping(), ModelCluster::of(&[]));
    assert_eq!(node.run(Step::Iam, None, &cluster).await, Outcome::Done);
    assert!(marked(&node) && node.events.has("IamPasswordGenerated"));
    let path = node.markers.directory().join("iam-admin-password");
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    let password = std::fs::read_to_string(&path).unwrap();
    assert_eq!(cluster.0.borrow().iam_password.as_deref(), Some(password.trim_end()));
    assert_eq!(password.trim_end().len(), 32);
    assert!(!node.events.text().contains(password.trim_end()), "no secret leaves");
}

#[tokio::test(start_paused = true)]
async fn a_node_without_a_password_waits_for_another_and_says_so() {
    let (node, cluster) = (TestNode::joining(), ModelCluster::of(&[]));
    assert_eq!(node.run(Step::Iam, None, &cluster).await, Outcome::Transient);
    assert!(!marked(&node) && cluster.calls("IAM!") == 0);
    assert!(node.events.has("IamAwaitingSetup") && node.events.has("IamSetupFailed"));

    cluster.0.borrow_mut().iam_is_set_up = true;
    assert_eq!(node.run(Step::Iam, None, &cluster).await, Outcome::Done);
    assert!(marked(&node) && node.events.has("IamAlreadySetUp"));
}

#[tokio::test(start_paused = true)]
async fn x1_a_password_file_that_others_can_read_is_refused() {
    let (node, cluster) = (TestNode::bootstrapping(), ModelCluster::of(&[]));
    let path = node.markers.directory().join("iam-admin-password");
    std::fs::write(&path, "hunter2\n").unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
    assert_eq!(node.run(Step::Iam, None, &cluster).await, Outcome::Blocked);
    let text = node.events.text();
    assert!(text.contains("chmod 600") && !text.contains("hunter2"), "{text}");
    assert_eq!(cluster.calls("IAM!"), 0);
}
