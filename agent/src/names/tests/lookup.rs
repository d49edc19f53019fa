//! What is asked, and what is made of the answers.

use std::net::IpAddr;
use std::time::{Duration, Instant};

use futures_util::future::{join, join_all};
use hickory_proto::op::ResponseCode;

use super::super::GRACE;
use super::server::{One, Reply, Servers, always, at};
use super::{Machine, PATIENCE};

const HERE: Reply = Reply::Has(&["127.0.0.9"]);
const NOTHING: Reply = Reply::Has(&[]);

/// A server that has an IPv4 address of every name and nothing else.
fn sound(last: u8) -> One {
    always(last, HERE, NOTHING)
}

fn machine(servers: &Servers, resolv_conf: &str) -> Machine {
    Machine::new("127.0.0.1 localhost\n", resolv_conf, servers.port)
}

#[tokio::test]
async fn f01_a_name_in_the_hosts_file_costs_no_question() {
    let servers = Servers::start(vec![at(1, |_, _| Reply::Silence)]).await;
    let hosts = "10.0.1.10 node01.example.com node01\nfd00::11 node02\n10.0.1.12 node03\nfd00::12 node03\n";
    let machine = Machine::new(hosts, "nameserver 127.0.0.1\nsearch example.com\n", servers.port);
    for (name, addresses) in [
        ("node01.example.com", &["10.0.1.10"][..]),
        ("NODE01", &["10.0.1.10"]),
        ("node01.example.com.", &["10.0.1.10"]),
        ("node02", &["fd00::11"]),
        ("node03", &["10.0.1.12", "fd00::12"]),
        ("localhost", &["127.0.0.1", "::1"]),
        ("db.LocalHost.", &["127.0.0.1", "::1"]),
    ] {
        assert_eq!(machine.addresses(name).await.unwrap(), addresses, "{name}");
    }
    assert_eq!(servers.asked(), Vec::<String>::new());
}

#[tokio::test]
async fn f02_one_family_is_enough_whatever_becomes_of_the_other() {
    // A server that drops one question would keep it open for half a minute.
    let conf = "nameserver 127.0.0.1\noptions timeout:30\n";
    for (other, reply) in [
        ("dropped", Reply::Silence),
        ("late", Reply::Late(Duration::from_secs(40), Box::new(Reply::Has(&["::1"])))),
        ("none", NOTHING),
        ("denied", Reply::Code(ResponseCode::NXDomain)),
        ("failed", Reply::Code(ResponseCode::ServFail)),
        ("not understood", Reply::Code(ResponseCode::NotImp)),
        ("garbled", Reply::Garbled),
    ] {
        let servers = Servers::start(vec![always(1, HERE, reply)]).await;
        let begun = Instant::now();
        let found = machine(&servers, conf).lookup("leader.example", GRACE).await;
        assert_eq!(found.unwrap(), ["127.0.0.9".parse::<IpAddr>().unwrap()], "AAAA {other}");
        assert!(begun.elapsed() < Duration::from_secs(30), "AAAA {other} was waited for");
        assert_eq!(servers.asked(), ["1 A leader.example", "1 AAAA leader.example"], "{other}");
    }
    for reply in [Reply::Silence, Reply::Code(ResponseCode::NXDomain)] {
        let servers = Servers::start(vec![always(1, reply, Reply::Has(&["::1"]))]).await;
        let begun = Instant::now();
        let found = machine(&servers, conf).lookup("leader.example", GRACE).await;
        assert_eq!(found.unwrap(), ["::1".parse::<IpAddr>().unwrap()]);
        assert!(begun.elapsed() < Duration::from_secs(30), "A was waited for");
    }
}

#[tokio::test]
async fn f02_addresses_without_a_route_are_not_enough() {
    // Link-local, and nothing says behind which interface, so it cannot be reached.
    let servers = Servers::start(vec![always(
        1,
        Reply::Late(Duration::from_millis(500), Box::new(HERE)),
        Reply::Has(&["fe80::9"]),
    )])
    .await;
    let found = machine(&servers, "nameserver 127.0.0.1\n").lookup("leader.example", GRACE).await.unwrap();
    assert_eq!(found.iter().map(ToString::to_string).collect::<Vec<_>>(), ["127.0.0.9", "fe80::9"], "best first");
}

#[tokio::test]
async fn f02_both_families_are_used_where_both_are_there() {
    let servers = Servers::start(vec![always(1, HERE, Reply::Has(&["::1"]))]).await;
    let machine = machine(&servers, "nameserver 127.0.0.1\n");
    assert_eq!(machine.addresses("leader.example").await.unwrap(), ["127.0.0.9", "::1"]);
}

#[tokio::test]
async fn f02_one_family_that_is_dropped_leaves_time_for_the_domains_that_follow() {
    let elsewhere = [
        ("no such name", Reply::Code(ResponseCode::NXDomain)),
        ("no address", NOTHING),
        ("failed", Reply::Code(ResponseCode::ServFail)),
    ];
    // Side by side: each lookup waits for the server that drops its question.
    join_all(elsewhere.map(async |(what, elsewhere)| {
        let manners = move |name: &str, is_v6| match name {
            _ if is_v6 => Reply::Silence,
            "leader.b.example" => HERE,
            _ => elsewhere.clone(),
        };
        let servers = Servers::start(vec![at(1, manners)]).await;
        let machine =
            machine(&servers, "nameserver 127.0.0.1\nsearch a.example b.example\noptions timeout:9 attempts:1\n");
        let (leader, nobody) = join(machine.lookup("leader", GRACE), machine.lookup("nobody", GRACE)).await;
        assert_eq!(leader.unwrap(), ["127.0.0.9".parse::<IpAddr>().unwrap()], "{what}");
        let why = nobody.unwrap_err();
        assert!(why.reason.contains("no answer") || why.reason.contains("SERVFAIL"), "{what}: {why}");
        assert!(servers.asked().contains(&"1 A nobody".to_owned()), "{what}: the last one was not asked");
    }))
    .await;
}

#[tokio::test]
async fn f02_no_aaaa_is_honoured() {
    let servers = Servers::start(vec![at(1, |name, _| if name == "v6.example" { NOTHING } else { HERE })]).await;
    let machine = machine(&servers, "nameserver 127.0.0.1\noptions no-aaaa\n");
    assert_eq!(machine.addresses("leader.example").await.unwrap(), ["127.0.0.9"]);
    let why = machine.addresses("v6.example").await.unwrap_err();
    assert!(why.contains("has no IPv4 address of v6.example, and no-aaaa is set"), "{why}");
    assert_eq!(servers.asked(), ["1 A leader.example", "1 A v6.example"]);
}

#[tokio::test]
async fn f30_a_timeout_of_nothing_still_asks() {
    let servers = Servers::start(vec![sound(1)]).await;
    let machine = machine(&servers, "nameserver 127.0.0.1\noptions timeout:0 attempts:0\n");
    assert_eq!(machine.addresses("leader.example").await.unwrap(), ["127.0.0.9"]);
}

#[tokio::test]
async fn n3_a_server_that_does_not_answer_costs_a_moment_and_not_the_name() {
    for (kind, reply) in [
        ("silent", Reply::Silence),
        ("SERVFAIL", Reply::Code(ResponseCode::ServFail)),
        ("REFUSED", Reply::Code(ResponseCode::Refused)),
        ("FORMERR", Reply::Code(ResponseCode::FormErr)),
        ("lame", Reply::Lame),
        ("garbled", Reply::Garbled),
    ] {
        let first = at(1, move |_, _| reply.clone());
        let servers = Servers::start(vec![first, sound(2)]).await;
        let machine = machine(&servers, "nameserver 127.0.0.1\nnameserver 127.0.0.2\n");
        assert_eq!(machine.addresses("leader.example").await, Ok(vec!["127.0.0.9".to_owned()]), "{kind}");
        assert!(servers.asked().contains(&"1 A leader.example".to_owned()), "{kind}: not in their order");
    }
    // The first address has no server, the second cannot be reached.
    let servers = Servers::start(vec![sound(2)]).await;
    let conf = "nameserver 127.0.0.7\nnameserver fe80::53%nic9\nnameserver 127.0.0.2\n";
    assert!(machine(&servers, conf).addresses("leader.example").await.is_ok());
}

#[tokio::test]
async fn n3_an_answer_that_comes_after_others_were_asked_still_counts() {
    let late = Reply::Late(Duration::from_millis(2500), Box::new(HERE));
    let servers = Servers::start(vec![at(1, move |_, _| late.clone()), at(2, |_, _| Reply::Silence)]).await;
    let machine = machine(&servers, "nameserver 127.0.0.1\nnameserver 127.0.0.2\noptions timeout:30\n");
    assert_eq!(machine.addresses("leader.example").await.unwrap(), ["127.0.0.9"]);
}

#[tokio::test]
async fn n3_an_answer_that_does_not_fit_comes_over_tcp() {
    let long = Reply::TooLong(Box::new(Reply::Has(&[
        "127.0.1.1",
        "127.0.1.2",
        "127.0.1.3",
        "127.0.1.4",
        "127.0.1.5",
        "127.0.1.6",
        "127.0.1.7",
        "127.0.1.8",
        "127.0.1.9",
    ])));
    let servers = Servers::start(vec![always(1, long, NOTHING)]).await;
    let found = machine(&servers, "nameserver 127.0.0.1\n").lookup("leader.example", PATIENCE).await.unwrap();
    assert_eq!(found.len(), 8, "with more, the share of each in the time to connect would be too small");
    assert!(servers.asked().contains(&"1 A leader.example tcp".to_owned()));

    let servers = Servers::start(vec![sound(1)]).await;
    let machine = machine(&servers, "nameserver 127.0.0.1\noptions use-vc\n");
    assert_eq!(machine.addresses("leader.example").await.unwrap(), ["127.0.0.9"]);
    assert_eq!(servers.asked(), ["1 A leader.example tcp", "1 AAAA leader.example tcp"]);
}

#[tokio::test]
async fn n6_what_others_send_in_the_place_of_the_answer_is_passed_over() {
    let servers =
        Servers::start(vec![always(1, Reply::Forged(Box::new(HERE)), Reply::Forged(Box::new(NOTHING)))]).await;
    let machine = machine(&servers, "nameserver 127.0.0.1\n");
    assert_eq!(machine.addresses("leader.example").await.unwrap(), ["127.0.0.9"]);
}

#[tokio::test]
async fn an_alias_is_followed_and_what_belongs_to_other_names_is_not() {
    let servers = Servers::start(vec![always(1, Reply::Alias("node07.example", "127.0.0.7"), NOTHING)]).await;
    let machine = machine(&servers, "nameserver 127.0.0.1\n");
    assert_eq!(machine.addresses("leader.example").await.unwrap(), ["127.0.0.7"]);
}

#[tokio::test]
async fn domains_are_searched_in_the_order_of_the_c_library() {
    let no = || Reply::Code(ResponseCode::NXDomain);
    for (conf, name, asked) in [
        ("search a.example b.example", "node01", &["node01.a.example", "node01.b.example", "node01"][..]),
        (
            "search a.example b.example",
            "node01.rack",
            &["node01.rack", "node01.rack.a.example", "node01.rack.b.example"],
        ),
        ("search a.example\noptions ndots:2", "node01.rack", &["node01.rack.a.example", "node01.rack"]),
        ("search a.example\noptions ndots:0", "node01", &["node01", "node01.a.example"]),
        ("search a.example", "node01.", &["node01"]),
        ("search .", "node01", &["node01"]),
        ("domain a.example", "node01", &["node01.a.example", "node01"]),
        ("", "node01", &["node01"]),
    ] {
        let servers = Servers::start(vec![at(1, move |_, _| no())]).await;
        let machine = machine(&servers, &format!("nameserver 127.0.0.1\n{conf}\noptions no-aaaa use-vc\n"));
        let why = machine.lookup(name, GRACE).await.unwrap_err().to_string();
        assert!(why.contains(&asked.join(", ")), "{conf:?}: {why}");
        assert_eq!(servers.asked().len(), asked.len(), "{conf:?}: {:?}", servers.asked());
    }
    let only_there = |name: &str, _: bool| match name {
        "node01.b.example" => HERE,
        "node01.a.example" => Reply::Code(ResponseCode::ServFail),
        _ => Reply::Code(ResponseCode::NXDomain),
    };
    let servers = Servers::start(vec![at(1, only_there)]).await;
    let machine = machine(&servers, "nameserver 127.0.0.1\nsearch a.example b.example c.example\n");
    assert_eq!(machine.addresses("node01").await.unwrap(), ["127.0.0.9"]);
    assert!(!servers.asked().iter().any(|asked| asked.contains("c.example")));
}
