//! The first-boot seed's example configs, printed by `config example`. Must be
//! valid as they stand: a test checks each against the table.

use super::{schema::pretty, tree::Tree};

/// Which example.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Example {
    /// One of the first three nodes of a cluster.
    Bootstrap,
    /// A node that joins a running cluster.
    Join,
    /// A cluster of one node.
    AllInOne,
}

/// An example config as pretty JSON, with a final newline.
#[must_use]
pub fn example(which: Example) -> String {
    pretty(&match which {
        Example::Bootstrap => Tree::object([
            ("node_id", Tree::text("node01")),
            ("node_role", Tree::text("control-plane")),
            ("bootstrap", Tree::Flag(true)),
            ("cluster_name", Tree::text("prod-cluster")),
            ("leader_url", Tree::text("https://node01.prod.example.com:2379")),
            ("raft_addr", Tree::text("10.0.1.10:2380")),
            ("initial_peers", Tree::texts(["node01:2380", "node02:2380", "node03:2380"])),
            ("flaredb_peers", Tree::texts(["node01:2480", "node02:2480", "node03:2480"])),
        ]),
        Example::Join => Tree::object([
            ("node_id", Tree::text("node04")),
            ("bootstrap", Tree::Flag(false)),
            ("leader_url", Tree::text("https://node01.prod.example.com:2379")),
            ("raft_addr", Tree::text("10.0.1.13:2380")),
        ]),
        Example::AllInOne => Tree::object([
            ("node_id", Tree::text("aio01")),
            ("bootstrap", Tree::Flag(true)),
            ("raft_addr", Tree::text("10.0.2.10:2380")),
            ("initial_peers", Tree::texts(["aio01:2380"])),
            ("flaredb_peers", Tree::texts(["aio01:2480"])),
        ]),
    })
}
