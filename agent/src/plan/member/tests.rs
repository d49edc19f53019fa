//! What a service may write, and what it means.

use std::net::IpAddr;

use super::{Leader, Member, MemberAddress, MemberList, Whose, Word};
use crate::config::{self, Config, DefaultServices as _};
use crate::protocols::admin_v1::read;

fn joining(raft_addr: &str) -> Config {
    config::of(&format!(
        r#"{{"node_id": "node04", "leader_url": "https://node01:2379", "raft_addr": "{raft_addr}",
             "node_fqdn": "node04.example.com"}}"#
    ))
}

fn member(id: &str, raft_addr: &str) -> Member {
    Member {
        key: id.into(),
        id: id.into(),
        raft_addr: MemberAddress::new(raft_addr),
        status: Word::default(),
        role: None,
        incarnation: None,
    }
}

fn whose(id: &str, listed: &str, own: &str) -> Whose {
    let config = joining(own);
    member(id, listed).whose(&config.node.id, config.chainfire())
}

#[test]
fn f05_an_own_address_is_recognised_in_every_spelling() {
    for spelling in [
        "10.0.1.13:2380",
        "http://10.0.1.13:2380",
        "HTTPS://10.0.1.13:2380/",
        "tcp://10.0.1.13:2380/raft?x=1",
        " 10.0.1.13:02380 ",
        "10.0.1.13",
        "10.0.1.13.:2380",
        "[::ffff:10.0.1.13]:2380",
        "::ffff:10.0.1.13:2380",
        "[::FFFF:0a00:010D]:2380",
        "NODE04:2380",
        "node04.:2380",
        "Node04.Example.COM.:2380",
        "https://node04.example.com:2380",
    ] {
        assert_eq!(whose("node04", spelling, "10.0.1.13:2380"), Whose::Own, "{spelling}");
        assert_eq!(whose("node09", spelling, "10.0.1.13:2380"), Whose::OwnAddress, "{spelling}");
    }
    for spelling in [
        "[fd00::13]:2380",
        "fd00::13:2380",
        "FD00:0:0:0:0:0:0:13:2380",
        "[fd00:0::0013%eth0]:2380",
        "http://[fd00::13]:2380/",
        "fd00::13",
    ] {
        assert_eq!(whose("node04", spelling, "[fd00::13]:2380"), Whose::Own, "{spelling}");
    }
}

#[test]
fn f05_what_cannot_be_distinguished_from_an_own_address_is_never_anothers() {
    for spelling in [
        "",
        "not an address",
        "10.0.1.13:port",
        "10.0.1.13:0",
        "10.0.1.13:99999",
        "10.0.1.999:2380",
        "[fd00::13:2380",
        "0.0.0.0:2380",
        "[::]:2380",
        "127.0.0.1:2380",
        "[::1]:2380",
        "localhost:2380",
        "node04.other.example.com:2380",
        "10.0.1.13:2381",
        "/dns4/node04/tcp/2380",
        "\u{202e}31.1.0.01:2380",
        "169.254.0.1:2380",
        "[fe80::13%eth0]:2380",
        "[fd00::99]:2380",
    ] {
        assert_eq!(whose("node04", spelling, "10.0.1.13:2380"), Whose::MayBeOwn, "{spelling}");
    }
    for spelling in ["10.0.1.99:2380", "http://10.0.1.99", "::ffff:10.0.1.99:2380"] {
        assert_eq!(whose("node04", spelling, "10.0.1.13:2380"), Whose::OwnIdElsewhere, "{spelling}");
        assert_eq!(
            whose("node04", spelling, "node04:2380"),
            Whose::MayBeOwn,
            "the own address is not known: {spelling}"
        );
    }
    let unreadable = member("node04", "10.0.1.13:port\u{7}");
    assert_eq!(unreadable.to_string(), "node04 at an address that cannot be read (10.0.1.13:port\\u{7})");
}

#[test]
fn f04_every_spelling_of_nobody_is_nobody() {
    let leader = |json: &str| read(&format!(r#"{{"members": [], "leader": {json}}}"#)).unwrap().leader;
    for nobody in [
        "null",
        "\"\"",
        "\" \"",
        "\"0\"",
        "0",
        "\"None\"",
        "\"null\"",
        "\"nil\"",
        "\"-1\"",
        "-1",
        "false",
        "\"unknown\"",
        "\"00000000-0000-0000-0000-000000000000\"",
        "{\"id\": null}",
        "{\"id\": \"\"}",
        "{\"id\": 0}",
    ] {
        assert_eq!(leader(nobody), Leader::Unknown, "{nobody}");
    }
    for (somebody, id) in
        [("\"node01\"", "node01"), ("{\"id\": \"node01\"}", "node01"), ("7", "7"), ("\"\\tnode01\"", "node01")]
    {
        assert_eq!(leader(somebody), Leader::Known(id.into()), "{somebody}");
    }
    for nothing in ["[]", "{}", "true", "1.5", "[\"node01\"]", "{\"url\": \"https://node01:2379\"}"] {
        assert_eq!(leader(nothing), Leader::NotReported, "{nothing}");
    }
}

#[test]
fn f33_roles_are_read_without_regard_to_case_and_unknown_ones_are_named() {
    let with_role = |role: &str| Member { role: Some(role.into()), ..member("node04", "10.0.1.13:2380") };
    for role in ["voter", "Voter", "FOLLOWER", "Leader", " follower ", "Candidate"] {
        assert!(with_role(role).is_full() && !with_role(role).has_unknown_role(), "{role}");
    }
    for role in ["learner", "Nonvoter", "Staging", "observer"] {
        assert!(!with_role(role).is_full() && !with_role(role).has_unknown_role(), "{role}");
    }
    for (role, standing) in [
        ("witness", "witness, a role that this agent does not know"),
        ("", "a member with an empty role"),
        ("\u{1b}[2J", "\\u{1b}[2J, a role that this agent does not know"),
    ] {
        assert!(!with_role(role).is_full() && with_role(role).has_unknown_role(), "{role}");
        assert_eq!(with_role(role).standing(), standing);
    }
    assert_eq!(member("node04", "").standing(), "a member without role and status");
    let healthy = Member { status: "Healthy".into(), ..with_role("voter") };
    assert!(healthy.is_healthy() && !healthy.is_dead());
    assert!(Member { status: "DOWN".into(), ..healthy }.is_dead());
}

#[test]
fn only_objects_are_read_as_objects() {
    let entry = r#"{"id": "node01", "raft_addr": "10.0.1.10:2380"}"#;
    assert_eq!(read(&format!(r#"{{"members": [{entry}]}}"#)).unwrap().members, [member("node01", "10.0.1.10:2380")]);
    assert_eq!(read(r#"{"members": [{"id": 7, "raft_addr": "n:1"}]}"#).unwrap().members[0].id, "7".into());
    for wrong in [
        format!(r#"[[{entry}], "node01", "cluster"]"#),
        r#"{"members": [["node01", "10.0.1.10:2380", "healthy", "voter", null]]}"#.to_owned(),
        format!(r#"{{"members": {entry}}}"#),
        r#"{"members": ["node01"]}"#.to_owned(),
        r#"{"members": [{"id": "node01"}]}"#.to_owned(),
        r#"{"members": [{"id": null, "raft_addr": "n:1"}]}"#.to_owned(),
        "[]".to_owned(),
        "null".to_owned(),
    ] {
        assert!(read(&wrong).is_none(), "{wrong}");
    }
}

#[test]
fn a_role_that_is_no_word_makes_nobody_a_full_member() {
    for role in [r#"{"type": "learner"}"#, r#"["learner"]"#, "false"] {
        let list = read(&format!(r#"{{"members": [{{"id": "a", "raft_addr": "b:1", "role": {role}}}]}}"#)).unwrap();
        assert!(!list.members[0].is_full() && list.members[0].has_unknown_role(), "{role}");
    }
    assert!(read(r#"{"members": [{"id": "a", "raft_addr": "b:1", "role": null}]}"#).unwrap().members[0].is_full());
}

#[test]
fn an_address_that_this_machine_does_not_have_is_distinguished_from_one_that_every_machine_has() {
    let own: IpAddr = "10.0.1.13".parse().unwrap();
    for (address, is_elsewhere) in [
        ("https://10.0.1.12:2380", true),
        ("10.0.1.12:2380", true),
        ("10.0.1.13:2380", false),
        ("https://[::ffff:10.0.1.13]:2380", false),
        ("127.0.0.1:2380", false),
        ("169.254.9.9:2380", false),
        ("node03:2380", false),
    ] {
        let address = MemberAddress::new(address);
        assert_eq!(address.is_elsewhere(&[own]), is_elsewhere, "{address}");
        assert!(!address.is_elsewhere(&[]), "{address}");
    }
}

#[test]
fn a_list_that_contradicts_itself_names_the_two_entries() {
    let list = |entries: &[(&str, &str)]| MemberList {
        members: entries.iter().map(|(id, address)| member(id, address)).collect(),
        ..MemberList::default()
    };
    let config = joining("10.0.1.13:2380");
    let service = config.chainfire();
    for (entries, shared) in [
        ([("node01", "10.0.1.10:2380"), ("node01", "10.0.1.11:2380")], "id"),
        ([("node01", "10.0.1.10:2380"), (" node01 ", "10.0.1.11:2380")], "id"),
        ([("node01", "10.0.1.10:2380"), ("node02", "10.0.1.10:2380")], "address"),
        ([("node01", "10.0.1.10:2380"), ("node02", "http://[::ffff:10.0.1.10]:2380")], "address"),
        ([("node01", "Node01.:2380"), ("node02", "node01:2380")], "address"),
        ([("node01", "10.0.1.10"), ("node02", "10.0.1.10:2380")], "address"),
    ] {
        let list = list(&entries);
        let both = format!("two entries have the same {shared}: {}, and {}", list.members[0], list.members[1]);
        let found = list.contradiction(service).unwrap();
        assert!(found.ends_with(&both), "{found}");
    }
    assert_eq!(
        list(&[("a", "10.0.1.10:2380"), ("b", "10.0.1.10:2480"), ("c", "?"), ("d", "?")]).contradiction(service),
        None
    );
    assert_eq!(
        list(&[("a", "fd00::1:2380")]).contradiction(service),
        None,
        "two readings of one entry are no two entries"
    );
}

#[test]
fn many_members_are_summed_up() {
    let address = |number| format!("10.1.{}.{}:1", number / 250, number % 250);
    let members = (0..3000).map(|number| member(&format!("node{number}"), &address(number))).collect();
    let mut list = MemberList { members, ..MemberList::default() };
    assert_eq!(list.to_string(), "3000 members");
    for dead in [7, 9] {
        list.members[dead].status = "dead".into();
    }
    assert_eq!(list.ids(), "3000 members, 2 of them dead: node7, node9");
    list.members.iter_mut().for_each(|member| member.status = "dead".into());
    assert!(list.to_string().chars().count() < 500, "{list}");
}

#[test]
fn f04_an_identity_of_nobody_counts_as_none() {
    for nobody in [
        "\"\"",
        "\" \"",
        "\"0\"",
        "0",
        "\"none\"",
        "\"unknown\"",
        "null",
        "[]",
        "\"00000000-0000-0000-0000-000000000000\"",
    ] {
        let list = read(&format!(
            r#"{{"members": [{{"id": "a", "raft_addr": "b:1", "incarnation": {nobody}}}], "cluster_id": {nobody}}}"#
        ));
        let list = list.unwrap();
        assert_eq!((list.cluster_id, list.members[0].incarnation.clone()), (None, None), "{nobody}");
    }
}

#[test]
fn identities_are_compared_without_their_spelling() {
    let same = |one: &str, other: &str| Word::new(one).is_identity(&Word::new(other));
    let uuid = "6f1c9a2e-0000-4a3b-8c5d-0123456789ab";
    for (one, other) in [
        ("abc", "ABC"),
        ("0x6f2a", "6F2A"),
        ("000a", "a"),
        ("Prod-1", "prod-1"),
        (" x ", "x"),
        ("10276657743932975437", "8e9e05c52164694d"),
        ("0x8E9E05C52164694D", "10276657743932975437"),
        ("255", "0xff"),
        (uuid, "{6F1C9A2E-0000-4A3B-8C5D-0123456789AB}"),
        (uuid, "urn:uuid:6f1c9a2e-0000-4a3b-8c5d-0123456789ab"),
        (uuid, "uuid:6f1c9a2e00004a3b8c5d0123456789ab"),
        (uuid, "\"6f1c9a2e:0000:4a3b:8c5d:0123456789ab\""),
        (uuid, "(6f1c9a2e_0000_4a3b_8c5d_0123456789ab)"),
    ] {
        assert!(same(one, other) && same(other, one), "{one} {other}");
    }
    for (one, other) in [
        ("abc", "abd"),
        ("i-1", "i1"),
        ("node", "node1"),
        ("", "a"),
        ("a-node", "anode"),
        ("10", "16"),
        ("12345", "12346"),
        (uuid, "6f1c9a2e-0000-4a3b-8c5d-0123456789ac"),
    ] {
        assert!(!same(one, other), "{one} {other}");
    }
}

#[test]
fn what_cannot_be_compared_is_no_other_data() {
    let uuid = "6f1c9a2e-7b3d-4c55-9d10-0a2b3c4d5e6f";
    let is_other = |one: &str, other: &str| Word::new(one).is_other_data(&Word::new(other));
    for (one, other) in [
        ("before", "now"),
        ("i0", "i1"),
        ("3", "4"),
        (uuid, "7f1c9a2e-7b3d-4c55-9d10-0a2b3c4d5e6f"),
        ("8e9e05c5", "12345678"),
    ] {
        assert!(is_other(one, other) && is_other(other, one), "{one} {other}");
    }
    for other in ["6f1c9a2e", "6f1c9a2e-7b3d\u{2026}", "bxyaLns9TFWdEAorPE1ebw==", "18446744073709551615", "abc", "-5"]
    {
        assert!(!is_other(uuid, other) && !is_other(other, uuid), "{other}");
    }
}
