//! Certificates and keys from PEM files (RFC 7468): regular files of bounded size, private where they hold a key.
//!
//! Must not show anything of what is in a file but its kind: an error of a parser might quote the key.

use std::os::unix::fs::MetadataExt;
use std::path::Path;

use rustls::pki_types::pem::{self, PemObject, SectionKind};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

use super::instead::{self, Wanted};
use crate::plan::{Blocker, Cause};
use crate::regular_file::{Links, RegularFileError, open_to_read, read_all};
use crate::secret_file::{self, SecretFileError};
use crate::shell_word::quoted;

/// A bundle of all public CAs has a quarter of that.
const MAX_BYTES: u64 = 1 << 20;
/// Some editors put it in front of a text; it carries no meaning.
const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();

/// The certificates of a file; at least one. `setting` is what the configuration calls it.
pub(super) fn certificates(path: &Path, setting: &str) -> Result<Vec<CertificateDer<'static>>, Blocker> {
    all_of_certificates(path, setting).map_err(|all| all.first)
}

/// The private keys of a file; at least one.
pub(super) fn keys(path: &Path) -> Result<Vec<PrivateKeyDer<'static>>, Blocker> {
    all_of_keys(path).map_err(|all| all.first)
}

/// Everything that is wrong with a file: its mode, and what is in it.
#[derive(Debug)]
pub(super) struct Problems {
    first: Blocker,
    second: Option<Blocker>,
}

impl Problems {
    fn of<T>(mode: Option<Blocker>, content: Result<T, Blocker>) -> Result<T, Self> {
        match (mode, content) {
            (None, Ok(content)) => Ok(content),
            (Some(first), content) => Err(Self { first, second: content.err() }),
            (None, Err(first)) => Err(first.into()),
        }
    }
}

impl From<Blocker> for Problems {
    fn from(first: Blocker) -> Self {
        Self { first, second: None }
    }
}

impl IntoIterator for Problems {
    type Item = Blocker;
    type IntoIter = std::iter::Chain<std::iter::Once<Blocker>, std::option::IntoIter<Blocker>>;

    fn into_iter(self) -> Self::IntoIter {
        std::iter::once(self.first).chain(self.second)
    }
}

/// The same as [`certificates`], with all that is wrong.
pub(super) fn all_of_certificates(path: &Path, setting: &str) -> Result<Vec<CertificateDer<'static>>, Problems> {
    let unreadable = |error: RegularFileError| {
        let remedy = if error.is_missing() {
            format!("put the certificate there, or set `{setting}` in the configuration: ls -l {}", quoted(path))
        } else {
            error.remedy(path)
        };
        Blocker { cause: Cause::OwnFile, reason: format!("cannot read {}: {error}", path.display()), remedy }
    };
    let (file, metadata) = open_to_read(path, Links::Follow).map_err(unreadable)?;
    let bytes = read_all(file, MAX_BYTES).map_err(unreadable)?;
    let holds_a_key = instead::holds_a_private_key(&bytes);
    let mode = secret_file::refuse_readable_by_others(path, metadata.mode()).err().filter(|_| holds_a_key);
    Problems::of(mode.map(|error| secret(&error)), certificates_in(path, &bytes))
}

fn certificates_in(path: &Path, bytes: &[u8]) -> Result<Vec<CertificateDer<'static>>, Blocker> {
    let found = sections(bytes).map(|sections| {
        let certificates = sections.into_iter().filter(|(kind, _)| *kind == SectionKind::Certificate);
        certificates.map(|(_, der)| CertificateDer::from(der)).collect::<Vec<_>>()
    });
    match found {
        Ok(found) if !found.is_empty() => Ok(found),
        other => Err(instead::of(path, bytes, Wanted::Certificate, other.err().as_ref())),
    }
}

/// The same as [`keys`], with all that is wrong. Of what others can read nothing is used, but its kind may be what is wrong: a
/// certificate in the place of a key is no secret.
pub(super) fn all_of_keys(path: &Path) -> Result<Vec<PrivateKeyDer<'static>>, Problems> {
    let (bytes, mode) = match secret_file::read_bytes(path, Links::Follow) {
        Ok(bytes) => (bytes, None),
        Err(error @ SecretFileError::ReadableByOthers { .. }) => {
            match open_to_read(path, Links::Follow).and_then(|(file, _)| read_all(file, MAX_BYTES)) {
                Ok(bytes) => (bytes, Some(secret(&error))),
                Err(_) => return Err(secret(&error).into()),
            }
        }
        Err(error) => return Err(secret(&error).into()),
    };
    let mode = mode.filter(|_| !instead::holds_certificates_alone(&bytes));
    Problems::of(mode, keys_in(path, &bytes))
}

fn keys_in(path: &Path, bytes: &[u8]) -> Result<Vec<PrivateKeyDer<'static>>, Blocker> {
    if instead::is_protected(bytes) {
        return Err(instead::of(path, bytes, Wanted::Key, None));
    }
    let found = sections(bytes).map(|sections| {
        let keys = sections.into_iter().filter_map(|(kind, der)| PrivateKeyDer::from_pem(kind, der));
        keys.collect::<Vec<_>>()
    });
    match found {
        Ok(found) if !found.is_empty() => Ok(found),
        other => Err(instead::of(path, bytes, Wanted::Key, other.err().as_ref())),
    }
}

fn sections(bytes: &[u8]) -> Result<Vec<(SectionKind, Vec<u8>)>, pem::Error> {
    let bytes = bytes.strip_prefix(BYTE_ORDER_MARK).unwrap_or(bytes);
    <(SectionKind, Vec<u8>)>::pem_slice_iter(bytes).collect()
}

fn secret(error: &SecretFileError) -> Blocker {
    Blocker { cause: Cause::Secret, reason: error.to_string(), remedy: error.remedy() }
}

/// A file that was read and cannot be used.
pub(super) fn unusable(path: &Path, reason: &str) -> Blocker {
    Blocker {
        cause: Cause::OwnFile,
        reason: format!("{} cannot be used: {reason}", path.display()),
        remedy: format!("look at it: openssl x509 -in {} -noout -text", quoted(path)),
    }
}
