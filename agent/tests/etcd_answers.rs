//! What real etcd servers answer, as far as this agent uses it: their JSON gateway, their exit codes, their logs.
//!
//! Nothing of the agent runs here. `ETCD=/path/to/etcd` asks another version; all that is held here is the same in 3.4
//! and 3.5, or says where it is not.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

#[allow(dead_code, reason = "each test file uses its share")]
mod etcd;

use std::collections::BTreeSet;

use etcd::{ADD, EtcdCluster, LIST, PROMOTE, PUT, REMOVE, STATUS};
use serde_json::{Value, json};

const NOT_IN_SYNC: &str = "etcdserver: can only promote a learner member which is in sync with leader";
const UNHEALTHY: (i64, &str) = (14, "etcdserver: unhealthy cluster");
const NOT_FOUND: (i64, &str) = (5, "etcdserver: member not found");
const NOBODY: &str = "could not retrieve cluster information from the given URLs";
/// Base64 of a key and a value.
const SOMETHING: &str = "Zm9v";

fn keys(value: &Value) -> BTreeSet<&str> {
    value.as_object().unwrap().keys().map(String::as_str).collect()
}

async fn is_3_4(cluster: &EtcdCluster) -> bool {
    let version = cluster.ask(0, "/version", Value::Null).await;
    version.body["etcdserver"].as_str().unwrap().starts_with("3.4.")
}

fn learner(peer_url: &str) -> Value {
    json!({"peerURLs": [peer_url], "isLearner": true})
}

#[tokio::test(flavor = "multi_thread")]
async fn a_member_list_leaves_out_what_is_false_or_empty_and_writes_ids_as_text() {
    let mut cluster = EtcdCluster::start(1).await;
    let list = cluster.list(0).await;
    assert_eq!((list.status, list.code), (200, 0), "{list}");
    assert_eq!(keys(&list.body), BTreeSet::from(["header", "members"]), "{list}");
    for id in ["cluster_id", "member_id", "raft_term"] {
        list.body["header"][id].as_str().unwrap().parse::<u64>().unwrap();
    }
    let voter = list.member(&cluster.member(0).peer_url());
    assert_eq!(keys(voter), BTreeSet::from(["ID", "clientURLs", "name", "peerURLs"]), "{list}");
    assert_eq!((&voter["name"], &voter["ID"]), (&"node01".into(), &list.body["header"]["member_id"]), "{list}");
    assert_eq!(voter["clientURLs"], json!([cluster.member(0).client_url()]), "{list}");

    // A GET is refused, in words that are no JSON in 3.4, with 405 there and 501 later.
    let got = cluster.ask(0, LIST, Value::Null).await;
    assert_eq!((got.status / 100 >= 4, got.text.as_str()), (true, "Method Not Allowed"), "{got}");
    // What a version does not know is passed over, as 3.4 does with this one.
    for body in [json!({"linearizable": true}), json!({"nonsense": true})] {
        assert_eq!(cluster.ask(0, LIST, body).await.body["members"], list.body["members"]);
    }

    // One that was added and has not started yet: no name, no client URLs.
    let new = cluster.prepare();
    let id = cluster.add_learner(0, new).await;
    let list = cluster.list(0).await;
    let entry = json!({"ID": id, "peerURLs": [cluster.member(new).peer_url()], "isLearner": true});
    assert_eq!((list.members().len(), list.member(&cluster.member(new).peer_url())), (2, &entry), "{list}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_add_answers_with_all_members_and_what_is_there_is_refused() {
    let mut cluster = EtcdCluster::start(1).await;
    let (new, other) = (cluster.prepare(), cluster.prepare());
    let url = cluster.member(new).peer_url();
    let added = cluster.ask(0, ADD, learner(&url)).await;
    assert_eq!((added.status, keys(&added.body)), (200, BTreeSet::from(["header", "member", "members"])), "{added}");
    assert_eq!(added.members(), cluster.list(0).await.members(), "{added}");
    let id = added.body["member"]["ID"].as_str().unwrap();
    assert_eq!(added.member(&url), &added.body["member"], "{added}");

    // An id is made of the URL and the second: within it the id is taken, later the URL. As a voter just so.
    for body in [learner(&url), json!({"peerURLs": [url]})] {
        let again = cluster.ask(0, ADD, body).await;
        assert_eq!(again.code, 9, "{again}");
        let texts = ["etcdserver: member ID already exist", "etcdserver: Peer URLs already exists"];
        assert!(texts.contains(&again.text.as_str()) && [400, 412].contains(&again.status), "{again}");
    }
    let second = cluster.ask(0, ADD, learner(&cluster.member(other).peer_url())).await;
    assert_eq!(second.error(), (9, "etcdserver: too many learner members in cluster"));
    for urls in [json!([]), json!(["127.0.0.9:2380"])] {
        let refused = cluster.ask(0, ADD, json!({"peerURLs": urls, "isLearner": true})).await;
        assert_eq!((refused.status, refused.error()), (400, (3, "etcdserver: given member URLs are invalid")));
    }

    let removed = cluster.ask(0, REMOVE, json!({"ID": id})).await;
    assert_eq!((removed.status, removed.members().len()), (200, 1), "{removed}");
    for path in [REMOVE, PROMOTE] {
        let unknown = cluster.ask(0, path, json!({"ID": id})).await;
        assert_eq!((unknown.status, unknown.error()), (404, NOT_FOUND), "{path}");
    }
    // Within the second of the first add the id is the removed one's, and that is refused for ever.
    let add = (ADD, learner(&url));
    let again = cluster.ask_until(0, add, "an add or its refusal", |answer| {
        assert!(answer.status == 200 || answer.error() == NOT_FOUND, "{answer}");
        answer.status == 200
    });
    assert_ne!(again.await.body["member"]["ID"], id);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_learner_is_promoted_once_it_is_in_sync_and_refuses_until_then_what_is_asked_of_it() {
    let mut cluster = EtcdCluster::start(1).await;
    let new = cluster.prepare();
    let id = cluster.add_learner(0, new).await;
    // It has not even started.
    let early = cluster.ask(0, PROMOTE, json!({"ID": id})).await;
    assert_eq!(early.error(), (9, NOT_IN_SYNC), "{early}");

    // Another token than the cluster's does not matter to one that joins.
    cluster.token = "another".to_owned();
    let initial = cluster.initial_cluster();
    cluster.spawn_member(new, &initial, "existing");
    cluster.ready(new).await;
    cluster.healthy(new).await;
    for (path, body) in [
        (LIST, json!({})),
        (ADD, learner("https://127.0.0.9:2380")),
        (PROMOTE, json!({"ID": id})),
        (REMOVE, json!({"ID": id})),
        (PUT, json!({"key": SOMETHING})),
    ] {
        let refused = cluster.ask(new, path, body).await;
        assert_eq!(
            (refused.status, refused.error()),
            (503, (14, "etcdserver: rpc not supported for learner")),
            "{path}"
        );
    }
    let status = cluster.ask(new, STATUS, json!({})).await;
    assert_eq!((status.status, &status.body["isLearner"]), (200, &true.into()), "{status}");
    assert_eq!(status.body["header"]["member_id"], id, "{status}");

    let promoted = cluster.ask_until(0, (PROMOTE, json!({"ID": id})), "a promotion", |answer| {
        assert!(answer.status == 200 || answer.error() == (9, NOT_IN_SYNC), "{answer}");
        answer.status == 200
    });
    let promoted = promoted.await;
    let entry = promoted.member(&cluster.member(new).peer_url());
    assert_eq!((promoted.members().len(), entry.get("isLearner"), &entry["name"]), (2, None, &"node02".into()));
    // Whichever of them is asked, once it knows; the promoted one may learn of it a little later.
    for asked in [0, new] {
        let status = (STATUS, json!({}));
        let voter = |status: &etcd::Answer| status.status == 200 && status.body.get("isLearner").is_none();
        cluster.ask_until(asked, status, "a voter", voter).await;
        // A leader that has just been elected does not know how far the others are, and takes a voter for behind.
        let refused = |answer: &etcd::Answer| answer.error() == (9, "etcdserver: can only promote a learner member");
        cluster.ask_until(asked, (PROMOTE, json!({"ID": id})), "no promotion of a voter", refused).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_voter_that_is_down_makes_the_cluster_unhealthy_for_changes_alone() {
    let mut cluster = EtcdCluster::start(3).await;
    let new = cluster.prepare();
    // An add of what is there changes nothing: it shows whether changes are let in.
    let probe = || (ADD, learner(&cluster.member(0).peer_url()));
    // All voters must have been connected to each other for 5 s.
    let young = cluster.ask(0, probe().0, probe().1).await;
    assert!([UNHEALTHY.0, 9].contains(&young.code), "{young}");
    cluster.ask_until(0, probe(), "a cluster that takes changes", |answer| answer.code == 9).await;

    // One that hangs is missed by 3.4 after 5 s, by 3.5 never: there a change may be let in that costs the quorum.
    cluster.stop(2).await;
    if is_3_4(&cluster).await {
        cluster.ask_until(0, probe(), "a stopped voter", |answer| answer.error() == UNHEALTHY).await;
    }
    cluster.cont(2);
    cluster.ask_until(0, probe(), "a voter that went on", |answer| answer.code == 9).await;

    cluster.kill(2);
    let url = cluster.member(0).peer_url();
    let unhealthy = |answer: &etcd::Answer| (answer.status, answer.error()) == (503, UNHEALTHY);
    cluster.ask_until(0, (ADD, learner(&url)), "a killed voter", unhealthy).await;
    cluster.ask_until(0, (ADD, json!({"peerURLs": [cluster.member(new).peer_url()]})), "the same", unhealthy).await;
    // A living voter may not be removed either, but the dead one.
    let list = cluster.list(0).await;
    let [living, dead] = [1, 2].map(|number| list.member(&cluster.member(number).peer_url())["ID"].clone());
    cluster.ask_until(0, (REMOVE, json!({"ID": living})), "a living voter that stays", unhealthy).await;
    // All the rest goes on.
    cluster.ask_until(0, (PUT, json!({"key": SOMETHING})), "a write", |answer| answer.status == 200).await;
    cluster.healthy(0).await;
    let status =
        cluster.ask_until(0, (STATUS, json!({})), "a leader", |answer| answer.body["leader"].is_string()).await;
    assert!(status.body.get("errors").is_none(), "{status}");
    let gone = |answer: &etcd::Answer| answer.status == 200 || answer.error() == NOT_FOUND;
    cluster.ask_until(0, (REMOVE, json!({"ID": dead})), "a removal", gone).await;
    assert_eq!(cluster.list(0).await.members().len(), 2);

    // It learns of it when it starts, and ends as if all were well.
    cluster.restart(2);
    let (code, said) = cluster.ended(2).await;
    assert_eq!(code, 0, "{said}");
    assert!(said.contains("data-dir used by this member must be removed"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_quorum_a_running_voter_lists_what_it_knows_and_says_that_it_has_no_leader() {
    let mut cluster = EtcdCluster::start(3).await;
    cluster.ask_until(0, (PUT, json!({"key": SOMETHING})), "a write", |answer| answer.status == 200).await;
    let before = cluster.list(0).await;
    let without_exact_lists = is_3_4(&cluster).await;
    cluster.kill(1);
    cluster.kill(2);
    let status = cluster.ask_until(0, (STATUS, json!({})), "no leader", |answer| answer.body.get("leader").is_none());
    let status = status.await;
    assert_eq!((status.status, &status.body["errors"]), (200, &json!(["etcdserver: no leader"])), "{status}");
    let list = cluster.list(0).await;
    assert_eq!((list.status, list.members()), (200, before.members()), "{list}");
    // From 3.5 on, who asks for it gets the truth or nothing.
    let exact = cluster.ask(0, LIST, json!({"linearizable": true})).await;
    if without_exact_lists {
        assert_eq!((exact.status, exact.members()), (200, before.members()), "{exact}");
    } else {
        assert_eq!((exact.status, exact.error()), (503, (14, "etcdserver: request timed out")), "{exact}");
    }
    let health = cluster.ask(0, "/health", Value::Null).await;
    assert_eq!((health.status, &health.body["health"]), (503, &"false".into()), "{health}");

    // Each is given up after 6 s, by etcd itself.
    let range = cluster.ask(0, "/v3/kv/range", json!({"key": SOMETHING}));
    let (late, put) = tokio::join!(range, cluster.ask(0, PUT, json!({"key": SOMETHING})));
    assert_eq!((late.status, late.error()), (503, (14, "etcdserver: request timed out")), "{late}");
    let own = cluster.ask(0, "/v3/kv/range", json!({"key": SOMETHING, "serializable": true})).await;
    assert_eq!((own.status, &own.body["count"]), (200, &"1".into()), "{own}");
    // 500 and gRPC's "unknown" in 3.4, 504 and its "deadline exceeded" later.
    assert_eq!(put.text, "context deadline exceeded", "{put}");
    assert!([(500, 2), (504, 4)].contains(&(put.status, put.code)), "{put}");
    let add = cluster.ask(0, ADD, learner(&cluster.member(0).peer_url())).await;
    assert_eq!((add.status, add.error()), (503, UNHEALTHY), "{add}");

    // One that starts without a quorum is not ready, and not even its list is to be had.
    cluster.kill(0);
    cluster.restart(0);
    cluster.says(0, "is starting a new election").await;
    assert!(!cluster.member(0).process.reported_ready());
    cluster.restart(1);
    cluster.ready(0).await;
    cluster.healthy(0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_member_of_a_new_cluster_is_ready_once_enough_others_are_there() {
    let mut cluster = EtcdCluster::prepared(2);
    let initial = cluster.initial_cluster();
    cluster.spawn_member(0, &initial, "new");
    cluster.says(0, "is starting a new election").await;
    assert!(!cluster.member(0).process.reported_ready());
    cluster.spawn_member(1, &initial, "new");
    for own in [0, 1] {
        cluster.ready(own).await;
        cluster.healthy(own).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_initial_cluster_that_is_not_the_list_ends_the_start() {
    let mut cluster = EtcdCluster::start(1).await;
    let new = cluster.prepare();
    let [first, own] = [0, new].map(|number| format!("node0{}={}", number + 1, cluster.member(number).peer_url()));
    let all = format!("{first},{own}");
    let refused = async |cluster: &mut EtcdCluster, initial: &str, text: &str| {
        loop {
            cluster.wipe(new);
            cluster.spawn_member(new, initial, "existing");
            let (code, said) = cluster.ended(new).await;
            assert_eq!(code, 1, "{initial}: {said}");
            assert!(!cluster.member(new).process.reported_ready(), "{initial}");
            if said.contains(text) {
                break;
            }
            // Where a machine is busy: etcd waits for its peers a second or two, not more.
            assert!(said.contains(NOBODY), "{initial}: {said}");
        }
    };
    // It was not added.
    refused(&mut cluster, &all, "member count is unequal").await;
    cluster.add_learner(0, new).await;
    refused(&mut cluster, &format!("{all},node99=https://127.0.0.9:2380"), "member count is unequal").await;
    refused(&mut cluster, &own, NOBODY).await;
    // Two of one name are taken for one with two URLs.
    refused(&mut cluster, &all.replace("node01", "node02"), NOBODY).await;
    refused(&mut cluster, &first, r#"couldn't find local name \"node02\" in the initial cluster configuration"#).await;
    // With the right one it starts, in the same place and after all that.
    cluster.spawn_member(new, &all, "existing");
    cluster.ready(new).await;
    // A member with data does not read it again.
    cluster.kill(new);
    cluster.spawn_member(new, "node02=https://127.0.0.9:2380", "new");
    cluster.ready(new).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_member_that_lost_its_data_is_not_let_in_as_new() {
    let mut cluster = EtcdCluster::start(3).await;
    cluster.kill(2);
    cluster.wipe(2);
    cluster.restart(2);
    let (code, said) = cluster.ended(2).await;
    assert_eq!(code, 1, "{said}");
    assert!(said.contains("has already been bootstrapped"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_member_that_is_removed_ends_as_if_all_were_well_and_so_does_each_later_start() {
    let mut cluster = EtcdCluster::start(1).await;
    let new = cluster.prepare();
    let initial = cluster.initial_cluster();
    let id = cluster.add_learner(0, new).await;
    cluster.spawn_member(new, &initial, "existing");
    cluster.ready(new).await;
    assert_eq!(cluster.ask(0, REMOVE, json!({"ID": id})).await.status, 200);
    // The second start knows it from its own log; that it is added again does not help the third.
    for start in 0..3 {
        let (code, said) = cluster.ended(new).await;
        assert_eq!(code, 0, "{said}");
        assert!(said.contains("data-dir used by this member must be removed"), "{said}");
        if start == 1 {
            cluster.add_learner(0, new).await;
        }
        if start < 2 {
            cluster.restart(new);
        }
    }
    // Without its data it is the member that was added.
    cluster.wipe(new);
    cluster.restart(new);
    cluster.ready(new).await;
    cluster.healthy(new).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cluster_id_is_made_of_the_members_and_the_token_and_strangers_to_it_are_refused_for_ever() {
    let mut cluster = EtcdCluster::start(2).await;
    let id = async |cluster: &EtcdCluster| cluster.list(0).await.body["header"]["cluster_id"].clone();
    let fresh = async |cluster: &mut EtcdCluster| {
        for number in [0, 1] {
            cluster.kill(number);
            cluster.swap_data(number);
            cluster.wipe(number);
        }
        for number in [0, 1] {
            cluster.restart(number);
        }
        for number in [0, 1] {
            cluster.healthy(number).await;
        }
    };
    let first = id(&cluster).await;
    fresh(&mut cluster).await;
    assert_eq!(first, id(&cluster).await, "bootstrapped twice");
    cluster.token = "another".to_owned();
    fresh(&mut cluster).await;
    assert_ne!(first, id(&cluster).await, "with another token");

    // With the data of the cluster before it runs on and is never ready.
    cluster.kill(1);
    cluster.swap_data(1);
    cluster.restart(1);
    cluster.says(1, "request sent was ignored by remote peer due to cluster ID mismatch").await;
    cluster.says(0, "request cluster ID mismatch").await;
    cluster.says(1, "is starting a new election").await;
    assert!(!cluster.member(1).process.reported_ready());
    cluster.kill(1);
    cluster.swap_data(1);
    cluster.restart(1);
    cluster.ready(1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn with_users_a_list_is_for_all_and_a_change_needs_a_token() {
    let mut cluster = EtcdCluster::start(1).await;
    let new = cluster.prepare();
    let add = || learner(&cluster.member(new).peer_url());
    let authenticate = || json!({"name": "root", "password": "secret"});
    let before = cluster.ask(0, "/v3/auth/authenticate", authenticate()).await;
    assert_eq!(before.error(), (9, "etcdserver: authentication is not enabled"));
    for (path, body) in [
        ("/v3/auth/user/add", authenticate()),
        ("/v3/auth/user/add", json!({"name": "plain", "password": "plain"})),
        // Whom certificates name: root, and the others as root.
        ("/v3/auth/user/add", json!({"name": "client", "password": "secret"})),
        ("/v3/auth/role/add", json!({"name": "root"})),
        ("/v3/auth/user/grant", json!({"user": "root", "role": "root"})),
        ("/v3/auth/user/grant", json!({"user": "client", "role": "root"})),
        ("/v3/auth/enable", json!({})),
    ] {
        let done = cluster.ask(0, path, body).await;
        assert_eq!(done.status, 200, "{path}: {done}");
    }

    // A client whose certificate has a common name is refused everything, with or without a token.
    for client in [cluster.client_named("client"), cluster.client_named("root")] {
        for (path, body) in [(LIST, json!({})), (ADD, add()), ("/v3/auth/authenticate", authenticate())] {
            let refused = cluster.ask_as(&client, None, 0, path, body).await;
            let text =
                "CommonName of client sending a request against gateway will be ignored and not used as expected";
            assert_eq!((refused.status, refused.code, refused.text.as_str()), (400, 0, text), "{path}");
        }
        assert_eq!(cluster.ask_as(&client, None, 0, "/health", Value::Null).await.status, 200);
    }

    let nameless = cluster.client_named("");
    let ask =
        async |token: Option<&str>, path: &str, body: Value| cluster.ask_as(&nameless, token, 0, path, body).await;
    for token in [None, Some("garbage")] {
        assert_eq!(ask(token, LIST, json!({})).await.members().len(), 1);
        assert_eq!(ask(token, STATUS, json!({})).await.status, 200);
    }
    for (path, body) in [(ADD, add()), (PROMOTE, json!({"ID": "1"})), (REMOVE, json!({"ID": "1"}))] {
        let nobody = ask(None, path, body.clone()).await;
        assert_eq!((nobody.status, nobody.error()), (400, (3, "etcdserver: user name is empty")), "{path}");
        let stale = ask(Some("garbage"), path, body).await;
        assert_eq!((stale.status, stale.error()), (401, (16, "etcdserver: invalid auth token")), "{path}");
    }
    for wrong in [json!({"name": "root", "password": "wrong"}), json!({"name": "nobody", "password": "wrong"})] {
        let refused = ask(None, "/v3/auth/authenticate", wrong).await;
        let text = "etcdserver: authentication failed, invalid user ID or password";
        assert_eq!((refused.status, refused.error()), (400, (3, text)));
    }
    let token = async |body: Value| {
        let answer = ask(None, "/v3/auth/authenticate", body).await;
        answer.body["token"].as_str().unwrap_or_else(|| panic!("{answer}")).to_owned()
    };
    let plain = token(json!({"name": "plain", "password": "plain"})).await;
    let denied = ask(Some(&plain), ADD, add()).await;
    assert_eq!((denied.status, denied.error()), (403, (7, "etcdserver: permission denied")));
    let root = token(authenticate()).await;
    // The token alone, not as a bearer's.
    assert_eq!(ask(Some(&format!("Bearer {root}")), ADD, add()).await.code, 16);
    let added = ask(Some(&root), ADD, add()).await;
    assert_eq!((added.status, added.members().len()), (200, 2), "{added}");
}
