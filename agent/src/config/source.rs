//! Where a config was read from, and what follows from that alone. Must not read it.

use super::{Origin, Quotes};
use crate::foreign_text;
use std::{
    fmt,
    path::{Path, PathBuf},
};

/// The name of the systemd credential.
pub const CREDENTIAL: &str = "cluster-config";

/// Where a config was read from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// The file that the command line names.
    CommandLine(PathBuf),
    /// Standard input, which the command line names `-`.
    StandardInput,
    /// The systemd credential.
    Credential(PathBuf),
    /// The same, encrypted: only systemd decrypts it, and where it did not, this takes its place.
    Encrypted(PathBuf),
    /// What the initrd has found, and handed over.
    HandedOver(PathBuf),
    /// The file in its usual place.
    DefaultPath(PathBuf),
    /// The same in the initrd, which is another file.
    InitrdFile(PathBuf),
    /// The same on the root file system, as the initrd sees it, which speaks to the console.
    Installed(PathBuf),
    /// From elsewhere, by this name: a partition or a URL.
    Delivered(String),
}

impl Source {
    /// The file, where it is one.
    #[must_use]
    pub fn path(&self) -> Option<&Path> {
        match self {
            Self::CommandLine(path)
            | Self::Credential(path)
            | Self::HandedOver(path)
            | Self::DefaultPath(path)
            | Self::InitrdFile(path)
            | Self::Installed(path) => Some(path),
            Self::Encrypted(_) | Self::Delivered(_) | Self::StandardInput => None,
        }
    }

    pub(super) fn origin(&self) -> Origin {
        match (self, self.path()) {
            (Self::Credential(_) | Self::Encrypted(_), _) => Origin::Credential,
            (_, Some(path)) => Origin::File(foreign_text::path(path).into()),
            (_, None) => Origin::Delivered(self.to_string()),
        }
    }

    /// Whether its problems may quote it: who reads of the file in its usual place, or names one, may read that as well.
    pub(crate) fn quotes(&self) -> Quotes {
        let is_open = matches!(self, Self::CommandLine(_) | Self::DefaultPath(_) | Self::StandardInput);
        if is_open { Quotes::Shown } else { Quotes::Hidden }
    }
}

impl fmt::Display for Source {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Credential(path) => write!(out, "credential {CREDENTIAL} ({})", foreign_text::path(path)),
            Self::Encrypted(path) => write!(out, "encrypted credential {CREDENTIAL} ({})", foreign_text::path(path)),
            Self::HandedOver(path) => write!(out, "{} (found by the initrd)", foreign_text::path(path)),
            Self::InitrdFile(path) => write!(out, "{} in the initrd", foreign_text::path(path)),
            Self::CommandLine(path) | Self::DefaultPath(path) | Self::Installed(path) => {
                write!(out, "{}", foreign_text::path(path))
            }
            Self::Delivered(name) => out.write_str(name),
            Self::StandardInput => out.write_str("standard input"),
        }
    }
}
