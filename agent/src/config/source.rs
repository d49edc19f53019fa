//! Finds the config: what the command line names, else the systemd credential,
//! else the file in its usual place. Must not fall back to a place of lower rank
//! when there is something wrong with what it found.

use super::{
    Checked, Context, check,
    error::ConfigError,
    file::{open_to_others, read},
    shown::Origin,
};
use std::{
    fmt,
    path::{Path, PathBuf},
};

/// The name of the systemd credential.
pub const CREDENTIAL: &str = "cluster-config";

/// The directory of the config and the TLS files, below the root.
pub const SECRETS: &str = "etc/nixos/secrets";

/// Where a config was read from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// The file that the command line names.
    CommandLine(PathBuf),
    /// The systemd credential.
    Credential(PathBuf),
    /// The file in its usual place.
    DefaultPath(PathBuf),
}

impl Source {
    /// The file.
    #[must_use]
    pub fn path(&self) -> &Path {
        match self {
            Self::CommandLine(path) | Self::Credential(path) | Self::DefaultPath(path) => path,
        }
    }

    fn origin(&self) -> Origin {
        match self {
            Self::Credential(_) => Origin::Credential,
            Self::CommandLine(path) | Self::DefaultPath(path) => Origin::File(path.clone()),
        }
    }
}

impl fmt::Display for Source {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Credential(path) => write!(out, "credential {CREDENTIAL} ({})", path.display()),
            Self::CommandLine(path) | Self::DefaultPath(path) => write!(out, "{}", path.display()),
        }
    }
}

/// What to make of a config that every user of the machine may read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Permissions {
    /// Refuse it.
    #[default]
    Refuse,
    /// Warn of it, where a config is only looked at.
    Warn,
}

/// Where to look, and how strictly.
#[derive(Debug, Clone)]
pub struct Options {
    /// The file that the command line names; nothing else is tried then.
    pub explicit: Option<PathBuf>,
    /// `/`, or what stands in for it in a test.
    pub root: PathBuf,
    /// `$CREDENTIALS_DIRECTORY`.
    pub credentials_directory: Option<PathBuf>,
    /// The machine's host name, which a config without `node_id` goes by.
    pub host_name: Option<String>,
    /// What to make of a file that everybody may read.
    pub permissions: Permissions,
    /// Whether unknown keys and other oddities are errors.
    pub strict: bool,
}

/// A config and how it came about.
#[derive(Debug, Clone)]
pub struct Loaded {
    /// The config, the oddities in it, and where each value came from.
    pub checked: Checked,
    /// Where it was read from.
    pub origin: Source,
}

/// Reads and checks the config.
///
/// # Errors
/// When there is none, or none that can be used.
pub fn load(options: &Options) -> Result<Loaded, ConfigError> {
    let origin = find(options);
    let (bytes, mode) = read(&origin, &tried(&origin, options))?;
    let warning = open_to_others(&origin, mode, options.permissions)?;
    let context = Context {
        given: origin.origin(),
        host_name: options.host_name.clone(),
        secrets: options.root.join(SECRETS),
        strict: options.strict,
    };
    let tree = super::parse(&bytes).map_err(|source| ConfigError::Syntax { origin: origin.clone(), source })?;
    let mut checked =
        check(&tree, &context).map_err(|report| ConfigError::Invalid { origin: origin.clone(), report })?;
    checked.warnings.extend(warning);
    Ok(Loaded { checked, origin })
}

/// The place of highest rank that is given, be there something or not: a
/// credential that is there, but cannot be read, is not silently passed over.
#[must_use]
pub fn find(options: &Options) -> Source {
    if let Some(path) = &options.explicit {
        return Source::CommandLine(path.clone());
    }
    let credential = options.credentials_directory.as_ref().map(|directory| directory.join(CREDENTIAL));
    match credential {
        Some(path) if !matches!(path.try_exists(), Ok(false)) => Source::Credential(path),
        _ => Source::DefaultPath(default_path(&options.root)),
    }
}

/// The usual place of the config.
#[must_use]
pub fn default_path(root: &Path) -> PathBuf {
    root.join(SECRETS).join("cluster-config.json")
}

fn tried(origin: &Source, options: &Options) -> Vec<PathBuf> {
    let credential = match (origin, &options.credentials_directory) {
        (Source::DefaultPath(_), Some(directory)) => Some(directory.join(CREDENTIAL)),
        _ => None,
    };
    credential.into_iter().chain([origin.path().to_owned()]).collect()
}
