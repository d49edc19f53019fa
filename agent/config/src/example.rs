//! The example configs that `config example` prints: those of the first-boot specification, and those of an etcd
//! cluster. Must be valid as they stand: a test checks each against the table.

/// The examples, by what the node is to do.
pub const EXAMPLES: [(&str, &str); 5] = [
    // One of the first three nodes of a cluster.
    ("bootstrap", include_str!("../examples/bootstrap.json")),
    // A node that joins a running cluster.
    ("join", include_str!("../examples/join.json")),
    // A cluster of one node.
    ("all-in-one", include_str!("../examples/all-in-one.json")),
    // One of the first three nodes of an etcd cluster.
    ("etcd", include_str!("../examples/etcd.json")),
    // A node that joins a running etcd cluster.
    ("etcd-join", include_str!("../examples/etcd-join.json")),
];

/// An example config as pretty JSON, with a final newline.
#[must_use]
pub fn example(kind: &str) -> Option<&'static str> {
    EXAMPLES.iter().find(|(name, _)| *name == kind).map(|(_, text)| *text)
}
