//! What the initrd leaves for the units of the system: `/run/first-boot-agent/`, which outlives switch-root.
//!
//! | file | holds |
//! |---|---|
//! | `cluster-config.json` | the configuration, where it was found anywhere but in its usual place |
//! | `inventory.json` | the machine as it was found |
//! | `boot.json` | what kind of boot this is, under which `run_id`, and where the configuration came from |
//!
//! Each appears whole or not at all, `boot.json` last. The directory is 0700, for the configuration names the cluster.

use std::fmt;
use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::durable::{self, Existing, StateError, write_durably};
use crate::regular_file::{self, Links};

use super::BootKind;

/// What an initrd leaves is a few kilobytes, with many refusals some more.
const MAX_BYTES: u64 = 1 << 20;

/// The directory, below the root.
pub const DIRECTORY: &str = crate::config::HAND_OVER;

/// `boot.json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Boot {
    /// 1; a reader that knows a lower one only leaves the file alone.
    pub schema_version: u32,
    /// `RUN_ID` of the journal entries of this boot, in initrd and system.
    pub run_id: String,
    /// What kind of boot it is.
    pub kind: BootKind,
    /// Where the configuration came from, where there is one.
    #[serde(default)]
    pub config: Option<ConfigOrigin>,
    /// What was there and could not be taken, in the order in which it was met; not the installed file, which the units
    /// judge themselves.
    #[serde(default)]
    pub refused: Vec<Refusal>,
    /// Of the agent in the initrd, which may be another than the installed one.
    #[serde(default)]
    pub agent_version: String,
}

/// Where a configuration came from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConfigOrigin {
    /// The source's name.
    pub source: String,
    /// `sha256:` and the digest of its bytes.
    pub digest: String,
}

/// A source that was there and could not be taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refusal {
    /// The source's name.
    pub source: String,
    /// `sha256:` and the digest of its bytes, where they could be read.
    #[serde(default)]
    pub digest: Option<String>,
    /// What is wrong with it, for people.
    pub error: String,
}

/// The source and what is wrong with it.
impl fmt::Display for Refusal {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {}", self.source, self.error)
    }
}

impl Boot {
    /// The schema of this version.
    pub const SCHEMA_VERSION: u32 = 1;

    /// The `run_id` of the boot that runs: the kernel's boot id (random(4)), the same in initrd and system.
    #[must_use]
    pub fn run_id(root: &Path) -> Option<String> {
        let text = fs::read_to_string(root.join("proc/sys/kernel/random/boot_id")).ok()?;
        Some(text.trim().replace('-', ""))
    }

    /// What an initrd of this very boot has left below `root`; `None` where there was none, or it was of another boot.
    #[must_use]
    pub fn of_this_run(root: &Path, run_id: &str) -> Option<Self> {
        let path = root.join(DIRECTORY).join("boot.json");
        let text = regular_file::read(&path, Links::Refuse, MAX_BYTES).ok()?;
        let boot: Self = serde_json::from_slice(&text).ok()?;
        (boot.schema_version == Self::SCHEMA_VERSION && boot.run_id == run_id).then_some(boot)
    }
}

/// Takes back what an earlier run has left.
///
/// # Errors
/// The file system refuses.
pub fn take_back(root: &Path, name: &str) -> io::Result<()> {
    durable::remove_if_there(&root.join(DIRECTORY).join(name)).map(drop)
}

/// Writes a file for root alone, whole or not at all.
///
/// # Errors
/// The file system refuses, or something that is no file has the name.
pub fn put(root: &Path, name: &str, bytes: &[u8]) -> Result<(), StateError> {
    let directory = root.join(DIRECTORY);
    let path = directory.join(name);
    let made = DirBuilder::new().recursive(true).mode(0o700).create(&directory);
    made.map_err(|source| StateError::new("create the directory of", &path, source))?;
    write_durably(&path, bytes, 0o600, Existing::Replace).map(drop)
}
