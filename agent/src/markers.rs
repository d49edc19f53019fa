//! Marker files: the cache of what live membership has confirmed; and durable writing, for
//! them and for the one other file that the agent writes, a generated password.
//!
//! A marker is written after its effect and is durable before the write returns (temporary
//! file, fsync, rename, fsync of the directory): a power cut leaves either no marker or a
//! whole one. Its first line is an RFC 3339 time, further lines are `key=value` identity; a
//! marker that an operator wrote with `date -Iseconds` has no identity and is accepted.
//! This room decides nothing: what a marker means for the next step is the plan's business.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use crate::clock;
use crate::config::Service;

mod durable;
mod identity;
mod lock;

pub(crate) use durable::sync;
pub use durable::{Existing, write_durably};
pub use identity::{Identity, Mismatch};
pub use lock::{Attempt, Held, Lock};

/// Where the markers lie unless `--state-dir` says otherwise (first-boot seed).
pub const DEFAULT_DIRECTORY: &str = "/var/lib/first-boot-automation";

/// A marker is a few lines; a larger file is not one of ours.
const MAX_BYTES: u64 = 64 * 1024;

/// What a marker says has happened to its service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Achievement {
    /// The service's cluster was bootstrapped with this node, or IAM was set up.
    Initialized,
    /// This node was added to an existing cluster.
    Joined,
}

impl Achievement {
    /// The word in the marker's file name.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Initialized => "initialized",
            Self::Joined => "joined",
        }
    }
}

/// What stands where a marker may stand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MarkerState {
    /// No marker: the step is still to be done.
    Absent,
    /// A marker: this node's, another's by its identity, or one without identity that an operator wrote.
    Present {
        /// The file.
        path: PathBuf,
        /// What it says has happened.
        achievement: Achievement,
        /// Its first line, as written.
        written: String,
        /// The identity that it carries; empty for an operator's.
        identity: Identity,
    },
    /// Something that cannot be taken for a marker: empty, a directory, not text, no time, a time to come.
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
}

/// A marker could not be written or removed; the effect it stands for is not undone.
#[derive(Debug, thiserror::Error)]
#[error("cannot {action} {path}: {source}; {remedy}")]
pub struct MarkerError {
    action: &'static str,
    path: PathBuf,
    source: io::Error,
    remedy: String,
}

impl MarkerError {
    fn new(action: &'static str, path: &Path, source: io::Error) -> Self {
        let directory = path.parent().unwrap_or(path).display();
        let remedy = match source.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
                format!("free some space: df -h {directory}")
            }
            io::ErrorKind::ReadOnlyFilesystem => {
                format!("make it writable: findmnt --target {directory}")
            }
            io::ErrorKind::PermissionDenied => {
                format!("it must be writable by root: ls -ld {directory}")
            }
            io::ErrorKind::IsADirectory => format!("remove the directory: rmdir {}", path.display()),
            _ => format!("check the directory: ls -la {directory}"),
        };
        Self { action, path: path.to_owned(), source, remedy }
    }
}

/// The directory of markers.
#[derive(Debug, Clone)]
pub struct Markers {
    directory: PathBuf,
}

impl Markers {
    /// The markers in `directory`, which need not exist yet.
    #[must_use]
    pub fn new(directory: PathBuf) -> Self {
        Self { directory }
    }

    /// The directory itself.
    #[must_use]
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// The path of one marker, for example `.chainfire-joined`.
    #[must_use]
    pub fn path(&self, service: Service, achievement: Achievement) -> PathBuf {
        self.directory.join(format!(".{service}-{}", achievement.as_str()))
    }

    /// What the markers of a service say. A joined marker counts before an initialized one, as the later of the two
    /// where a node went from one to the other; a damaged one counts only where no other is there.
    #[must_use]
    pub fn read(&self, service: Service) -> MarkerState {
        let joined = self.read_one(service, Achievement::Joined);
        if matches!(joined, MarkerState::Present { .. }) {
            return joined;
        }
        match self.read_one(service, Achievement::Initialized) {
            MarkerState::Absent => joined,
            initialized @ MarkerState::Present { .. } => initialized,
            damaged @ MarkerState::Damaged { .. } => damaged,
        }
    }

    fn read_one(&self, service: Service, achievement: Achievement) -> MarkerState {
        let path = self.path(service, achievement);
        match read_text(&path) {
            Ok(None) => MarkerState::Absent,
            Ok(Some(text)) => parse(&text, achievement, path),
            Err(error) => MarkerState::Damaged { path, reason: error.to_string() },
        }
    }

    /// Writes the marker of the locked service durably, in place of any file of that name.
    ///
    /// # Errors
    /// Any failure of the file system, with the path and what to do; nothing half-written
    /// is left under the marker's name.
    pub fn write(&self, lock: &Lock, achievement: Achievement, identity: &Identity) -> Result<PathBuf, MarkerError> {
        let text = format!("{}\n{identity}", clock::now());
        let path = self.path(lock.service(), achievement);
        write_durably(&path, text.as_bytes(), 0o644, Existing::Replace)?;
        Ok(path)
    }

    /// Removes the markers of the locked service, damaged ones and another node's too, and makes that durable. Returns
    /// those that were there.
    ///
    /// # Errors
    /// Any failure of the file system, with the path and what to do.
    pub fn remove(&self, lock: &Lock) -> Result<Vec<PathBuf>, MarkerError> {
        let mut removed = Vec::new();
        for achievement in [Achievement::Joined, Achievement::Initialized] {
            let path = self.path(lock.service(), achievement);
            if durable::remove_if_there(&path).map_err(|source| MarkerError::new("remove", &path, source))? {
                crash_point!("marker removed");
                removed.push(path);
            }
        }
        durable::sync(&self.directory).map_err(|source| MarkerError::new("sync", &self.directory, source))?;
        Ok(removed)
    }
}

fn read_text(path: &Path) -> io::Result<Option<String>> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let mut text = String::new();
    file.take(MAX_BYTES).read_to_string(&mut text)?;
    Ok(Some(text))
}

fn parse(text: &str, achievement: Achievement, path: PathBuf) -> MarkerState {
    let mut lines = text.lines();
    let written = lines.next().unwrap_or_default().trim();
    let reason = match written.parse::<jiff::Timestamp>() {
        Ok(time) if clock::is_in_the_future(time) => Some("its time lies in the future"),
        Ok(_) => None,
        Err(_) if text.trim().is_empty() => Some("it is empty"),
        Err(_) => Some("its first line is no RFC 3339 time"),
    };
    if let Some(reason) = reason {
        return MarkerState::Damaged { path, reason: reason.to_owned() };
    }
    MarkerState::Present { path, achievement, written: written.to_owned(), identity: Identity::parse(lines) }
}

#[cfg(test)]
mod tests;
