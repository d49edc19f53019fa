//! Marker files: the cache of what live membership has confirmed.
//!
//! A marker is written after its effect and is durable before the write returns (temporary
//! file, fsync, rename, fsync of the directory): a power cut leaves either no marker or a
//! whole one. Its first line is an RFC 3339 time, further lines are `key=value` identity; a
//! marker that an operator wrote with `date -Iseconds` has no identity and is accepted.
//! This module decides nothing: what a marker means for the next step is the plan's business.

use std::path::{Path, PathBuf};

use crate::clock;
use crate::config::ServiceName;
use crate::durable::{self, Existing, StateError, write_durably};
use crate::regular_file::{self, Links};

mod identity;
mod lock;
mod trouble;

pub use identity::Identity;
pub use lock::{Held, Holder, Lock};
pub use trouble::{Hold, Trouble};

/// Where the markers are unless `--state-dir` says otherwise (first-boot specification).
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

/// What is at the place of a marker.
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
    /// Something that cannot be taken for a marker: empty, a directory, not text, no time.
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// This user may not read it, nor perhaps look whether it is there. For root, whom something else refuses then, it is
    /// as one that is damaged.
    NotPermitted {
        /// The file.
        path: PathBuf,
        /// How the system refuses.
        reason: String,
    },
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
    pub fn path(&self, service: ServiceName, achievement: Achievement) -> PathBuf {
        self.directory.join(format!(".{service}-{}", achievement.as_str()))
    }

    /// The services that have a marker, whatever is in it: without a configuration the services are unknown.
    #[must_use]
    pub fn services(&self) -> Vec<ServiceName> {
        let entries = std::fs::read_dir(&self.directory).into_iter().flatten().filter_map(Result::ok);
        let named = |name: &str| {
            let (service, achievement) = name.strip_prefix('.')?.rsplit_once('-')?;
            let is_one = [Achievement::Initialized, Achievement::Joined].iter().any(|one| one.as_str() == achievement);
            service.parse().ok().filter(|_| is_one)
        };
        entries.filter_map(|entry| named(entry.file_name().to_str()?)).collect()
    }

    /// What the markers of a service say. A joined marker counts before an initialized one, as the later of the two
    /// where a node went from one to the other; a damaged one counts only where no other is there.
    #[must_use]
    pub fn read(&self, service: ServiceName) -> MarkerState {
        let joined = self.read_one(service, Achievement::Joined);
        if matches!(joined, MarkerState::Present { .. }) {
            return joined;
        }
        match self.read_one(service, Achievement::Initialized) {
            MarkerState::Absent => joined,
            initialized @ MarkerState::Present { .. } => initialized,
            unusable @ (MarkerState::Damaged { .. } | MarkerState::NotPermitted { .. }) => unusable,
        }
    }

    fn read_one(&self, service: ServiceName, achievement: Achievement) -> MarkerState {
        let path = self.path(service, achievement);
        let found = match regular_file::read(&path, Links::Refuse, MAX_BYTES) {
            Ok(bytes) => parse(bytes).map_err(str::to_owned),
            Err(error) if error.is_missing() => return MarkerState::Absent,
            Err(error) if error.is_not_permitted() => {
                return MarkerState::NotPermitted { path, reason: error.to_string() };
            }
            Err(error) => Err(error.to_string()),
        };
        match found {
            Ok((written, identity)) => MarkerState::Present { path, achievement, written, identity },
            Err(reason) => MarkerState::Damaged { path, reason },
        }
    }

    /// Writes the marker of the locked service durably, in place of any file of that name.
    ///
    /// # Errors
    /// Any failure of the file system, with the path and what to do; nothing half-written
    /// is left under the marker's name.
    pub fn write(&self, lock: &Lock, achievement: Achievement, identity: &Identity) -> Result<PathBuf, StateError> {
        let text = format!("{}\n{identity}", clock::now());
        let path = self.path(lock.service, achievement);
        write_durably(&path, text.as_bytes(), 0o644, Existing::Replace)?;
        Ok(path)
    }

    /// Looks whether the markers of a service that are there could be removed: no directory has their name, and the one that
    /// they are in can be changed.
    ///
    /// # Errors
    /// It is not so, with the path and what to do.
    pub fn can_be_removed(&self, service: ServiceName) -> Result<(), StateError> {
        for achievement in [Achievement::Joined, Achievement::Initialized] {
            let path = self.path(service, achievement);
            let possible = match std::fs::symlink_metadata(&path) {
                Ok(found) if found.is_dir() => Err(std::io::ErrorKind::IsADirectory.into()),
                Ok(_) => durable::can_change_names(&self.directory),
                Err(_) => Ok(()),
            };
            possible.map_err(|source| StateError::new("remove", &path, source))?;
        }
        Ok(())
    }

    /// Removes the markers of the locked service, damaged ones and another node's too, and makes that durable. Returns
    /// those that were there. What held a run of its step up before is forgotten along with them.
    ///
    /// # Errors
    /// Any failure of the file system, with the path and what to do.
    pub fn remove(&self, lock: &Lock) -> Result<Vec<PathBuf>, StateError> {
        let mut removed = Vec::new();
        for achievement in [Achievement::Joined, Achievement::Initialized] {
            let path = self.path(lock.service, achievement);
            if durable::remove_if_there(&path).map_err(|source| StateError::new("remove", &path, source))? {
                crash_point!("marker removed");
                removed.push(path);
            }
        }
        // What is left of it is for `status` alone, and names a run that is over.
        let _ = Trouble::remove(&self.directory, lock.service.as_str());
        durable::sync(&self.directory).map_err(|source| StateError::new("sync", &self.directory, source))?;
        Ok(removed)
    }
}

/// When a marker was written, as it says, and whose it is.
fn parse(bytes: Vec<u8>) -> Result<(String, Identity), &'static str> {
    let text = String::from_utf8(bytes).map_err(|_| "it is not UTF-8 text")?;
    let mut lines = text.lines();
    let written = lines.next().unwrap_or_default().trim();
    // Also a time to come: it was written before the clock stepped back. Live membership, not the time, says whether the
    // marker is right (design.md, promise 2).
    if written.parse::<jiff::Timestamp>().is_err() {
        return Err(if text.trim().is_empty() { "it is empty" } else { "its first line is not an RFC 3339 time" });
    }
    Ok((written.to_owned(), Identity::parse(lines)))
}

#[cfg(test)]
mod tests;
