//! Whether a directory is a service's own, so that a reset may move it aside.
//!
//! Asked before anything is changed. What is not shown to be the service's is not: a wrong `data_dir` must not cost the machine
//! its `/var/lib`. Looks and changes nothing.

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use super::BackUpError;
use crate::config::of_the_system;
use crate::durable;
use crate::mount_watch;
use crate::regular_file::{self, Links};
use crate::shell_word::quoted;

/// User ids of `DynamicUser=` (systemd's docs/UIDS-GIDS), and the one that its directories have on disk where systemd maps ids.
const DYNAMIC: std::ops::RangeInclusive<u32> = 61184..=65519;
const NOBODY: u32 = 65534;
/// Of an `/etc/passwd`; it has a hundred bytes an account.
const MAX_ACCOUNTS: u64 = 4 << 20;

/// Whose files a unit's are, as systemd knows the unit.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Owner {
    /// `User=`, a name or a number; empty for root.
    pub user: String,
    /// `DynamicUser=`.
    pub is_dynamic: bool,
    /// `StateDirectory=`, below `/var/lib`.
    pub state_directories: Vec<String>,
}

#[cfg(test)]
impl Owner {
    /// Of a unit that runs as the user who runs the tests.
    pub(crate) fn of_this_process() -> Self {
        let uid = fs::metadata("/proc/self").map(|found| found.uid()).unwrap_or_default();
        Self { user: uid.to_string(), ..Self::default() }
    }
}

/// For whom a directory is to be moved.
#[derive(Debug, Clone, Copy)]
pub struct Claim<'a> {
    /// The service's name.
    pub service: &'a str,
    /// Its unit.
    pub unit: &'a str,
    /// What systemd knows of the unit.
    pub owner: &'a Owner,
    /// Files and directories that must stay where they are: the agent's own, and other services' data.
    pub kept: &'a [&'a Path],
}

/// Whether a directory is the service's own and can be moved aside. One that is missing or empty has nothing to move.
///
/// # Errors
/// It is not, with whose it is and what to do.
pub fn can_be_moved(directory: &Path, claim: &Claim<'_>) -> Result<(), BackUpError> {
    let refused = |reason: String, remedy: String| {
        let (path, unit) = (directory.display(), claim.unit);
        Err(BackUpError::NotItsOwn(format!(
            "{path} is not the data of {unit} alone: {reason}; nothing was changed, {remedy}"
        )))
    };
    let correct = || {
        format!(
            "set services.{}.data_dir to where the unit keeps its data: systemctl show -p \
             User,DynamicUser,StateDirectory,ExecStart {}",
            claim.service, claim.unit
        )
    };
    if let Some(reason) = of_the_system(directory) {
        return refused(reason, correct());
    }
    let place = match fs::canonicalize(directory) {
        Ok(place) => place,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(BackUpError::new("find", directory, error)),
    };
    if let Some(target) = leads_elsewhere(directory, &place) {
        let remedy = format!("set services.{}.data_dir to that directory", claim.service);
        return refused(format!("it is a link to {}", quoted(&target)), remedy);
    }
    let failed = |source| BackUpError::new("read", directory, source);
    if fs::read_dir(&place).map_err(failed)?.next().is_none() {
        return Ok(());
    }
    let mounts = mount_watch::listed(Path::new("/proc/thread-self/mountinfo")).unwrap_or_default();
    if mounted(&mounts).any(|point| point == place) {
        return Err(BackUpError::new("move aside", directory, io::ErrorKind::ResourceBusy.into()));
    }
    let mounted_inside = |point: &Path| format!("{} in it is a mount point, which would move along", quoted(point));
    let reason = of_the_system(&place)
        .or_else(|| holds_what_stays(&place, claim.kept))
        .or_else(|| not_owned(&place, claim))
        .or_else(|| shared(&place))
        .or_else(|| mounted(&mounts).find(|point| point.starts_with(&place)).map(mounted_inside));
    match reason {
        Some(reason) => refused(reason, correct()),
        // The names of the backup and of an empty directory in its place.
        None => place
            .parent()
            .map_or(Ok(()), durable::can_make_files)
            .map_err(|source| BackUpError::new("move aside", directory, source)),
    }
}

/// Where a link leads that is not `DynamicUser=`'s own, which leads to `private/` beside it (systemd.exec(5)).
fn leads_elsewhere(directory: &Path, place: &Path) -> Option<PathBuf> {
    if !fs::symlink_metadata(directory).is_ok_and(|found| found.is_symlink()) {
        return None;
    }
    let beside = fs::canonicalize(directory.parent()?).ok()?;
    let own = beside.join("private").join(directory.file_name()?);
    (place != own).then(|| place.to_owned())
}

fn holds_what_stays(place: &Path, kept: &[&Path]) -> Option<String> {
    let this_program = std::env::current_exe().ok();
    let all = kept.iter().copied().chain(this_program.as_deref());
    let real = all.map(|path| fs::canonicalize(path).unwrap_or_else(|_| path.to_owned()));
    // Two services in one directory, or one in the other's: neither has it alone.
    real.into_iter().find_map(|path| match path {
        path if path.starts_with(place) => Some(format!("{} is in it", quoted(&path))),
        path if place.starts_with(&path) && path.is_dir() => Some(format!("it is in {}", quoted(&path))),
        _ => None,
    })
}

/// What speaks against a directory's being the unit's, by its owner and its name.
fn not_owned(place: &Path, claim: &Claim<'_>) -> Option<String> {
    let owner = claim.owner;
    let found = fs::metadata(place).ok()?.uid();
    let by_systemd = owner.state_directories.iter().any(|name| {
        let below =
            |parent: &str| fs::canonicalize(Path::new(parent).join(name)).is_ok_and(|own| place.starts_with(own));
        below("/var/lib") || below("/var/lib/private")
    });
    let expected = uid_of(&owner.user);
    if owner.is_dynamic && (DYNAMIC.contains(&found) || found == NOBODY) {
        return (!by_systemd)
            .then(|| format!("it is not one of the directories of its unit (StateDirectory=): {}", named(found)));
    }
    match expected {
        None if by_systemd => None,
        None => Some(format!("its unit runs as {}, which does not exist on this machine", owner.user)),
        Some(expected) if expected != found => {
            Some(format!("it belongs to {}, and its unit runs as {}", named(found), named(expected)))
        }
        // A directory of root may belong to any service that runs as root.
        Some(0) if !by_systemd && !is_named_after(place, claim) => Some(format!(
            "it belongs to root as most of the system does, and neither StateDirectory= of its unit nor its name says {}",
            claim.service
        )),
        Some(_) => None,
    }
}

/// The number of a user of `User=`; `None` for one that `/etc/passwd` does not have.
fn uid_of(user: &str) -> Option<u32> {
    match user {
        "" => Some(0),
        number if number.bytes().all(|byte| byte.is_ascii_digit()) => number.parse().ok(),
        name => accounts().into_iter().find(|(other, _)| other == name).map(|(_, uid)| uid),
    }
}

fn named(uid: u32) -> String {
    let account = accounts().into_iter().find(|(_, other)| *other == uid);
    account.map_or_else(|| format!("the user {uid}"), |(name, _)| name)
}

/// Names and numbers of `/etc/passwd` (passwd(5)), read here: the C library of a static binary cannot load what else may know
/// users (nss(5)).
fn accounts() -> Vec<(String, u32)> {
    let bytes = regular_file::read(Path::new("/etc/passwd"), Links::Follow, MAX_ACCOUNTS).unwrap_or_default();
    let account = |line: &str| {
        let mut fields = line.split(':');
        Some((fields.next()?.to_owned(), fields.nth(1)?.parse().ok()?))
    };
    String::from_utf8_lossy(&bytes).lines().filter_map(account).collect()
}

/// Whether a name on the way says whose it is: as a whole, or as one of its words.
fn is_named_after(place: &Path, claim: &Claim<'_>) -> bool {
    let names = [claim.service, claim.unit.trim_end_matches(".service")];
    let words = |name: &str| name.split(|c: char| !c.is_ascii_alphanumeric()).any(|word| word == claim.service);
    place.iter().filter_map(|name| name.to_str()).any(|name| names.contains(&name) || words(name))
}

/// Signs of a directory that several use: a part of systemd in it, or directories of other users.
fn shared(place: &Path) -> Option<String> {
    let owner = fs::metadata(place).ok()?.uid();
    let entries = fs::read_dir(place).ok()?.filter_map(Result::ok);
    entries.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir())).find_map(|entry| {
        let uid = entry.metadata().ok()?.uid();
        let path = quoted(&entry.path());
        if entry.file_name() == "systemd" {
            return Some(format!("{path} is in it"));
        }
        (uid != owner && uid != 0).then(|| format!("{path} in it belongs to {}", named(uid)))
    })
}

/// The mount points: the fifth field (`proc_pid_mountinfo(5)`); names of data directories need no escaping.
fn mounted(mounts: &str) -> impl Iterator<Item = &Path> {
    mounts.lines().filter_map(|line| line.split(' ').nth(4)).map(Path::new)
}

#[cfg(test)]
#[path = "ownership_tests.rs"]
mod tests;
