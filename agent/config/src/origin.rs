//! Where a value came from.

use std::{fmt, path::PathBuf};

/// Where a value came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// The config file.
    File(PathBuf),
    /// The systemd credential `cluster-config`.
    Credential,
    /// A config from elsewhere: a partition or a URL.
    Delivered(String),
    /// The agent's default.
    Default,
    /// Other values: which, or by which rule.
    Derived(String),
    /// The machine's hostname.
    HostName,
}

impl fmt::Display for Origin {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => write!(out, "{}", path.display()),
            Self::Delivered(name) => out.write_str(name),
            Self::Credential => out.write_str("credential cluster-config"),
            Self::Default => out.write_str("default"),
            Self::Derived(from) => write!(out, "from {from}"),
            Self::HostName => out.write_str("hostname"),
        }
    }
}

impl serde::Serialize for Origin {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}
