//! Reads a file that holds a secret, and refuses one that others can read.

use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// Permission bits of everybody who is neither the owner nor in the file's group.
const OTHERS: u32 = 0o007;
/// Keys and passwords are small; anything larger is a mistake.
const MAX_BYTES: u64 = 256 * 1024;

/// Why a secret was not read. Never holds a part of it.
#[derive(Debug, thiserror::Error)]
pub enum SecretFileError {
    /// Missing, a directory, no permission, not text.
    #[error("cannot read {}: {source}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// Anybody on the machine could read it.
    #[error("{} is readable by others (mode {mode:04o})", path.display())]
    ReadableByOthers {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
}

impl SecretFileError {
    /// What to do about it.
    #[must_use]
    pub fn remedy(&self) -> String {
        match self {
            Self::Unreadable { path, .. } => format!("check the file: ls -l {}", path.display()),
            Self::ReadableByOthers { path, .. } => format!("run: chmod 600 {}", path.display()),
        }
    }
}

/// The text of a secret file.
///
/// # Errors
/// The file cannot be read, or others could read it.
pub fn read(path: &Path) -> Result<String, SecretFileError> {
    let unreadable = |source| SecretFileError::Unreadable { path: path.to_owned(), source };
    let file = File::open(path).map_err(unreadable)?;
    // Asked of the open file: what is checked is what is read.
    let mode = file.metadata().map_err(unreadable)?.mode() & 0o7777;
    if mode & OTHERS != 0 {
        return Err(SecretFileError::ReadableByOthers { path: path.to_owned(), mode });
    }
    let mut text = String::new();
    file.take(MAX_BYTES).read_to_string(&mut text).map_err(unreadable)?;
    Ok(text)
}
