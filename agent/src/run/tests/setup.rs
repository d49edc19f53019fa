//! Setting IAM up, and whose password it is.

use std::os::unix::fs::PermissionsExt;

use super::model::ModelCluster;
use super::{Outcome, TestNode, run_step};
use crate::config::ServiceName;
use crate::markers::MarkerState;
use crate::plan::Step;
use crate::run::{Context, Credential};

fn marked(node: &TestNode) -> bool {
    matches!(node.markers.read(ServiceName::IAM), MarkerState::Present { .. })
}

#[tokio::test(start_paused = true)]
async fn the_first_initial_peer_generates_the_password_into_a_private_file() {
    let (node, cluster) = (TestNode::bootstrapping(), ModelCluster::of(&[]));
    assert_eq!(node.run(Step::IAM, None, &cluster).await, Outcome::Done);
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
    assert_eq!(node.run(Step::IAM, None, &cluster).await, Outcome::Transient);
    assert!(!marked(&node) && cluster.calls("IAM!") == 0);
    assert!(node.events.has("IamAwaitingSetup") && node.events.has("IamSetupFailed"));

    cluster.0.borrow_mut().iam_is_set_up = true;
    assert_eq!(node.run(Step::IAM, None, &cluster).await, Outcome::Done);
    assert!(marked(&node) && node.events.has("IamAlreadySetUp"));
}

#[tokio::test(start_paused = true)]
async fn x1_a_password_file_that_others_can_read_is_refused() {
    let (node, cluster) = (TestNode::bootstrapping(), ModelCluster::of(&[]));
    let path = node.markers.directory().join("iam-admin-password");
    std::fs::write(&path, "hunter2\n").unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
    assert_eq!(node.run(Step::IAM, None, &cluster).await, Outcome::Blocked);
    let text = node.events.text();
    assert!(text.contains("chmod 600") && !text.contains("hunter2"), "{text}");
    assert_eq!(cluster.calls("IAM!"), 0);
}

#[tokio::test(start_paused = true)]
async fn no_password_is_announced_as_valid_before_it_was_accepted() {
    // Reinstalled: IAM was set up in this node's earlier life, and has no way to say so before it is asked.
    let (node, cluster) = (TestNode::bootstrapping(), ModelCluster::of(&[]));
    cluster.0.borrow_mut().iam_is_set_up = true;
    cluster.0.borrow_mut().iam_is_silent = true;
    assert_eq!(node.run(Step::IAM, None, &cluster).await, Outcome::Done);
    assert!(marked(&node) && node.events.has("IamAlreadySetUp"));
    assert!(!node.events.has("IamPasswordGenerated") && !node.events.has("IamPasswordUncertain"));
    let path = node.markers.directory().join("iam-admin-password");
    assert!(!path.exists(), "a password that nobody has ever taken is not left to be believed");

    // The answer that counted was lost: the password may be the one.
    let (node, cluster) = (TestNode::bootstrapping(), ModelCluster::of(&[]));
    cluster.0.borrow_mut().iam_is_silent = true;
    cluster.0.borrow_mut().loses_setup = true;
    assert_eq!(node.run(Step::IAM, None, &cluster).await, Outcome::Done);
    assert!(node.events.has("IamPasswordUncertain") && !node.events.has("IamPasswordGenerated"));
    let path = node.markers.directory().join("iam-admin-password");
    let written = std::fs::read_to_string(path).unwrap();
    assert_eq!(cluster.0.borrow().iam_password.as_deref(), Some(written.trim_end()), "and here it is");
}

#[tokio::test(start_paused = true)]
async fn a_password_that_systemd_could_not_decrypt_is_not_replaced_by_another() {
    let (node, cluster) = (TestNode::bootstrapping(), ModelCluster::of(&[]));
    let path = std::path::PathBuf::from("/etc/credstore.encrypted/iam-admin-password");
    let find_credential = |_name: &str| Some(Credential::Encrypted(path.clone()));
    let context = Context { find_credential: &find_credential, ..node.context(None, &cluster) };
    assert_eq!(run_step(&context, Step::IAM, true, &node.events).await, Outcome::Blocked);
    assert!(node.events.text().contains(path.to_str().unwrap()), "{}", node.events.text());
    assert!(!node.markers.directory().join("iam-admin-password").exists());
    assert_eq!(cluster.calls("IAM!"), 0);
    // If it is set up already, the password is not needed.
    cluster.0.borrow_mut().iam_is_set_up = true;
    assert_eq!(run_step(&context, Step::IAM, true, &node.events).await, Outcome::Done);
}
