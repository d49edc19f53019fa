//! Remedies for what is in the way of a marker: each command is run, as an operator would, and must help.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use first_boot_agent::config::ServiceName;
use first_boot_agent::markers::{Achievement, Holder, Identity, Lock, Markers};

/// Markers in a directory whose name a shell would obey, and the right to write IAM's.
fn markers(keep: &Path) -> (Markers, Lock) {
    let markers = Markers::new(keep.join("it's $(a) `state`; \"dir\""));
    let Ok(lock) = markers.try_lock(ServiceName::IAM, &Holder::default()).unwrap() else {
        panic!("locked");
    };
    (markers, lock)
}

fn write(markers: &Markers, lock: &Lock) -> Result<PathBuf, String> {
    markers.write(lock, Achievement::Initialized, &Identity::default()).map_err(|error| error.to_string())
}

#[test]
fn what_helps_against_a_directory_in_a_markers_place_helps() {
    let keep = tempfile::tempdir().unwrap();
    let (markers, lock) = markers(keep.path());
    let path = markers.path(ServiceName::IAM, Achievement::Initialized);
    for name in [path.clone(), path.with_file_name(".iam-initialized.first-boot-agent.new")] {
        for content in [None, Some("precious")] {
            fs::create_dir(&name).unwrap();
            if let Some(content) = content {
                fs::write(name.join(content), "").unwrap();
            }
            let error = write(&markers, &lock).unwrap_err();
            assert!(error.starts_with(&format!("cannot write {}: ", name.display())), "{error}");
            let (_, command) = error.rsplit_once(": ").unwrap();
            assert!(Command::new("sh").args(["-c", command]).status().unwrap().success(), "{error}");
            write(&markers, &lock).unwrap();
            fs::remove_file(&path).unwrap();
        }
        let kept = name.with_file_name(format!("{}.aside", name.file_name().unwrap().display()));
        assert!(kept.join("precious").exists(), "nothing is lost");
    }
}

#[test]
fn s4_an_immutable_marker_is_named_as_such() {
    let keep = tempfile::tempdir().unwrap();
    let (markers, lock) = markers(keep.path());
    let path = write(&markers, &lock).unwrap();
    let change =
        |how: &str| Command::new("chattr").arg(how).arg(&path).output().is_ok_and(|ended| ended.status.success());
    if !change("+i") {
        // Not as root, or not on this file system.
        return;
    }
    let (written, removed) = (write(&markers, &lock), markers.remove(&lock));
    assert!(change("-i"));
    for error in [written.unwrap_err(), removed.unwrap_err().to_string()] {
        assert!(error.contains("lsattr -d"), "{error}");
    }
}
