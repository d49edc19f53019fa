//! The table of topologies in `nixos-module/tests/topology`, sound and wrong ones: configurations and sentences must be,
//! byte for byte, those in the files beside them, which the functions in Nix are held to as well. `UPDATE_GOLDEN=1`
//! writes those files again.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

use first_boot_config::{self as config, Context, Origin};
use first_boot_topology::{Finding, Rules, Topology, evaluate, parse};
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../nixos-module/tests/topology").join(name)
}

/// The topologies of a folder, by name.
fn cases(name: &str) -> Vec<(String, Topology)> {
    let rules = Rules::built_in().unwrap();
    let mut cases: Vec<_> = fs::read_dir(folder(name))
        .unwrap()
        .filter_map(|entry| entry.unwrap().file_name().to_str()?.strip_suffix(".json").map(str::to_owned))
        .map(|case| {
            let bytes = fs::read(folder(name).join(format!("{case}.json"))).unwrap();
            let evaluated = evaluate(&rules, &parse(&bytes).unwrap());
            (case, evaluated)
        })
        .collect();
    cases.sort_by(|one, other| one.0.cmp(&other.0));
    assert!(!cases.is_empty());
    cases
}

fn lines(findings: &[Finding]) -> String {
    findings.iter().map(|finding| format!("{finding}\n")).collect::<Vec<_>>().concat()
}

/// Compares with a golden file, or writes it.
fn is_golden(file: &Path, text: &str) {
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, text).unwrap();
    }
    assert_eq!(text, fs::read_to_string(file).unwrap_or_default(), "{}", file.display());
}

#[test]
fn every_wrong_topology_gets_all_its_problems_reported() {
    for (name, topology) in cases("wrong") {
        assert!(!topology.problems.is_empty(), "{name} has no problem");
        assert!(topology.configs.is_empty(), "{name} has configurations");
        is_golden(&folder("wrong").join(format!("{name}.txt")), &lines(&topology.problems));
    }
}

#[test]
fn every_sound_topology_gives_each_node_its_configuration() {
    for (name, topology) in cases("good") {
        assert_eq!(lines(&topology.problems), "", "{name}");
        let folder = folder("good").join(&name);
        is_golden(&folder.join("warnings.txt"), &lines(&topology.warnings));
        for made in &topology.configs {
            is_golden(&folder.join(format!("{}.json", made.node)), &made.text());
        }
        let files: BTreeSet<String> =
            fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        let made = topology.configs.iter().map(|made| format!("{}.json", made.node));
        assert_eq!(files, made.chain(["warnings.txt".to_owned()]).collect(), "{name}");
    }
}

#[test]
fn every_rule_has_a_wrong_topology_and_every_warning_a_sound_one() {
    let rules = Rules::built_in().unwrap();
    let wrong = cases("wrong");
    let broken: BTreeSet<&str> = wrong.iter().flat_map(|(_, topology)| &topology.problems).map(|it| it.rule).collect();
    // Only the agent's own check knows of it, which Nix has at build time: see below.
    let known = rules.problems.keys().map(String::as_str).filter(|rule| *rule != "config").collect();
    assert_eq!(broken, known);
    let good = cases("good");
    let warned: BTreeSet<&str> = good.iter().flat_map(|(_, topology)| &topology.warnings).map(|it| it.rule).collect();
    assert_eq!(warned, rules.warnings.keys().map(String::as_str).collect());
}

#[test]
fn no_sentence_is_left_with_a_gap() {
    for (name, topology) in cases("wrong").into_iter().chain(cases("good")) {
        for finding in topology.problems.iter().chain(&topology.warnings) {
            let gap = regex_lite::Regex::new(r"\{[a-z]+\}").unwrap();
            assert!(!gap.is_match(&finding.text), "{name}: {finding}");
        }
    }
}

#[test]
fn what_the_agent_would_refuse_is_a_problem_of_its_node() {
    let text = br#"{"clusters": {"lab": {
        "extraConfig": {"policies": {"join": {"attempts": 0}}},
        "nodes": {"lab01": {"role": "all-in-one", "ip": "10.0.1.10", "extraConfig": {"polices": {}}}}
    }}}"#;
    let topology = evaluate(&Rules::built_in().unwrap(), &parse(text).unwrap());
    let found: Vec<(&str, Option<&str>)> =
        topology.problems.iter().map(|problem| (problem.rule, problem.node.as_deref())).collect();
    assert_eq!(found, [("config", Some("lab01")); 2]);
    let all = lines(&topology.problems);
    assert!(all.contains("$.policies.join.attempts: found 0") && all.contains("did you mean `policies`?"), "{all}");
    assert!(topology.configs.is_empty());
}

/// The problems of a cluster `lab` with these nodes.
fn problems(nodes: &str) -> Vec<String> {
    let topology =
        format!(r#"{{"clusters": {{"lab": {{"network": {{"cluster": "10.0.1.0/24"}}, "nodes": {nodes}}}}}}}"#);
    let found = evaluate(&Rules::built_in().unwrap(), &parse(topology.as_bytes()).unwrap()).problems;
    found.iter().map(ToString::to_string).collect()
}

#[test]
fn f25_what_two_nodes_share_is_named_with_both_and_the_fix() {
    let first = r#""lab01": {"role": "all-in-one", "ip": "10.0.1.10", "mac": "52:54:00:00:01:0a", "disk": "/dev/disk/by-id/wwn-0x5000c500a1b2c3d4"}"#;
    for (other, rule) in [
        (
            r#""lab02": {"role": "worker", "ip": "10.0.1.11", "disk": "/dev/disk/by-id/wwn-0x5000C500A1B2C3D4"}"#,
            "disk-taken",
        ),
        (
            r#""lab02": {"role": "worker", "ip": "10.0.1.11", "disk": "/dev/disk/by-id/scsi-35000c500a1b2c3d4"}"#,
            "disk-taken",
        ),
        (r#""lab02": {"role": "worker", "ip": "10.0.1.11", "mac": "52:54:00:00:01:0A"}"#, "mac-taken"),
        (r#""lab02": {"role": "worker", "ip": "10.0.1.10"}"#, "address-taken"),
        (r#""lab02": {"role": "all-in-one", "ip": "fd00::2"}"#, "address-family"),
    ] {
        let found = problems(&format!("{{{first}, {other}}}"));
        let named =
            found.iter().find(|line| line.ends_with(&format!("[{rule}]"))).unwrap_or_else(|| panic!("{found:?}"));
        assert!(named.starts_with("lab/lab02: ") && named.contains("lab01") && named.contains("; "), "{named}");
    }
    for (ip, kind) in [("10.0.1.0", "network"), ("10.0.1.255", "broadcast")] {
        let found = problems(&format!(r#"{{"lab01": {{"role": "all-in-one", "ip": "{ip}"}}}}"#));
        assert!(found[0].contains(&format!("{ip} is the {kind} address of 10.0.1.0/24; ")), "{found:?}");
    }
}

#[test]
fn f06_f25_a_name_that_is_read_as_something_else_is_refused_and_any_other_is_not() {
    let of = |name: &str| problems(&format!(r#"{{"{name}": {{"role": "all-in-one", "ip": "10.0.1.10"}}}}"#));
    for name in
        ["10", "010", "0x1f", "0xdead", "localhost", "ip6-localhost", "nixos", "ca", "_gateway", "*", "-a", "a.", "A"]
    {
        let found = of(name);
        assert!(found.len() == 1 && found[0].contains("[node-name"), "{name}: {found:?}");
    }
    for name in ["ignore", "infinite", "12h", "1d", "dead", "beef01", "set", "tag", "id", "10a", "x10", "null", "true"]
    {
        assert_eq!(of(name), Vec::<String>::new(), "{name}");
    }
}

#[test]
fn the_ports_of_the_table_are_the_agents() {
    let context = Context { given: Origin::Default, host_name: None, secrets: "/".into(), strict: true };
    let document = config::parse(config::example("all-in-one").unwrap().as_bytes()).unwrap();
    let shown = config::check(&document, &context).unwrap().provenance();
    let table: serde_json::Value =
        serde_json::from_str(include_str!("../../nixos-module/lib/topology/rules.json")).unwrap();
    let mut ports = 0;
    for value in shown.iter().filter(|shown| shown.path.ends_with("_port")) {
        let pointer = value.path.replace("$.services", "/ports").replace('.', "/");
        assert_eq!(table.pointer(&pointer).map(ToString::to_string).as_ref(), Some(&value.value), "{}", value.path);
        ports += 1;
    }
    assert_eq!(ports, 5);
}

#[test]
fn the_roles_of_the_table_are_the_agents() {
    let table: serde_json::Value =
        serde_json::from_str(include_str!("../../nixos-module/lib/topology/rules.json")).unwrap();
    let roles: Vec<&str> = table["roles"].as_object().unwrap().keys().map(String::as_str).collect();
    let schema: serde_json::Value = serde_json::from_str(&config::schema()).unwrap();
    let pattern = schema["properties"]["node_role"]["pattern"].as_str().unwrap();
    let mut known: Vec<&str> = pattern.trim_matches(['^', '$', '(', ')']).split('|').collect();
    known.sort_unstable();
    assert_eq!(roles, known);
}

/// The same characters, two bytes each.
fn wide(text: &str, bytes: fn(u16) -> [u8; 2]) -> Vec<u8> {
    text.encode_utf16().flat_map(bytes).collect()
}

#[test]
fn f26_a_byte_order_mark_and_crlf_carry_no_meaning_and_other_texts_are_named() {
    let plain = fs::read_to_string(folder("good").join("seed.json")).unwrap();
    let expected = parse(plain.as_bytes()).unwrap();
    let with_mark = format!("\u{feff}{plain}");
    for text in
        [&with_mark, &format!("\u{feff}{with_mark}"), &plain.replace('\n', "\r\n"), &with_mark.replace('\n', "\r\n")]
    {
        assert_eq!(parse(text.as_bytes()).unwrap(), expected);
    }
    let utf32 = |text: &str| text.chars().flat_map(|c| u32::from(c).to_be_bytes()).collect::<Vec<_>>();
    for (bytes, said) in [
        (wide(&with_mark, u16::to_le_bytes), "it is UTF-16"),
        (wide(&with_mark, u16::to_be_bytes), "it is UTF-16"),
        (wide(&plain, u16::to_le_bytes), "it is UTF-16"),
        (wide(&plain, u16::to_be_bytes), "it is UTF-16"),
        (utf32(&plain), "UTF-32"),
        (b"{\"clusters\": \"\xe9\"}".to_vec(), "byte 14 is not UTF-8"),
        (vec![0; 64], "it holds zero bytes"),
        (Vec::new(), "it is empty"),
        ("\u{feff}\r\n".as_bytes().to_vec(), "it is empty"),
        ("\u{feff}\u{feff}<html>".as_bytes().to_vec(), "this is HTML, not JSON"),
    ] {
        let error = parse(&bytes).unwrap_err().to_string();
        assert!(error.contains(said) && error.contains("; "), "{error}");
    }
}

#[test]
fn a_key_that_is_given_twice_is_refused() {
    let error = parse(br#"{"clusters": {"lab": {"nodes": {"node01": {}, "node01": {}}}}}"#).unwrap_err();
    assert!(error.to_string().contains(r#"the key "node01" a second time at line 1"#), "{error}");
}
