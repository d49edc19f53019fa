//! `diagnose`: one file with everything but secrets.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

#[allow(dead_code, reason = "each test file uses its share")]
mod node;

use std::fs;
use std::os::unix::fs::MetadataExt;

use cluster_standin::cluster_of;
use node::Node;
use serde_json::json;

const CANARY: &str = "hunter2-canary";

/// No line of a key, and no canary.
fn assert_without_secrets(node: &Node, text: &str) {
    assert!(!text.contains(CANARY), "{text}");
    let key = fs::read_to_string(node.path("node.key")).unwrap();
    for line in key.lines().filter(|line| !line.starts_with("-----")) {
        assert!(!text.contains(line), "a line of the key: {text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn x2_a_report_has_every_section_and_no_secret() {
    let mut cluster = cluster_of(1).await.unwrap();
    let own = cluster.start_waiting().await.unwrap();
    let node = Node::joining(&cluster, own);
    assert_eq!(node.run(&["join", "chainfire"]).await.code, 0);
    node.write_secret("password", CANARY);
    node.write_secret("state/iam-admin-password", CANARY);
    node.edit(|config| {
        config["services"]["iam"]["admin_password_file"] = node.path("password").display().to_string().into();
        config["my_password"] = CANARY.into();
        config["notes"] = json!({"text": CANARY, CANARY: true});
    });
    let path = node.path("report.txt");
    let written = node.run(&["diagnose", "--output", path.to_str().unwrap()]).await;
    assert_eq!(written.code, 0, "{written}");
    let text = fs::read_to_string(&path).unwrap();
    assert_eq!(fs::metadata(&path).unwrap().mode() & 0o7777, 0o600);
    for section in [
        "Agent and system",
        "Clock",
        "Configuration",
        "TLS files",
        "State",
        "Handed over by the initrd",
        "Status",
        "Plan",
        "Units",
        "Members",
        "Names",
        "Machine",
        "Journal of this boot",
    ] {
        assert!(text.contains(&format!("\n== {section} ==\n")), "{section}: {text}");
    }
    for reported in [
        "$.node_id",
        "1: subject CN=",
        " until 20",
        "names IP 127.0.0.1",
        "1 private key",
        ".chainfire-joined:\n",
        "iam-admin-password  a file, mode 0600",
        "node02 at ",
        ", voter, healthy",
        "memory ",
    ] {
        assert!(text.contains(reported), "{reported}: {text}");
    }
    assert_without_secrets(&node, &text);
}

#[tokio::test(flavor = "multi_thread")]
async fn x2_a_report_of_a_broken_configuration_quotes_nothing_of_it() {
    let cluster = cluster_of(1).await.unwrap();
    let node = Node::bootstrapping(&cluster, 0);
    for broken in [json!(CANARY), json!({"url": CANARY}), json!([CANARY])] {
        node.edit(|config| {
            config["services"]["chainfire"] = broken;
            config["raft_addr"] = CANARY.into();
            config[CANARY] = 1.into();
        });
        let run = node.run(&["diagnose", "--output", "-"]).await;
        assert_eq!(run.code, 0, "{run}");
        assert!(run.stdout.contains("$.services.chainfire") && run.stdout.contains("$.raft_addr"), "{run}");
        assert_without_secrets(&node, &run.stdout);
    }
    fs::write(node.path("cluster-config.json"), format!("{{\"password\": {CANARY}")).unwrap();
    let run = node.run(&["diagnose", "--output", "-"]).await;
    assert!(run.code == 0 && run.stdout.contains("line 1 column"), "{run}");
    assert_without_secrets(&node, &run.stdout);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_is_there_and_a_link_are_left_alone() {
    let cluster = cluster_of(1).await.unwrap();
    let node = Node::bootstrapping(&cluster, 0);
    fs::write(node.path("precious"), "precious").unwrap();
    std::os::unix::fs::symlink(node.path("nothing"), node.path("link")).unwrap();
    for name in ["precious", "link"] {
        let run = node.run(&["diagnose", "--output", node.path(name).to_str().unwrap()]).await;
        assert!(run.code == 1 && run.stderr.contains("name another file"), "{run}");
    }
    assert_eq!(fs::read_to_string(node.path("precious")).unwrap(), "precious");
    assert!(!node.path("nothing").exists());
    let run = node.run(&["diagnose", "--output", node.path("missing/report").to_str().unwrap()]).await;
    assert!(run.code == 1 && run.stderr.contains("cannot write"), "{run}");
}
