//! Which of the addresses in a config mean this node, what its own API is, and
//! who is a peer. A wrong answer here makes a node ask itself to be let in, or
//! take another node's membership for its own.

#![allow(clippy::panic, reason = "a test fails by panicking")]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use first_boot_config::{Config, Context, MemberService, Origin, check, parse};

fn config(text: &str) -> Config {
    let context = Context { given: Origin::Credential, host_name: None, secrets: "/".into(), strict: false };
    let checked = check(&parse(text.as_bytes()).unwrap(), &context);
    checked.unwrap_or_else(|report| panic!("{report}")).config
}

/// Bootstraps `node01` with these peers and further members.
fn bootstrapping(peers: &str, further: &str) -> Config {
    config(&format!(r#"{{"node_id":"node01","bootstrap":true,"initial_peers":[{peers}]{further}}}"#))
}

fn members<'a>(config: &'a Config, name: &str) -> &'a MemberService {
    config.member_service(name.parse().unwrap()).unwrap()
}

/// Initial peers, further members, the peers that are left, the own API.
const ROWS: &[[&str; 4]] = &[
    // By its id, with whatever port the list has for it.
    [r#""node01:2380","b:2380""#, "", "b:2380", "https://node01:2379"],
    [r#""node01:12380","b:12380""#, "", "b:12380", "https://node01:2379"],
    [r#""NODE01.:2380","b:2380""#, "", "b:2380", "https://node01:2379"],
    // By its full name, its address, its Raft address.
    [r#""a:2380","b:2380""#, r#","node_fqdn":"a""#, "b:2380", "https://a:2379"],
    [r#""10.0.0.1:2380","b:2380""#, r#","node_ip":"10.0.0.1""#, "b:2380", "https://10.0.0.1:2379"],
    [r#""10.0.0.1:2380","b:2380""#, r#","raft_addr":"10.0.0.1:2380""#, "b:2380", "https://10.0.0.1:2379"],
    // By the first label of a name, if only one begins so.
    [r#""node01.x:2380","node02.x:2380""#, "", "node02.x:2380", "https://node01.x:2379"],
    [r#""node011.x:2380","b:2380""#, "", "node011.x:2380 b:2380", "https://localhost:2379"],
    [r#""node01.x:2380","node01.y:2380""#, "", "node01.x:2380 node01.y:2380", "https://localhost:2379"],
    // Several nodes on one address differ by their ports.
    [
        r#""127.0.0.1:2380","127.0.0.1:3380""#,
        r#","raft_addr":"127.0.0.1:3380""#,
        "127.0.0.1:2380",
        "https://127.0.0.1:2379",
    ],
    // None of them.
    [r#""a:2380","b:2380""#, "", "a:2380 b:2380", "https://localhost:2379"],
    [r#""a:2380","b:2380""#, r#","node_ip":"10.0.0.9""#, "a:2380 b:2380", "https://10.0.0.9:2379"],
];

#[test]
fn this_node_is_distinguished_from_its_peers() {
    for [peers, further, left, url] in ROWS {
        let config = bootstrapping(peers, further);
        let chainfire = members(&config, "chainfire");
        let others: Vec<String> = chainfire.peers.iter().map(|peer| peer.raft.to_string()).collect();
        assert_eq!(others.join(" "), *left, "{peers} {further}");
        assert_eq!(chainfire.url.to_string(), *url, "{peers} {further}");
    }
}

#[test]
fn only_the_first_of_the_list_makes_up_the_password() {
    let first = |peers| bootstrapping(peers, "").set_up_once().next().unwrap().generates_password;
    assert!(first(r#""node01.x:2380","node02.x:2380""#));
    assert!(!first(r#""node02:2380","node01:2380""#));
    assert!(!first(r#""a:2380","b:2380""#));
}

#[test]
fn flaredb_has_the_hosts_of_chainfire_and_its_own_ports() {
    let config = bootstrapping(r#""node01:7","b:8""#, r#","services":{"flaredb":{"api_port":5,"raft_port":6}}"#);
    assert_eq!(members(&config, "flaredb").peers[0].raft.to_string(), "b:6");
    assert_eq!(members(&config, "flaredb").peers[0].url.to_string(), "https://b:5");
    assert_eq!(members(&config, "flaredb").url.to_string(), "https://node01:5");
    assert!(members(&config, "flaredb").is_own(&"node01:6".parse().unwrap()));
}

#[test]
fn flaredb_may_be_configured_apart_from_chainfire() {
    let config = config(
        r#"{"node_id":"n","leader_url":"https://a","raft_addr":"n:1","flaredb_peers":["c:3"],"services":{"flaredb":
        {"leader_url":"https://b","raft_addr":"[fd00::1]:9","unit":"f.service","enable":false}}}"#,
    );
    let asked: Vec<String> =
        members(&config, "flaredb").endpoints_for_change().iter().map(ToString::to_string).collect();
    assert_eq!(asked, ["https://b:2479", "https://c:2479"]);
    assert_eq!(members(&config, "flaredb").raft_addr().unwrap().to_string(), "[fd00::1]:9");
    assert_eq!(members(&config, "flaredb").unit.as_str(), "f.service");
    assert!(!members(&config, "flaredb").enable && members(&config, "chainfire").enable);
}

#[test]
fn a_worker_has_chainfire_alone_where_services_does_not_say_otherwise() {
    let enabled = |further: &str| {
        let text = format!(r#"{{"node_id":"n","leader_url":"https://a:2379","raft_addr":"10.0.0.1:2380"{further}}}"#);
        let config = config(&text);
        let on = config.services.iter().filter(|service| service.is_enabled());
        on.map(|service| service.name().to_string()).collect::<Vec<_>>().join(" ")
    };
    for role in ["control-plane", "all-in-one"] {
        assert_eq!(enabled(&format!(r#","node_role":"{role}""#)), "chainfire flaredb iam");
    }
    assert_eq!(enabled(r#","node_role":"worker""#), "chainfire");
    assert_eq!(enabled(r#","node_role":"worker","services":{"flaredb":{}}"#), "chainfire flaredb");
    assert_eq!(enabled(r#","node_role":"worker","services":{"iam":{"enable":true}}"#), "chainfire iam");
    assert_eq!(enabled(r#","services":{"kv":{"protocol":"admin-v1"}}"#), "kv", "these are all");
}
