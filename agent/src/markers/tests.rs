//! Markers on a real file system.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use proptest::prelude::*;

use super::*;

fn markers() -> (tempfile::TempDir, Markers) {
    let directory = tempfile::tempdir().unwrap();
    let markers = Markers::new(directory.path().join("state"));
    (directory, markers)
}

fn identity(node: &str) -> Identity {
    Identity {
        node_id: Some(node.to_owned()),
        cluster_name: Some("prod".to_owned()),
        cluster_id: Some("7f3a".to_owned()),
        machine_id: Some("0123456789abcdef0123456789abcdef".to_owned()),
    }
}

fn lock(markers: &Markers, service: Service) -> Lock {
    let Attempt::Taken(lock) = markers.try_lock(service, "the test").unwrap() else {
        panic!("{service} is locked");
    };
    lock
}

#[test]
fn a_written_marker_reads_back_with_its_identity() {
    let (_keep, markers) = markers();
    assert_eq!(markers.read(Service::Chainfire), MarkerState::Absent);
    let path = markers.write(&lock(&markers, Service::Chainfire), Achievement::Joined, &identity("node04")).unwrap();
    assert!(path.ends_with(".chainfire-joined"));
    let MarkerState::Present { achievement, written, identity: read, .. } = markers.read(Service::Chainfire) else {
        panic!("no marker");
    };
    assert_eq!(achievement, Achievement::Joined);
    assert!(written.ends_with("+00:00"));
    assert_eq!(read, identity("node04"));
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o644);
    let left = fs::read_dir(markers.directory()).unwrap().count();
    assert_eq!(left, 2, "the temporary file is gone; the lock stays");
}

#[test]
fn an_operators_marker_is_accepted_without_identity() {
    let (_keep, markers) = markers();
    fs::create_dir_all(markers.directory()).unwrap();
    let path = markers.path(Service::Flaredb, Achievement::Joined);
    fs::write(path, "2025-12-10T10:30:45+09:00\n").unwrap();
    let MarkerState::Present { identity, .. } = markers.read(Service::Flaredb) else {
        panic!("not accepted");
    };
    assert_eq!(identity, Identity::default());
    assert_eq!(identity.mismatch(&self::identity("node01")), None);
}

#[test]
fn what_is_no_marker_is_damaged_and_says_why() {
    let (_keep, markers) = markers();
    fs::create_dir_all(markers.directory()).unwrap();
    let path = markers.path(Service::Iam, Achievement::Initialized);
    for (bytes, expected) in [
        (&b""[..], "empty"),
        (b"\n\n", "empty"),
        (b"yes\n", "RFC 3339"),
        (b"2199-01-01T00:00:00+00:00\n", "future"),
        (b"\xff\xfe", "UTF-8"),
    ] {
        fs::write(&path, bytes).unwrap();
        let MarkerState::Damaged { reason, .. } = markers.read(Service::Iam) else {
            panic!("accepted {bytes:?}");
        };
        assert!(reason.contains(expected), "{reason}");
    }
    fs::remove_file(&path).unwrap();
    fs::create_dir(&path).unwrap();
    assert!(matches!(markers.read(Service::Iam), MarkerState::Damaged { .. }));
    let error =
        markers.write(&lock(&markers, Service::Iam), Achievement::Initialized, &identity("node01")).unwrap_err();
    assert!(error.to_string().contains("rmdir"), "{error}");
}

#[test]
fn a_damaged_marker_does_not_hide_a_good_one() {
    let (_keep, markers) = markers();
    markers.write(&lock(&markers, Service::Chainfire), Achievement::Initialized, &identity("node01")).unwrap();
    fs::write(markers.path(Service::Chainfire, Achievement::Joined), "").unwrap();
    assert!(matches!(
        markers.read(Service::Chainfire),
        MarkerState::Present { achievement: Achievement::Initialized, .. }
    ));
}

#[test]
fn s3_a_foreign_marker_names_the_part() {
    let mismatch = identity("node05").mismatch(&identity("node04")).unwrap();
    assert_eq!(mismatch.part, "node_id");
    assert_eq!(mismatch.to_string(), "node_id is node05 there and node04 here");
}

#[test]
fn s4_a_directory_that_cannot_be_made_is_named() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let markers = Markers::new(file.path().join("state"));
    let error = markers.try_lock(Service::Chainfire, "the test").unwrap_err();
    assert!(error.to_string().contains("cannot lock") && error.to_string().contains("state"), "{error}");
}

#[test]
fn removed_markers_are_gone_whoever_wrote_them() {
    let (_keep, markers) = markers();
    let lock = lock(&markers, Service::Chainfire);
    markers.write(&lock, Achievement::Joined, &identity("node05")).unwrap();
    fs::write(markers.path(Service::Chainfire, Achievement::Initialized), "").unwrap();
    assert_eq!(markers.remove(&lock).unwrap().len(), 2);
    assert_eq!(markers.read(Service::Chainfire), MarkerState::Absent);
    assert!(markers.remove(&lock).unwrap().is_empty());
}

#[tokio::test]
async fn s5_the_second_is_told_who_has_the_lock_and_gets_it_when_it_is_free() {
    let (_keep, markers) = markers();
    let first = lock(&markers, Service::Chainfire);
    lock(&markers, Service::Flaredb);
    let Attempt::Held(held) = markers.try_lock(Service::Chainfire, "the second").unwrap() else {
        panic!("two have the lock");
    };
    assert!(held.holder.starts_with("the test holds ") && held.holder.contains("/chainfire.lock"), "{}", held.holder);
    let second = tokio::spawn(held.released());
    drop(first);
    let second = second.await.unwrap().unwrap();
    let Attempt::Held(held) = markers.try_lock(Service::Chainfire, "the third").unwrap() else {
        panic!("two have the lock");
    };
    assert!(held.holder.starts_with("the second holds "), "{}", held.holder);
    drop(second);
}

proptest! {
    #[test]
    fn no_text_makes_the_reader_panic(text in ".{0,200}") {
        let _ = parse(&text, Achievement::Joined, PathBuf::from("marker"));
    }
}
