//! A service's data on this node: moved aside, never deleted (failure row M5), and only what is the service's own.
//!
//! Must not stop the service nor know why its data is to go; both are `reset`'s business.

mod ownership;

use std::fs::{self, Metadata};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt, chown};
use std::path::{Path, PathBuf};

pub use ownership::{Claim, Owner, can_be_moved};

use crate::durable::sync;
use first_boot_output::plain_error;

use crate::obstacle;
use crate::shell_word::quoted;

/// A data directory cannot be moved aside; nothing of it is lost.
#[derive(Debug, thiserror::Error)]
pub enum BackUpError {
    /// The system refuses.
    #[error("cannot {action} {}: {}; {remedy}", path.display(), plain_error(source))]
    Failed {
        /// What was to be done.
        action: &'static str,
        /// The directory.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
        /// What helps.
        remedy: String,
    },
    /// It is not the service's, or not its alone: whose it is, and what to look at.
    #[error("{0}")]
    NotItsOwn(String),
}

impl BackUpError {
    fn new(action: &'static str, path: &Path, source: io::Error) -> Self {
        let remedy = match source.kind() {
            io::ErrorKind::ResourceBusy | io::ErrorKind::CrossesDevices => format!(
                "it is a mount point, or in the lower layer of an overlay: stop its service, move what is in it aside by \
                 hand, and run this again: mkdir {0}.backup && find {0} -mindepth 1 -maxdepth 1 -exec mv -t {0}.backup {{}} +",
                quoted(path)
            ),
            _ => obstacle::remedy(path, &source),
        };
        Self::Failed { action, path: path.to_owned(), source, remedy }
    }
}

/// Moves a directory with all that is in it aside, to `PATH.backup-STAMP`, and puts an empty one with the same owner and
/// mode in its place. `None` where nothing is there, or nothing in it: then a reset was done before.
///
/// # Errors
/// The file system refuses, with the path and what to do.
pub fn back_up(directory: &Path, stamp: &str) -> Result<Option<PathBuf>, BackUpError> {
    let failed = |action| move |source| BackUpError::new(action, directory, source);
    // A link (DynamicUser= keeps state that way) is followed: what it leads to is moved.
    let place = match fs::canonicalize(directory) {
        Ok(place) => place,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            // Cut off between the two below: the owner and mode stand with the data that was moved.
            return match last_backup(directory) {
                Some(backup) => put_empty(directory, &backup).map(|()| None).map_err(failed("recreate")),
                None => Ok(None),
            };
        }
        Err(error) => return Err(BackUpError::new("find", directory, error)),
    };
    if fs::read_dir(&place).map_err(failed("read"))?.next().is_none() {
        return Ok(None);
    }
    let metadata = fs::metadata(&place).map_err(failed("read"))?;
    let backup = free_name(&place, stamp);
    fs::rename(&place, &backup).map_err(failed("move aside"))?;
    crash_point!("data moved aside");
    put_empty(&place, &metadata).map_err(failed("recreate"))?;
    Ok(Some(backup))
}

fn last_backup(directory: &Path) -> Option<Metadata> {
    let name = directory.file_name()?.to_str()?;
    let beside = fs::read_dir(directory.parent()?).ok()?.filter_map(Result::ok);
    let backup = format!("{name}.backup-");
    let backups = beside.filter(|entry| entry.file_name().to_str().is_some_and(|other| other.starts_with(&backup)));
    backups.filter_map(|entry| entry.metadata().ok()).max_by_key(|metadata| (metadata.ctime(), metadata.ctime_nsec()))
}

fn free_name(place: &Path, stamp: &str) -> PathBuf {
    let name = |suffix: &str| {
        let mut name = place.as_os_str().to_owned();
        name.push(format!(".backup-{stamp}{suffix}"));
        PathBuf::from(name)
    };
    let mut free = name("");
    let mut number = 2;
    while free.exists() {
        free = name(&format!("-{number}"));
        number += 1;
    }
    free
}

fn put_empty(place: &Path, like: &Metadata) -> io::Result<()> {
    fs::DirBuilder::new().mode(0o700).create(place)?;
    chown(place, Some(like.uid()), Some(like.gid()))?;
    fs::set_permissions(place, fs::Permissions::from_mode(like.mode() & 0o7777))?;
    place.parent().map_or(Ok(()), sync)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn m5_data_is_moved_aside_whole_and_never_twice() {
        let keep = tempfile::tempdir().unwrap();
        let data = keep.path().join("chainfire");
        assert_eq!(back_up(&data, "1").unwrap(), None, "nothing there");
        fs::create_dir(&data).unwrap();
        assert_eq!(back_up(&data, "1").unwrap(), None, "nothing in it");
        fs::set_permissions(&data, fs::Permissions::from_mode(0o750)).unwrap();
        for expected in ["chainfire.backup-1", "chainfire.backup-1-2"] {
            fs::create_dir(data.join("raft")).unwrap();
            fs::write(data.join("raft/log"), expected).unwrap();
            let backup = back_up(&data, "1").unwrap().unwrap();
            assert!(backup.ends_with(expected), "{}", backup.display());
            assert_eq!(fs::read_to_string(backup.join("raft/log")).unwrap(), expected);
            assert_eq!(fs::read_dir(&data).unwrap().count(), 0);
            assert_eq!(fs::metadata(&data).unwrap().mode() & 0o777, 0o750);
        }
    }

    #[test]
    fn m5_what_a_power_cut_left_out_is_made_up_for() {
        let keep = tempfile::tempdir().unwrap();
        let data = keep.path().join("chainfire");
        fs::create_dir(&data).unwrap();
        fs::set_permissions(&data, fs::Permissions::from_mode(0o750)).unwrap();
        fs::rename(&data, keep.path().join("chainfire.backup-1")).unwrap();
        assert_eq!(back_up(&data, "2").unwrap(), None);
        assert_eq!(fs::metadata(&data).unwrap().mode() & 0o777, 0o750);
    }

    #[test]
    fn a_link_is_followed() {
        let keep = tempfile::tempdir().unwrap();
        let (real, link) = (keep.path().join("private"), keep.path().join("link"));
        fs::create_dir(&real).unwrap();
        fs::write(real.join("log"), "").unwrap();
        std::os::unix::fs::symlink(&real, &link).unwrap();
        let backup = back_up(&link, "1").unwrap().unwrap();
        assert!(backup.ends_with("private.backup-1") && link.exists());
    }
}
