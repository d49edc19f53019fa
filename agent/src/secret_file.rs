//! Reads a file that holds a secret, and refuses one that others can read.

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use crate::regular_file::{Links, RegularFileError, open_to_read, read_all};
use crate::shell_word::quoted;

/// Permission bits of everybody who is neither the owner nor in the file's group.
const OTHERS: u32 = 0o007;
/// Keys and passwords are small; anything larger is a mistake.
const MAX_BYTES: u64 = 256 * 1024;

/// Why a secret was not read. Never holds a part of it.
#[derive(Debug, thiserror::Error)]
pub enum SecretFileError {
    /// Missing, a directory, no permission, too large.
    #[error("cannot read {}: {source}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        source: RegularFileError,
    },
    /// No UTF-8.
    #[error("{} is not text", path.display())]
    NotText {
        /// The file.
        path: PathBuf,
    },
    /// Every user of the machine could read it.
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
            Self::Unreadable { path, source } => source.remedy(path),
            Self::NotText { path } => format!("write it again as UTF-8 text; look at it first: ls -l {}", quoted(path)),
            Self::ReadableByOthers { path, .. } => format!("run: chmod 600 {}", quoted(path)),
        }
    }
}

/// The bytes of a secret file.
///
/// # Errors
/// The file cannot be read, or others could read it.
pub fn read_bytes(path: &Path, links: Links) -> Result<Vec<u8>, SecretFileError> {
    let unreadable = |source| SecretFileError::Unreadable { path: path.to_owned(), source };
    let (file, metadata) = open_to_read(path, links).map_err(unreadable)?;
    refuse_readable_by_others(path, metadata.mode())?;
    read_all(file, MAX_BYTES).map_err(unreadable)
}

/// The text of a secret file.
///
/// # Errors
/// The file cannot be read, is no text, or others could read it.
pub fn read(path: &Path, links: Links) -> Result<String, SecretFileError> {
    String::from_utf8(read_bytes(path, links)?).map_err(|_| SecretFileError::NotText { path: path.to_owned() })
}

/// Refuses the mode of a file that holds a secret, where it lets others in.
///
/// # Errors
/// It does.
pub fn refuse_readable_by_others(path: &Path, mode: u32) -> Result<(), SecretFileError> {
    if mode & OTHERS == 0 {
        return Ok(());
    }
    Err(SecretFileError::ReadableByOthers { path: path.to_owned(), mode: mode & 0o7777 })
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn what_holds_no_secret_is_named_with_what_helps() {
        let keep = tempfile::tempdir().unwrap();
        let path = keep.path().join("password");
        let said = || {
            let error = read(&path, Links::Follow).unwrap_err();
            format!("{error}; {}", error.remedy())
        };
        assert!(said().ends_with(": No such file or directory; put the file there, mode 0600"), "{}", said());
        nix::unistd::mkfifo(&path, nix::sys::stat::Mode::S_IRWXU).unwrap();
        assert!(said().contains("it is a pipe, not a file; a pipe has this name, move it aside: mv "), "{}", said());
        fs::remove_file(&path).unwrap();
        fs::write(&path, vec![b'x'; 300 * 1024]).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        // A password that is cut off would be another one.
        assert!(said().contains("it has more than 262144 bytes"), "{}", said());
        fs::write(&path, b"\xff").unwrap();
        assert!(said().contains("is not text"), "{}", said());
    }
}
