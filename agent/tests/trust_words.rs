//! Peers with certificates and settings that a rustls server cannot have, made with openssl: what the agent says of each.
//!
//! `plan` asks them and says what it has met; what follows from it for a join is `trust`'s.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

#[allow(dead_code, reason = "each test file uses its share")]
mod node;
#[allow(dead_code, reason = "each test file uses its share")]
mod openssl;
#[allow(dead_code, reason = "each test file uses its share")]
mod strangers;

use std::fs;

use cluster_standin::{TrialCluster, cluster_of};
use node::Node;
use openssl::{Ca, EC, P521};
use strangers::Stranger;

const NAMED: &str = "subjectAltName=IP:127.0.0.1";

/// What `plan` says of a leader, to a node that trusts the CA as well.
async fn said_of(cluster: &mut TrialCluster, ca: &Ca, stranger: &Stranger) -> String {
    let own = cluster.start_waiting().await.unwrap();
    let node = Node::joining_through(cluster, own, &stranger.url);
    let file = node.path("ca.crt");
    fs::write(&file, fs::read_to_string(&file).unwrap() + &ca.read("ca.crt")).unwrap();
    let run = node.run(&["plan"]).await;
    assert!(run.stdout.contains(&stranger.url), "{run}");
    run.stdout
}

/// A leader with this certificate of a CA.
async fn met(ca: &Ca, name: &str, arguments: &[&str]) -> String {
    let mut cluster = cluster_of(0).await.unwrap();
    let stranger = strangers::openssl_server(ca.path(), name, &[&["-www"], arguments].concat()).await;
    said_of(&mut cluster, ca, &stranger).await
}

#[tokio::test(flavor = "multi_thread")]
async fn f28_f31_every_kind_of_wrong_certificate_is_explained_in_words() {
    let ca = Ca::create(EC);
    let eku = |usage: &str| format!("{NAMED}\nextendedKeyUsage={usage}");
    let rows: &[(&str, &[&str], &str, &[&str])] = &[
        ("good", EC, NAMED, &["is not a member list"]),
        ("v1", EC, "", &["it is of X.509 version 1", "issue it with extensions (subjectAltName)"]),
        (
            "ip-as-dns",
            EC,
            "subjectAltName=DNS:127.0.0.1",
            &["has the address 127.0.0.1 as a DNS name", "subjectAltName=IP:127.0.0.1"],
        ),
        (
            "127.0.0.1",
            EC,
            "basicConstraints=CA:FALSE",
            &["no subjectAltName", "common name", "subjectAltName=IP:127.0.0.1"],
        ),
        (
            "others",
            EC,
            "subjectAltName=DNS:node07,IP:10.0.0.7",
            &["it is for node07, IP 10.0.0.7, and not for 127.0.0.1"],
        ),
        (
            "ca-as-leaf",
            EC,
            "subjectAltName=IP:127.0.0.1\nbasicConstraints=critical,CA:TRUE",
            &["a CA's own certificate (CA:TRUE)"],
        ),
        (
            "client",
            EC,
            &eku("clientAuth"),
            &["extended key usage is clientAuth, and not serverAuth", "issue it with both"],
        ),
        ("timestamp", EC, &eku("timeStamping"), &["extended key usage is 1.3.6.1.5.5.7.3.8, and not serverAuth"]),
        (
            "critical",
            EC,
            "subjectAltName=IP:127.0.0.1\n1.2.3.4=critical,ASN1:UTF8String:x",
            &["a critical extension that is not known"],
        ),
        ("short", &["rsa", "-pkeyopt", "rsa_keygen_bits:1024"], NAMED, &["RSA of less than 2048 bits"]),
        ("p521", P521, NAMED, &["nothing in common", "is its key P-521"]),
        ("ed448", &["ed448"], NAMED, &["nothing in common", "Ed448"]),
    ];
    for (name, key, extensions, says) in rows {
        ca.issue(name, key, extensions);
        let arguments: &[&str] = if *name == "short" { &["-cipher", "ALL:@SECLEVEL=0"] } else { &[] };
        let said = met(&ca, name, arguments).await;
        for part in *says {
            assert!(said.contains(part), "{name}: not said: {part}\n{said}");
        }
        assert!(!said.contains("::") && !said.contains("docs.rs"), "{name}: {said}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn f17_f31_a_ca_that_signs_in_an_unsupported_way_is_explained_in_words() {
    let long = Ca::create(P521);
    long.issue("leaf", EC, NAMED);
    let said = met(&long, "leaf", &[]).await;
    assert!(said.contains("signed by ECDSA with SHA-256") && said.contains("P-521 (secp521r1)"), "{said}");

    let old = Ca::create(&["rsa", "-pkeyopt", "rsa_keygen_bits:2048"]);
    old.issue_with("leaf", EC, NAMED, &["-sha1"]);
    let said = met(&old, "leaf", &["-cipher", "ALL:@SECLEVEL=0"]).await;
    assert!(said.contains("signed by RSA with SHA-1, which is not supported"), "{said}");

    let narrow = Ca::with(EC, &["-addext", "nameConstraints=critical,permitted;IP:10.0.0.0/255.0.0.0"]);
    narrow.issue("leaf", EC, NAMED);
    let said = met(&narrow, "leaf", &[]).await;
    assert!(said.contains("its CA may not issue for the names in it"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn f17_settings_without_an_overlap_are_explained_in_words() {
    let ca = Ca::create(EC);
    ca.issue("leader", EC, NAMED);
    for arguments in [
        &["-tls1_2", "-cipher", "AES128-SHA:ECDHE-ECDSA-AES128-SHA"][..],
        &["-groups", "P-521"],
        &["-tls1_2", "-sigalgs", "ECDSA+SHA512"],
    ] {
        let said = met(&ca, "leader", arguments).await;
        assert!(said.contains("it found nothing in common with this agent"), "{arguments:?}: {said}");
    }
}
