//! A further protocol is a line in one table, and a module for its fields and one for its calls: the workspace with those of
//! a toy has an agent that makes a node a member by it. In a copy, so that no other program knows of it.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

#[allow(dead_code, reason = "what a node can do serves more tests than these")]
mod node;

use std::env::consts::ARCH;
use std::fs;
use std::path::{Path, PathBuf};

use cluster_standin::cluster_of;
use node::Node;
use serde_json::json;
use tokio::process::Command;

/// What the copy has beside the sources: where it is, and what was added.
struct Copy(PathBuf);

#[tokio::test(flavor = "multi_thread")]
async fn a_further_protocol_is_a_line_and_its_modules() {
    let copy = Copy::of_the_workspace();
    let table = "            EtcdV3 etcd_v3 \"etcd-v3\" Etcd \"etcd's API, version 3.\";\n";
    copy.add("agent/config/src/value/protocol.rs", table, "            Toy toy \"toy\" Toy \"A toy.\";\n");
    copy.add("agent/config/src/protocols.rs", "pub(crate) mod etcd_v3;\n", "pub(crate) mod toy;\n");
    copy.add("agent/config/src/protocols.rs", "pub use etcd_v3::Etcd;\n", "pub use toy::Toy;\n");
    copy.add("agent/src/protocols.rs", "mod http_setup;\n", "mod toy;\n");
    copy.write("agent/config/src/protocols/toy.rs", include_str!("toy_protocol/fields.rs"));
    copy.write("agent/src/protocols/toy.rs", include_str!("toy_protocol/calls.rs"));
    let agent = copy.build().await;

    let mut cluster = cluster_of(1).await.unwrap();
    let own = cluster.start_waiting().await.unwrap();
    let node = Node::joining(&cluster, own).with_agent(&agent);
    node.edit(|config| {
        config["services"] = json!({"plaything": {"protocol": "toy", "url": cluster.servers[own].api_url()}});
    });
    let run = node.run(&["join", "plaything"]).await;
    assert_eq!(run.code, 0, "{run}");
    assert!(node.marker("plaything-joined").contains("node_id="), "{}", node.marker("plaything-joined"));
    let schema = node.run(&["config", "schema"]).await;
    assert!(schema.stdout.contains("admin-v1|etcd-v3|toy|http-setup"), "{schema}");
}

impl Copy {
    /// Made again; what was built of an earlier one stays.
    fn of_the_workspace() -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        let copy = Self(Path::new(env!("CARGO_TARGET_TMPDIR")).join("toy-protocol"));
        let _ = fs::remove_dir_all(copy.0.join("agent"));
        // With its own settings below those of the workspace it has each flag twice: so what cargo builds of its crates, which
        // have the names and versions of the workspace's, is not taken for theirs.
        for part in ["Cargo.toml", "Cargo.lock", ".cargo", "agent", "topology", "vm-tests/cluster"] {
            let to = copy.0.join(part);
            fs::create_dir_all(to.parent().unwrap()).unwrap();
            take(&root.join(part), &to);
        }
        copy
    }

    fn write(&self, path: &str, text: &str) {
        fs::write(self.0.join(path), text).unwrap();
    }

    /// Adds a line behind one that is there once.
    fn add(&self, path: &str, behind: &str, line: &str) {
        let text = fs::read_to_string(self.0.join(path)).unwrap();
        assert_eq!(text.matches(behind).count(), 1, "{path}: {behind}");
        self.write(path, &text.replace(behind, &format!("{behind}{line}")));
    }

    /// Builds its agent, of the same libraries as this test: what is built there and here lies apart.
    async fn build(&self) -> PathBuf {
        let built = self.0.join("target");
        // What is for a named target is in a folder of its name.
        let of_target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap();
        let is_named = of_target.file_name().is_some_and(|name| name.to_string_lossy().starts_with(ARCH));
        let shared = if is_named { of_target.parent().unwrap() } else { of_target };
        let mut cargo = Command::new(env!("CARGO"));
        // As a test of the workspace, for what features the libraries have then.
        cargo.args(["test", "--locked", "--offline", "--workspace", "--no-run", "--test", "build_date"]);
        cargo.current_dir(&self.0);
        cargo.env("CARGO_TARGET_DIR", &built).env("CARGO_BUILD_BUILD_DIR", shared);
        // The rustc beside it: rustup's would look for another toolchain in the folder of each library.
        cargo.env("RUSTC", Path::new(env!("CARGO")).with_file_name("rustc"));
        let output = cargo.output().await.unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let agent = Path::new(env!("CARGO_BIN_EXE_first-boot-agent"));
        built.join(agent.strip_prefix(shared).unwrap())
    }
}

fn take(from: &Path, to: &Path) {
    if from.is_dir() {
        fs::create_dir_all(to).unwrap();
        for entry in fs::read_dir(from).unwrap() {
            let entry = entry.unwrap();
            take(&entry.path(), &to.join(entry.file_name()));
        }
    } else {
        fs::copy(from, to).unwrap();
    }
}
