//! What operators get wrong, and what the report says: the path, what was found,
//! what was expected and the advice, one row each, and all of it at once.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

use first_boot_config::{Checked, Context, Format, Origin, Problem, Report, SyntaxError, check, parse};

fn checked(text: &str, strict: bool) -> Result<Checked, Report> {
    let context = Context {
        given: Origin::Credential,
        host_name: Some("node09".to_owned()),
        secrets: "/etc/nixos/secrets".into(),
        strict,
    };
    check(&parse(text.as_bytes()).unwrap(), &context)
}

/// A config that joins, with further members in it.
fn joining(further: &str) -> String {
    format!(r#"{{"leader_url":"https://node01:2379","raft_addr":"10.0.1.13:2380"{further}}}"#)
}

fn only_problem(text: &str) -> Problem {
    let mut problems = checked(text, false).expect_err(text).problems;
    assert_eq!(problems.len(), 1, "{text}: {problems:#?}");
    problems.remove(0)
}

/// Further members, path, found, part of expected, part of the advice.
const ROWS: &[[&str; 5]] = &[
    [r#""node_id":7"#, "$.node_id", "7", "the id of a node, for example node01", "put it in double quotes"],
    [r#""node_id":7.5"#, "$.node_id", "7.5", "the id of a node, for example node01", ""],
    [r#""node_id":{"a":1}"#, "$.node_id", "an object with 1 key", "the id of a node, for example node01", ""],
    [r#""bootstrap":"false""#, "$.bootstrap", r#""false""#, "true or false", "remove the quotes"],
    [
        r#""services":{"iam":{"api_port":"80"}}"#,
        "$.services.iam.api_port",
        r#""80""#,
        "a port from",
        "remove the quotes",
    ],
    [r#""expect":{"cpus":"4"}"#, "$.expect.cpus", r#""4""#, "a whole number", "remove the quotes"],
    [r#""policies":{"join":{"attempts":1e3}}"#, "$.policies.join.attempts", "1000.0", "a whole number", ""],
    [
        r#""services":[{"protocol":"etcd-v3"}]"#,
        "$.services",
        "a list of 1",
        "services by name",
        "give each service a key",
    ],
    [r#""node_id":"node 1""#, "$.node_id", r#""node 1""#, "the id of a node", "letters a-z"],
    [r#""node_id":"""#, "$.node_id", r#""""#, "the id of a node", "1 to 128"],
    [
        r#""node_role":"master""#,
        "$.node_role",
        r#""master""#,
        "control-plane, worker or all-in-one",
        "one of these exactly",
    ],
    [r#""bootstrap":"yes""#, "$.bootstrap", r#""yes""#, "true or false", ""],
    [r#""cluster_name":["a"]"#, "$.cluster_name", "a list of 1", "the name of a cluster", "remove the brackets"],
    [r#""node_ip":"10.0.1.10/24""#, "$.node_ip", r#""10.0.1.10/24""#, "an IPv4 or IPv6 address", "without port"],
    [r#""node_fqdn":"node_1..example""#, "$.node_fqdn", r#""node_1..example""#, "a hostname", "63 between two dots"],
    [r#""initial_peers":["node01"]"#, "$.initial_peers[0]", r#""node01""#, "HOST:PORT", "`node01:PORT`"],
    [
        r#""initial_peers":"node01:2380""#,
        "$.initial_peers",
        r#""node01:2380""#,
        "a list, each item HOST:PORT",
        "put it in brackets",
    ],
    [r#""network":{"lan":"10.0.1.0"}"#, "$.network.lan", r#""10.0.1.0""#, "an address range", "length of the prefix"],
    [r#""network":{"a b":"10.0.1.0/33"}"#, r#"$.network["a b"]"#, r#""10.0.1.0/33""#, "an address range", "0 to 32"],
    [r#""tls":{"ca":"/"}"#, "$.tls.ca", r#""/""#, "the absolute path of a file", "name a file below `/`"],
    [r#""tls":{"ca":"a/x.crt"}"#, "$.tls.ca", r#""a/x.crt""#, "path of a file", "such as `/etc/nixos/secrets/x.crt`"],
    [r#""tls":{"ca":"$DIR/"}"#, "$.tls.ca", r#""$DIR/""#, "path of a file", "such as `/etc/nixos/secrets/ca.crt`"],
    [
        r#""services":{"iam":{"admin_password_file":"password"}}"#,
        "$.services.iam.admin_password_file",
        "a string (not shown)",
        "the absolute path of a file",
        "such as `/etc/nixos/secrets/iam-admin-password`",
    ],
    [
        r#""services":{"etcd":{"protocol":"etcd-v3","environment_file":"etcd.env"}}"#,
        "$.services.etcd.environment_file",
        r#""etcd.env""#,
        "the absolute path of a file",
        "such as `/var/lib/first-boot-automation/etcd.env`",
    ],
    [
        r#""services":{"flaredb":{"data_dir":"./data/db"}}"#,
        "$.services.flaredb.data_dir",
        r#""./data/db""#,
        "the absolute path of a directory, for example /var/lib/flaredb",
        "such as `/var/lib/db`",
    ],
    [
        r#""services":{"iam":{"setup_path":"setup"}}"#,
        "$.services.iam.setup_path",
        r#""setup""#,
        "the path of an API call, for example /admin/setup",
        "such as `/admin/setup`",
    ],
    [r#""tls":{"cert":"/a.crt"}"#, "$.tls.key", "nothing", "belongs to `cert`", "give `key` with `cert`"],
    [r#""tls":[]"#, "$.tls", "an empty list", "an object", ""],
    [
        r#""services":{"kv":{"protocol":"etcd"}}"#,
        "$.services.kv.protocol",
        r#""etcd""#,
        "admin-v1, etcd-v3 or http-setup",
        "one of these exactly",
    ],
    [
        r#""services":{"My_KV":{"protocol":"admin-v1"}}"#,
        "$.services.My_KV",
        "this key",
        "the name of a service",
        "lower-case letters, digits and dashes",
    ],
    [
        r#""services":{"all":{"protocol":"admin-v1"}}"#,
        "$.services.all",
        "this key",
        "the name of a service",
        "use another name",
    ],
    [r#""services":{"kv":{"protocol":"admin-v1"},"chainfire":7}"#, "$.services.chainfire", "7", "an object", ""],
    [
        r#""services":{"kv":{"protocol":"admin-v1","needs":["chainfire"]}}"#,
        "$.services.kv.needs[0]",
        r#""chainfire""#,
        "a service of this node: kv",
        "add that service",
    ],
    [
        r#""services":{"a":{"protocol":"admin-v1","needs":["c"]},"b":{"protocol":"admin-v1","needs":["a"],"api_port":1,"raft_port":3},"c":{"protocol":"admin-v1","needs":["b"],"api_port":2,"raft_port":4}}"#,
        "$.services.a.needs",
        "a circle: a needs c needs b needs a",
        "services that can be done before this one",
        "take one of these out",
    ],
    [
        r#""services":{"kv":{"protocol":"admin-v1","needs":["kv"]}}"#,
        "$.services.kv.needs",
        "a circle: kv needs kv",
        "services that can be done before this one",
        "take one of these out",
    ],
    [
        r#""services":{"kv":{"protocol":"etcd-v3","raft_addr":"10.0.1.13:2379"}}"#,
        "$.services.kv.raft_addr",
        "10.0.1.13:2379, the port of its API",
        "this node's Raft address, usually at port 2380",
        "use another port in `raft_addr`",
    ],
    [
        r#""services":{"chainfire":{},"kv":{"protocol":"etcd-v3","raft_port":12380}}"#,
        "$.services.kv.api_port",
        "the same as chainfire",
        "a value of its own",
        "give kv another api_port",
    ],
    [
        r#""services":{"flaredb":{"unit":"chainfire.service"}}"#,
        "$.services.flaredb.unit",
        "chainfire.service, which is the unit of chainfire",
        "a unit of its own",
        "disable one of the two",
    ],
    [r#""services":{"iam":{"api_port":0}}"#, "$.services.iam.api_port", "0", "a port from 1 to 65535", ""],
    [r#""services":{"iam":{"api_port":-1}}"#, "$.services.iam.api_port", "-1", "a port from 1 to 65535", ""],
    [r#""services":{"iam":{"unit":"iam"}}"#, "$.services.iam.unit", r#""iam""#, "a systemd service unit", "`.service`"],
    [
        r#""services":{"iam":{"health_path":"/../x"}}"#,
        "$.services.iam.health_path",
        r#""/../x""#,
        "path of an API",
        "no `..`",
    ],
    [r#""policies":{"join":{"attempts":0}}"#, "$.policies.join.attempts", "0", "from 1 to 1000", ""],
    [r#""policies":{"join":{"scale":"10"}}"#, "$.policies.join.scale", r#""10""#, "from 1ms to 1h", "its unit"],
    [r#""policies":{"join":{"scale":"1m"}}"#, "$.policies.join.scale", r#""1m""#, "from 1ms to 1h", "use `1min`"],
    [r#""policies":{"join":{"scale":"2h"}}"#, "$.policies.join.scale", r#""2h""#, "from 1ms to 1h", ""],
    [
        r#""policies":{"request":{"max_body":"1TB"}}"#,
        "$.policies.request.max_body",
        r#""1TB""#,
        "1KiB to 64MiB",
        "unit",
    ],
    [
        r#""policies":{"request":{"connect":"1min"}}"#,
        "$.policies.request.connect",
        "1min",
        "at most `total`, which is 10s",
        "raise `total`",
    ],
    [r#""bootstrap":false,"bootstrap":true"#, "$.bootstrap", "the key a second time", "each key once", ""],
    [
        r#""bootstrap":true,"initial_peers":[]"#,
        "$.initial_peers",
        "an empty list",
        "the first nodes",
        "`bootstrap` false",
    ],
    [r#""bootstrap":true"#, "$.initial_peers", "nothing", "the first nodes", "`initial_peers`"],
];

#[test]
fn every_mistake_is_reported_with_path_found_expected_and_advice() {
    for [further, path, found, expected, advice] in ROWS {
        let problem = only_problem(&joining(&format!(",{further}")));
        assert_eq!((problem.path.as_str(), problem.found.as_str()), (*path, *found), "{further}");
        assert!(problem.expected.contains(expected), "{further}: {problem}");
        let hint = problem.hint.as_deref().unwrap_or_default();
        assert!(hint.contains(advice) && hint.is_empty() == advice.is_empty(), "{further}: {problem}");
    }
}

#[test]
fn addresses_that_nobody_can_reach_are_refused() {
    for (address, advice) in [
        ("", "`10.0.1.10:PORT`"),
        ("10.0.1.10", "`10.0.1.10:PORT`"),
        ("10.0.1.10:0", "1 to 65535"),
        ("10.0.1.10:65536", "1 to 65535"),
        ("10.0.1.10:+80", "1 to 65535"),
        ("10.0.1.10:", "1 to 65535"),
        (":2380", "put a host"),
        ("10.0.1:2380", "end in a number"),
        ("0.0.0.0:2380", "other nodes cannot reach"),
        ("fd00::10", "`[fd00::10]:2380`"),
        ("fd00::13:2380", "`[fd00::10]:2380`"),
        ("[fd00::10]", "add the port"),
        ("fd00:0:0:0:0:0:0:0:10:2380", "in brackets"),
        ("[fe80::1%eth0]:2380", "without zone"),
        ("[::]:2380", "other nodes cannot reach"),
        ("https://node01:2380", "without `https://`"),
        ("knoten\u{fc}:2380", "xn--"),
    ] {
        let text = format!(r#"{{"leader_url":"https://node01","raft_addr":"{address}"}}"#);
        let problem = only_problem(&text);
        assert_eq!(problem.path, "$.raft_addr");
        assert!(problem.hint.as_deref().unwrap_or_default().contains(advice), "{address}: {problem}");
    }
}

#[test]
fn x2_urls_that_are_no_plain_https_base_are_refused_without_showing_credentials() {
    for (url, advice) in [
        ("http://node01:2379", "does not use plain HTTP"),
        ("", "`https://node01:2379`"),
        ("node01:2379", "`https://node01:2379`"),
        ("https://", "put a host"),
        ("https://:2379", "put a host"),
        ("https://node01:0", "1 to 65535"),
        ("https://admin:canary@node01:2379", "user and password"),
        ("https://canary@node01", "user and password"),
        ("https://node01:2379/api", "end the URL after host and port"),
        ("https://node01:2379?canary=1", "end the URL after host and port"),
        ("https://fd00::10:2379", "in brackets"),
        ("admin:canary@node01:2379", "`https://node01:2379`"),
        ("https://node01:2379/?token=canary", "end the URL after host and port"),
    ] {
        let text = format!(r#"{{"leader_url":"{url}","raft_addr":"10.0.1.13:2380"}}"#);
        let problem = only_problem(&text);
        assert_eq!(problem.path, "$.leader_url");
        assert!(problem.hint.as_deref().unwrap_or_default().contains(advice), "{url}: {problem}");
        assert!(!problem.to_string().contains("canary"), "{problem}");
    }
}

#[test]
fn x2_no_hint_repeats_a_password_in_an_address() {
    for address in ["root:canary@node01:2380", "root:canary@node01", "a:b:canary@c", "canary@[fd00::1]:2380"] {
        let text = format!(r#"{{"leader_url":"https://node01","raft_addr":"{address}"}}"#);
        let report = checked(&text, false).unwrap_err().to_string();
        assert!(!report.contains("canary"), "{report}");
    }
}

#[test]
fn all_problems_come_in_one_report() {
    let text = r#"{"node_id":"","bootstrap":false,"raft_addr":"10.0.1.10","tls":{"key":7},"rafk":1}"#;
    let report = checked(text, false).unwrap_err();
    let paths: Vec<&str> = report.problems.iter().map(|problem| problem.path.as_str()).collect();
    assert_eq!(paths, ["$.node_id", "$.raft_addr", "$.tls.key", "$.leader_url", "$.tls.cert"]);
    assert!(report.to_string().starts_with("5 problems\n  $.node_id: found \"\", expected the id of a node"));
    assert!(report.summary().ends_with("; and 4 more"), "{}", report.summary());
}

#[test]
fn what_is_wrong_hides_nothing_else_that_is_wrong() {
    for (text, paths) in [
        // A wrong protocol: of the service alone, of one of several, of another type.
        (
            r#"{"services":{"kv":{"protocol":"etcd-v4","api_port":0,"usr":1}}}"#,
            "services.kv.protocol services.kv.api_port services.kv.leader_url services.kv.raft_addr",
        ),
        (
            r#"{"bootstrap":true,"services":{"kv":{"protocol":"raft","unit":"x"}}}"#,
            "services.kv.protocol services.kv.unit services.kv.initial_peers",
        ),
        (
            r#"{"services":{"kv":{"protocol":7},"db":{"protocol":"etcd-v3","api_port":"2"}}}"#,
            "services.kv.protocol services.db.api_port services.kv.leader_url services.kv.raft_addr",
        ),
        (
            r#"{"bootstrap":true,"services":{"rest":{"protocol":"http","api_port":0},"kv":{"protocol":"etcd-v3"}}}"#,
            "services.rest.protocol services.rest.api_port services.kv.initial_peers",
        ),
        // Which of the protocols is meant, its fields say too; one of its own fields is none that is unknown.
        (
            r#"{"services":{"a":{"protocol":"x","admin_user":7,"api_port":8080}}}"#,
            "services.a.protocol services.a.admin_user",
        ),
        (
            r#"{"services":{"chainfire":{"protocol":"x"}}}"#,
            "services.chainfire.protocol services.chainfire.leader_url services.chainfire.raft_addr",
        ),
        // What needs it needs a service of this node.
        (
            r#"{"services":{"kv":{"protocol":"etcd"},"iam":{"protocol":"http-setup","needs":["kv"]}},"raft_addr":"a:1"}"#,
            "services.kv.protocol services.kv.leader_url",
        ),
        // A wrong name, and what is no object where one belongs.
        (
            r#"{"services":{"My_KV":{"protocol":"etcd-v3","api_port":0,"user":7}}}"#,
            "services.My_KV services.My_KV.api_port services.My_KV.user",
        ),
        (
            r#"{"services":{"kv":{"protocol":"admin-v1"},"chainfire":7,"iam":{"needs":["chainfire"]}}}"#,
            "services.chainfire services.kv.leader_url services.kv.raft_addr",
        ),
        (r#"{"services":["chainfire"]}"#, "services services.chainfire.leader_url services.chainfire.raft_addr"),
        (r#"{"leader_url":"https://node09","raft_addr":"node09:1","services":7}"#, "services leader_url"),
        (r#"{"leader_url":"https://node09","raft_addr":"node09:1","tls":7,"expect":7}"#, "expect tls leader_url"),
        // A service that cannot be made hides no other: two share an API, and of a third its port is wrong.
        (
            r#"{"bootstrap":true,"services":{"a":{"protocol":"http-setup","setup_path":"x"},
                "b":{"protocol":"etcd-v3","initial_peers":["node09:1"]},"c":{"protocol":"etcd-v3","raft_port":3}}}"#,
            "services.a.setup_path services.c.api_port",
        ),
        (
            r#"{"bootstrap":true,"services":{"a":{"protocol":"etcd-v3","initial_peers":["node09:1"],"health_path":"x"},
                "b":{"protocol":"etcd-v3","api_port":1,"raft_port":2},"c":{"protocol":"etcd-v3","api_port":1,"raft_port":3}}}"#,
            "services.a.health_path services.c.api_port",
        ),
    ] {
        let report = checked(text, false).expect_err(text);
        let found: Vec<&str> = report.problems.iter().map(|problem| problem.path.trim_start_matches("$.")).collect();
        // The order is that of the file, which is not what this is about.
        let sorted = |mut paths: Vec<&str>| {
            paths.sort_unstable();
            paths.join("\n")
        };
        let expected = paths.split(' ').map(|path| match path {
            // Of the first service, the field at the top is the usual place.
            path if path.ends_with("er_url") || path.ends_with("raft_addr") || path.ends_with("_peers") => {
                path.rsplit('.').next().unwrap()
            }
            path => path,
        });
        assert_eq!(sorted(found), sorted(expected.collect()), "{text}: {report}");
    }
}

#[test]
fn what_is_too_long_is_one_problem_and_not_one_of_each_pair() {
    let many = |count: usize, one: &dyn Fn(usize) -> String| (0..count).map(one).collect::<Vec<_>>().join(",");
    let services = many(1000, &|number| format!(r#""s{number}":{{"protocol":"admin-v1"}}"#));
    let problem = only_problem(&joining(&format!(r#","services":{{{services}}}"#)));
    assert_eq!((problem.path.as_str(), problem.expected.as_str()), ("$.services", "at most 64 services"));
    let peers = many(20_000, &|number| format!(r#""10.0.1.1:{number}""#));
    let problem = only_problem(&joining(&format!(r#","initial_peers":[{peers}]"#)));
    assert_eq!((problem.path.as_str(), problem.expected.as_str()), ("$.initial_peers", "at most 1024 entries"));

    // A thousand needs of each of many services: those that are kept are few, all are counted.
    let needs = many(1000, &|number| format!(r#""n{number}""#));
    let services = many(50, &|number| format!(r#""s{number}":{{"protocol":"http-setup","needs":[{needs}]}}"#));
    let report = checked(&joining(&format!(r#","services":{{{services}}}"#)), false).unwrap_err();
    assert!(report.problems.len() + report.left_out >= 50_000, "{}", report.left_out);
    assert_eq!(report.problems.len(), 100);
}

#[test]
fn an_empty_object_names_both_ways_to_go_on() {
    let report = checked("{}", false).unwrap_err();
    assert_eq!(report.problems.len(), 2);
    assert!(report.to_string().contains("`bootstrap` true"), "{report}");
}

#[test]
fn unknown_keys_warn_with_a_guess_and_are_refused_only_when_strict() {
    for (further, path, hint) in [
        (r#""raft_adrr":1"#, "$.raft_adrr", "did you mean `raft_addr`?"),
        (r#""nodeId":"n""#, "$.nodeId", "did you mean `node_id`?"),
        (r#""tls":{"certificate":"/x"}"#, "$.tls.certificate", "did you mean `cert`?"),
        (r#""services":{"iam":{"admin_password":"x"}}"#, "$.services.iam.admin_password", "`admin_password_file`?"),
        (r#""services":{"chainfir":{"api_port":1}}"#, "$.services.chainfir", "did you mean `chainfire`?"),
        (r#""services":{"kv":{"api_port":1}}"#, "$.services.kv", "give it a `protocol`"),
        (r#""attempts":9"#, "$.attempts", "belongs at `$.policies.join.attempts`"),
        (r#""zebra":{"a":1,"a":2}"#, "$.zebra", ""),
    ] {
        let text = joining(&format!(",{further}"));
        let warnings = checked(&text, false).unwrap().warnings;
        assert_eq!(warnings.len(), 1, "{warnings:?}");
        assert_eq!(warnings[0].path, path);
        assert!(warnings[0].hint.as_deref().unwrap_or_default().contains(hint), "{}", warnings[0]);
        assert_eq!(checked(&text, true).unwrap_err().problems, warnings);
    }
}

#[test]
fn ports_in_each_others_place_are_warned_of_and_refused_when_strict() {
    for (text, path, found) in [
        (
            r#"{"leader_url":"https://node01:2379","raft_addr":"10.0.1.13:2379"}"#,
            "$.raft_addr",
            "10.0.1.13:2379, the port of its API",
        ),
        (
            r#"{"leader_url":"https://node01:2380","raft_addr":"10.0.1.13:2380"}"#,
            "$.leader_url",
            "port 2380, the Raft port",
        ),
    ] {
        let warnings = checked(text, false).unwrap().warnings;
        assert_eq!((warnings.len(), warnings[0].path.as_str(), warnings[0].found.as_str()), (1, path, found));
        assert_eq!(checked(text, true).unwrap_err().problems, warnings);
    }
}

#[test]
fn advice_is_given_when_strict_and_never_refuses() {
    let bootstrapping = |peers: &str| format!(r#"{{"bootstrap":true,"initial_peers":[{peers}]}}"#);
    for (text, path, hint) in [
        (
            bootstrapping(r#""node09:2380","node02:2380""#),
            "$.initial_peers",
            "2 members survive the loss of 0, the same as 1",
        ),
        (
            bootstrapping(r#""node09:1","a:1","b:1","c:1""#),
            "$.initial_peers",
            "4 members survive the loss of 1, the same as 3",
        ),
        (r#"{"leader_url":"https://node01","raft_addr":"10.0.1.13:2380"}"#.to_owned(), "$.leader_url", "write `:2379`"),
        (
            joining(r#","node_role":"worker","services":{"iam":{"api_port":81}}"#),
            "$.services.iam.enable",
            "set it to false",
        ),
    ] {
        assert!(checked(&text, false).unwrap().warnings.is_empty(), "{text}");
        let advice = checked(&text, true).unwrap().warnings;
        assert_eq!((advice.len(), advice[0].path.as_str()), (1, path), "{advice:?}");
        assert!(advice[0].hint.as_deref().unwrap_or_default().contains(hint), "{}", advice[0]);
    }
    for text in [
        bootstrapping(r#""node09:2380""#),
        bootstrapping(r#""node09:2380","node02:2380","node03:2380""#),
        joining(r#","node_role":"worker","services":{"flaredb":{"enable":false}}"#),
    ] {
        assert!(checked(&text, true).unwrap().warnings.is_empty(), "{text}");
    }
}

#[test]
fn m5_a_data_directory_that_is_not_the_services_own_is_warned_of() {
    for (services, path, found) in [
        (r#""chainfire":{"data_dir":"/var/lib"}"#, "chainfire", "/var/lib: many services keep their files there"),
        (r#""flaredb":{"data_dir":"/etc/nixos"}"#, "flaredb", "/etc/nixos: it belongs to the system"),
        (r#""flaredb":{"data_dir":"/home/db"}"#, "flaredb", "/home/db: it is somebody's home"),
        (r#""flaredb":{"data_dir":"/var/lib/chainfire/db"}"#, "flaredb", "and chainfire has /var/lib/chainfire"),
    ] {
        let text = joining(&format!(r#","services":{{{services}}}"#));
        let warnings = checked(&text, false).unwrap().warnings;
        let found = [format!("$.services.{path}.data_dir"), found.to_owned()]
            .map(|part| warnings[0].to_string().contains(&part));
        assert_eq!((warnings.len(), found), (1, [true, true]), "{warnings:?}");
        assert_eq!(checked(&text, true).unwrap_err().problems, warnings);
    }
    // What is refused is not warned of as well, for then there is nothing to show.
    for (service, refused) in [("chainfire", "/srv"), ("flaredb", "/srv"), ("flaredb", "srv"), ("chainfire", "")] {
        let text = joining(&format!(r#","services":{{"{service}":{{"data_dir":"{refused}"}}}}"#));
        let report = checked(&text, false).unwrap_err();
        assert_eq!((report.problems.len(), report.warnings.len()), (1, 0), "{report}");
    }
    assert!(
        checked(&joining(r#","services":{"flaredb":{"data_dir":"/data/flaredb"}}"#), true).unwrap().warnings.is_empty()
    );
}

#[test]
fn member_lists_that_do_not_mean_what_they_seem_to_are_warned_of() {
    let stranger =
        r#"{"node_id":"node05","bootstrap":true,"initial_peers":["node01:2380","node02:2380","node01:2380"]}"#;
    let warnings = checked(stranger, false).unwrap().warnings;
    let found: Vec<&str> = warnings.iter().map(|warning| warning.found.as_str()).collect();
    assert!(found.contains(&"no entry that means this node") && found.contains(&"node01:2380 again"), "{found:?}");
}

#[test]
fn a_needed_field_that_is_misspelt_is_pointed_at() {
    let text = r#"{"leader_url":"https://node01","raft_adr":"10.0.1.13:2380"}"#;
    let report = checked(text, false).unwrap_err();
    assert_eq!(report.problems.len(), 1);
    let hint = report.problems[0].hint.as_deref().unwrap_or_default();
    assert_eq!(hint, "did you mean `raft_addr` instead of $.raft_adr?");
    assert!(report.to_string().contains("(warning) $.raft_adr: "), "{report}");
}

#[test]
fn what_is_at_another_place_is_named_with_its_own() {
    for (further, path, hint) in [
        (r#""etcd":{"protocol":"etcd-v3"}"#, "$.etcd", "`etcd` belongs at `$.services.etcd`"),
        (r#""chainfire":{"api_port":1}"#, "$.chainfire", "`chainfire` belongs at `$.services.chainfire`"),
        (r#""protocol":"etcd-v3""#, "$.protocol", "`protocol` belongs at `$.services.NAME.protocol`"),
        (r#""admin_user":"a""#, "$.admin_user", "`admin_user` belongs at `$.services.iam.admin_user`"),
        (r#""services":{"unit":"a"}"#, "$.services.unit", "`unit` belongs at `$.services.NAME.unit`"),
        (r#""services":{"etcd":"etcd-v3"}"#, "$.services.etcd", "to declare a service, give it a `protocol`: "),
        (r#""ca":"/a""#, "$.ca", "`ca` belongs at `$.tls.ca`"),
    ] {
        let warnings = checked(&joining(&format!(",{further}")), false).unwrap().warnings;
        let [warning] = &warnings[..] else { panic!("{further}: {warnings:?}") };
        assert_eq!(warning.path, path);
        assert!(warning.hint.as_deref().unwrap_or_default().starts_with(hint), "{warning}");
    }
}

#[test]
fn a_node_that_would_join_through_itself_is_refused() {
    for leader in
        ["node09", "NODE09.", "10.0.1.13", "[::ffff:10.0.1.13]", "localhost", "127.0.0.1", "[::1]", "n.example.com"]
    {
        let text = format!(
            r#"{{"leader_url":"https://{leader}:2379","raft_addr":"10.0.1.13:2380","node_fqdn":"n.example.com"}}"#
        );
        let report = checked(&text, false).unwrap_err();
        assert_eq!(report.problems.len(), 1, "{report}");
        assert!(report.problems[0].found.ends_with("which is this node"), "{report}");
    }
    // Also where the address is of loopback, which `localhost` and the address name alike.
    for (leader, own) in
        [("localhost", "127.0.0.1"), ("127.0.0.1", "localhost"), ("localhost", "[::1]"), ("localhost", "localhost")]
    {
        let text = format!(
            r#"{{"node_id":"node04","bootstrap":false,"leader_url":"https://{leader}:2379","raft_addr":"{own}:2380"}}"#
        );
        let report = checked(&text, false).unwrap_err();
        assert_eq!(report.problems.len(), 1, "{report}");
        assert!(report.problems[0].found.ends_with("which is this node"), "{report}");
        assert!(report.to_string().contains("only if there is no cluster yet"), "{report}");
    }
    // Another port is another service, and a bootstrapping node asks no leader. In a lab on loopback each node has its own address, or
    // its own ports.
    for sound in [
        r#"{"leader_url":"https://127.0.0.1:2379","raft_addr":"127.0.0.2:2380"}"#,
        r#"{"leader_url":"https://localhost:2379","raft_addr":"127.0.0.2:2380"}"#,
        r#"{"leader_url":"https://localhost:2379","raft_addr":"127.0.0.1:12380","services":{"chainfire":{"api_port":12379},"flaredb":{"api_port":12479,"leader_url":"https://localhost:2479"}}}"#,
        r#"{"leader_url":"https://127.0.0.1:2379","raft_addr":"127.0.0.1:12380","services":{"chainfire":{"api_port":12379},"flaredb":{"api_port":12479,"leader_url":"https://127.0.0.1:2479"}}}"#,
        r#"{"leader_url":"https://localhost:12379","raft_addr":"10.0.1.13:2380"}"#,
        r#"{"bootstrap":true,"leader_url":"https://node09:2379","initial_peers":["node09:2380"]}"#,
    ] {
        assert!(checked(sound, false).is_ok(), "{sound}");
    }
}

#[test]
fn null_is_the_same_as_not_given() {
    let text = joining(r#","node_fqdn":null,"tls":null,"services":{"iam":null},"bootstrap":null"#);
    assert_eq!(checked(&text, true).unwrap().config, checked(&joining(""), true).unwrap().config);
}

#[test]
fn an_installers_hostname_is_not_a_node_id() {
    let context = |name: &str| Context {
        given: Origin::Credential,
        host_name: Some(name.to_owned()),
        secrets: "/".into(),
        strict: false,
    };
    let document = parse(joining("").as_bytes()).unwrap();
    assert_eq!(check(&document, &context("node09")).unwrap().config.node.id.as_str(), "node09");
    for name in ["localhost", "nixos", "", "a b"] {
        let report = check(&document, &context(name)).unwrap_err();
        assert_eq!(report.problems[0].path, "$.node_id");
    }
}

#[test]
fn x2_text_that_is_no_json_is_located_and_not_quoted() {
    let error = |bytes: &[u8]| parse(bytes).unwrap_err();
    assert_eq!(error(b" \n"), SyntaxError::Empty);
    for yaml in ["---\nnode_id: node01\n", "# the cluster\nbootstrap: true\n", "services:\n  chainfire:\n"] {
        assert_eq!(error(yaml.as_bytes()), SyntaxError::Other(Format::Yaml), "{yaml}");
    }
    for other in ["node_id", "\"a\": 1", "https://node01:2379", "cluster config", "%", "\u{201c}a\u{201d}: 1"] {
        assert_eq!(error(other.as_bytes()), SyntaxError::Other(Format::Unknown), "{other}");
    }
    for (other, remedy) in [
        ("{node_id: 1}", "double quotes"),
        ("{'node_id': 1}", "double quotes"),
        ("{\"a\": \u{201c}b\u{201d}}", "a text in double quotes"),
        ("{\"a\": True}", "true, false"),
        ("{\"a\": \"b\n\"}", "close the quote"),
        ("{\"a\": 1,}", "remove the comma"),
        ("{\"a\": 1\n\"b\": 2}", "put a comma"),
        ("{} {}", "behind the end"),
        ("[\"a\"] x", "behind the end"),
        ("[1] x", "behind the end"),
        ("{\"a\": 1 /}", "put a comma"),
        ("{\"a\": 01}", "correct the JSON there"),
    ] {
        assert!(matches!(error(other.as_bytes()), SyntaxError::Malformed(..)), "{other}");
        assert!(error(other.as_bytes()).to_string().contains(remedy), "{}", error(other.as_bytes()));
    }
    assert_eq!(error(&[0; 512]), SyntaxError::Zeroed);
    for (text, encoding) in [
        (&b"\xff\xfe{\0}\0"[..], "UTF-16"),
        (b"\0{\0}", "UTF-16BE"),
        (b"{\0}\0", "UTF-16LE"),
        (b"\xff\xfe\0\0{\0\0\0}\0\0\0", "UTF-32"),
        (b"\0\0\0{\0\0\0}", "UTF-32BE"),
        (b"{\0\0\0}\0\0\0", "UTF-32LE"),
    ] {
        assert_eq!(error(text), SyntaxError::Wide(encoding));
        assert!(error(text).to_string().contains(&format!("--from-code={encoding} ")));
    }
    assert_eq!(error(b"{\"a\":\xff}"), SyntaxError::NotUtf8(5));
    assert_eq!(error(b"{\n\"node_id\": \"no"), SyntaxError::Truncated(2, 14));
    assert!(matches!(error(&vec![b' '; 2 << 20]), SyntaxError::TooLarge(0x20_0000)));
    assert!(matches!(error("[".repeat(9000).as_bytes()), SyntaxError::Malformed(..)));
    assert!(matches!(error(b"{} {}"), SyntaxError::Malformed(place, _) if place.contains("at line 1 ")));
    let malformed = error(b"{\"password\": canary}").to_string();
    assert!(malformed.contains("line 1 column 14") && !malformed.contains("canary"), "{malformed}");
    assert!(parse("\u{feff}{}".as_bytes()).is_ok());
}

#[test]
fn what_is_something_else_than_json_is_called_by_its_name_whatever_is_before_it() {
    let wide = |text: &str, is_little: bool| -> Vec<u8> {
        let pair = |unit: u16| if is_little { unit.to_le_bytes() } else { unit.to_be_bytes() };
        text.encode_utf16().flat_map(pair).collect()
    };
    let config = joining("");
    for before in ["", " ", "\n\t", "\u{feff}", "\u{feff}\u{feff}", "\u{feff}\r\n \u{feff}", "\n\u{feff}"] {
        let behind = |rest: &[u8]| parse(&[before.as_bytes(), rest].concat());
        assert!(behind(config.as_bytes()).is_ok(), "{before:?}");
        for (text, format) in [
            (&b"<html><body>Log in</body></html>"[..], Format::Html),
            (b"<!DOCTYPE html>\n<html>", Format::Html),
            (b"<?xml version=\"1.0\"?>\n<!DOCTYPE html><HTML>", Format::Html),
            (b"<html><title>Gesch\xfctzt", Format::Html),
            (b"<?xml version=\"1.0\"?>\n<plist/>", Format::Xml),
            (b"-----BEGIN CERTIFICATE-----\nMIIB", Format::Pem),
            (b"# nodes\nnode_id: node01", Format::Yaml),
            (b"- node01\n- node02", Format::Yaml),
            (b"%YAML 1.2\n---", Format::Yaml),
            (b"\x1f\x8b\x08\0\0\0\0\0\0\x03", Format::Compressed),
            (b"PK\x03\x04\x14\0\0\0", Format::Compressed),
            (b"[cluster]\nnode_id = 1", Format::Toml),
            (b"# nodes\nnode_id = \"node01\"", Format::Toml),
            (b"NODE_ID=node01", Format::Toml),
        ] {
            assert_eq!(behind(text), Err(SyntaxError::Other(format)), "{before:?}");
        }
        for mark in ["", "\u{feff}", "\u{feff}\u{feff}"] {
            for blanks in ["", " ", "\r\n", "\n\n  "] {
                for is_little in [true, false] {
                    let bytes =
                        [before.trim_ascii_start().as_bytes(), &wide(&[mark, blanks, &config].concat(), is_little)]
                            .concat();
                    let error = parse(&bytes).unwrap_err().to_string();
                    assert!(error.starts_with("it is UTF-16") && error.contains("save the file as UTF-8"), "{error}");
                }
            }
        }
    }
    assert_eq!(parse(b"{\"a\": \xe9\0\0}"), Err(SyntaxError::NotUtf8(6)));
    for zeroed in ["{}\0", "{}\0\0\0\0", "{\"a\": 1\n\0\0\0\0\0", "\0\0\0\0\0{}"] {
        assert_eq!(parse(zeroed.as_bytes()), Err(SyntaxError::Zeroed), "{zeroed:?}");
    }
    for (comment, line) in [
        ("// the cluster\n{}", 1),
        ("# the cluster\n{}", 1),
        ("{\n  // the node\n  \"node_id\": \"a\"}", 2),
        ("{\n  \"node_id\": \"a\", /* the node */\n}", 2),
        ("{\n  \"node_id\": \"a\" # the node\n}", 2),
        ("{\n  \"node_id\":\n // the node\n\"a\"}", 3),
        ("{\n  \"a\": [\"\u{fc}\", // the node\n\"a\"]}", 2),
        ("{}\n// the end", 2),
    ] {
        assert_eq!(parse(comment.as_bytes()), Err(SyntaxError::Other(Format::Comment(line))), "{comment}");
    }
}

#[test]
fn a_report_of_a_generator_gone_wrong_stays_readable() {
    let peers = vec!["7"; 1000].join(",");
    let report = checked(&format!(r#"{{"bootstrap":true,"initial_peers":[{peers}]}}"#), false).unwrap_err();
    assert!(report.to_string().lines().count() < 250);
    assert_eq!(report.problems.len() + report.left_out, 1000);
    let keys: Vec<String> = (0..20_000).map(|n| format!(",\"k{n}\":1")).collect();
    assert!(checked(&joining(&keys.concat()), false).unwrap().warnings.len() <= 101);
}

/// A node that joins, with this text in the place of a value; every address that others have to reach.
fn with_address(field: &str, host: &str) -> String {
    let mut config = serde_json::json!({
        "node_id": "node09", "leader_url": "https://node01:2379", "raft_addr": "10.0.1.13:2380",
        "initial_peers": ["node01:2380"],
    });
    let address = serde_json::Value::from(format!("{host}:2380"));
    match field {
        "raft_addr" => config["raft_addr"] = address,
        "initial_peers" => config["initial_peers"] = serde_json::json!(["node01:2380", address]),
        "flaredb_peers" => config["flaredb_peers"] = serde_json::json!(["node01:2480", address]),
        // Not the port of this node's own service, which would be no leader to join.
        "leader_url" => config["leader_url"] = format!("https://{host}:2381").into(),
        "node_ip" => config["node_ip"] = host.trim_matches(['[', ']']).into(),
        service => config["services"][service]["raft_addr"] = address,
    }
    config.to_string()
}

const FIELDS: [&str; 7] =
    ["raft_addr", "initial_peers", "flaredb_peers", "leader_url", "node_ip", "chainfire", "flaredb"];

#[test]
fn f20_an_address_that_others_cannot_reach_is_refused_when_strict_and_one_that_nobody_can_always() {
    // What works on one machine, or on one link, is warned of: the demo on loopback is such a lab.
    for host in ["127.0.0.1", "127.0.0.13", "[::1]", "169.254.7.7", "240.0.0.1", "[::ffff:127.0.0.1]"] {
        for field in FIELDS {
            let text = with_address(field, host);
            let warnings = checked(&text, false).unwrap_or_else(|report| panic!("{text}: {report}")).warnings;
            let is_said = |warning: &&Problem| warning.expected == "an address that other nodes can reach";
            let said = warnings.iter().find(is_said).unwrap_or_else(|| panic!("{text}: {warnings:?}"));
            assert!(said.path.contains(field) && said.hint.is_some(), "{said}");
            let problems = checked(&text, true).unwrap_err().problems;
            assert!(problems.contains(said), "{text}: {problems:?}");
        }
    }
    for host in ["[fe80::13]", "0.0.0.0", "0.1.2.3", "[::]", "224.0.0.1", "255.255.255.255", "[ff02::1]"] {
        for field in FIELDS {
            for strict in [false, true] {
                let text = with_address(field, host);
                assert!(checked(&text, strict).unwrap_err().problems[0].path.contains(field), "{text}");
            }
        }
    }
    // A lab on one machine has them everywhere, and one warning.
    let lab = joining(r#","node_ip":"127.0.0.13","services":{"chainfire":{"raft_addr":"127.0.0.13:2380"}}"#);
    let warnings = checked(&lab, false).unwrap().warnings;
    let [warning] = &warnings[..] else { panic!("{warnings:?}") };
    assert!(warning.found.contains("; the same in $."), "{warning}");
    for name in ["localhost", "node01.localhost"] {
        assert!(checked(&with_address("raft_addr", name), true).is_err(), "{name}");
    }
    for host in ["10.0.1.14", "node14", "[fd00::14]", "[2001:db8::14]", "203.0.113.14", "localhost.example.com"] {
        for field in FIELDS.into_iter().filter(|field| *field != "node_ip" || !host.contains(['n', 'l'])) {
            let text = with_address(field, host);
            assert!(checked(&text, true).is_ok(), "{text}");
        }
    }
    // The node's own services may well be asked over loopback.
    let own = joining(r#","services":{"chainfire":{"url":"https://127.0.0.1"},"iam":{"url":"https://localhost"}}"#);
    assert!(checked(&own, true).is_ok());
}
