//! Markers on a real file system.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::os::unix::net::UnixListener;

use nix::mount::{MsFlags, mount};
use nix::sched::{CloneFlags, unshare};
use nix::sys::stat::Mode;
use nix::unistd::mkfifo;
use proptest::prelude::*;

use super::*;

fn markers() -> (tempfile::TempDir, Markers) {
    let directory = tempfile::tempdir().unwrap();
    let markers = Markers::new(directory.path().join("state"));
    (directory, markers)
}

fn holder(words: &str) -> Holder {
    Holder { words: words.to_owned(), unit: Some("a.service".to_owned()) }
}

fn identity(node: &str) -> Identity {
    Identity {
        node_id: Some(node.to_owned()),
        cluster_name: Some("prod".to_owned()),
        cluster_id: Some("7f3a".to_owned()),
        machine_id: Some("0123456789abcdef0123456789abcdef".to_owned()),
    }
}

fn lock(markers: &Markers, service: ServiceName) -> Lock {
    let Ok(lock) = markers.try_lock(service, &holder("the test")).unwrap() else {
        panic!("{service} is locked");
    };
    lock
}

#[test]
fn a_written_marker_reads_back_with_its_identity() {
    let (_keep, markers) = markers();
    assert_eq!(markers.read(ServiceName::CHAINFIRE), MarkerState::Absent);
    let path =
        markers.write(&lock(&markers, ServiceName::CHAINFIRE), Achievement::Joined, &identity("node04")).unwrap();
    assert!(path.ends_with(".chainfire-joined"));
    let MarkerState::Present { achievement, written, identity: read, .. } = markers.read(ServiceName::CHAINFIRE) else {
        panic!("no marker");
    };
    assert_eq!(achievement, Achievement::Joined);
    assert!(written.ends_with("+00:00"));
    assert_eq!(read, identity("node04"));
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o644);
    let left = fs::read_dir(markers.directory()).unwrap().count();
    assert_eq!(left, 2, "the temporary file is removed; the lock stays");
}

#[test]
fn with_the_markers_goes_what_held_a_run_up_before() {
    let (_keep, markers) = markers();
    let lock = lock(&markers, ServiceName::CHAINFIRE);
    let trouble = Trouble::new(Hold::Blocked, "no", "do this");
    for step in ["chainfire", "flaredb"] {
        trouble.write(markers.directory(), step).unwrap();
    }
    assert!(markers.remove(&lock).unwrap().is_empty());
    assert_eq!(Trouble::read(markers.directory(), "chainfire"), None);
    assert!(Trouble::read(markers.directory(), "flaredb").is_some(), "of another step");
}

#[test]
fn an_operators_marker_is_accepted_without_identity() {
    let (_keep, markers) = markers();
    fs::create_dir_all(markers.directory()).unwrap();
    let path = markers.path(ServiceName::FLAREDB, Achievement::Joined);
    fs::write(path, "2025-12-10T10:30:45+09:00\n").unwrap();
    let MarkerState::Present { identity, .. } = markers.read(ServiceName::FLAREDB) else {
        panic!("not accepted");
    };
    assert_eq!(identity, Identity::default());
    assert_eq!(identity.mismatch(&self::identity("node01")), None);
}

#[test]
fn what_is_no_marker_is_damaged_and_says_why() {
    let (_keep, markers) = markers();
    fs::create_dir_all(markers.directory()).unwrap();
    let path = markers.path(ServiceName::IAM, Achievement::Initialized);
    for (bytes, expected) in [(&b""[..], "empty"), (b"\n\n", "empty"), (b"yes\n", "RFC 3339"), (b"\xff\xfe", "UTF-8")] {
        fs::write(&path, bytes).unwrap();
        let MarkerState::Damaged { reason, .. } = markers.read(ServiceName::IAM) else {
            panic!("accepted {bytes:?}");
        };
        assert!(reason.contains(expected), "{reason}");
    }
}

/// Runs `act` once with each thing that is no file at a path: its name, and what it is called.
fn with_no_file_at(path: &Path, elsewhere: &Path, act: impl Fn(&str)) {
    let aside = path.with_extension("directory");
    fs::create_dir_all(aside.join("with something in it")).unwrap();
    mkfifo(&path.with_extension("pipe"), Mode::S_IRWXU).unwrap();
    UnixListener::bind(path.with_extension("socket")).unwrap();
    for what in ["directory", "pipe", "socket"] {
        fs::rename(path.with_extension(what), path).unwrap();
        act(&format!("a {what}"));
        fs::rename(path, path.with_extension(what)).unwrap();
    }
    for target in [elsewhere, Path::new("/dev/zero")] {
        symlink(target, path).unwrap();
        act("a link");
        fs::remove_file(path).unwrap();
    }
}

#[test]
fn what_is_no_file_is_no_marker_is_named_and_does_not_keep_anybody_waiting() {
    let (keep, markers) = markers();
    fs::create_dir_all(markers.directory()).unwrap();
    let elsewhere = keep.path().join("elsewhere");
    fs::write(&elsewhere, "2025-12-10T10:30:45+09:00\n").unwrap();
    let path = markers.path(ServiceName::IAM, Achievement::Initialized);
    with_no_file_at(&path, &elsewhere, |what| {
        let MarkerState::Damaged { reason, .. } = markers.read(ServiceName::IAM) else {
            panic!("accepted {what}");
        };
        assert_eq!(reason, format!("it is {what}, not a file"));
    });
    // Ten gigabytes that take no space.
    fs::File::create(&path).unwrap().set_len(10 << 30).unwrap();
    let MarkerState::Damaged { reason, .. } = markers.read(ServiceName::IAM) else {
        panic!("accepted ten gigabytes");
    };
    assert!(reason.contains("more than 65536 bytes"), "{reason}");
}

#[test]
fn a_lock_that_is_no_file_is_refused_with_what_helps() {
    let (keep, markers) = markers();
    fs::create_dir_all(markers.directory()).unwrap();
    let elsewhere = keep.path().join("elsewhere");
    fs::write(&elsewhere, "precious").unwrap();
    with_no_file_at(&markers.directory().join("iam.lock"), &elsewhere, |what| {
        let error = markers.try_lock(ServiceName::IAM, &holder("the test")).unwrap_err().to_string();
        assert!(error.contains(&format!("iam.lock: it is {what}, not a file; ")) && error.contains(" mv "), "{error}");
    });
    assert_eq!(fs::read_to_string(elsewhere).unwrap(), "precious");
}

#[test]
fn a_link_in_the_place_of_the_temporary_file_leads_nobody_elsewhere() {
    let (keep, markers) = markers();
    let lock = lock(&markers, ServiceName::IAM);
    let elsewhere = keep.path().join("elsewhere");
    fs::write(&elsewhere, "precious").unwrap();
    symlink(&elsewhere, markers.directory().join(".iam-initialized.first-boot-agent.new")).unwrap();
    let path = markers.write(&lock, Achievement::Initialized, &identity("node01")).unwrap();
    assert_eq!(fs::read_to_string(elsewhere).unwrap(), "precious");
    assert!(fs::symlink_metadata(path).unwrap().is_file());
}

/// Runs `act` with a small file system of these options mounted on a directory, in a mount namespace of its own; not at
/// all where the tests do not run as root.
fn on_a_small_file_system(options: &str, act: impl FnOnce(&Path) + Send) {
    let keep = tempfile::tempdir().unwrap();
    let place = keep.path();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            const NOTHING: Option<&str> = None;
            if unshare(CloneFlags::CLONE_NEWNS).is_err() {
                return;
            }
            mount(NOTHING, "/", NOTHING, MsFlags::MS_REC | MsFlags::MS_PRIVATE, NOTHING).unwrap();
            mount(Some("tmpfs"), place, Some("tmpfs"), MsFlags::empty(), Some(options)).unwrap();
            act(place);
        });
    });
}

#[test]
fn s4_a_full_file_system_says_of_what_it_is_full() {
    on_a_small_file_system("size=16k,nr_inodes=100", |place| {
        let markers = Markers::new(place.join("state"));
        let lock = lock(&markers, ServiceName::IAM);
        let _full = fs::write(place.join("much"), vec![1; 65536]);
        let error = markers.write(&lock, Achievement::Initialized, &identity("node01")).unwrap_err().to_string();
        assert!(error.contains("df -h "), "{error}");
    });
    on_a_small_file_system("size=1m,nr_inodes=5", |place| {
        let markers = Markers::new(place.join("state"));
        let lock = lock(&markers, ServiceName::IAM);
        (0..9).for_each(|number| drop(fs::write(place.join(number.to_string()), "")));
        let error = markers.write(&lock, Achievement::Initialized, &identity("node01")).unwrap_err().to_string();
        assert!(error.contains("df -i "), "{error}");
    });
}

#[test]
fn n2_a_marker_from_before_the_clock_stepped_back_is_a_marker() {
    let (_keep, markers) = markers();
    fs::create_dir_all(markers.directory()).unwrap();
    fs::write(markers.path(ServiceName::IAM, Achievement::Initialized), "2199-01-01T00:00:00+00:00\n").unwrap();
    assert!(
        matches!(markers.read(ServiceName::IAM), MarkerState::Present { .. }),
        "live membership judges it, not the clock"
    );
}

#[test]
fn a_damaged_marker_does_not_hide_a_good_one() {
    let (_keep, markers) = markers();
    markers.write(&lock(&markers, ServiceName::CHAINFIRE), Achievement::Initialized, &identity("node01")).unwrap();
    fs::write(markers.path(ServiceName::CHAINFIRE, Achievement::Joined), "").unwrap();
    assert!(matches!(
        markers.read(ServiceName::CHAINFIRE),
        MarkerState::Present { achievement: Achievement::Initialized, .. }
    ));
}

#[test]
fn s3_a_foreign_marker_names_the_part() {
    let mismatch = identity("node05").mismatch(&identity("node04")).unwrap();
    assert_eq!(mismatch, "node_id is node05 there and node04 here");
}

#[test]
fn s4_a_directory_that_cannot_be_made_is_named() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let markers = Markers::new(file.path().join("state"));
    let error = markers.try_lock(ServiceName::CHAINFIRE, &holder("the test")).unwrap_err();
    assert!(error.to_string().contains("cannot lock") && error.to_string().contains("state"), "{error}");
}

#[test]
fn markers_are_removed_whoever_wrote_them() {
    let (_keep, markers) = markers();
    let lock = lock(&markers, ServiceName::CHAINFIRE);
    markers.write(&lock, Achievement::Joined, &identity("node05")).unwrap();
    fs::write(markers.path(ServiceName::CHAINFIRE, Achievement::Initialized), "").unwrap();
    assert_eq!(markers.remove(&lock).unwrap().len(), 2);
    assert_eq!(markers.read(ServiceName::CHAINFIRE), MarkerState::Absent);
    assert!(markers.remove(&lock).unwrap().is_empty());
}

#[tokio::test]
async fn s5_the_second_learns_who_has_the_lock_and_gets_it_when_it_is_free() {
    let (_keep, markers) = markers();
    let first = lock(&markers, ServiceName::CHAINFIRE);
    lock(&markers, ServiceName::FLAREDB);
    let Err(held) = markers.try_lock(ServiceName::CHAINFIRE, &holder("the second")).unwrap() else {
        panic!("two have the lock");
    };
    let reported = held.to_string();
    assert!(reported.starts_with("the test holds ") && reported.contains("/chainfire.lock"), "{reported}");
    assert_eq!(held.holder, holder("the test"));
    let second = tokio::spawn(held.released());
    drop(first);
    let second = second.await.unwrap().unwrap();
    let Err(held) = markers.try_lock(ServiceName::CHAINFIRE, &holder("the third")).unwrap() else {
        panic!("two have the lock");
    };
    assert!(held.to_string().starts_with("the second holds "), "{held}");
    drop(second);
}

proptest! {
    #[test]
    fn no_text_makes_the_reader_panic(text in ".{0,200}") {
        let _ = parse(text.into_bytes());
    }
}
