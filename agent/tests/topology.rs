//! The table of topologies in `nixos-module/tests/topology`, sound and wrong ones: configurations and sentences must be,
//! byte for byte, those in the files beside them, which the functions in Nix are held to as well. `UPDATE_GOLDEN=1`
//! writes those files anew.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

use first_boot_agent::config::{self, Context, Origin};
use first_boot_agent::topology::{Finding, Rules, Topology, evaluate, parse};
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
    findings.iter().map(|finding| format!("{finding}\n")).collect()
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
fn every_wrong_topology_is_told_all_that_is_wrong() {
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

#[test]
fn the_ports_of_the_table_are_the_agents() {
    let context = Context { given: Origin::Default, host_name: None, secrets: "/".into(), strict: true };
    let document = config::parse(config::example(config::Example::AllInOne).as_bytes()).unwrap();
    let shown = config::check(&document, &context).unwrap().provenance;
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
fn a_key_that_is_given_twice_is_refused() {
    let error = parse(br#"{"clusters": {"lab": {"nodes": {"node01": {}, "node01": {}}}}}"#).unwrap_err();
    assert!(error.to_string().contains(r#"the key "node01" a second time at line 1"#), "{error}");
}
