//! What is said where a name does not resolve: the name, DNS and the servers, what came of it, and what to do.

use std::fs;
use std::os::unix::fs::symlink;
use std::time::Duration;

use futures_util::future::join;
use hickory_proto::op::ResponseCode;
use nix::sys::stat::Mode;
use nix::unistd::mkfifo;

use super::super::check::check;
use super::Machine;
use super::server::{Reply, Servers, always, at};
use crate::config;

#[tokio::test]
async fn f01_each_kind_of_trouble_with_dns_has_its_words() {
    let nothing = Reply::Has(&[]);
    for (name, reply, words) in [
        (
            "silent",
            Reply::Silence,
            "no answer from DNS servers 127.0.0.1, 127.0.0.2 within 5 s; check the name servers",
        ),
        ("none", Reply::Code(ResponseCode::NXDomain), " says that there is no none.example (NXDOMAIN);"),
        ("empty", nothing, " has no address of empty.example;"),
        (
            "failed",
            Reply::Code(ResponseCode::ServFail),
            "DNS server 127.0.0.1: could not find out (SERVFAIL); DNS server 127.0.0.2: could not find out (SERVFAIL);",
        ),
        (
            "refused",
            Reply::Code(ResponseCode::Refused),
            "DNS server 127.0.0.1: does not answer this machine (REFUSED);",
        ),
        ("odd", Reply::Code(ResponseCode::YXDomain), "DNS server 127.0.0.1: answered with code 6;"),
        ("lame", Reply::Lame, "DNS server 127.0.0.1: does not know the name and asks nobody else;"),
        ("garbled", Reply::Garbled, "DNS server 127.0.0.1: its answer cannot be read;"),
    ] {
        let both = [1, 2].map(|last| always(last, reply.clone(), reply.clone()));
        let servers = Servers::start(both.into()).await;
        let conf = "nameserver 127.0.0.1\nnameserver 127.0.0.2\n";
        let why = Machine::new("", conf, servers.port).addresses(&format!("{name}.example")).await.unwrap_err();
        assert!(why.starts_with(&format!("name {name}.example does not resolve: ")), "{why}");
        assert!(why.contains(words) && why.ends_with("to /etc/hosts"), "{name}: {why}");
    }
}

#[tokio::test]
async fn f01_one_server_that_fails_and_one_that_is_silent_are_distinguished() {
    let servers = Servers::start(vec![
        at(1, |_, _| Reply::Silence),
        at(2, |_, _| Reply::Late(Duration::from_millis(10), Box::new(Reply::Code(ResponseCode::ServFail)))),
    ])
    .await;
    let conf = "nameserver 127.0.0.1\nnameserver 127.0.0.2\nnameserver 127.0.0.3\n";
    let half = Servers::start(vec![always(1, Reply::Has(&[]), Reply::Silence)]).await;
    let (machine, of_half) =
        (Machine::new("", conf, servers.port), Machine::new("", "nameserver 127.0.0.1", half.port));
    // Side by side: both wait for a silent server.
    let (found, of_half) = join(machine.addresses("leader.example"), of_half.addresses("leader.example")).await;
    let why = found.unwrap_err();
    let words = "no answer from DNS server 127.0.0.1 within 5 s; DNS server 127.0.0.2: could not find out (SERVFAIL); DNS \
                 server 127.0.0.3: nothing listens at its port (connection refused); check";
    assert!(why.contains(words), "{why}");

    let why = of_half.unwrap_err();
    assert!(why.contains("no address of one family, and for the other no answer from DNS server 127.0.0.1"), "{why}");
}

#[tokio::test]
async fn f01_without_a_server_nobody_else_is_asked_and_the_reason_is_the_file() {
    type Make = fn(&Machine);
    let cases: [(&str, Make); 7] = [
        ("etc/resolv.conf does not exist; add `nameserver ADDRESS`", |_| ()),
        ("etc/resolv.conf lists no name server;", |machine| {
            fs::write(machine.path("etc/resolv.conf"), "search a\n").unwrap();
        }),
        ("resolv.conf is a link to ../run/stub-resolv.conf, which does not exist;", |machine| {
            symlink("../run/stub-resolv.conf", machine.path("etc/resolv.conf")).unwrap();
        }),
        ("etc/resolv.conf is a directory;", |machine| fs::create_dir(machine.path("etc/resolv.conf")).unwrap()),
        ("etc/resolv.conf is a pipe;", |machine| mkfifo(&machine.path("etc/resolv.conf"), Mode::S_IRWXU).unwrap()),
        ("etc/resolv.conf is a device;", |machine| symlink("/dev/zero", machine.path("etc/resolv.conf")).unwrap()),
        ("etc/resolv.conf lists no name server;", |machine| {
            // A petabyte without a line.
            let file = fs::File::create(machine.path("etc/resolv.conf")).unwrap();
            file.set_len(1 << 40).unwrap();
        }),
    ];
    for (words, make) in cases {
        let machine = Machine::new("", "", 1);
        fs::remove_file(machine.path("etc/resolv.conf")).unwrap();
        make(&machine);
        let why = machine.addresses("leader.example").await.unwrap_err();
        assert!(why.contains("it is not in /etc/hosts, and ") && why.contains(words), "{words}: {why}");
    }
}

#[tokio::test]
async fn f29_a_hosts_file_that_cannot_be_read_is_reported_and_dns_is_asked() {
    let servers = Servers::start(vec![at(1, |name, is_v6| match (name, is_v6) {
        ("leader.example", false) => Reply::Has(&["127.0.0.9"]),
        ("leader.example", true) => Reply::Has(&[]),
        _ => Reply::Code(ResponseCode::NXDomain),
    })])
    .await;
    let machine = Machine::new("", "nameserver 127.0.0.1\n", servers.port);
    fs::remove_file(machine.path("etc/hosts")).unwrap();
    mkfifo(&machine.path("etc/hosts"), Mode::S_IRWXU).unwrap();
    assert_eq!(machine.addresses("leader.example").await.unwrap(), ["127.0.0.9"]);
    let why = machine.addresses("other.example").await.unwrap_err();
    assert!(why.contains("etc/hosts is a pipe, and DNS server 127.0.0.1 says"), "{why}");
}

#[tokio::test]
async fn f01_the_names_of_a_configuration_that_do_not_resolve_are_found_at_once() {
    let servers = Servers::start(vec![at(1, |name, is_v6| match (name, is_v6) {
        ("node02.example", false) => Reply::Has(&["127.0.0.9"]),
        ("node02.example", true) => Reply::Has(&[]),
        _ => Reply::Silence,
    })])
    .await;
    let machine = Machine::new("10.0.1.10 node01.example\n", "nameserver 127.0.0.1\n", servers.port);
    let config = config::of(
        r#"{"node_id": "node04", "leader_url": "https://node01.example:2379", "raft_addr": "10.0.1.13:2380",
            "initial_peers": ["node01.example:2380", "node02.example:2380", "node03.example:2380", "10.0.1.12:2380"],
            "services": {"iam": {"url": "https://iam.example:8080"}, "flaredb": {"enable": false, "url": "https://x.example"}}}"#,
    );
    let found = check(&machine.names, &config).await;
    let names: Vec<&str> = found.iter().map(|unresolved| unresolved.name.as_str()).collect();
    assert_eq!(names, ["node03.example", "iam.example"]);
    for unresolved in found {
        assert_eq!(unresolved.servers, ["127.0.0.1"]);
        assert!(unresolved.reason.contains("no answer") && unresolved.remedy.contains("/etc/resolv.conf"));
    }
    assert!(!servers.asked().iter().any(|asked| asked.contains("node01") || asked.contains("x.example")));
}
