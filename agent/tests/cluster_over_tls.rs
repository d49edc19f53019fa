//! The cluster layer over real TLS against real Raft members on loopback; root and systemd are not needed.
//!
//! The whole binary runs as an operator would run it; what it says is read from its JSON lines.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

#[allow(dead_code, reason = "each test file uses its share")]
mod node;

use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

use cluster_standin::{Fault, IamOptions, IamServer, RaftServer, Rule, Service, TrialCluster, cluster_of};
use node::Node;
use serde_json::{Value, json};

#[tokio::test(flavor = "multi_thread")]
async fn a_node_joins_a_cluster_and_a_second_start_does_nothing() {
    let mut cluster = cluster_of(3).await.unwrap();
    let own = cluster.start_waiting().await.unwrap();
    let node = Node::joining(&cluster, own);
    let run = node.run(&["join", "chainfire"]).await;
    assert_eq!(run.code, 0, "{run}");
    assert!(run.says("Joined") && run.message("Joined").starts_with("Successfully joined cluster"));
    assert!(node.marker("chainfire-joined").contains("node_id=node04\n"));
    cluster.wait_for_members(&cluster.servers[0], "node04 as a voter", |list| voter(list, "node04")).await.unwrap();

    let before: usize = cluster.servers.iter().map(|server| server.requests().all().len()).sum();
    let again = node.run(&["join", "chainfire"]).await;
    assert_eq!((again.code, again.says("AlreadyDone")), (0, true), "{again}");
    let after: usize = cluster.servers.iter().map(|server| server.requests().all().len()).sum();
    assert_eq!(before, after, "a second start asks nobody");
}

fn voter(list: &Value, id: &str) -> bool {
    list["members"].as_array().unwrap().iter().any(|member| member["id"] == id && member["role"] == "voter")
}

fn listed(list: &Value, id: &str) -> bool {
    list["members"].as_array().unwrap().iter().any(|member| member["id"] == id)
}

#[tokio::test(flavor = "multi_thread")]
async fn m12_the_hint_of_a_follower_leads_to_the_leader() {
    let mut cluster = cluster_of(3).await.unwrap();
    let own = cluster.start_waiting().await.unwrap();
    let follower = cluster.follower().unwrap().api_url().to_owned();
    let node = Node::joining_through(&cluster, own, &follower);
    let run = node.run(&["join", "chainfire"]).await;
    assert_eq!(run.code, 0, "{run}");
    let leader = cluster.leader().unwrap();
    assert_eq!(run.field("MemberAdded", "endpoint"), leader.api_url().trim_end_matches('/'));
}

#[tokio::test(flavor = "multi_thread")]
async fn m1_n6_what_the_leader_answers_instead_is_survived_or_named() {
    let html =
        || Fault::Garbage { body: "<html>login</html>".to_owned(), content_type: "text/html".to_owned(), status: 200 };
    let status = |status, retry: Option<&str>| Fault::Status {
        status,
        headers: retry.map(|seconds| ("Retry-After".to_owned(), seconds.to_owned())).into_iter().collect(),
        body: "{}".to_owned(),
    };
    for (name, fault) in [
        ("a lost answer", Fault::LoseAnswer),
        ("a reset connection", Fault::Reset),
        ("a busy leader", status(503, Some("0"))),
        ("an error of the leader", status(500, None)),
        ("a captive portal", html()),
        ("an endless body", Fault::Endless),
        ("no answer at all", Fault::Stall),
    ] {
        let mut cluster = cluster_of(1).await.unwrap();
        let own = cluster.start_waiting().await.unwrap();
        cluster.servers[0].faults().set(vec![Rule::once("POST", "/admin/member/add", fault)]);
        let node = Node::joining(&cluster, own);
        let run = node.run(&["join", "chainfire"]).await;
        assert_eq!(run.code, 0, "{name}: {run}");
        let list = cluster
            .wait_for_members(&cluster.servers[0], "node02 as a voter", |list| voter(list, "node02"))
            .await
            .unwrap();
        let entries = list["members"].as_array().unwrap().iter().filter(|member| member["id"] == "node02").count();
        assert_eq!(entries, 1, "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn n6_a_member_list_that_is_none_is_transient_and_said() {
    let mut cluster = cluster_of(1).await.unwrap();
    let own = cluster.start_waiting().await.unwrap();
    let garbage =
        Fault::Garbage { body: "<html>login</html>".to_owned(), content_type: "text/html".to_owned(), status: 200 };
    cluster.servers[0].faults().set(vec![Rule::always("GET", "/admin/cluster/members", garbage)]);
    let node = Node::joining(&cluster, own);
    let run = node.run(&["join", "chainfire"]).await;
    assert_eq!(run.code, 1, "{run}");
    assert!(run.message("RequestFailed").contains("not a member list"), "{run}");
    assert!(run.message("AttemptsExhausted").starts_with("Failed to join cluster after 3 attempts"), "{run}");
    assert!(!node.has_marker("chainfire-joined"));
}

#[tokio::test(flavor = "multi_thread")]
async fn m4_a_taken_id_is_blocked_with_the_command_to_run() {
    let mut cluster = cluster_of(1).await.unwrap();
    let own = cluster.start_waiting().await.unwrap();
    let node = Node::joining(&cluster, own);
    node.run(&["join", "chainfire"]).await;
    let other = cluster.start_waiting().await.unwrap();
    let twin = Node::with_id(&cluster, other, "node02");
    let run = twin.run(&["join", "chainfire"]).await;
    assert_eq!((run.code, run.says("BlockedNotThisNode")), (78, true), "its service says who it is: {run}");
    let mut namesake = cluster.options("node02").unwrap();
    namesake.data_dir = twin.path("data");
    cluster.servers.push(RaftServer::start(namesake).await.unwrap());
    let twin = Node::joining(&cluster, other + 1);
    let run = twin.run(&["join", "chainfire"]).await;
    assert_eq!(run.code, 78, "{run}");
    // On loopback nothing shows whose an address is.
    assert!(!run.message("BlockedIdTaken").contains("-X DELETE"), "{run}");
}

#[tokio::test(flavor = "multi_thread")]
async fn n5_trust_that_does_not_fit_is_blocked_at_once() {
    let mut cluster = cluster_of(1).await.unwrap();
    let own = cluster.start_waiting().await.unwrap();
    for (name, event, spoil) in node::spoilt::SPOILT_FILES {
        let node = Node::joining(&cluster, own);
        spoil(&node, &cluster);
        let began = std::time::Instant::now();
        let run = node.run(&["join", "chainfire"]).await;
        assert_eq!(run.code, 78, "{name}: {run}");
        assert!(run.says(event), "{name}: {run}");
        assert!(began.elapsed() < Duration::from_secs(2), "{name} was waited for");
        assert!(!node.has_marker("chainfire-joined"), "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_certificate_is_presented_and_its_lack_is_named() {
    let mut cluster = cluster_of(1).await.unwrap();
    let mut options = cluster.options("node02").unwrap();
    options.require_client_certificate = true;
    cluster.servers.push(RaftServer::start(options).await.unwrap());
    let without = Node::joining(&cluster, 1);
    without.edit(|config| config["tls"] = json!({"ca": config["tls"]["ca"]}));
    let run = without.run(&["join", "chainfire"]).await;
    assert_eq!(run.code, 78, "{run}");
    assert!(run.message("BlockedTrust").contains("wants a certificate of this node"), "{run}");

    let run = Node::joining(&cluster, 1).run(&["join", "chainfire"]).await;
    assert_eq!(run.code, 0, "{run}");
}

#[tokio::test(flavor = "multi_thread")]
async fn x2_iam_is_set_up_once_and_an_answer_that_quotes_the_password_is_not_shown() {
    let flaredb = TrialCluster::start(Service::Flaredb, 1).await.unwrap();
    let iam = IamServer::start(IamOptions {
        listen: ([127, 0, 0, 1], 0).into(),
        flaredb_urls: vec![flaredb.servers[0].api_url().to_owned()],
        identity: flaredb.identity("iam").unwrap(),
        require_client_certificate: false,
    })
    .await
    .unwrap();
    let node = Node::bootstrapping(&flaredb, 0);
    std::fs::write(node.path("password"), "canary-hunter2\n").unwrap();
    std::fs::set_permissions(node.path("password"), std::fs::Permissions::from_mode(0o600)).unwrap();
    node.edit(|config| {
        config["services"]["iam"] =
            json!({"enable": true, "url": iam.api_url(), "admin_password_file": node.path("password")});
    });
    let quoting = Fault::Status {
        status: 400,
        headers: std::collections::BTreeMap::new(),
        body: "{\"error\": \"canary-hunter2 is too weak\"}".to_owned(),
    };
    iam.faults().set(vec![Rule::once("POST", "/admin/setup", quoting)]);
    let run = node.run(&["setup", "iam"]).await;
    assert_eq!((run.code, run.says("BlockedRefused")), (78, true), "{run}");
    assert!(!run.to_string().contains("canary"), "{run}");

    let run = node.run(&["setup", "iam"]).await;
    assert_eq!((run.code, run.says("IamSetUp")), (0, true), "{run}");
    std::fs::remove_file(node.path("state/.iam-initialized")).unwrap();
    let run = node.run(&["setup", "iam"]).await;
    assert_eq!((run.code, run.says("IamAlreadySetUp")), (0, true), "{run}");
    assert_eq!(iam.requests().count("POST", "/admin/setup"), 2, "what is done is not done again");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_configuration_that_is_corrected_during_a_wait_is_what_counts() {
    let mut cluster = cluster_of(1).await.unwrap();
    let own = cluster.start_waiting().await.unwrap();
    let node = Node::joining(&cluster, own);
    let right = std::fs::read_to_string(node.path("cluster-config.json")).unwrap();
    node.edit(|config| {
        config["node_id"] = "node99".into();
        // No server listens there, so the run waits for its own service.
        config["services"]["chainfire"]["url"] = "https://127.0.0.1:9".into();
        config["policies"]["health"]["limit"] = "60s".into();
    });
    let run = node.run_until(&["join", "chainfire"], "Configuration loaded", async || {
        std::fs::write(node.path("unrelated"), "").unwrap();
        std::fs::write(node.path("cluster-config.json"), right).unwrap();
    });
    let run = run.await;
    assert_eq!((run.code, run.says("ConfigurationChanged")), (0, true), "{run}");
    assert!(node.marker("chainfire-joined").contains("node_id=node02\n"));
    cluster.wait_for_members(&cluster.servers[0], "node02 as a voter", |list| voter(list, "node02")).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bootstrapped_member_confirms_itself() {
    let cluster = cluster_of(3).await.unwrap();
    let node = Node::bootstrapping(&cluster, 0);
    let run = node.run(&["join", "chainfire"]).await;
    assert_eq!(run.code, 0, "{run}");
    assert!(run.message("Bootstrapped").starts_with("Successfully bootstrapped cluster"), "{run}");
    assert!(node.has_marker("chainfire-initialized"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_health_check_sees_drift_and_the_loss_of_quorum() {
    let mut cluster = cluster_of(3).await.unwrap();
    let node = Node::bootstrapping(&cluster, 0);
    node.run(&["join", "chainfire"]).await;
    let run = node.run(&["health-check"]).await;
    // The others' API ports cannot be known on loopback, where every node has its own: their endpoints do not answer.
    assert_eq!((run.code, run.says("ClusterDegraded")), (0, true), "{run}");

    // Marked, and not listed.
    let waiting = cluster.start_waiting().await.unwrap();
    let stranger = Node::joining(&cluster, waiting);
    stranger.write_marker("chainfire-joined");
    let run = stranger.run(&["health-check"]).await;
    assert_eq!((run.code, run.says("MembershipDrift")), (1, true), "{run}");

    for (marker, event) in
        [("2025-01-01T00:00:00+00:00\nnode_id=node77\n", "BlockedForeignMarker"), ("", "MarkerDamaged")]
    {
        let node = Node::bootstrapping(&cluster, 1);
        node.write_marker_text("chainfire-initialized", marker);
        let run = node.run(&["health-check"]).await;
        assert!(run.says(event), "{run}");
        assert_eq!(run.code == 0, event == "MarkerDamaged", "a foreign marker is an alarm: {run}");
    }

    for server in cluster.servers.drain(1..) {
        server.stop().await;
    }
    let alone = |list: &Value| {
        list["members"].as_array().unwrap().iter().filter(|member| member["status"] == "healthy").count() < 2
    };
    cluster.wait_for_members(&cluster.servers[0], "the others unreachable", alone).await.unwrap();
    let run = node.run(&["health-check"]).await;
    assert_eq!((run.code, run.says("ClusterUnhealthy")), (1, true), "{run}");
}

#[tokio::test(flavor = "multi_thread")]
async fn m5_a_member_leaves_resets_and_joins_again_on_a_real_raft() {
    let mut cluster = cluster_of(3).await.unwrap();
    let own = cluster.start_waiting().await.unwrap();
    let node = Node::joining(&cluster, own);
    assert_eq!(node.run(&["join", "chainfire"]).await.code, 0);
    let left = node.run(&["leave"]).await;
    assert_eq!((left.code, left.says("Left"), left.says("MarkerRemoved")), (0, true, true), "{left}");
    cluster.wait_for_members(&cluster.servers[0], "node04 gone", |list| !listed(list, "node04")).await.unwrap();
    let again = node.run(&["leave"]).await;
    // A follower that lags may still list it; its removal is then found done.
    assert_eq!((again.code, again.says("NoMember") || again.says("Left")), (0, true), "{again}");
    assert!(!node.has_marker("chainfire-joined"));
    let joined = node.run(&["join", "chainfire"]).await;
    assert_eq!(joined.code, 0, "{joined}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_watch_without_a_terminal_prints_each_change_in_a_line() {
    let mut cluster = cluster_of(1).await.unwrap();
    let own = cluster.start_waiting().await.unwrap();
    let node = Node::joining(&cluster, own);
    let watch = node.run_until(&["status", "--watch", "--wait"], " chainfire  ", async || {
        assert_eq!(node.run(&["join", "chainfire"]).await.code, 0);
    });
    let watch = watch.await;
    let of_chainfire: Vec<&str> = watch.stdout.lines().filter(|line| line.contains(" chainfire  ")).collect();
    assert_eq!(watch.code, 0, "{watch}");
    assert!(!of_chainfire[0].contains(" done ") && of_chainfire.last().unwrap().contains(" done "), "{watch}");
}

#[tokio::test(flavor = "multi_thread")]
async fn status_and_plan_show_an_operator_how_far_the_node_is() {
    let mut cluster = cluster_of(1).await.unwrap();
    let own = cluster.start_waiting().await.unwrap();
    let node = Node::joining(&cluster, own);
    let plan = node.run(&["plan"]).await;
    assert!(plan.stdout.contains("join the chainfire cluster: no marker, and the members at"), "{plan}");
    assert!(plan.stdout.contains("services.flaredb.enable is false"), "{plan}");
    node.run(&["join", "chainfire"]).await;
    let status = node.run(&["status", "--json"]).await;
    assert_eq!(status.code, 0, "{status}");
    let watched = node.run(&["status", "--watch", "--wait"]).await;
    assert_eq!(watched.code, 0, "{watched}");
    assert!(watched.stdout.lines().any(|line| line.contains(" chainfire  done ")), "{watched}");
    assert!(!watched.stdout.contains('\u{1b}'), "{watched}");
    let reported: Value = serde_json::from_str(&status.stdout).unwrap();
    assert_eq!((&reported["node_id"], &reported["steps"][0]["state"]), (&"node02".into(), &"done".into()), "{status}");
    assert!(reported["steps"][0]["detail"].as_str().unwrap().contains("quorum"), "{status}");
}
