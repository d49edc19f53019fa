//! Directories that are a service's own, and those that are not, on a real file system.

use std::os::unix::fs::{chown, symlink};

use nix::mount::{MsFlags, mount};
use nix::sched::{CloneFlags, unshare};

use super::*;

fn claim<'a>(owner: &'a Owner, kept: &'a [&'a Path]) -> Claim<'a> {
    Claim { service: "chainfire", unit: "chainfire.service", owner, kept }
}

/// A directory with something in it.
fn filled(directory: &Path) -> &Path {
    fs::create_dir_all(directory).unwrap();
    fs::write(directory.join("log"), "precious").unwrap();
    directory
}

fn refusal(directory: &Path, owner: &Owner, kept: &[&Path]) -> String {
    let said = can_be_moved(directory, &claim(owner, kept)).unwrap_err().to_string();
    assert!(!said.contains(" mv ") && !said.contains(" rm "), "no command that moves what is not its own: {said}");
    said
}

#[test]
fn m5_what_belongs_to_the_system_is_nobodys_data() {
    let services =
        [Owner::default(), Owner::of_this_process(), Owner { user: "nobody".to_owned(), ..Owner::default() }];
    for owner in services {
        for path in [
            "/",
            "/var",
            "/var/lib",
            "/var/lib/private",
            "/var/lib/systemd",
            "/var/lib/systemd/timers",
            "/var/log",
            "/var/tmp",
            "/var/lib/first-boot-automation",
            "/etc/nixos",
            "/etc/nixos/secrets",
            "/usr/lib",
            "/usr/local/lib/chainfire",
            "/nix/store",
            "/root",
            "/root/.ssh",
            "/home/alice",
            "/run/systemd",
            "/run/chainfire",
            "/boot/efi",
            "/dev/shm",
            "/proc/self",
            "/sys/fs",
            "/srv",
            "/mnt",
        ] {
            let said = refusal(Path::new(path), &owner, &[]);
            assert!(
                said.contains("is not the data of chainfire.service alone: ") && said.contains("nothing was changed"),
                "{said}"
            );
            assert!(said.contains("services.chainfire.data_dir"), "{said}");
        }
    }
    let keep = tempfile::tempdir().unwrap();
    symlink("/usr", keep.path().join("parent")).unwrap();
    let said = refusal(&keep.path().join("parent/lib"), &Owner::of_this_process(), &[]);
    assert!(said.contains("it belongs to the system"), "also where a parent is a link: {said}");
}

#[test]
fn m5_what_is_not_there_or_empty_needs_no_owner() {
    let keep = tempfile::tempdir().unwrap();
    let nobodys = Owner { user: "no such user".to_owned(), ..Owner::default() };
    can_be_moved(&keep.path().join("nothing"), &claim(&nobodys, &[])).unwrap();
    can_be_moved(keep.path(), &claim(&nobodys, &[])).unwrap();
}

#[test]
fn m5_the_owner_is_whom_the_unit_names() {
    let keep = tempfile::tempdir().unwrap();
    let data = keep.path().join("data");
    filled(&data);
    if let Err(error) = can_be_moved(&data, &claim(&Owner::of_this_process(), &[])) {
        // As root, a directory of root's needs more than its owner.
        assert!(Owner::of_this_process().user == "0" && error.to_string().contains("belongs to root"), "{error}");
    }
    let another = Owner { user: "4242".to_owned(), ..Owner::default() };
    let said = refusal(&data, &another, &[]);
    assert!(said.contains("and its unit runs as the user 4242"), "{said}");
    let unknown = Owner { user: "no-such-user".to_owned(), ..Owner::default() };
    assert!(refusal(&data, &unknown, &[]).contains("which does not exist on this machine"));
    if chown(&data, Some(4242), None).is_err() {
        return;
    }
    can_be_moved(&data, &claim(&another, &[])).unwrap();
    let said = refusal(&data, &Owner::default(), &[]);
    assert!(said.contains("it belongs to the user 4242, and its unit runs as root"), "{said}");
    chown(&data, Some(61200), None).unwrap();
    let dynamic = Owner { user: "chainfire".to_owned(), is_dynamic: true, ..Owner::default() };
    assert!(refusal(&data, &dynamic, &[]).contains("StateDirectory="), "some dynamic user's, not this one's");
}

#[test]
fn m5_what_root_owns_has_to_be_named_after_its_service() {
    let keep = tempfile::tempdir().unwrap();
    if chown(keep.path(), Some(0), None).is_err() {
        return;
    }
    let root = Owner::default();
    for name in ["chainfire", "chainfire-data/raft", "old.chainfire"] {
        can_be_moved(filled(&keep.path().join(name)), &claim(&root, &[])).unwrap();
    }
    let said = refusal(filled(&keep.path().join("docker")), &root, &[]);
    assert!(said.contains("nor its name says chainfire"), "{said}");
}

#[test]
fn m5_what_others_have_in_it_keeps_it_where_it_is() {
    let keep = tempfile::tempdir().unwrap();
    let (data, owner) = (keep.path().join("chainfire"), Owner::of_this_process());
    filled(&data);
    let state = data.join("state");
    fs::create_dir(&state).unwrap();
    for kept in [state.as_path(), &data, keep.path()] {
        let said = refusal(&data, &owner, &[kept]);
        assert!(said.contains(" is in it") || said.contains("it is in "), "{said}");
    }
    can_be_moved(&data, &claim(&owner, &[&keep.path().join("beside")])).unwrap();
    fs::create_dir(data.join("systemd")).unwrap();
    assert!(refusal(&data, &owner, &[]).contains("/systemd is in it"));
    fs::remove_dir(data.join("systemd")).unwrap();
    if chown(&state, Some(4242), None).is_ok() {
        assert!(refusal(&data, &owner, &[]).contains("/state in it belongs to the user 4242"));
    }
}

#[test]
fn m5_a_link_is_followed_only_where_systemd_has_made_it() {
    let keep = tempfile::tempdir().unwrap();
    let (owner, link) = (Owner::of_this_process(), keep.path().join("chainfire"));
    symlink(filled(&keep.path().join("private/chainfire")), &link).unwrap();
    can_be_moved(&link, &claim(&owner, &[])).unwrap();
    fs::remove_file(&link).unwrap();
    symlink(filled(&keep.path().join("disk/chainfire")), &link).unwrap();
    let said = refusal(&link, &owner, &[]);
    assert!(
        said.contains("it is a link to ") && said.ends_with("set services.chainfire.data_dir to that directory"),
        "{said}"
    );
}

/// Runs `act` with an empty file system mounted on a directory, in a mount namespace of its own; not at all where the tests
/// do not run as root.
fn with_a_mount_on(place: &Path, act: impl FnOnce() + Send) {
    const NOTHING: Option<&str> = None;
    std::thread::scope(|scope| {
        scope.spawn(|| {
            if unshare(CloneFlags::CLONE_NEWNS).is_err() {
                return;
            }
            mount(NOTHING, "/", NOTHING, MsFlags::MS_REC | MsFlags::MS_PRIVATE, NOTHING).unwrap();
            mount(Some("tmpfs"), place, Some("tmpfs"), MsFlags::empty(), Some("size=64k")).unwrap();
            act();
        });
    });
}

#[test]
fn m5_a_mount_point_is_refused_before_anything_is_done() {
    let keep = tempfile::tempdir().unwrap();
    let (data, owner) = (keep.path().join("chainfire"), Owner::of_this_process());
    fs::create_dir(&data).unwrap();
    with_a_mount_on(&data, || {
        filled(&data);
        let error = can_be_moved(&data, &claim(&owner, &[])).unwrap_err().to_string();
        assert!(error.contains("cannot move aside") && error.contains("-mindepth 1"), "{error}");
    });
    fs::create_dir(data.join("wal")).unwrap();
    with_a_mount_on(&data.join("wal"), || {
        let said = refusal(&data, &owner, &[]);
        assert!(said.contains("/wal in it is a mount point, which would move along"), "{said}");
    });
    can_be_moved(&data, &claim(&owner, &[])).unwrap();
}
