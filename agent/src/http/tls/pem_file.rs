//! Certificates and keys from PEM files (RFC 7468): regular files of bounded size, private where they hold a key.
//!
//! Must not show anything of what is in a file but its kind: an error of a parser might quote the key.

use std::os::unix::fs::MetadataExt;
use std::path::Path;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

use super::instead::{self, Wanted, own_file};
use crate::plan::{Blocker, Cause};
use crate::regular_file::{self, Links, RegularFileError, open_to_read, read_all};
use crate::secret_file::{self, SecretFileError};
use crate::shell_word::quoted;

/// A bundle of all public CAs has a quarter of that.
const MAX_BYTES: u64 = 1 << 20;
/// Some editors put it in front of a text; it carries no meaning.
const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();

/// The certificates of a file; at least one. `setting` is what the configuration calls it.
pub(super) fn certificates(path: &Path, setting: &str) -> Result<Vec<CertificateDer<'static>>, Blocker> {
    all_of_certificates(path, setting).map_err(|(first, _)| first)
}

/// The private keys of a file; at least one.
pub(super) fn keys(path: &Path) -> Result<Vec<PrivateKeyDer<'static>>, Blocker> {
    all_of_keys(path).map_err(|(first, _)| first)
}

/// Everything that is wrong with a file: at first its mode, where that is, and what is in it.
pub(super) type Problems = (Blocker, Option<Blocker>);

fn judged<T>(mode: Option<Blocker>, content: Result<T, Blocker>) -> Result<T, Problems> {
    match (mode, content) {
        (None, content) => content.map_err(|first| (first, None)),
        (Some(first), content) => Err((first, content.err())),
    }
}

/// The same as [`certificates`], with all that is wrong.
pub(super) fn all_of_certificates(path: &Path, setting: &str) -> Result<Vec<CertificateDer<'static>>, Problems> {
    let unreadable = |error: RegularFileError| {
        let remedy = if error.is_missing() {
            format!("copy the certificate there, or set `{setting}` in the configuration")
        } else {
            error.remedy(path)
        };
        (own_file(format!("cannot read {}: {error}", path.display()), remedy), None)
    };
    let (file, metadata) = open_to_read(path, Links::Follow).map_err(unreadable)?;
    let bytes = read_all(file, MAX_BYTES).map_err(unreadable)?;
    let holds_a_key = instead::holds_a_private_key(&bytes);
    let mode = secret_file::refuse_readable_by_others(path, metadata.mode()).err().filter(|_| holds_a_key);
    judged(mode.map(|error| secret(&error)), sections(path, &bytes, Wanted::Certificate))
}

/// The same as [`keys`], with all that is wrong. Of what others can read nothing is used, but its kind may be what is wrong: a
/// certificate in the place of a key is no secret.
pub(super) fn all_of_keys(path: &Path) -> Result<Vec<PrivateKeyDer<'static>>, Problems> {
    let (bytes, mode) = match secret_file::read_bytes(path, Links::Follow) {
        Ok(bytes) => (bytes, None),
        Err(error) => {
            let others_read = matches!(error, SecretFileError::ReadableByOthers { .. });
            let bytes = others_read.then(|| regular_file::read(path, Links::Follow, MAX_BYTES).ok()).flatten();
            (bytes.ok_or_else(|| (secret(&error), None))?, Some(secret(&error)))
        }
    };
    let mode = mode.filter(|_| !instead::holds_certificates_alone(&bytes));
    let keys = if instead::is_protected(&bytes) {
        Err(instead::of(path, &bytes, Wanted::Key, None))
    } else {
        sections(path, &bytes, Wanted::Key)
    };
    judged(mode, keys)
}

/// What a text has of this type; at least one.
fn sections<T: PemObject>(path: &Path, bytes: &[u8], wanted: Wanted) -> Result<Vec<T>, Blocker> {
    let text = bytes.strip_prefix(BYTE_ORDER_MARK).unwrap_or(bytes);
    match T::pem_slice_iter(text).collect::<Result<Vec<T>, _>>() {
        Ok(found) if !found.is_empty() => Ok(found),
        other => Err(instead::of(path, bytes, wanted, other.err().as_ref())),
    }
}

fn secret(error: &SecretFileError) -> Blocker {
    Blocker { cause: Cause::Secret, reason: error.to_string(), remedy: error.remedy() }
}

/// A file that was read and cannot be used.
pub(super) fn unusable(path: &Path, reason: &str) -> Blocker {
    own_file(
        format!("{} cannot be used: {reason}", path.display()),
        format!("look at it: openssl x509 -in {} -noout -text", quoted(path)),
    )
}
