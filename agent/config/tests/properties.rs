//! What must hold of every config, not only of those people thought of: no
//! panic, no secret in any output, one meaning for one address, and a schema
//! that takes whatever the checker takes.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod json_schema;

use first_boot_config::{
    Context, Origin, check, example, parse, reference, schema,
    value::{Endpoint, HostPort, parse_duration, show_duration},
};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

fn context() -> Context {
    Context {
        given: Origin::File("/x.json".into()),
        host_name: Some("node01".to_owned()),
        secrets: "/etc/nixos/secrets".into(),
        strict: false,
    }
}

fn outcome(document: &Value) -> Result<String, String> {
    let checked = check(&parse(document.to_string().as_bytes()).unwrap(), &context());
    checked.map(|checked| format!("{checked:?}")).map_err(|report| {
        let reported = format!("{report}\n{report:?}");
        assert!(!reported.contains("bug in the agent"), "{document}");
        reported
    })
}

fn published() -> Value {
    serde_json::from_str(&schema()).unwrap()
}

/// Values found in configs, right and wrong.
fn odd_value() -> impl Strategy<Value = Value> {
    let texts = [
        "",
        "a",
        "node01",
        "node01:2380",
        "[::1]:2380",
        "::1",
        "https://node01",
        "https://u:p@h",
        "http://h",
        "/",
        "/x",
        "10.0.0.0/8",
        "120s",
        "5 min",
        "1MiB",
        "x.service",
        "worker",
        "\u{0}",
        "ü",
        "true",
    ];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        prop_oneof![any::<i64>(), -2_i64..200].prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        prop::sample::select(texts.to_vec()).prop_map(Value::from),
        ".{0,12}".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((".{0,6}", inner), 0..4)
                .prop_map(|entries| Value::Object(entries.into_iter().collect())),
        ]
    })
}

/// Fills an object of the schema: each key is absent, right, or anything.
fn filled(properties: &Map<String, Value>, right_only: bool) -> BoxedStrategy<Value> {
    let entries: Vec<_> =
        properties.iter().map(|(key, property)| (Just(key.clone()), entry(property, right_only))).collect();
    entries
        .prop_map(|entries| {
            entries.into_iter().filter_map(|(key, value)| Some((key, value?))).collect::<Map<_, _>>().into()
        })
        .boxed()
}

fn entry(property: &Value, right_only: bool) -> BoxedStrategy<Option<Value>> {
    let right = match property.get("properties").and_then(Value::as_object) {
        Some(inner) => filled(inner, right_only),
        None => Just(right_value(property)).boxed(),
    };
    let anything = if right_only { right.clone() } else { odd_value().boxed() };
    prop_oneof![3 => Just(None), 3 => right.prop_map(Some), 1 => anything.prop_map(Some)].boxed()
}

fn right_value(property: &Value) -> Value {
    if let Some(items) = property.get("items") {
        return json!([items["examples"][0]]);
    }
    if property.get("propertyNames").is_some() {
        return json!({"storage": property["additionalProperties"]["examples"][0]});
    }
    property.get("default").or(property.pointer("/examples/0")).cloned().unwrap_or(json!(2379))
}

fn documents(right_only: bool) -> BoxedStrategy<Value> {
    filled(published()["properties"].as_object().unwrap(), right_only)
}

proptest! {
    #[test]
    fn no_json_whatever_panics(document in odd_value()) {
        let _ = outcome(&document);
    }

    #[test]
    fn no_bytes_whatever_panic(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
        let _ = parse(&bytes);
    }

    #[test]
    fn what_the_checker_takes_the_schema_takes(document in documents(false)) {
        if outcome(&document).is_ok() {
            prop_assert_eq!(json_schema::violation(&published(), &document), None, "{}", document);
        }
    }

    #[test]
    fn what_the_schema_gives_as_right_the_checker_takes(document in documents(true)) {
        let refused_by_schema = json_schema::violation(&published(), &document);
        match outcome(&document) {
            Ok(_) => prop_assert_eq!(refused_by_schema, None),
            // Needs are in both; that a certificate wants its key, that no node joins through itself, which service needs which,
            // and which is the first of those that are all named, is not.
            Err(report) => {
                let mut services = document["services"].as_object().into_iter().flat_map(Map::values);
                let is_beyond = report.contains("$.tls.")
                    || report.contains("which is this node")
                    || report.contains(".needs")
                    || services.any(|service| !service["protocol"].is_null());
                prop_assert!(refused_by_schema.is_some() || is_beyond, "{}", report);
            }
        }
    }

    #[test]
    fn addresses_read_back_as_they_are_shown(text in r"(\[[0-9a-f:]{2,9}\]|(xn--)?[a-zA-Z0-9._-]{1,9}):[0-9]{1,5}") {
        if let Ok(address) = text.parse::<HostPort>() {
            prop_assert_eq!(address.to_string().parse::<HostPort>().unwrap(), address.clone());
            let endpoint = Endpoint::at(address.clone()).unwrap();
            let url = endpoint.join("/health");
            prop_assert_eq!(url.host_str().unwrap(), address.host().to_string());
            prop_assert_eq!(url.port_or_known_default(), Some(address.port()));
        }
    }

    #[test]
    fn durations_read_back_as_they_are_shown(millis in 0_u64..1 << 40) {
        let duration = std::time::Duration::from_millis(millis);
        prop_assert_eq!(parse_duration(&show_duration(duration)).unwrap(), duration);
    }

    #[test]
    fn x2_a_secret_in_a_secret_looking_or_unknown_key_never_comes_out(
        key in "(admin_)?(password|secret|token|private_key|api_key|passphrase)|unheard_of",
        inside in prop::sample::select(vec!["", "services", "tls"]),
        right in any::<bool>(),
    ) {
        let mut document: Value = serde_json::from_str(example("join").unwrap()).unwrap();
        let place = if inside.is_empty() { &mut document } else {
            document[inside] = json!({});
            &mut document[inside]
        };
        place[key.as_str()] = json!("canary");
        if !right {
            document["services"]["iam"]["admin_password_file"] = json!("canary");
            document["tls"]["key"] = json!("canary");
        }
        let reported = outcome(&document).unwrap_or_else(|report| report);
        prop_assert!(!reported.contains("canary"), "{}", reported);
    }
}

#[test]
fn the_schema_refuses_what_lacks_a_needed_field() {
    let schema = published();
    let refused = |document| json_schema::violation(&schema, &document).is_some();
    assert!(refused(json!({})));
    assert!(refused(json!({"bootstrap": true, "initial_peers": []})));
    assert!(refused(json!({"leader_url": "https://a", "raft_addr": null})));
    assert!(!refused(json!({"leader_url": "https://a", "services": {"chainfire": {"raft_addr": "a:1"}}})));
    assert!(!refused(json!({"bootstrap": true, "initial_peers": ["a:1"], "unknown": 1})));
}

/// Every form that a value may take, at the limits where there are some.
#[test]
fn every_form_that_the_checker_takes_fits_the_schema() {
    let name = "a".repeat(128);
    let host = format!("{}.x:1", "a".repeat(63));
    for (pointer, value) in [
        ("node_id", json!(name)),
        ("raft_addr", json!(host)),
        ("raft_addr", json!("[FD00::1.2.3.4]:65535")),
        ("raft_addr", json!("_a_.b.:00001")),
        ("leader_url", json!("HTTPS://[::1]:443/")),
        ("node_fqdn", json!("A-b_c.example.")),
        ("datacenter", json!("Frankfurt am Main, Süd")),
        ("services/iam/unit", json!("a:b@c\\x2d.service")),
        ("services/iam/admin_user", json!("_a.b-c+d@e")),
        ("services/iam/setup_path", json!("/~a/b.c_d-e/")),
        ("tls/ca", json!("/a b/ü")),
        ("network/any key", json!("::/0")),
        ("policies/join/scale", json!("1ms")),
        ("policies/join/scale", json!("60min")),
        ("policies/join/scale", json!("1 h")),
        ("policies/join/scale", json!(3600)),
        ("policies/health/limit", json!(86400)),
        ("policies/request/max_body", json!(67_108_864)),
        ("policies/request/max_body", json!("1024 B")),
        ("policies/request/max_body", json!("64KiB")),
    ] {
        let mut document: Value = serde_json::from_str(example("join").unwrap()).unwrap();
        let mut place = &mut document;
        for key in pointer.split('/') {
            place = place.as_object_mut().unwrap().entry(key).or_insert(json!({}));
        }
        *place = value;
        assert_eq!(outcome(&document).err(), None, "{document}");
        assert_eq!(json_schema::violation(&published(), &document), None);
    }
}

#[test]
fn one_spelling_of_an_address_equals_the_other() {
    for (one, other) in [
        ("[FD00:0::1]:1", "[fd00::1]:1"),
        ("Node01.Example.COM.:1", "node01.example.com:1"),
        ("[::ffff:10.0.0.1]:1", "10.0.0.1:1"),
        ("a:0080", "a:80"),
    ] {
        assert_eq!(one.parse::<HostPort>().unwrap(), other.parse().unwrap());
    }
}

#[test]
fn the_reference_has_a_row_for_every_field() {
    let page = reference();
    for row in ["| `node_id` |", "| `services.flaredb.paths.kv` |", "| `policies.request.max_body` |"] {
        assert!(page.contains(row), "{page}");
    }
    assert!(page.lines().all(|line| line.matches(" | ").count() == 3 || line.starts_with("|---")), "{page}");
}
