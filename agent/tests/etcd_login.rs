//! The agent and real etcd servers with users: it logs in, and says what to do where it cannot.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]
#![allow(dead_code, reason = "the fixture is that of several tests")]
#![allow(clippy::await_holding_refcell_ref, reason = "a test is one thread, and no node starts anything meanwhile")]

mod etcd;
mod etcd_node;

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::rc::Rc;

use cluster_standin::{Fault, Rule};
use first_boot_agent::config::MemberService;
use first_boot_agent::plan::Step;
use first_boot_agent::run::Outcome;
use first_boot_agent::run::ports::{Added, Class, KeyValue, Members, NewMember};
use reqwest::Client;
use serde_json::{Value, json};

use etcd::{EtcdCluster, LIST, PUT, STATUS};
use etcd_node::{Node, Shared, etcd as etcd_name};

/// Of root; a word that nothing else says.
const PASSWORD: &str = "hunter2-of-root";
const OTHER_PASSWORD: &str = "hunter2-of-plain";

/// A cluster of so many voters that has users, and a client without a name that may all.
struct WithUsers {
    cluster: Shared,
    nameless: Client,
}

impl WithUsers {
    async fn start(voters: usize) -> Self {
        let mut servers = EtcdCluster::start(voters).await;
        servers.prepare();
        let nameless = servers.client_named("");
        let with_users = Self { cluster: Rc::new(RefCell::new(servers)), nameless };
        for (path, body) in [
            ("user/add", json!({"name": "root", "password": PASSWORD})),
            ("user/add", json!({"name": "plain", "password": OTHER_PASSWORD})),
            ("role/add", json!({"name": "root"})),
            ("user/grant", json!({"user": "root", "role": "root"})),
        ] {
            with_users.auth(None, path, body).await;
        }
        with_users.auth(None, "enable", json!({})).await;
        with_users
    }

    async fn auth(&self, token: Option<&str>, path: &str, body: Value) -> Value {
        let path = format!("/v3/auth/{path}");
        let answer = self.cluster.borrow().ask_as(&self.nameless, token, 0, &path, body).await;
        assert_eq!(answer.status, 200, "{path}: {answer}");
        answer.body
    }

    async fn root(&self) -> String {
        let given = self.auth(None, "authenticate", json!({"name": "root", "password": PASSWORD})).await;
        given["token"].as_str().unwrap().to_owned()
    }

    /// All names; from who is asked first.
    async fn listed(&self) -> Vec<String> {
        let list = self.cluster.borrow().ask_as(&self.nameless, None, 0, LIST, json!({})).await;
        let mark = |member: &Value| if member["isLearner"] == true { "?" } else { "" };
        let name = |member: &Value| format!("{}{}", member["name"].as_str().unwrap_or("-"), mark(member));
        let mut names: Vec<String> = list.members().iter().map(name).collect();
        names.sort();
        names
    }

    /// The node of the last server, configured to join through this one, with a certificate without a name.
    fn node(&self, through: usize) -> Node {
        let (own, leader) = {
            let cluster = self.cluster.borrow();
            (cluster.last(), cluster.member(through).client_url())
        };
        self.cluster.borrow().issue_nameless(own);
        let mut node = Node::new(&self.cluster, own, json!({"leader_url": leader}));
        let folder = node.folder().to_owned();
        node.edit(|config| {
            config["tls"]["cert"] = json!(folder.join("agent.crt"));
            config["tls"]["key"] = json!(folder.join("agent.key"));
            config["policies"]["join"] = json!({"attempts": 5, "scale": "50ms", "max_delay": "500ms"});
        });
        node
    }
}

/// Gives a node its etcd account.
fn log_in(node: &mut Node, user: &str, password: &str) {
    let path = node.folder().join("password");
    fs::write(&path, format!("{password}\n")).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    node.edit(|config| {
        config["services"]["etcd"]["user"] = user.into();
        config["services"]["etcd"]["password_file"] = json!(path);
    });
}

/// Nothing that was said or written has a password in it.
fn assert_kept(node: &Node) {
    let environment = fs::read_to_string(node.folder().join("etcd.env")).unwrap_or_default();
    for text in [node.said(), environment, format!("{:?} {:?}", node.config, node.client())] {
        assert!(!text.contains("hunter2"), "{text}");
    }
}

#[tokio::test]
async fn x2_a_node_that_logs_in_becomes_a_voter_is_healthy_and_leaves() {
    let cluster = WithUsers::start(2).await;
    let mut node = cluster.node(0);
    log_in(&mut node, "root", PASSWORD);
    assert_eq!(node.join().await, Outcome::Done, "{}", node.said());
    assert_eq!(cluster.listed().await, ["node01", "node02", "node03"]);
    node.edit(|config| {
        config["health_check"] = json!({"probe": true});
        // Two voters let the third go once they have been connected to it for 5 s.
        config["policies"]["join"]["attempts"] = json!(100);
    });
    assert_eq!(node.run(Step::HealthCheck).await, Outcome::Done, "{}", node.said());
    assert!(node.has("ClusterHealthy"), "{}", node.said());
    assert_eq!(node.leave().await, Outcome::Done, "{}", node.said());
    assert_eq!(cluster.listed().await, ["node01", "node02"]);
    assert_kept(&node);
}

/// A follower hands a promotion on to its leader, and forgets on the way who has asked: before 3.5.28 and 3.6.6 that is refused
/// until the time is over (etcd-io/etcd#20874).
#[tokio::test]
async fn e1_m12_a_node_with_a_login_that_joins_through_a_follower_becomes_a_voter() {
    let cluster = WithUsers::start(3).await;
    let status = async |number: usize| {
        let status = cluster.cluster.borrow().ask_as(&cluster.nameless, None, number, STATUS, json!({})).await.body;
        (status["header"]["member_id"].clone(), status["leader"].clone())
    };
    let (first, leader) = status(0).await;
    let mut node = cluster.node(usize::from(first == leader));
    log_in(&mut node, "root", PASSWORD);
    assert_eq!(node.join().await, Outcome::Done, "{}", node.said());
    assert_eq!(cluster.listed().await, ["node01", "node02", "node03", "node04"]);
}

#[tokio::test]
async fn n5_a_login_that_does_not_do_blocks_at_once_with_its_reason_and_changes_nothing() {
    let cluster = WithUsers::start(1).await;
    for (login, reason, remedy) in [
        (None, "user name is empty", "give services.etcd.user and services.etcd.password_file"),
        (Some(("root", "hunter2-wrong")), "HTTP 400 to the login", "correct services.etcd.user and its password"),
        (Some(("nobody", PASSWORD)), "HTTP 400 to the login", "correct services.etcd.user and its password"),
        (Some(("plain", OTHER_PASSWORD)), "permission denied", "give the account of services.etcd.user the role root"),
    ] {
        let mut node = cluster.node(0);
        node.forget_all();
        if let Some((user, password)) = login {
            log_in(&mut node, user, password);
        }
        assert_eq!(node.join().await, Outcome::Blocked, "{login:?}: {}", node.said());
        assert!(node.has("BlockedRefused"), "{login:?}: {}", node.said());
        assert!(node.said().contains(reason) && node.said().contains(remedy), "{login:?}: {}", node.said());
        assert_eq!(cluster.listed().await, ["node01"], "{login:?}");
        assert!(!node.is_marked() && !node.has("ServiceStarted"), "{login:?}");
        assert_kept(&node);
    }

    // A user without a password, and one whose password all can read.
    let mut node = cluster.node(0);
    node.edit(|config| config["services"]["etcd"]["user"] = "root".into());
    assert_eq!(node.join().await, Outcome::Blocked, "{}", node.said());
    assert!(node.said().contains("give password_file or the credential etcd-password"), "{}", node.said());
    log_in(&mut node, "root", PASSWORD);
    fs::set_permissions(node.folder().join("password"), fs::Permissions::from_mode(0o644)).unwrap();
    assert_eq!(node.join().await, Outcome::Blocked, "{}", node.said());
    assert!(node.has("BlockedSecret") && node.said().contains("chmod"), "{}", node.said());

    // A certificate with a name, whatever the login.
    let folder = node.folder().to_owned();
    log_in(&mut node, "root", PASSWORD);
    node.edit(|config| {
        config["tls"]["cert"] = json!(folder.join("own.crt"));
        config["tls"]["key"] = json!(folder.join("own.key"));
    });
    assert_eq!(node.join().await, Outcome::Blocked, "{}", node.said());
    assert!(node.said().contains("without a CommonName"), "{}", node.said());
    assert_eq!(cluster.listed().await, ["node01"]);
    assert_kept(&node);

    // Passwords are no longer checked.
    let root = cluster.root().await;
    cluster.auth(Some(&root), "disable", json!({})).await;
    let mut node = cluster.node(0);
    log_in(&mut node, "root", PASSWORD);
    assert_eq!(node.join().await, Outcome::Blocked, "{}", node.said());
    assert!(node.said().contains("leave them out where authentication is off"), "{}", node.said());
    node.edit(|config| {
        let etcd = config["services"]["etcd"].as_object_mut().unwrap();
        etcd.remove("user");
        etcd.remove("password_file");
    });
    assert_eq!(node.join().await, Outcome::Done, "{}", node.said());
    assert_eq!(cluster.listed().await, ["node01", "node02"]);
}

#[tokio::test]
async fn a_token_that_is_no_longer_good_is_asked_for_anew() {
    let cluster = WithUsers::start(1).await;
    let relay = cluster.cluster.borrow().nameless_relay(0).await;
    let mut node = cluster.node(0);
    node.edit(|config| config["leader_url"] = relay.url().into());
    log_in(&mut node, "root", PASSWORD);
    let client = node.client();
    let service: &MemberService = node.config.member_service(etcd_name()).unwrap();
    let at = service.endpoints_for_change()[0].clone();
    let raft_addr = service.raft_addr().unwrap();
    let new = NewMember { id: &node.config.node.id, raft_addr, incarnation: None };
    let key_of_the_new_one = async || {
        let list = client.members(service, &at).await.unwrap();
        let entry = list.entry_of(&node.config.node.id, service).unwrap_or_else(|| panic!("{list}"));
        entry.key.as_str().to_owned()
    };
    assert_eq!(client.add(service, &at, new).await, Ok(Added::Accepted));

    // Users are turned off and on again: every token of before is refused.
    let root = cluster.root().await;
    cluster.auth(Some(&root), "disable", json!({})).await;
    cluster.auth(None, "enable", json!({})).await;
    let old =
        cluster.cluster.borrow().ask_as(&cluster.nameless, Some(&root), 0, etcd::REMOVE, json!({"ID": "1"})).await;
    assert_eq!(old.error(), (16, "etcdserver: invalid auth token"));
    assert_eq!(client.remove(service, &at, &key_of_the_new_one().await).await, Ok(()));

    // The server starts again, and knows none.
    cluster.cluster.borrow_mut().kill(0);
    cluster.cluster.borrow_mut().restart(0);
    cluster.cluster.borrow_mut().healthy(0).await;
    assert_eq!(client.read_after_write(service, &at, "key", "value").await, Ok(()));

    // So is one that knows of the users of before, where tokens hold what they are good for: here it is but said.
    let old = json!({"code": 3, "message": "etcdserver: revision of auth store is old"}).to_string();
    let old = Fault::Status { status: 400, headers: BTreeMap::new(), body: old };
    let logins = || relay.requests().count("POST", "/v3/auth/authenticate");
    let before = logins();
    relay.faults().set(vec![Rule::once("POST", PUT, old)]);
    assert_eq!((client.read_after_write(service, &at, "key", "value").await, logins()), (Ok(()), before + 1));

    // The password is another one: the token goes with it, and the next login is refused.
    let root = cluster.root().await;
    cluster.auth(Some(&root), "user/changepw", json!({"name": "root", "password": OTHER_PASSWORD})).await;
    let refused = client.read_after_write(service, &at, "key", "value").await.unwrap_err();
    assert!(matches!(refused.class, Class::Permanent(_)), "{refused}");
    assert!(
        refused.message.contains("correct services.etcd.user") && !refused.message.contains("hunter2"),
        "{refused}"
    );
}
