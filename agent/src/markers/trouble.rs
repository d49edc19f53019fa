//! What holds a unit's run up, as data for `status`: reason and remedy side by side, whatever is in them.
//!
//! The status line of systemd has space for a sentence and is for people. This file is for programs; it is valid for
//! the unit's run that wrote it, so it needs no durability, and its readers compare the run.

use std::fmt;
use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::durable;
use crate::regular_file::{self, Links};

/// A file is a few lines; a larger one is not ours.
const MAX_BYTES: u64 = 64 * 1024;

/// How badly a step is held up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Hold {
    /// It waits for something that may come true by itself.
    Waiting,
    /// It failed, and is started again.
    Failed,
    /// Somebody has to change something first.
    Blocked,
}

/// What holds a step up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trouble {
    /// systemd's id of the run of a unit that notes it; empty where it is not noted.
    pub invocation_id: String,
    /// How badly.
    pub hold: Hold,
    /// What is wrong.
    pub reason: String,
    /// What to do.
    pub remedy: String,
    /// When it is looked at again, where that is known: `10:30:45 UTC`.
    pub looks_again: Option<String>,
}

/// `blocked: REASON; DO THIS; looked at again at TIME`.
impl fmt::Display for Trouble {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { hold, reason, remedy, looks_again, .. } = self;
        hold.serialize(&mut *formatter)?;
        write!(formatter, ": {reason}; {remedy}")?;
        looks_again.as_ref().map_or(Ok(()), |time| write!(formatter, "; looks again at {time}"))
    }
}

impl Trouble {
    /// What a step meets, and does not know when it is looked at again.
    #[must_use]
    pub fn new(hold: Hold, reason: &str, remedy: &str) -> Self {
        let (reason, remedy) = (reason.to_owned(), remedy.to_owned());
        Self { invocation_id: String::new(), hold, reason, remedy, looks_again: None }
    }

    /// What is noted of a step, for example `chainfire`; `None` where nothing is, or nothing that can be read.
    #[must_use]
    pub fn read(directory: &Path, step: &str) -> Option<Self> {
        let bytes = regular_file::read(&path(directory, step), Links::Refuse, MAX_BYTES).ok()?;
        serde_json::from_slice(&bytes).ok()
    }

    /// Writes it down: whole or not at all.
    ///
    /// # Errors
    /// The file system refuses.
    pub fn write(&self, directory: &Path, step: &str) -> io::Result<()> {
        let path = path(directory, step);
        let temporary = durable::temporary(&path);
        fs::write(&temporary, serde_json::to_vec(self)?)?;
        // The umask of a unit would hide it from who is not root; there is no secret in it.
        fs::set_permissions(&temporary, Permissions::from_mode(0o644))?;
        fs::rename(temporary, path)
    }

    /// Forgets it.
    ///
    /// # Errors
    /// The file system refuses.
    pub fn remove(directory: &Path, step: &str) -> io::Result<()> {
        durable::remove_if_there(&path(directory, step)).map(drop)
    }
}

fn path(directory: &Path, step: &str) -> PathBuf {
    // Not `.SERVICE-…`, as with the locks.
    directory.join(format!("{step}.trouble.json"))
}

#[cfg(test)]
mod tests {
    use super::{Hold, Trouble, fs, path};

    #[test]
    fn reason_and_remedy_come_back_as_they_were_whatever_is_in_them() {
        let directory = tempfile::tempdir().unwrap();
        let read = || Trouble::read(directory.path(), "chainfire");
        assert_eq!(read(), None);
        let reason = format!("a; b; {}", "long ".repeat(1000));
        let noted = Trouble::new(Hold::Blocked, &reason, "do this; then \"that\"\n");
        noted.write(directory.path(), "chainfire").unwrap();
        assert_eq!(read(), Some(noted));
        Trouble::remove(directory.path(), "chainfire").unwrap();
        Trouble::remove(directory.path(), "chainfire").unwrap();
        assert_eq!(read(), None);
    }

    #[test]
    fn what_is_no_such_file_notes_nothing() {
        let directory = tempfile::tempdir().unwrap();
        let path = path(directory.path(), "chainfire");
        for text in ["", "{}", "[]", "\u{0}"] {
            fs::write(&path, text).unwrap();
            assert_eq!(Trouble::read(directory.path(), "chainfire"), None);
        }
        fs::remove_file(&path).unwrap();
        nix::unistd::mkfifo(&path, nix::sys::stat::Mode::S_IRWXU).unwrap();
        assert_eq!(Trouble::read(directory.path(), "chainfire"), None, "a FIFO without a writer does not block");
    }
}
