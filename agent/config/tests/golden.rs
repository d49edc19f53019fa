//! Every example of the first-boot specification, as it is there, and one config
//! with every field: each must be accepted, and `config show` of it must stay
//! what the file beside it says. `UPDATE_GOLDEN=1` writes those files again.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

use first_boot_config::{
    Checked, Config, Context, Document, MemberService, Mode, Origin, SetupService, check, example, parse,
};
use std::{fs, path::PathBuf};

fn members<'a>(config: &'a Config, name: &str) -> &'a MemberService {
    config.member_service(name.parse().unwrap()).unwrap()
}

fn iam(config: &Config) -> &SetupService {
    config.set_up_once().next().unwrap()
}

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden")
}

fn document(name: &str) -> Document {
    parse(&fs::read(folder().join(format!("{name}.json"))).unwrap()).unwrap()
}

fn checked(document: &Document) -> Checked {
    let context = Context {
        given: Origin::File("cluster-config.json".into()),
        host_name: None,
        secrets: "/etc/nixos/secrets".into(),
        strict: true,
    };
    check(document, &context).unwrap_or_else(|report| panic!("{report}"))
}

const NAMES: [&str; 10] = [
    "format",
    "bootstrap-mode",
    "join-mode",
    "three-nodes-node01",
    "three-nodes-node02",
    "three-nodes-node03",
    "join-existing",
    "all-in-one",
    "deployment-flow",
    "everything",
];

#[test]
fn every_example_means_what_its_golden_file_says() {
    for name in NAMES {
        let shown: Vec<String> = checked(&document(name))
            .provenance()
            .iter()
            .map(|shown| format!("{} = {}  [{}]\n", shown.path, shown.value, shown.origin))
            .collect();
        let golden = folder().join(format!("{name}.show"));
        if std::env::var_os("UPDATE_GOLDEN").is_some() {
            fs::write(&golden, shown.concat()).unwrap();
        }
        assert_eq!(shown.concat(), fs::read_to_string(&golden).unwrap(), "{name}");
    }
}

#[test]
fn no_golden_file_is_left_untested() {
    let mut found: Vec<String> = fs::read_dir(folder())
        .unwrap()
        .filter_map(|entry| entry.unwrap().file_name().to_str()?.strip_suffix(".json").map(str::to_owned))
        .collect();
    let mut named = NAMES.map(str::to_owned).to_vec();
    found.sort();
    named.sort();
    assert_eq!(found, named);
}

#[test]
fn a_node_of_three_has_the_two_others_as_peers() {
    let config = checked(&document("three-nodes-node02")).config;
    let peers: Vec<String> = members(&config, "chainfire").peers.iter().map(|peer| peer.url.to_string()).collect();
    assert_eq!(peers, ["https://node01:2379", "https://node03:2379"]);
    let address = Some("10.0.1.11:2380".parse().unwrap());
    assert_eq!(members(&config, "chainfire").mode, Mode::Bootstrap { address });
    assert_eq!(members(&config, "chainfire").url.to_string(), "https://10.0.1.11:2379");
    assert!(members(&config, "chainfire").is_own(&"node02:2380".parse().unwrap()));
    assert!(!iam(&config).generates_password);
    assert!(iam(&checked(&document("three-nodes-node01")).config).generates_password);
}

#[test]
fn a_node_that_joins_asks_the_leader_of_each_service() {
    let config = checked(&document("join-existing")).config;
    let asked = |service: &first_boot_config::model::MemberService| {
        service.endpoints_for_change().iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    assert_eq!(asked(members(&config, "chainfire")), ["https://node01.prod.example.com:2379"]);
    assert_eq!(asked(members(&config, "flaredb")), ["https://node01.prod.example.com:2479"]);
    assert_eq!(members(&config, "flaredb").raft_addr().unwrap().to_string(), "10.0.1.13:2480");
    assert!(!iam(&config).generates_password);
}

#[test]
fn a_single_node_has_no_peers() {
    let config = checked(&document("all-in-one")).config;
    assert!(members(&config, "chainfire").peers.is_empty() && members(&config, "flaredb").peers.is_empty());
    assert!(iam(&config).generates_password);
}

#[test]
fn the_leader_is_asked_once_though_it_is_a_peer_too() {
    let config = checked(&document("everything")).config;
    let asked: Vec<String> =
        members(&config, "chainfire").endpoints_for_change().iter().map(ToString::to_string).collect();
    assert_eq!(asked, ["https://node01.lab.example.com:12379", "https://[fd00::12]:12379"]);
    assert_eq!(members(&config, "chainfire").url.join("/health").as_str(), "https://localhost:12379/health");
    assert_eq!(members(&config, "flaredb").endpoints_for_change()[0].to_string(), "https://[fd00::12]:443");
}

#[test]
fn the_printed_examples_are_those_of_the_specification() {
    for (kind, name) in [("bootstrap", "format"), ("join", "join-existing"), ("all-in-one", "all-in-one")] {
        assert_eq!(parse(example(kind).unwrap().as_bytes()).unwrap(), document(name), "{name}");
    }
}
