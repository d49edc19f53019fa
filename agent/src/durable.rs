//! Durable writing: after a power cut either the old state or the whole new file is there.
//!
//! Must not know what it writes. Callers hold the lock of what the file belongs to, or are alone, as the initrd is; so one
//! temporary name is enough: what a power cut leaves behind is overwritten by the next try. It is a name that nobody else
//! uses: a file beside it is never the agent's to remove. Where several may write at once, each has a name of its own.

use std::fs::{self, File, OpenOptions, Permissions};
use std::hash::{BuildHasher, Hasher, RandomState};
use std::io::{self, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use nix::errno::Errno;
use nix::fcntl::{AT_FDCWD, AtFlags, OFlag};
use nix::unistd::{AccessFlags, faccessat};

use crate::obstacle;
use crate::regular_file::RegularFileError;

/// A file of the agent's own could not be written, locked or removed; what it stands for is not undone.
#[derive(Debug, thiserror::Error)]
#[error("cannot {action} {path}: {source}; {remedy}")]
pub struct StateError {
    action: &'static str,
    path: PathBuf,
    source: RegularFileError,
    remedy: String,
}

impl StateError {
    pub(crate) fn new(action: &'static str, path: &Path, source: impl Into<RegularFileError>) -> Self {
        let source = source.into();
        let remedy = match &source {
            RegularFileError::Io(error) => obstacle::remedy(path, error),
            other => other.remedy(path),
        };
        Self { action, path: path.to_owned(), source, remedy }
    }
}

/// What becomes of a file that is there already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Existing {
    /// The new file takes its place.
    Replace,
    /// It stays; nothing is written.
    Keep,
}

/// What a temporary name ends with.
const TEMPORARY: &str = ".first-boot-agent.new";

/// Writes `bytes` under `path` so that after a power cut either the old state or the whole new file is there. Reports
/// whether it was written.
///
/// # Errors
/// Any failure of the file system, with the path and what to do.
pub fn write_durably(path: &Path, bytes: &[u8], mode: u32, existing: Existing) -> Result<bool, StateError> {
    write_through(TEMPORARY, path, bytes, mode, existing)
}

/// The same for a file that others may be writing as well, such as a second run of this program: the last one counts, and each
/// file is whole.
///
/// # Errors
/// As for [`write_durably`].
pub(crate) fn write_among_others(path: &Path, bytes: &[u8], mode: u32) -> Result<(), StateError> {
    // A number that nobody guesses, without waiting for the kernel's randomness.
    let suffix = format!(".{:016x}{TEMPORARY}", RandomState::new().build_hasher().finish());
    write_through(&suffix, path, bytes, mode, Existing::Replace).map(drop)
}

fn write_through(suffix: &str, path: &Path, bytes: &[u8], mode: u32, existing: Existing) -> Result<bool, StateError> {
    let (directory, temporary) = beside(path, suffix)?;
    let write = || {
        let mut file = create_new(&temporary, mode)?;
        // The umask of a unit may have taken bits away.
        file.set_permissions(Permissions::from_mode(mode))?;
        crash_point!("temporary file made");
        file.write_all(bytes)?;
        file.sync_all()?;
        crash_point!("temporary file synced");
        match existing {
            Existing::Replace => fs::rename(&temporary, path)?,
            // A link, unlike a rename, never takes the place of a file.
            Existing::Keep => fs::hard_link(&temporary, path).and_then(|()| fs::remove_file(&temporary))?,
        }
        crash_point!("file renamed");
        sync(directory)
    };
    write().map(|()| true).or_else(|source| {
        // The temporary file is of no use to anyone; the first error is the one to report.
        let _ = fs::remove_file(&temporary);
        match (existing, source.kind()) {
            (Existing::Keep, io::ErrorKind::AlreadyExists) => Ok(false),
            _ => Err(StateError::new("write", in_the_way(&temporary).unwrap_or(path), source)),
        }
    })
}

/// Finds out whether there can be a file under `path`, and changes nothing there.
///
/// # Errors
/// As for [`write_durably`].
pub(crate) fn try_to_write(path: &Path) -> Result<(), StateError> {
    let (_, temporary) = beside(path, TEMPORARY)?;
    let tried = create_new(&temporary, 0o600).and_then(|_| fs::remove_file(&temporary));
    tried.map_err(|source| StateError::new("write", in_the_way(&temporary).unwrap_or(path), source))
}

/// Finds out whether a file can be made in a directory, by one that has no name: it leaves nothing, and nobody sees it come.
///
/// # Errors
/// The system refuses it, or has no space for it.
pub(crate) fn can_make_files(directory: &Path) -> io::Result<()> {
    let unnamed = OpenOptions::new().write(true).custom_flags(OFlag::O_TMPFILE.bits()).mode(0o600).open(directory);
    match unnamed {
        // open(2): not every file system has them. What is left is to ask for the permission.
        Err(error) if matches!(error.raw_os_error().map(Errno::from_raw), Some(Errno::EOPNOTSUPP | Errno::EISDIR)) => {
            can_change_names(directory)
        }
        made => made.map(drop),
    }
}

/// Finds out whether names in a directory can be made and removed, as far as permissions say so.
///
/// # Errors
/// The system refuses it.
pub(crate) fn can_change_names(directory: &Path) -> io::Result<()> {
    let access = faccessat(AT_FDCWD, directory, AccessFlags::W_OK | AccessFlags::X_OK, AtFlags::AT_EACCESS);
    access.map_err(io::Error::from)
}

/// The directory of a file, which is there then, and the file's temporary name.
fn beside<'a>(path: &'a Path, suffix: &str) -> Result<(&'a Path, PathBuf), StateError> {
    let directory = path.parent().unwrap_or(Path::new("/"));
    let directory = if directory.as_os_str().is_empty() { Path::new(".") } else { directory };
    fs::create_dir_all(directory).map_err(|source| StateError::new("create the directory of", path, source))?;
    let mut temporary = path.as_os_str().to_owned();
    temporary.push(suffix);
    Ok((directory, PathBuf::from(temporary)))
}

/// What a power cut left of an earlier try is not reused: its mode may be another one, and it may be a link.
fn create_new(temporary: &Path, mode: u32) -> io::Result<File> {
    remove_if_there(temporary)?;
    OpenOptions::new().write(true).create_new(true).mode(mode).open(temporary)
}

/// The temporary name, where something has it that is not removed like a file.
fn in_the_way(temporary: &Path) -> Option<&Path> {
    fs::symlink_metadata(temporary).is_ok_and(|found| found.is_dir()).then_some(temporary)
}

/// Makes the names in a directory durable.
pub(crate) fn sync(directory: &Path) -> io::Result<()> {
    File::open(directory)?.sync_all()
}

/// Removes a file; one that is not there is fine.
pub(crate) fn remove_if_there(path: &Path) -> io::Result<bool> {
    match fs::remove_file(path) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}
