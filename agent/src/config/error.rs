//! Why there is no usable config. Every one of these is for a person to put
//! right, so each says where, what and what to do. Must not quote the config
//! beyond what the report has shortened.

use super::{
    Quotes, Report, SyntaxError,
    source::{CREDENTIAL, Source},
};
use crate::{foreign_text, regular_file::RegularFileError, shell_word::quoted};
use std::{
    io,
    path::{Path, PathBuf},
};

/// Why there is no usable config.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// No file in any of these places, in their order.
    #[error("Configuration file not found: looked at {}; write the cluster config there, mode 0600", places(.0))]
    NotFound(Vec<PathBuf>),
    /// The file cannot be read: why, and what to do about it.
    #[error("cannot read the configuration {0}: {1}; {2}")]
    Unreadable(Source, #[source] RegularFileError, String),
    /// A directory, a device or a pipe: what it is instead.
    #[error("the configuration {0} is {1}, not a file; put the cluster config there as a regular file")]
    NotAFile(Source, &'static str),
    /// Every user of the machine may read or write the file, by its permission bits.
    #[error(
        "the configuration {path} has mode {1:04o} and is open to every user of this machine; run `{remedy}`",
        path = foreign_text::path(.0),
        remedy = closed_to_others(.0)
    )]
    ReadableByOthers(PathBuf, u32),
    /// A credential that systemd keeps encrypted here has not arrived.
    #[error(
        "the credential {CREDENTIAL} is encrypted in {path}, and systemd has not decrypted it for this process; \
         `systemd-creds decrypt --name={CREDENTIAL} {path} /dev/null` says why: encrypt it for this machine; before systemd 254, \
         name it in LoadCredentialEncrypted= of each unit; run a command by hand with \
         `systemd-run --pipe --wait --property=LoadCredentialEncrypted={CREDENTIAL} first-boot-agent COMMAND`",
        path = foreign_text::path(.0)
    )]
    NotDecrypted(PathBuf),
    /// The file is no JSON.
    #[error("Invalid configuration in {0}: {1}")]
    Syntax(Source, #[source] SyntaxError),
    /// The file is JSON, but no cluster config: everything that is wrong with it.
    #[error("Invalid configuration in {0}: {1}{note}", note = not_shown(.0))]
    Invalid(Source, Report),
    /// It is good, and comes after one that is broken, in whose place it would bootstrap a cluster: that one, and what is
    /// wrong with it.
    #[error(
        "the configuration {0} would bootstrap a cluster, and one of higher priority is broken and may have said to \
         join: fix or remove that one and reboot, or set \"bootstrap\": false and a leader_url in {0}; the broken one is {1}"
    )]
    BootstrapsBehindBroken(Source, String),
}

impl ConfigError {
    /// Whether this user may not read what is there, so that nothing is known of it.
    #[must_use]
    pub fn is_not_permitted(&self) -> bool {
        matches!(self, Self::Unreadable(_, RegularFileError::Io(error), _) if error.kind() == io::ErrorKind::PermissionDenied)
    }

    /// One line, for places that have no more space than that.
    #[must_use]
    pub fn summary(&self) -> String {
        match self {
            Self::Invalid(origin, report) => format!("Invalid configuration in {origin}: {}", report.summary()),
            other => other.to_string(),
        }
    }
}

/// Where to see what is not said here.
fn not_shown(origin: &Source) -> &'static str {
    match origin.quotes() {
        Quotes::Shown => "",
        Quotes::Hidden => {
            "\n  what it holds is not shown here; first-boot-agent config validate FILE shows it to its owner"
        }
    }
}

/// The command that leaves a file to its owner.
pub(super) fn closed_to_others(path: &Path) -> String {
    format!("chmod 600 {}", quoted(path))
}

fn places(tried: &[PathBuf]) -> String {
    tried.iter().map(|path| foreign_text::path(path)).collect::<Vec<_>>().join(", ")
}
