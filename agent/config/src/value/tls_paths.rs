//! The TLS files by their paths. Must not open them.

use std::path::{Path, PathBuf};

/// Where the TLS files are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsPaths {
    /// The CA that signed the services' certificates.
    pub ca: PathBuf,
    /// This node's certificate.
    pub certificate: PathBuf,
    /// The certificate's key.
    pub key: PathBuf,
    /// Whether the config names certificate and key, so that they must exist.
    /// At their default paths they are presented only if they are there.
    pub identity_required: bool,
}

impl TlsPaths {
    /// The same, each path as `form` writes it.
    #[must_use]
    pub fn map(&self, form: impl Fn(&Path) -> PathBuf) -> Self {
        let [ca, certificate, key] = [&self.ca, &self.certificate, &self.key].map(|path| form(path));
        Self { ca, certificate, key, ..*self }
    }
}
