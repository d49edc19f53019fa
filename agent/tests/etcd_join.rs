//! The agent and real etcd servers: it makes nodes voting members of clusters of another implementation (failure rows E1 to E12).

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]
#![allow(dead_code, reason = "the fixture is that of several tests")]
#![allow(clippy::await_holding_refcell_ref, reason = "a test is one thread, and no node starts anything meanwhile")]

mod etcd;
mod etcd_node;

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fs;
use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::fs::symlink;
use std::rc::Rc;

use cluster_standin::{Fault, Rule};
use first_boot_agent::config::value::BaseUrl;
use first_boot_agent::plan::Step;
use first_boot_agent::run::ports::{Members, Probe};
use first_boot_agent::run::{self, Outcome};
use serde_json::json;

use etcd::{EtcdCluster, LIST, PUT, REMOVE, until};
use etcd_node::{Node, Shared};
use futures_util::future::join_all;

/// A cluster of so many voters, and as many further servers that are prepared.
async fn cluster(voters: usize, further: usize) -> Shared {
    let mut cluster = EtcdCluster::start(voters).await;
    for _ in 0..further {
        cluster.prepare();
    }
    Rc::new(RefCell::new(cluster))
}

/// Names of the members that the first server lists, learners with a mark.
async fn listed(cluster: &Shared) -> Vec<String> {
    listed_by(cluster, 0).await
}

async fn listed_by(cluster: &Shared, number: usize) -> Vec<String> {
    let answer = cluster.borrow().list(number).await;
    let members = answer.body["members"].as_array().unwrap();
    let name = |member: &serde_json::Value| {
        let mark = if member["isLearner"] == true { "?" } else { "" };
        format!("{}{mark}", member["name"].as_str().unwrap_or("-"))
    };
    let mut names: Vec<String> = members.iter().map(name).collect();
    names.sort();
    names
}

#[tokio::test]
async fn e1_e3_e4_e7_a_machine_becomes_a_voter_and_reads_what_was_written_before() {
    let cluster = cluster(1, 1).await;
    let (key, value) = ("Zm9v", "YmFy");
    assert_eq!(cluster.borrow().ask(0, PUT, json!({"key": key, "value": value})).await.status, 200);
    let node = Node::joining(&cluster, 1);
    assert_eq!(node.join().await, Outcome::Done, "{}", node.said());
    assert!(node.is_marked() && node.has("ServiceStarted") && node.has("MemberAdded"), "{}", node.said());
    assert_eq!(listed(&cluster).await, ["node01", "node02"]);
    let range = json!({"key": key, "serializable": true});
    let read = cluster.borrow().ask(1, "/v3/kv/range", range).await;
    assert_eq!(read.body["kvs"][0]["value"], value, "{read}");
    // The second start has nothing to do.
    assert_eq!(node.join().await, Outcome::Done);
    assert!(node.has("AlreadyDone"));
}

#[tokio::test]
async fn e2_many_at_once_become_voters_one_learner_at_a_time_and_none_gives_up() {
    let cluster = cluster(3, 3).await;
    let nodes: Vec<Node> = (3..6).map(|number| Node::joining(&cluster, number)).collect();
    let outcomes = join_all(nodes.iter().map(Node::join)).await;
    for (node, outcome) in nodes.iter().zip(outcomes) {
        assert_eq!(outcome, Outcome::Done, "{}", node.said());
    }
    assert_eq!(listed(&cluster).await, ["node01", "node02", "node03", "node04", "node05", "node06"]);
}

#[tokio::test]
async fn e2_no_add_is_asked_for_while_another_machine_is_on_its_way() {
    let cluster = cluster(1, 2).await;
    // It never starts.
    let other = cluster.borrow().add_learner(0, 2).await;
    let node = Node::joining(&cluster, 1);
    let remove = format!("{}{REMOVE}", cluster.borrow().member(0).client_url());
    let operator = cluster.borrow().client_named("operator");
    let gone = async {
        until("that it waits", async || {
            Some(node.said()).filter(|said| !said.contains("waits for")).map_or(Ok(()), Err)
        })
        .await;
        until("a removal", async || {
            let answer = operator.post(&remove).body(json!({"ID": other}).to_string()).send().await;
            let is_done = answer.as_ref().is_ok_and(|answer| answer.status() == 200);
            if is_done { Ok(()) } else { Err(format!("{answer:?}")) }
        })
        .await;
    };
    let (outcome, ()) = tokio::join!(node.join(), gone);
    assert_eq!(outcome, Outcome::Done, "{}", node.said());
    assert!(!node.said().contains("too many learner"), "{}", node.said());
    assert_eq!(listed(&cluster).await, ["node01", "node02"]);
}

#[tokio::test]
async fn e1_e11_what_a_power_cut_left_behind_is_continued() {
    // Added and never started; and started, and never promoted.
    for was_started in [false, true] {
        let cluster = cluster(1, 1).await;
        cluster.borrow().add_learner(0, 1).await;
        if was_started {
            let initial = cluster.borrow().initial_cluster();
            let environment = Node::joining(&cluster, 1).own_environment(&initial);
            cluster.borrow_mut().restart_as_it_was(1, &environment);
            cluster.borrow_mut().healthy(1).await;
        }
        let node = Node::joining(&cluster, 1);
        assert_eq!(node.join().await, Outcome::Done, "{}", node.said());
        assert!(node.is_marked() && !node.has("MemberAdded"), "{}", node.said());
        assert_eq!(listed(&cluster).await, ["node01", "node02"]);
        // The second boot: etcd comes up by itself, with what it has.
        cluster.borrow_mut().kill(1);
        cluster.borrow_mut().restart_as_it_was(1, &node.environment());
        cluster.borrow_mut().healthy(1).await;
    }
}

#[tokio::test]
async fn e5_a_name_that_is_taken_is_refused_before_the_add() {
    let cluster = cluster(1, 1).await;
    let leader = cluster.borrow().member(0).client_url();
    let node = Node::new(&cluster, 1, json!({"node_id": "node01", "leader_url": leader}));
    assert_eq!(node.join().await, Outcome::Blocked, "{}", node.said());
    assert!(node.has("BlockedIdTaken") && node.said().contains("set another node_id"), "{}", node.said());
    assert_eq!(listed(&cluster).await, ["node01"]);
    assert!(!node.is_marked());
}

#[tokio::test]
async fn e6_e12_data_of_another_membership_blocks_and_is_not_thrown_away() {
    let cluster = cluster(1, 1).await;
    let node = Node::joining(&cluster, 1);
    assert_eq!(node.join().await, Outcome::Done, "{}", node.said());
    // Removed by an operator, and started again with its old data.
    let id = cluster.borrow().list(0).await.member(&cluster.borrow().member(1).peer_url())["ID"].clone();
    cluster.borrow().ask_until(0, (REMOVE, json!({"ID": id})), "a removal", |answer| answer.status == 200).await;
    cluster.borrow_mut().kill(1);
    node.forget();
    assert_eq!(node.join().await, Outcome::Blocked, "{}", node.said());
    assert!(node.has("BlockedRemoved") && node.said().contains("first-boot-agent reset etcd"), "{}", node.said());
    let service = node.config.member_service("etcd".parse().unwrap()).unwrap();
    assert!(
        run::left_alone(service, &service.url).is_some_and(|planned| planned.reason.contains("another membership"))
    );
    assert_eq!(listed(&cluster).await, ["node01"], "nothing was added");
    assert!(cluster.borrow().member(1).process.data().join("member").exists());
}

#[tokio::test]
async fn m4_e8_whom_the_leader_has_lost_is_known_and_nobody_else_is_lost() {
    let cluster = cluster(3, 1).await;
    let node = Node::joining(&cluster, 3);
    let service = node.config.member_service("etcd".parse().unwrap()).unwrap();
    let (client, at) = (node.client(), service.endpoints_for_change().remove(0));
    let lost = async || {
        let list = client.members(service, &at).await.unwrap();
        let mut lost = Vec::new();
        for member in &list.members {
            if client.has_lost(service, &at, &list, &member.key).await {
                lost.push(member.id.to_string());
            }
        }
        lost.join(", ")
    };
    assert_eq!(lost().await, "");
    cluster.borrow_mut().kill(2);
    until("the leader to notice", async || {
        let lost = lost().await;
        if lost == "node03" { Ok(()) } else { Err(lost) }
    })
    .await;
    // Without a quorum the last one is not well. It lives.
    cluster.borrow_mut().kill(1);
    let url = |number: usize| {
        cluster.borrow().member(number).client_url().parse::<BaseUrl>().unwrap().endpoint(2379).unwrap()
    };
    until("a member without a leader", async || {
        if client.health(&url(0), "/health").await.is_err() { Ok(()) } else { Err("well".to_owned()) }
    })
    .await;
    assert!(client.answers(&url(0), "/health").await && !client.answers(&url(2), "/health").await);
}

#[tokio::test]
async fn e6_a_list_from_before_the_add_does_not_make_data_of_this_membership_those_of_another() {
    let cluster = cluster(1, 1).await;
    let relay = cluster.borrow().relay(0).await;
    let mut node = Node::joining(&cluster, 1);
    node.edit(|config| config["leader_url"] = relay.url().into());
    let before = cluster.borrow().list(0).await.body.to_string();
    let old = Fault::Status { status: 200, headers: BTreeMap::new(), body: before };
    let joining = node.join();
    let spoiling = async {
        until("the start", async || if node.has("ServiceStarted") { Ok(()) } else { Err(node.said()) }).await;
        relay.faults().set(vec![Rule::once("POST", LIST, old)]);
    };
    let (outcome, ()) = futures_util::future::join(joining, spoiling).await;
    assert_eq!(outcome, Outcome::Done, "{}", node.said());
    assert_eq!(listed(&cluster).await, ["node01", "node02"]);
}

#[tokio::test]
async fn e8_a_cluster_with_a_dead_voter_is_asked_again_and_the_dead_one_is_named() {
    let cluster = cluster(3, 1).await;
    cluster.borrow_mut().kill(2);
    let node = Node::joining(&cluster, 3);
    let joining = node.join();
    let revived = async {
        until("the name of the dead one", async || {
            let said = node.said();
            if said.contains("not healthy: node03") { Ok(()) } else { Err(said) }
        })
        .await;
        cluster.borrow_mut().restart(2);
    };
    let (outcome, ()) = tokio::join!(joining, revived);
    assert_eq!(outcome, Outcome::Done, "{}", node.said());
    assert_eq!(listed(&cluster).await, ["node01", "node02", "node03", "node04"]);
}

#[tokio::test]
async fn e9_another_spelling_of_an_own_address_is_the_same_member() {
    let cluster = cluster(1, 1).await;
    let peer_url = cluster.borrow().member(1).peer_url();
    // IPv4 in IPv6, as some generators write it.
    let address = peer_url.trim_start_matches("https://").trim_end_matches(":2380").to_owned();
    let spelt = format!("https://[::ffff:{address}]:2380");
    let added =
        cluster.borrow().ask(0, "/v3/cluster/member/add", json!({"peerURLs": [spelt], "isLearner": true})).await;
    assert_eq!(added.status, 200, "{added}");
    let node = Node::joining(&cluster, 1);
    assert_eq!(node.join().await, Outcome::Done, "{}", node.said());
    assert_eq!(listed(&cluster).await, ["node01", "node02"]);
}

#[tokio::test]
async fn e10_three_machines_bootstrap_one_cluster_and_a_fourth_joins_it() {
    let cluster = Rc::new(RefCell::new(EtcdCluster::prepared(4)));
    let address = |number| cluster.borrow().member(number).peer_url().trim_start_matches("https://").to_owned();
    let peers: Vec<String> = (0..3).map(address).collect();
    let nodes: Vec<Node> = (0..3).map(|number| Node::bootstrapping(&cluster, number, &peers)).collect();
    let outcomes = join_all(nodes.iter().map(Node::join)).await;
    for (node, outcome) in nodes.iter().zip(outcomes) {
        assert_eq!(outcome, Outcome::Done, "{}", node.said());
        assert!(node.is_marked() && node.has("Bootstrapped"), "{}", node.said());
        assert!(node.environment().contains("ETCD_INITIAL_CLUSTER_TOKEN=trial-etcd"), "a token of its own");
    }
    assert_eq!(listed(&cluster).await, ["node01", "node02", "node03"], "each under its own name");
    let fourth = Node::joining(&cluster, 3);
    assert_eq!(fourth.join().await, Outcome::Done, "{}", fourth.said());
    assert_eq!(listed_by(&cluster, 3).await, ["node01", "node02", "node03", "node04"]);
    assert_eq!(fourth.run(Step::HealthCheck).await, Outcome::Done, "{}", fourth.said());
    assert!(fourth.has("ClusterHealthy"), "{}", fourth.said());
    // One that is configured to bootstrap beside it starts nothing.
    cluster.borrow_mut().prepare();
    let fifth = Node::bootstrapping(&cluster, 4, &[address(4), address(0)]);
    assert_eq!(fifth.join().await, Outcome::Blocked, "{}", fifth.said());
    assert!(fifth.has("BlockedSecondCluster") && !fifth.has("ServiceStarted"), "{}", fifth.said());
}

#[tokio::test]
async fn e10_first_nodes_that_wait_name_those_that_are_not_there_and_not_one_whose_etcd_waits_as_well() {
    let cluster = Rc::new(RefCell::new(EtcdCluster::prepared(5)));
    let address = |number| cluster.borrow().member(number).peer_url().trim_start_matches("https://").to_owned();
    let peers: Vec<String> = (0..5).map(address).collect();
    let nodes: Vec<Node> = (0..5).map(|number| Node::bootstrapping(&cluster, number, &peers)).collect();
    let first = join_all(nodes[..2].iter().map(Node::join));
    let others = async {
        let found = "no answer from 3 of 5 initial peers, 3 are needed: ";
        let said = until("who does not answer", async || {
            nodes[0].reported("AwaitingPeers").into_iter().find(|said| said.contains(found)).ok_or(nodes[0].said())
        })
        .await;
        for (number, peer) in peers.iter().enumerate() {
            assert_eq!(said.contains(&format!("{peer} (")), number > 1, "{peer}: {said}");
        }
        join_all(nodes[2..].iter().map(Node::join)).await
    };
    let (first, others) = futures_util::future::join(first, others).await;
    for (node, outcome) in nodes.iter().zip(first.into_iter().chain(others)) {
        assert_eq!(outcome, Outcome::Done, "{}", node.said());
    }
}

#[tokio::test]
async fn a_member_leaves_and_its_service_ends_with_that() {
    let cluster = cluster(2, 1).await;
    let node = Node::joining(&cluster, 2);
    assert_eq!(node.join().await, Outcome::Done, "{}", node.said());
    assert_eq!(node.leave().await, Outcome::Done, "{}", node.said());
    assert!(!node.is_marked());
    assert_eq!(listed(&cluster).await, ["node01", "node02"]);
    assert!(!cluster.borrow_mut().member_mut(2).process.is_running());
}

#[tokio::test]
async fn an_environment_that_somebody_else_has_written_is_left_alone_and_starts_nothing() {
    let cluster = cluster(1, 1).await;
    let node = Node::joining(&cluster, 1);
    let initial = cluster.borrow().initial_cluster();
    let own = node.own_environment(&initial);
    assert_eq!(node.join().await, Outcome::Blocked, "{}", node.said());
    assert!(node.said().contains("was not written by this agent") && !node.has("ServiceStarted"), "{}", node.said());
    assert_eq!(node.environment(), own);
    assert_eq!(listed(&cluster).await, ["node01"], "a learner that cannot be started would keep others out");
    let service = node.config.member_service("etcd".parse().unwrap()).unwrap();
    let planned = run::left_alone(service, &service.url).unwrap();
    assert!(planned.reason.contains("was not written by this agent"), "{planned}");
    node.remove_environment();
    node.mislead_environment();
    assert_eq!(node.join().await, Outcome::Transient, "{}", node.said());
    assert_eq!(listed(&cluster).await, ["node01"], "nor where nobody can say whose it is");
    node.remove_environment();
    assert_eq!(node.join().await, Outcome::Done, "{}", node.said());
    assert_eq!(listed(&cluster).await, ["node01", "node02"]);
}

#[tokio::test]
async fn first_nodes_that_are_listed_by_names_form_one_cluster_with_addresses_of_their_own() {
    // All list the first one by a name, which is its own by its id; what it has as raft_addr is an address.
    let cluster = Rc::new(RefCell::new(EtcdCluster::prepared(1)));
    let node = Node::bootstrapping(&cluster, 0, &["localhost:2380".to_owned()]);
    assert!(node.config.member_service("etcd".parse().unwrap()).unwrap().listed_as.is_none());
    // Beside the others' it would begin a cluster of one member more than theirs.
    let refused = node.environment_of_a_first_node().unwrap_err();
    assert!(
        refused.contains("without an address of this node") && refused.contains("as initial_peers has it"),
        "{refused}"
    );
    let node = Node::new(
        &cluster,
        0,
        json!({"bootstrap": true, "node_fqdn": "node01.example", "initial_peers": ["node01.example:2380"]}),
    );
    let environment = node.environment_of_a_first_node().unwrap();
    assert!(environment.contains("ETCD_INITIAL_CLUSTER=node01=https://node01.example:2380\n"), "{environment}");
    assert!(environment.contains("ETCD_INITIAL_ADVERTISE_PEER_URLS=https://node01.example:2380\n"), "{environment}");
}

#[tokio::test]
async fn a_member_of_another_cluster_is_not_taken_for_one_of_this() {
    let mut servers = EtcdCluster::prepared(3);
    for alone in [0, 2] {
        let initial = format!("{}={}", servers.member(alone).name, servers.member(alone).peer_url());
        servers.spawn_member(alone, &initial, "new");
        servers.healthy(alone).await;
    }
    let cluster = Rc::new(RefCell::new(servers));
    let node = Node::joining(&cluster, 1);
    assert_eq!(node.join().await, Outcome::Done, "{}", node.said());
    node.forget();
    let other = cluster.borrow().member(2).client_url();
    let astray = Node::new(&cluster, 1, json!({"leader_url": other}));
    assert_eq!(astray.join().await, Outcome::Blocked, "{}", astray.said());
    assert!(astray.has("BlockedAnotherCluster"), "{}", astray.said());
    assert_eq!(astray.leave().await, Outcome::Blocked, "{}", astray.said());
    assert_eq!(listed(&cluster).await, ["node01", "node02"]);
    assert_eq!(listed_by(&cluster, 2).await, ["node03"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn n5_a_name_in_a_certificate_and_a_wrong_password_are_reported_with_what_to_do() {
    let cluster = cluster(1, 1).await;
    let account = json!({"name": "root", "password": "right-1"});
    for (path, body) in [
        ("/v3/auth/user/add", account),
        ("/v3/auth/role/add", json!({"name": "root"})),
        ("/v3/auth/user/grant", json!({"user": "root", "role": "root"})),
        ("/v3/auth/enable", json!({})),
    ] {
        let done = cluster.borrow().ask(0, path, body).await;
        assert_eq!(done.status, 200, "{path}: {done}");
    }
    let file = cluster.borrow().member(1).process.folder().join("password");
    std::fs::write(&file, "wrong-1\n").unwrap();
    std::fs::set_permissions(&file, Permissions::from_mode(0o600)).unwrap();
    let leader = cluster.borrow().member(0).client_url();
    let etcd = json!({"user": "root", "password_file": file});
    let node = Node::new(&cluster, 1, json!({"leader_url": leader, "etcd": etcd}));
    assert_eq!(node.join().await, Outcome::Blocked, "{}", node.said());
    let advice = "leave client-cert-auth out at this etcd";
    assert!(node.has("BlockedRefused") && node.said().contains(advice), "{}", node.said());

    cluster.borrow().certify(1, "");
    assert_eq!(node.join().await, Outcome::Blocked, "{}", node.said());
    let advice = format!("the login with the password in {}: correct services.etcd.user", file.display());
    assert!(node.said().contains(&advice) && !node.said().contains("wrong-1"), "{}", node.said());

    std::fs::write(&file, "right-1\n").unwrap();
    assert_eq!(node.join().await, Outcome::Done, "{}", node.said());
    assert_eq!(cluster.borrow().list(0).await.status, 400, "names in certificates are refused still");
    assert!(node.is_marked() && !node.said().contains("right-1"), "{}", node.said());
}

/// The id under which the first server lists a member.
async fn id_of(cluster: &Shared, number: usize) -> String {
    let peer_url = cluster.borrow().member(number).peer_url();
    let list = cluster.borrow().list(0).await;
    list.member(&peer_url)["ID"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn m2_m4_a_wiped_voter_does_not_vote_again_but_is_removed_and_added_anew() {
    let cluster = cluster(2, 1).await;
    let node = Node::joining(&cluster, 2);
    assert_eq!(node.join().await, Outcome::Done, "{}", node.said());
    let before = id_of(&cluster, 2).await;
    cluster.borrow_mut().kill(2);
    cluster.borrow_mut().wipe(2);
    node.forget();
    assert_eq!(node.join().await, Outcome::Done, "{}", node.said());
    assert!(node.has("MemberReplaced"), "{}", node.said());
    assert_ne!(id_of(&cluster, 2).await, before, "another member of the same name");
    assert_eq!(listed(&cluster).await, ["node01", "node02", "node03"]);
}

#[tokio::test]
async fn m2_a_wiped_voter_whose_marker_and_environment_are_left_does_not_vote_again() {
    let cluster = cluster(2, 1).await;
    let node = Node::joining(&cluster, 2);
    assert_eq!(node.join().await, Outcome::Done, "{}", node.said());
    let own = format!("ETCD_INITIAL_CLUSTER=node03={}\n", cluster.borrow().member(2).peer_url());
    let environment = node.environment();
    assert!(environment.contains(&own), "it names nobody of whom an empty one could form a cluster: {environment}");
    // A boot, by its unit alone.
    cluster.borrow_mut().kill(2);
    cluster.borrow_mut().restart_as_it_was(2, &environment);
    cluster.borrow_mut().healthy(2).await;
    // The same with a new data disk.
    cluster.borrow_mut().kill(2);
    cluster.borrow_mut().wipe(2);
    cluster.borrow_mut().restart_as_it_was(2, &environment);
    let (code, said) = cluster.borrow_mut().ended(2).await;
    assert!(code != 0 && said.contains("cannot fetch cluster info from peer urls"), "{code}: {said}");
}

#[tokio::test]
async fn m2_e6_data_behind_a_link_to_a_disk_that_is_not_there_are_not_gone() {
    let cluster = cluster(2, 1).await;
    let node = Node::joining(&cluster, 2);
    assert_eq!(node.join().await, Outcome::Done, "{}", node.said());
    let before = id_of(&cluster, 2).await;
    cluster.borrow_mut().kill(2);
    let data = cluster.borrow().member(2).process.data();
    fs::rename(&data, data.with_file_name("disk")).unwrap();
    symlink(data.with_file_name("mounted").join("etcd"), &data).unwrap();
    node.forget();
    assert_eq!(node.join().await, Outcome::Transient, "{}", node.said());
    assert!(node.said().contains("cannot look into") && !node.has("MemberReplaced"), "{}", node.said());
    assert_eq!(id_of(&cluster, 2).await, before, "it is the member that it was");
}

/// The environment of a cluster that is the node's alone.
fn of_a_cluster_of_its_own(node: &Node, peer_url: &str) -> String {
    let environment = node.own_environment(&format!("{}={peer_url}", node.config.node.id));
    node.remove_environment();
    environment.replace("STATE=existing", "STATE=new") + "ETCD_INITIAL_CLUSTER_TOKEN=another\n"
}

#[tokio::test]
async fn e6_what_was_started_on_data_of_another_cluster_does_not_go_on_running() {
    let cluster = cluster(1, 1).await;
    cluster.borrow().add_learner(0, 1).await;
    let node = Node::joining(&cluster, 1);
    let peer_url = cluster.borrow().member(1).peer_url();
    let alone = of_a_cluster_of_its_own(&node, &peer_url);
    cluster.borrow_mut().restart_as_it_was(1, &alone);
    cluster.borrow_mut().healthy(1).await;
    cluster.borrow_mut().kill(1);
    assert_eq!(node.join().await, Outcome::Blocked, "{}", node.said());
    assert!(node.has("ServiceStarted") && !node.is_marked(), "{}", node.said());
    assert!(!cluster.borrow_mut().member_mut(1).process.is_running(), "{}", node.said());
}

#[tokio::test]
async fn e6_a_list_of_its_own_that_fails_does_not_make_a_node_a_member_of_the_cluster_that_it_is_not_in() {
    // Two that stay: without its third member the cluster has a leader still, however long all of this takes.
    let cluster = cluster(2, 1).await;
    let mut node = Node::joining(&cluster, 2);
    assert_eq!(node.join().await, Outcome::Done, "{}", node.said());
    cluster.borrow_mut().kill(2);
    cluster.borrow_mut().wipe(2);
    let peer_url = cluster.borrow().member(2).peer_url();
    let alone = of_a_cluster_of_its_own(&node, &peer_url);
    cluster.borrow_mut().restart_as_it_was(2, &alone);
    cluster.borrow_mut().healthy(2).await;
    node.forget();
    let relay = cluster.borrow().relay(2).await;
    let fault = Fault::Status { status: 503, headers: BTreeMap::new(), body: "{}".to_owned() };
    relay.faults().set(vec![Rule::once("POST", LIST, fault)]);
    node.edit(|config| config["services"]["etcd"]["url"] = relay.url().into());
    assert_eq!(node.join().await, Outcome::Blocked, "{}", node.said());
    assert!(node.said().contains("another cluster") && !node.is_marked(), "{}", node.said());
}

#[tokio::test]
async fn m3_e7_no_learner_is_added_whose_environment_cannot_be_written() {
    let cluster = cluster(1, 1).await;
    let node = Node::joining(&cluster, 1);
    let in_the_way = node.folder().join("etcd.env.first-boot-agent.new");
    fs::create_dir(&in_the_way).unwrap();
    assert_eq!(node.join().await, Outcome::Transient, "{}", node.said());
    assert!(node.said().contains("etcd.env.first-boot-agent.new"), "{}", node.said());
    assert_eq!(listed(&cluster).await, ["node01"]);
    fs::remove_dir(&in_the_way).unwrap();
    assert_eq!(node.join().await, Outcome::Done, "{}", node.said());
}

#[tokio::test]
async fn m2_m11_a_wiped_node_that_is_configured_to_bootstrap_starts_nothing() {
    let cluster = cluster(2, 1).await;
    let joined = Node::joining(&cluster, 2);
    assert_eq!(joined.join().await, Outcome::Done, "{}", joined.said());
    cluster.borrow_mut().kill(2);
    cluster.borrow_mut().wipe(2);
    joined.forget();
    let address = |number| cluster.borrow().member(number).peer_url().trim_start_matches("https://").to_owned();
    let node = Node::bootstrapping(&cluster, 2, &(0..3).map(address).collect::<Vec<_>>());
    assert_eq!(node.join().await, Outcome::Blocked, "{}", node.said());
    assert!(node.has("BlockedWiped") && !node.has("ServiceStarted"), "{}", node.said());
}

#[tokio::test]
async fn e6_e10_a_service_that_its_package_started_before_the_bootstrap_is_named() {
    let cluster = cluster(1, 2).await;
    let peer_url = cluster.borrow().member(1).peer_url();
    let node = Node::bootstrapping(&cluster, 1, &[peer_url.trim_start_matches("https://").to_owned()]);
    // As Debian's package does: a cluster of its own, which answers at another address.
    let (own, elsewhere) = (cluster.borrow().member(1).client_url(), cluster.borrow().member(2).client_url());
    let alone = of_a_cluster_of_its_own(&node, &peer_url).replace(&own, &elsewhere);
    cluster.borrow_mut().restart_as_it_was(1, &alone);
    cluster.borrow().ready(1).await;
    assert_eq!(node.join().await, Outcome::Transient, "{}", node.said());
    for part in ["was not started by this agent", "etcd.env is missing", "first-boot-agent reset etcd"] {
        assert!(node.said().contains(part), "not said: {part}: {}", node.said());
    }
    assert!(!node.has("ServiceStarted") && !node.is_marked(), "{}", node.said());

    // Without its data, the agent begins the cluster.
    cluster.borrow_mut().kill(1);
    cluster.borrow_mut().wipe(1);
    assert_eq!(node.join().await, Outcome::Done, "{}", node.said());
}

#[tokio::test]
async fn e10_n4_a_member_whose_state_was_lost_and_that_knows_no_leader_is_not_taken_for_one_of_the_package() {
    let cluster = cluster(2, 0).await;
    let address = |number| cluster.borrow().member(number).peer_url().trim_start_matches("https://").to_owned();
    let mut node = Node::bootstrapping(&cluster, 0, &[address(0), address(1)]);
    node.edit(|config| config["policies"]["health"]["limit"] = "1s".into());
    cluster.borrow_mut().kill(1);
    assert_eq!(node.join().await, Outcome::Transient, "{}", node.said());
    assert!(!node.has("ServiceNotStarted") && node.has("HealthTimeout"), "{}", node.said());
    cluster.borrow_mut().restart(1);
    cluster.borrow_mut().healthy(0).await;
    assert_eq!(node.join().await, Outcome::Done, "{}", node.said());
}
