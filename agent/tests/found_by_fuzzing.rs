//! What the fuzz targets have found, by a seed or by libFuzzer, one named case each; the inputs are in
//! `agent/fuzz/corpus` as `found-…`.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use first_boot_agent::config::{Config, Context, Endpoint, Origin, ServiceName, check, parse};
use first_boot_agent::fuzzing::{Heard, journal_lines};
use first_boot_agent::markers::Identity;
use first_boot_agent::plan::member::{Member, MemberAddress, MemberList, Word};
use first_boot_agent::plan::membership::{Candidate, Move, next_move};
use first_boot_agent::run::ports::Class;

fn reported(further: &str) -> Result<Config, String> {
    let text =
        format!(r#"{{"node_id":"node04","leader_url":"https://node01:2379","raft_addr":"10.0.1.13:2380"{further}}}"#);
    let context =
        Context { given: Origin::Default, host_name: None, secrets: "/etc/nixos/secrets".into(), strict: true };
    let checked = check(&parse(text.as_bytes()).unwrap(), &context);
    checked.map(|checked| checked.config).map_err(|report| report.to_string())
}

fn endpoint() -> Endpoint {
    Endpoint::at("node01:2379".parse().unwrap()).unwrap()
}

fn chainfires_move(list: &MemberList) -> Move {
    let config = reported("").unwrap();
    next_move(
        list,
        Candidate {
            config: &config,
            service: config.member_service(ServiceName::CHAINFIRE).unwrap(),
            incarnation: None,
            cluster_id: None,
            addresses: &[],
        },
        &endpoint(),
    )
}

/// Such a password was cut where a query would begin, and what came before was shown.
#[test]
fn a_password_that_holds_the_mark_of_a_query_is_not_shown() {
    for password in ["first#second", "first?second", "fi?r#st/second@third"] {
        let report =
            reported(&format!(r#","services":{{"iam":{{"url":"https://admin:{password}@node01"}}}}"#)).unwrap_err();
        for part in ["admin", "first", "fi?", "st/", "second", "third"] {
            assert!(!report.contains(part), "{part}: {report}");
        }
        assert!(report.contains("***@node01"), "{report}");
    }
}

/// A URL pasted behind a user and a password: all before `://` was taken for its scheme, and shown.
#[test]
fn a_password_before_a_whole_url_is_not_shown() {
    let report = reported(r#","services":{"iam":{"url":"admin:secret@https://user:other@node01"}}"#).unwrap_err();
    assert!(report.contains("\"***@node01") && !report.contains("secret") && !report.contains("other"), "{report}");
}

/// U+009B begins an escape sequence on some terminals; `config show` prints paths.
#[test]
fn the_path_of_a_file_holds_no_control_characters() {
    for control in ["\u{7f}", "\u{9b}2J"] {
        let report = reported(&format!(r#","tls":{{"ca":"/etc/{control}ca.crt"}}"#)).unwrap_err();
        assert!(report.contains("no control characters") && !report.contains(control), "{report:?}");
    }
}

/// The text of a foreign marker went to terminals as it stood, up to 64 KiB of it.
#[test]
fn a_foreign_marker_is_named_shortly_and_without_escape_sequences() {
    let identity = |node_id: String| Identity { node_id: Some(node_id), ..Identity::default() };
    let found = identity("\u{1b}[2Jnode05".to_owned() + &"x".repeat(5_000));
    let mismatch = found.mismatch(&identity("node04".to_owned())).unwrap();
    assert!(mismatch.contains(r"\u{1b}[2Jnode05") && mismatch.len() < 300, "{mismatch}");
}

/// Control characters were left out of ids before they were compared, so `node\u{0}04` was taken for `node04`.
#[test]
fn m2_an_id_that_differs_in_a_control_character_is_not_ours() {
    let body = r#"{"members":[{"id":"node\u000004","raft_addr":"10.0.1.13:2380","status":"healthy"}]}"#;
    let list = Heard::new(200, &endpoint(), &[], body.as_bytes()).member_list().unwrap();
    let found = chainfires_move(&list);
    assert!(matches!(found, Move::Blocked(_)), "{found:?}");
}

/// `..` and a backslash led the command out of the member list, or to another member; brackets to several.
#[test]
fn m4_the_command_that_removes_a_member_removes_that_member_alone() {
    let remedy = |id: &str| {
        let (id, raft_addr, status) = (Word::from(id), MemberAddress::new("10.0.1.13:2380"), "unreachable".into());
        let list = MemberList {
            members: vec![Member { key: id.clone(), id, raft_addr, status, role: None, incarnation: None }],
            ..MemberList::default()
        };
        match chainfires_move(&list) {
            Move::Blocked(blocker) => blocker.remedy,
            other => panic!("{other:?}"),
        }
    };
    for id in ["", ".", ".."] {
        let remedy = remedy(id);
        assert!(remedy.contains("no command can name") && !remedy.contains("curl"), "{remedy}");
    }
    for (id, escaped) in [
        (r"a\..\b", "a%5C..%5Cb"),
        ("a/../b", "a%2F..%2Fb"),
        ("%2e%2e", "%252e%252e"),
        ("node0[1-9]", "node0%5B1-9%5D"),
        ("{a,b}", "%7Ba,b%7D"),
    ] {
        let remedy = remedy(id);
        assert!(remedy.contains(&format!("'https://node01:2379/admin/member/{escaped}'")), "{remedy}");
    }
}

/// A hostname with capitals beside other scripts panicked a build with debug assertions, in the URL library.
#[test]
fn m12_a_leader_hint_outside_of_ascii_leads_nowhere() {
    for leader in ["https://ŻD:2379", "https://%C5%BB%44:2379", "https://xn--%C5%BB:2379"] {
        let body = format!(r#"{{"leader":"{leader}"}}"#);
        let fault = Heard::new(421, &endpoint(), &[], body.as_bytes()).fault();
        assert_eq!(fault.class, Class::NotLeader(None), "{leader}");
    }
}

/// Two hundred control characters became two thousand others.
#[test]
fn a_journal_line_of_control_characters_is_cut_as_it_is_shown() {
    let lines = journal_lines("\u{1}".repeat(300).as_bytes(), 1);
    assert_eq!(lines[0].chars().count(), 201);
    assert!(lines[0].ends_with('…'));
}
