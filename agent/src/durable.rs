//! Durable writing: after a power cut either the old state or the whole new file is there.
//!
//! Must not know what it writes. Callers hold the lock of what the file belongs to, or are alone, as the initrd is; so one
//! temporary name is enough: what a power cut leaves behind is overwritten by the next try. It is a name that nobody else
//! uses: a file beside it is never the agent's to remove. Writers of a file that has no lock each make a name of their own, and
//! remove what earlier ones left behind.

use std::fs::{self, DirEntry, File, OpenOptions, Permissions};
use std::hash::{BuildHasher, Hasher, RandomState};
use std::io::{self, Write};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

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

/// No write takes so long: a temporary file of this age has no writer any more.
const LEFT: Duration = Duration::from_hours(1);

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
    remove_left(path);
    // A number that nobody guesses, without waiting for the kernel's randomness.
    let suffix = format!(".{:016x}{TEMPORARY}", RandomState::new().build_hasher().finish());
    write_through(&suffix, path, bytes, mode, Existing::Replace).map(drop)
}

/// Removes what writers that were killed have left of [`write_among_others`]. What cannot be removed is in nobody's way.
fn remove_left(path: &Path) {
    let Ok((directory, _)) = beside(path, TEMPORARY) else { return };
    let is_left = |entry: &DirEntry| {
        let name = entry.file_name();
        let number = || {
            let rest = name.as_bytes().strip_prefix(path.file_name()?.as_bytes())?;
            rest.strip_prefix(b".")?.strip_suffix(TEMPORARY.as_bytes())
        };
        let is_ours = number().is_some_and(|number| number.len() == 16 && number.iter().all(u8::is_ascii_hexdigit));
        let written = || entry.metadata().ok()?.modified().ok()?.elapsed().ok();
        is_ours && written().is_some_and(|age| age > LEFT)
    };
    for entry in fs::read_dir(directory).into_iter().flatten().flatten().filter(is_left) {
        let _ = fs::remove_file(entry.path());
    }
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
    Ok((directory, with_suffix(path, suffix)))
}

/// The temporary name for a file.
pub(crate) fn temporary(path: &Path) -> PathBuf {
    with_suffix(path, TEMPORARY)
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
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

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::time::{Duration, SystemTime};

    use super::{File, LEFT, TEMPORARY, fs, write_among_others};

    #[test]
    fn what_a_killed_writer_left_is_removed_and_nothing_else() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("node.prom");
        let number = "0123456789abcdef";
        let old = SystemTime::now() - LEFT - Duration::from_mins(1);
        let made = |name: String, written: SystemTime| {
            File::create(directory.path().join(&name)).unwrap().set_modified(written).unwrap();
            name
        };
        made(format!("node.prom.{number}{TEMPORARY}"), old);
        let mut expected: BTreeSet<String> = [
            format!("node.prom{TEMPORARY}"),
            format!("node.prom.old{TEMPORARY}"),
            format!("node.prom.{number}"),
            format!("other.prom.{number}{TEMPORARY}"),
        ]
        .map(|name| made(name, old))
        .into();
        // Somebody may be writing this one.
        expected.insert(made(format!("node.prom.f{}{TEMPORARY}", &number[1..]), SystemTime::now()));
        write_among_others(&path, b"metrics", 0o644).unwrap();
        expected.insert("node.prom".to_owned());
        let found =
            fs::read_dir(directory.path()).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
        assert_eq!(found.collect::<BTreeSet<_>>(), expected);
        assert_eq!(fs::read(&path).unwrap(), b"metrics");
    }
}
