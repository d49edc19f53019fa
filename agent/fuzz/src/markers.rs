//! Marker files: whatever is there is absent, damaged or a node's marker; another node's is an alarm, never a success;
//! an identity reads back as it was written.

use std::fs;
use std::path::PathBuf;

use first_boot_agent::config::ServiceName;
use first_boot_agent::markers::{Achievement, Identity, MarkerState, Markers};
use first_boot_agent::plan::{Decision, Observed, Step, decide};
use tempfile::TempDir;

use crate::{assert_plain, nodes::NODES};

/// What separates the two markers of a service in the input.
const SEPARATOR: u8 = 0x1e;

thread_local! {
    /// One for each thread, since tests run as threads of one process; it goes with the thread, as no static would.
    static FOLDER: Option<TempDir> = tempfile::tempdir().ok();
}

/// Takes the bytes of a joined marker and, behind a record separator, those of an initialized one.
pub fn markers(data: &[u8]) {
    let folder = FOLDER.with(|folder| folder.as_ref().map(|folder| folder.path().join("state")));
    assert!(folder.is_some(), "there is no place for a temporary folder");
    let markers = Markers::new(folder.unwrap_or_default());
    let mut halves = data.splitn(2, |byte| *byte == SEPARATOR);
    for achievement in [Achievement::Joined, Achievement::Initialized] {
        write(&markers, achievement, halves.next());
    }
    let state = markers.read(ServiceName::CHAINFIRE);
    if let MarkerState::Present { achievement, written, identity, path } = &state {
        assert_eq!(*path, markers.path(ServiceName::CHAINFIRE, *achievement));
        assert_plain(written);
        let text = identity.to_string();
        assert_eq!(Identity::parse(text.lines()), *identity, "{text:?}");
    }
    assert_decision(state);
}

fn write(markers: &Markers, achievement: Achievement, bytes: Option<&[u8]>) {
    let path: PathBuf = markers.path(ServiceName::CHAINFIRE, achievement);
    let written = match bytes {
        Some(bytes) => fs::create_dir_all(markers.directory()).and_then(|()| fs::write(&path, bytes)),
        None => fs::remove_file(&path)
            .or_else(|_| if path.exists() { Err(std::io::ErrorKind::Other.into()) } else { Ok(()) }),
    };
    assert!(written.is_ok(), "{}: {written:?}", path.display());
}

fn assert_decision(state: MarkerState) {
    let config = &NODES[0];
    let this_node = Identity::of_this_node(config, Some("0123456789abcdef0123456789abcdef\n"));
    let observed = Observed { this_node, markers: vec![(ServiceName::CHAINFIRE, state)], unmet: Vec::new() };
    let decision = decide(config, &observed, Step::CHAINFIRE);
    match (observed.marker(ServiceName::CHAINFIRE), &decision) {
        (MarkerState::Absent, Decision::Run(_)) => {}
        (MarkerState::Damaged { reason, .. }, Decision::Run(_)) => assert_plain(reason),
        (MarkerState::Present { identity, .. }, Decision::Done { since }) => {
            assert_plain(since);
            let Identity { node_id, cluster_name, cluster_id, machine_id } = identity;
            let ours = &observed.this_node;
            for (found, own) in [
                (node_id, &ours.node_id),
                (cluster_name, &ours.cluster_name),
                (cluster_id, &ours.cluster_id),
                (machine_id, &ours.machine_id),
            ] {
                // What this node does not know is not compared: which cluster it is in, only a member list reports.
                assert!(found.is_none() || own.is_none() || found == own, "another's marker is taken: {identity:?}");
            }
        }
        (MarkerState::Present { .. }, Decision::Blocked(blocker)) => assert_plain(&blocker.to_string()),
        (state, decision) => unreachable!("{state:?} leads to {decision:?}"),
    }
}
