//! Why there is no usable config. Every one of these is for a person to put
//! right, so each says where, what and what to do. Must not quote the config
//! beyond what the report has shortened.

use super::{report::Report, source::Source, syntax::SyntaxError};
use std::{io, path::PathBuf};

/// Why there is no usable config.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// No file in any of the places.
    #[error("Configuration file not found: looked at {}; write the cluster config there, mode 0600", places(.tried))]
    NotFound {
        /// Where it was looked for, in order.
        tried: Vec<PathBuf>,
    },
    /// The file cannot be read.
    #[error("cannot read the configuration {origin}: {cause}; it must belong to root, and this must run as root", cause = .source)]
    Unreadable {
        /// Which.
        origin: Source,
        /// Why.
        source: io::Error,
    },
    /// A directory, a device or a pipe.
    #[error("the configuration {origin} is {what}, not a file; put the cluster config there as a regular file")]
    NotAFile {
        /// Which.
        origin: Source,
        /// What it is instead.
        what: &'static str,
    },
    /// Every user of the machine may read or write it.
    #[error(
        "the configuration {path} has mode {mode:04o} and is open to every user of this machine; run `{remedy}`",
        path = .path.display()
    )]
    ReadableByOthers {
        /// Which file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
        /// The command that puts it right.
        remedy: String,
    },
    /// The file is no JSON.
    #[error("Invalid configuration in {origin}: {cause}", cause = .source)]
    Syntax {
        /// Which.
        origin: Source,
        /// Why.
        source: SyntaxError,
    },
    /// The file is JSON, but no cluster config.
    #[error("Invalid configuration in {origin}: {report}")]
    Invalid {
        /// Which.
        origin: Source,
        /// Everything that is wrong with it.
        report: Report,
    },
    /// It is good, and comes after one that is broken, in whose place it would bootstrap a cluster.
    #[error(
        "the configuration {origin} would bootstrap a cluster, and one of higher rank is broken, which may have said to join \
         one: mend or remove that one and boot again, or write \"bootstrap\": false and a leader_url into {origin}; the \
         broken one is {broken}"
    )]
    BootstrapsBehindBroken {
        /// Which.
        origin: Source,
        /// The broken one, and what is wrong with it.
        broken: String,
    },
}

impl ConfigError {
    /// One line, for places that have no more room than that.
    #[must_use]
    pub fn summary(&self) -> String {
        match self {
            Self::Invalid { origin, report } => {
                format!("Invalid configuration in {origin}: {}", report.summary())
            }
            other => other.to_string(),
        }
    }
}

fn places(tried: &[PathBuf]) -> String {
    tried.iter().map(|path| path.display().to_string()).collect::<Vec<_>>().join(", ")
}
