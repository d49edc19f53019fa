//! What a topology costs: the work grows with its nodes, not with their square. Counted, not timed: how often a node is
//! handed out, in topologies in which thousands of nodes are wrong in one way.

use serde_json::{Map, Value, json};

use super::nodes::HANDED_OUT;
use super::{Rules, evaluate};

/// How often nodes are handed out while one topology is judged, and how much is said of it.
fn cost(topology: &Value) -> (usize, usize) {
    HANDED_OUT.set(0);
    let found = evaluate(&Rules::built_in().unwrap(), topology);
    let said = found.problems.iter().chain(&found.warnings).map(|finding| finding.text.len()).sum();
    (HANDED_OUT.get(), said)
}

fn names(prefix: &str, count: usize) -> Vec<String> {
    (0..count).map(|number| format!("{prefix}{number:04}")).collect()
}

/// A cluster of so many nodes, each with its own address; `more` says what else each has.
fn cluster(count: usize, more: &Value) -> Value {
    let node = |(number, name): (usize, String)| {
        let mut node = json!({"role": "control-plane", "ip": format!("10.0.{}.{}", number / 200, number % 200 + 1)});
        node.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        (name, node)
    };
    json!({ "nodes": names("node", count).into_iter().enumerate().map(node).collect::<Map<_, _>>() })
}

fn with(mut cluster: Value, key: &str, value: Value) -> Value {
    cluster[key] = value;
    json!({"clusters": {"lab": cluster}})
}

/// Topologies of so many nodes, one for each way to be large.
fn large(count: usize) -> Vec<(&'static str, Value)> {
    let of = |more| json!({"clusters": {"lab": cluster(count, &more)}});
    let sites = names("site", count).into_iter().enumerate().map(|(number, site)| {
        let node = json!({format!("node{number:04}"): {"role": "all-in-one", "ip": "10.0.1.1"}});
        (site.clone(), json!({"site": site, "nodes": node}))
    });
    vec![
        ("sound", of(json!({}))),
        ("one address", of(json!({"ip": "10.0.0.1"}))),
        ("one hardware address", of(json!({"mac": "52:54:00:00:00:01"}))),
        ("everybody bootstraps", of(json!({"bootstrap": true}))),
        ("everybody is a peer", with(cluster(count, &json!({})), "peers", json!(names("node", count)))),
        ("the peers are unknown", with(cluster(count, &json!({})), "peers", json!(names("other", count)))),
        ("an unknown leader", with(cluster(count, &json!({})), "leader", json!("other"))),
        ("one address in many sites", json!({"clusters": sites.collect::<Map<_, _>>()})),
    ]
}

#[test]
fn f39_twice_the_nodes_are_twice_the_work_and_twice_the_words() {
    for ((name, small), (_, large)) in large(100).into_iter().zip(large(200)) {
        let ((looks, said), (more_looks, more_said)) = (cost(&small), cost(&large));
        assert!(looks >= 100, "{name}: {looks}");
        assert!(more_looks <= 2 * looks + 100, "{name}: {looks} looks at nodes became {more_looks}");
        assert!(more_said <= 2 * said + 100, "{name}: {said} bytes of problems became {more_said}");
    }
}
