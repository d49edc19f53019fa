//! Trouble between a node and its leader that the table cannot show: several endpoints, names, a leader that changes.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

#[allow(dead_code, reason = "each test file uses its share")]
mod node;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use cluster_standin::{Fault, RaftServer, Rule, TrialCluster, cluster_of};
use node::{Node, neighbour};
use serde_json::json;
use tokio::net::TcpListener;

const ADD: &str = "/admin/member/add";

/// A waiting node and a leader on two addresses with one port, so that the leader is found by its Raft address, too; the
/// node is configured to ask `leader_url` first.
async fn neighbours(leader_url: &str) -> (TrialCluster, Node) {
    let mut cluster = cluster_of(0).await.unwrap();
    let own = cluster.start_waiting().await.unwrap();
    let leader = neighbour::start(&cluster, "leader").await.unwrap();
    leader.bootstrap(&[leader.as_initial_member()]).await.unwrap();
    neighbour::led(&cluster, &leader).await.unwrap();
    let node = Node::joining_through(&cluster, own, leader_url);
    node.edit(|config| config["initial_peers"] = json!([leader.raft_addr()]));
    neighbour::introduce(&node, &cluster);
    cluster.servers.push(leader);
    (cluster, node)
}

#[tokio::test(flavor = "multi_thread")]
async fn m1_a_lost_answer_is_found_in_the_list_and_not_asked_for_again() {
    let mut cluster = cluster_of(1).await.unwrap();
    let own = cluster.start_waiting().await.unwrap();
    let leader = &cluster.servers[0];
    leader.faults().set(vec![Rule::once("POST", ADD, Fault::LoseAnswer)]);
    let run = Node::joining(&cluster, own).run(&["join", "chainfire"]).await;
    assert_eq!(run.code, 0, "{run}");
    assert_eq!(leader.requests().count("POST", ADD), 1, "{run}");
}

#[tokio::test(flavor = "multi_thread")]
async fn m2_a_409_without_our_entry_is_no_membership_and_is_asked_again() {
    let mut cluster = cluster_of(1).await.unwrap();
    let own = cluster.start_waiting().await.unwrap();
    let conflict = || Fault::Status { status: 409, headers: BTreeMap::new(), body: "{}".to_owned() };
    let node = Node::joining(&cluster, own);
    cluster.servers[0].faults().set(vec![Rule::always("POST", ADD, conflict())]);
    let run = node.run(&["join", "chainfire"]).await;
    assert_eq!((run.code, run.says("AlreadyMember"), run.says("AttemptsExhausted")), (1, true, true), "{run}");
    assert!(!node.has_marker("chainfire-joined"), "{run}");

    cluster.servers[0].faults().set(vec![Rule::once("POST", ADD, conflict())]);
    let run = node.run(&["join", "chainfire"]).await;
    assert_eq!((run.code, node.has_marker("chainfire-joined")), (0, true), "{run}");
    assert!(run.message("RequestFailed").contains("answered HTTP 409"), "said at once, and asked again: {run}");
}

#[tokio::test(flavor = "multi_thread")]
async fn m9_a_silent_endpoint_costs_its_deadline_once() {
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://{}", silent.local_addr().unwrap());
    let asked = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&asked);
    let listening = tokio::spawn(async move {
        let mut open = Vec::new();
        while let Ok((stream, _)) = silent.accept().await {
            count.fetch_add(1, Ordering::Relaxed);
            open.push(stream);
        }
    });
    let (_cluster, node) = neighbours(&url).await;
    let run = node.run(&["join", "chainfire"]).await;
    listening.abort();
    assert_eq!(run.code, 0, "{run}");
    assert!(run.field("MemberAdded", "endpoint").contains("127.0.0.2"), "{run}");
    assert!(!run.says("RequestFailed"), "another endpoint was there to answer: {run}");
    // A connection that a request waits for may be opened twice, a list is asked for many times.
    assert!(asked.load(Ordering::Relaxed) <= 2, "asked {} times: {run}", asked.load(Ordering::Relaxed));
}

#[tokio::test(flavor = "multi_thread")]
async fn m10_a_busy_leader_is_left_alone_for_as_long_as_it_asks() {
    for status in [429, 503] {
        let mut cluster = cluster_of(1).await.unwrap();
        let own = cluster.start_waiting().await.unwrap();
        let headers = BTreeMap::from([("Retry-After".to_owned(), "1".to_owned())]);
        let busy = Fault::Status { status, headers, body: "{\"error\": \"one change at a time\"}".to_owned() };
        cluster.servers[0].faults().set(vec![Rule::once("POST", ADD, busy)]);
        let run = Node::joining(&cluster, own).run(&["join", "chainfire"]).await;
        assert_eq!(run.code, 0, "{run}");
        assert!(run.message("ClusterBusy").contains("one change at a time"), "{run}");
        let asked = cluster.servers[0].requests().all();
        let posts: Vec<u64> = asked.iter().filter(|request| request.method == "POST").map(|post| post.at_ms).collect();
        assert!(posts.len() == 2 && posts[1] - posts[0] >= 1000, "HTTP {status}: {posts:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn m12_a_leader_that_changes_between_list_and_add_is_followed() {
    let mut cluster = cluster_of(3).await.unwrap();
    let own = cluster.start_waiting().await.unwrap();
    let old = cluster.servers.iter().position(RaftServer::is_leader).unwrap();
    let new = (old + 1) % 3;
    let node = Node::joining_through(&cluster, own, cluster.servers[old].api_url());
    node.edit(|config| config["policies"]["request"]["total"] = "20s".into());
    // The add is held back for as long as an election may last.
    cluster.servers[old].faults().set(vec![Rule::once("POST", ADD, Fault::Delay { ms: 3000 })]);
    let elect = async {
        while cluster.servers[old].requests().count("POST", ADD) == 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        let url = format!("{}/test/elect", cluster.servers[new].api_url());
        assert_eq!(cluster.client.post(url).send().await.unwrap().status(), 200);
    };
    let (run, ()) = tokio::join!(node.run(&["join", "chainfire"]), elect);
    assert_eq!(run.code, 0, "{run}");
    assert_eq!(run.field("MemberAdded", "endpoint"), cluster.servers[new].api_url(), "{run}");
    for asked in [old, new] {
        assert_eq!(cluster.servers[asked].requests().count("POST", ADD), 1, "{run}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn n3_a_name_that_does_not_resolve_is_asked_for_again_and_addresses_work_without_it() {
    let mut cluster = cluster_of(0).await.unwrap();
    let own = cluster.start_waiting().await.unwrap();
    let node = Node::joining_through(&cluster, own, "https://leader.invalid:2379");
    let run = node.run(&["join", "chainfire"]).await;
    assert_eq!(run.code, 1, "{run}");
    for event in ["RequestFailed", "AttemptsExhausted"] {
        let reported = run.message(event);
        assert!(
            reported.contains("leader.invalid does not resolve") && reported.contains("leader.invalid:2379"),
            "{reported}"
        );
    }

    let (_cluster, node) = neighbours("https://leader.invalid:2379").await;
    let run = node.run(&["join", "chainfire"]).await;
    assert_eq!(run.code, 0, "{run}");
}

#[tokio::test(flavor = "multi_thread")]
async fn f22_a_machine_without_devices_has_random_numbers_all_the_same() {
    // One that has to ask a name server, over TLS, and to pause at random: all that needs them.
    let (_cluster, node) = neighbours("https://leader.invalid:2379").await;
    node.write_secret("resolv.conf", "nameserver 127.0.0.1\n");
    let resolv_conf = node.path("resolv.conf");
    let script =
        format!("mount -t tmpfs none /dev && mount --bind {} \"$(realpath /etc/resolv.conf)\"", resolv_conf.display());
    let run = node.run_where(&script, &["join", "chainfire"]).await;
    assert_eq!((run.code, node.has_marker("chainfire-joined")), (0, true), "{run}");
    assert!(!run.to_string().contains("random"), "{run}");

    node.edit(|config| config["initial_peers"] = json!([]));
    node.remove_markers();
    let run = node.run_where(&script, &["join", "chainfire"]).await;
    let message = run.message("RequestFailed");
    assert!(
        message.contains("name leader.invalid does not resolve: DNS server 127.0.0.1: nothing listens"),
        "{message}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn f34_an_answer_that_is_too_long_names_the_limit_that_lets_it_in() {
    let mut cluster = cluster_of(1).await.unwrap();
    let own = cluster.start_waiting().await.unwrap();
    let long = format!("{{\"members\": [], \"comment\": \"{}\"}}", "x".repeat(1_300_000));
    let list = Fault::Status { status: 200, headers: BTreeMap::new(), body: long };
    cluster.servers[0].faults().set(vec![Rule::always("GET", "/admin/cluster/members", list)]);
    let node = Node::joining(&cluster, own);
    let message = node.run(&["join", "chainfire"]).await.message("RequestFailed");
    assert!(
        message.contains("longer than 1048576 bytes; raise policies.request.max_body (64 MiB at most)"),
        "{message}"
    );

    node.edit(|config| config["policies"]["request"]["max_body"] = "2MiB".into());
    let run = node.run(&["join", "chainfire"]).await;
    assert!(!run.to_string().contains("max_body"), "{run}");
}

#[tokio::test(flavor = "multi_thread")]
async fn n4_a_leader_that_is_away_is_asked_for_again_for_ever() {
    let mut cluster = cluster_of(1).await.unwrap();
    let own = cluster.start_waiting().await.unwrap();
    let node = Node::joining(&cluster, own);
    let away = cluster.servers.remove(0).stop().await;
    for _ in 0..4 {
        let run = node.run(&["join", "chainfire"]).await;
        assert_eq!((run.code, run.says("AttemptsExhausted")), (1, true), "{run}");
    }
    let _leader = RaftServer::start(away).await.unwrap();
    let run = node.run(&["join", "chainfire"]).await;
    assert_eq!(run.code, 0, "{run}");

    // What makes an exit with 1 another start, without an end: no limit, and 1 is not among the codes that end it.
    for unit in ["chainfire-cluster-join", "flaredb-cluster-join", "iam-initial-setup", "cluster-health-check"] {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("systemd/{unit}.service"));
        let text = fs::read_to_string(path).unwrap();
        for line in ["StartLimitIntervalSec=0", "Restart=on-failure", "RestartPreventExitStatus=2 78"] {
            assert!(text.lines().any(|found| found == line), "{unit} has no {line}");
        }
    }
}
