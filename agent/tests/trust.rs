//! Whom the agent trusts, and what it says of those whom it does not: a block at once if an operator has to act,
//! another try if waiting may help.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

#[allow(dead_code, reason = "each test file uses its share")]
mod node;
#[allow(dead_code, reason = "each test file uses its share")]
mod openssl;
#[allow(dead_code, reason = "each test file uses its share")]
mod strangers;

use std::fs;
use std::time::{Duration, Instant};

use cluster_standin::pki::{Authority, Validity};
use cluster_standin::{Fault, Identity, RaftServer, Rule, TrialCluster, cluster_of};
use node::{Node, Run};
use openssl::{Ca, EC, P521};
use serde_json::json;
use strangers::{Manner, Stranger};

const HERE: &str = "127.0.0.1";
/// A block is reported within that, however busy the machine that runs the tests is.
const AT_ONCE: Duration = Duration::from_secs(2);

/// Runs a join twice: once with the stranger where the leader should be, once where the node's own service should be.
async fn meet(cluster: &mut TrialCluster, stranger: &Stranger, prepare: impl Fn(&Node)) -> [(Run, Duration); 2] {
    let own = cluster.start_waiting().await.unwrap();
    let as_leader = Node::joining_through(cluster, own, &stranger.url);
    let as_own = Node::joining(cluster, own);
    as_own.edit(|config| {
        config["services"]["chainfire"]["url"] = stranger.url.clone().into();
        config["policies"]["health"]["limit"] = "1500ms".into();
    });
    let timed = async |node: &Node| {
        prepare(node);
        let began = Instant::now();
        let run = node.run(&["join", "chainfire"]).await;
        assert!(!node.has_marker("chainfire-joined"), "{run}");
        (run, began.elapsed())
    };
    [timed(&as_leader).await, timed(&as_own).await]
}

/// Blocked at once, with the endpoint, the cause and a remedy, wherever the stranger stands.
async fn is_blocked(cluster: &mut TrialCluster, stranger: &Stranger, prepare: impl Fn(&Node), says: &[&str]) {
    for (run, took) in meet(cluster, stranger, prepare).await {
        assert_eq!(run.code, 78, "{run}");
        let reported = run.message("BlockedTrust");
        for part in says.iter().chain([&stranger.url.as_str()]) {
            assert!(reported.contains(part), "not in the message: {part}\n{reported}");
        }
        assert!(took < AT_ONCE, "blocked only after {took:?}: {reported}");
    }
}

/// Asked again until the run is over, and said what it is.
async fn is_retried(cluster: &mut TrialCluster, stranger: &Stranger, says: &str) {
    let [(as_leader, _), (as_own, _)] = meet(cluster, stranger, |_| ()).await;
    for (run, event) in [(&as_leader, "RequestFailed"), (&as_leader, "AttemptsExhausted"), (&as_own, "HealthTimeout")] {
        assert_eq!(run.code, 1, "{run}");
        let reported = run.message(event);
        assert!(reported.contains(says) && reported.contains(&stranger.url), "{event} does not say {says}: {reported}");
    }
    assert!(as_leader.message("AttemptsExhausted").contains("after 3 attempts"), "{as_leader}");
}

#[tokio::test(flavor = "multi_thread")]
async fn n5_a_certificate_of_another_ca_is_blocked() {
    let mut cluster = cluster_of(0).await.unwrap();
    let identity = strangers::identity(&cluster, &Authority::create().unwrap(), HERE, Validity::Valid);
    let stranger = strangers::service(&cluster, identity, false).await;
    let says = ["signed by a CA that is not in tls.ca", "compare its certificate with tls.ca: openssl s_client"];
    is_blocked(&mut cluster, &stranger, |_| (), &says).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn n5_a_certificate_that_has_expired_is_blocked() {
    let mut cluster = cluster_of(0).await.unwrap();
    let identity = strangers::identity(&cluster, &cluster.authority, HERE, Validity::Expired);
    let stranger = strangers::service(&cluster, identity, false).await;
    is_blocked(
        &mut cluster,
        &stranger,
        |_| (),
        &["it expired at 20", "and this node's clock says 20", "renew it there, or set this node's clock"],
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn n1_a_certificate_that_is_not_valid_yet_is_asked_again() {
    let mut cluster = cluster_of(0).await.unwrap();
    let identity = strangers::identity(&cluster, &cluster.authority, HERE, Validity::NotYetValid);
    let stranger = strangers::service(&cluster, identity, false).await;
    is_retried(&mut cluster, &stranger, "not valid yet, is this node's clock set? it is not valid before 20").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn n5_a_certificate_for_another_name_is_blocked() {
    let mut cluster = cluster_of(0).await.unwrap();
    let identity = strangers::identity(&cluster, &cluster.authority, "elsewhere", Validity::Valid);
    let stranger = strangers::service(&cluster, identity, false).await;
    let says = ["elsewhere", HERE, "issue it for this name, or ask it by a name that it has"];
    is_blocked(&mut cluster, &stranger, |_| (), &says).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn n5_a_service_that_wants_a_certificate_and_gets_none_is_blocked() {
    let mut cluster = cluster_of(0).await.unwrap();
    let identity = strangers::identity(&cluster, &cluster.authority, HERE, Validity::Valid);
    let stranger = strangers::service(&cluster, identity, true).await;
    let without = |node: &Node| node.edit(|config| config["tls"] = json!({"ca": config["tls"]["ca"]}));
    let says = ["wants a certificate of this node", "set tls.cert and tls.key"];
    is_blocked(&mut cluster, &stranger, without, &says).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn n5_a_certificate_of_this_node_that_is_revoked_or_unknown_is_blocked() {
    let mut cluster = cluster_of(0).await.unwrap();
    let revoked = strangers::issue(&cluster.authority, HERE, Validity::Valid);
    let list = cluster.authority.revoke(&revoked).unwrap();
    let unknown = strangers::issue(&Authority::create().unwrap(), HERE, Validity::Valid);
    let identity = strangers::identity(&cluster, &cluster.authority, HERE, Validity::Valid).refusing(list);
    let stranger = strangers::service(&cluster, identity, true).await;
    for (certificate, alert) in [(revoked, "revoked"), (unknown, "signed by a CA that it does not know")] {
        let says = ["did not accept this node's certificate", alert, "replace this node's certificate and key"];
        is_blocked(&mut cluster, &stranger, |node| node.install(&certificate), &says).await;
    }
}

/// With a wrong `tls.ca`, the certificate of a healthy leader looks like a stranger's.
#[tokio::test(flavor = "multi_thread")]
async fn n5_where_the_own_certificate_does_not_fit_tls_ca_either_that_is_said() {
    let mut cluster = cluster_of(0).await.unwrap();
    let other = Authority::create().unwrap();
    let identity = strangers::identity(&cluster, &other, HERE, Validity::Valid);
    let stranger = strangers::service(&cluster, identity, false).await;
    let own = strangers::issue(&other, HERE, Validity::Valid);
    let says = ["this node's own certificate does not fit its tls.ca either, which may be the wrong file"];
    is_blocked(&mut cluster, &stranger, |node| node.install(&own), &says).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn f16_a_refusal_of_this_nodes_certificate_says_what_is_odd_about_it() {
    let mut cluster = cluster_of(0).await.unwrap();
    let ca = Ca::create(EC);
    ca.issue("node", EC, "subjectAltName=IP:127.0.0.1\nextendedKeyUsage=serverAuth");
    let trusted = cluster.authority.certificate_pem().to_owned() + &ca.read("ca.crt");
    let identity = Identity::new(&trusted, &strangers::issue(&cluster.authority, HERE, Validity::Valid));
    let stranger = strangers::service(&cluster, identity, true).await;
    let install = |node: &Node| {
        fs::write(node.path("node.crt"), ca.read("node.crt")).unwrap();
        node.write_secret("node.key", &ca.read("node.key"));
    };
    let says = [
        "did not accept this node's certificate",
        "/node.crt: its extended key usage is serverAuth, and not clientAuth",
    ];
    is_blocked(&mut cluster, &stranger, install, &says).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn n5_a_service_that_speaks_only_tls_1_1_is_blocked() {
    let mut cluster = cluster_of(0).await.unwrap();
    let stranger = strangers::old_tls(&cluster).await;
    is_blocked(&mut cluster, &stranger, |_| (), &["no TLS 1.2 or 1.3", "let it offer TLS 1.2 or 1.3"]).await;
}

/// The certificates of an openssl CA, which the node trusts as well.
fn trusting(ca: &Ca) -> impl Fn(&Node) {
    let more = ca.read("ca.crt");
    move |node| {
        let ca = node.path("ca.crt");
        fs::write(&ca, fs::read_to_string(&ca).unwrap() + &more).unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn f17_a_key_that_is_not_supported_at_the_leader_is_blocked() {
    let mut cluster = cluster_of(0).await.unwrap();
    let ca = Ca::create(EC);
    ca.issue("leader", P521, "subjectAltName=IP:127.0.0.1");
    let stranger = strangers::openssl_server(ca.path(), "leader", &["-www"]).await;
    let says = [
        "nothing in common with this agent: no signature scheme (is its key P-521",
        "P-384 or Ed25519",
        "openssl s_client",
    ];
    is_blocked(&mut cluster, &stranger, trusting(&ca), &says).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn f38_a_connection_that_ends_in_the_middle_is_retried_and_explained_in_words() {
    let mut cluster = cluster_of(0).await.unwrap();
    let identity = strangers::identity(&cluster, &cluster.authority, HERE, Validity::Valid);
    let mut options = cluster.options("stranger").unwrap();
    options.identity = identity;
    let server = RaftServer::start(options).await.unwrap();
    for fault in [Fault::Reset, Fault::Truncate, Fault::LoseAnswer] {
        server.faults().set(vec![Rule::always("GET", "*", fault.clone())]);
        let own = cluster.start_waiting().await.unwrap();
        let run = Node::joining_through(&cluster, own, server.api_url()).run(&["join", "chainfire"]).await;
        let reported = run.message("RequestFailed");
        assert!(
            reported.contains("the other side closed the connection in the middle of its answer"),
            "{fault:?}: {reported}"
        );
        assert!(!run.to_string().contains("docs.rs"), "{run}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn n6_another_program_on_the_port_is_asked_again_and_named() {
    let each = [
        (Manner::PlainHttp, "not in TLS: plain HTTP, or another program"),
        (Manner::Greeting, "not in TLS: plain HTTP, or another program"),
        (Manner::Silence, "no connection within 500ms"),
        (Manner::HangUp, "connection error"),
    ];
    let met = each.map(|(manner, says)| {
        tokio::spawn(async move {
            let mut cluster = cluster_of(0).await.unwrap();
            is_retried(&mut cluster, &strangers::other_program(manner).await, says).await;
        })
    });
    for stranger in met {
        stranger.await.unwrap();
    }
}
