//! What a file holds that is not the certificate or the key in PEM form that it should hold, and the command that makes it so.
//!
//! A command keeps the file's owner and mode, which services may depend on; it prints no key, writes keys for root alone, and
//! takes nothing away before its successor is whole. Nothing but the kind of a content is ever shown.

use std::path::Path;

use rustls::pki_types::pem;

use super::der::tag::{ATTRIBUTES, INTEGER, OBJECT_IDENTIFIER, OCTET_STRING, SEQUENCE};
use super::der::{elements, first};
use crate::plan::{Blocker, Cause};
use crate::shell_word::quoted;

/// What should be in a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wanted {
    /// One certificate or more.
    Certificate,
    /// A private key.
    Key,
}

const NO_KEY: &str = "it holds a certificate and no private key";
const NO_CERTIFICATE: &str = "it holds a private key and no certificate";
const SWAPPED: &str = "are tls.cert and tls.key swapped? first-boot-agent config show has their paths";
const REQUEST: &str = "it holds a certificate request and no certificate";
const SIGNED: &str = "have a CA sign it, and put the certificate there";

/// The blocker for a file that holds something else, with the parser's error where there is one.
pub(super) fn of(path: &Path, bytes: &[u8], wanted: Wanted, error: Option<&pem::Error>) -> Blocker {
    let (what, remedy) = found(path, bytes, wanted).unwrap_or_else(|| damaged(path, wanted, error));
    own_file(format!("{} cannot be used: {what}", path.display()), remedy)
}

/// What is wrong with a file of this node, and what to do.
pub(super) fn own_file(reason: String, remedy: String) -> Blocker {
    Blocker { cause: Cause::OwnFile, reason, remedy }
}

/// Whether a text has a private key in it, in any of the forms of PEM.
pub(super) fn holds_a_private_key(bytes: &[u8]) -> bool {
    labels(bytes).iter().any(|label| label.ends_with("PRIVATE KEY"))
}

/// Whether a text has certificates in it and no private key: nothing that others may not read.
pub(super) fn holds_certificates_alone(bytes: &[u8]) -> bool {
    labels(bytes).iter().any(|label| label.ends_with("CERTIFICATE")) && !holds_a_private_key(bytes)
}

/// Whether a key asks for a passphrase: by its label (RFC 5958) or in the way of old (RFC 1421, 4.6.1.1).
pub(super) fn is_protected(bytes: &[u8]) -> bool {
    let text = String::from_utf8_lossy(bytes);
    let of_old = || text.lines().any(|line| line.starts_with("Proc-Type:") && line.contains("ENCRYPTED"));
    labels(bytes).iter().any(|label| label == "ENCRYPTED PRIVATE KEY") || of_old()
}

fn found(path: &Path, bytes: &[u8], wanted: Wanted) -> Option<(String, String)> {
    if let Some(encoding) = wide_encoding(bytes) {
        let command = format!("iconv -f {encoding} -t UTF-8 {} > \"$new\"", quoted(path));
        let what = format!("it is text in {encoding}, which no TLS library reads");
        return Some((what, converted(path, &command)));
    }
    let (what, remedy) =
        if bytes.first() == Some(&SEQUENCE) { binary(path, bytes, wanted)? } else { text(path, bytes, wanted)? };
    Some((what.to_owned(), remedy))
}

/// What a text holds, by the labels of its PEM sections.
fn text(path: &Path, bytes: &[u8], wanted: Wanted) -> Option<(&'static str, String)> {
    let replace = || match wanted {
        Wanted::Certificate => "install the certificate again".to_owned(),
        Wanted::Key => "install the key again, or have a new key and certificate issued".to_owned(),
    };
    let labels = labels(bytes);
    let is = |label: &str| labels.iter().any(|found| found == label);
    let ends = |end: &str| labels.iter().any(|found| found.ends_with(end));
    let openssl = |command: &str| converted(path, &in_and_out(path, command));
    Some(match wanted {
        _ if bytes.trim_ascii().is_empty() => ("it is empty", replace()),
        _ if bytes.iter().all(|byte| *byte == 0) => {
            ("it holds nothing but zero bytes, as after a power cut", replace())
        }
        Wanted::Key if is_protected(bytes) => (
            "its key is protected by a passphrase, which nobody can type when a machine boots",
            openssl("openssl pkey"),
        ),
        _ if is("OPENSSH PRIVATE KEY") => (
            "it is a key of SSH, in a form that TLS does not know",
            format!(
                "install the key that the certificate was issued for; one of RSA or ECDSA in this form: ssh-keygen -p -N '' -m \
                 PKCS8 -f {}",
                quoted(path)
            ),
        ),
        Wanted::Key if is("DSA PRIVATE KEY") => ("it holds a DSA key, which TLS no longer uses", replace()),
        Wanted::Key if ends("CERTIFICATE") => (NO_KEY, SWAPPED.to_owned()),
        Wanted::Key if is("PUBLIC KEY") || is("RSA PUBLIC KEY") => (
            "it holds the public half of a key and not the private one",
            "install the private key that the certificate was issued for".to_owned(),
        ),
        Wanted::Certificate if is("TRUSTED CERTIFICATE") || is("X509 CERTIFICATE") => {
            ("it holds a certificate under a label that only openssl knows", openssl("openssl x509"))
        }
        Wanted::Certificate if ends("CERTIFICATE REQUEST") => (REQUEST, SIGNED.to_owned()),
        Wanted::Certificate if is("PKCS7") || is("CMS") => {
            ("it holds certificates as PKCS#7", openssl("openssl pkcs7 -print_certs"))
        }
        Wanted::Certificate if holds_a_private_key(bytes) => (NO_CERTIFICATE, SWAPPED.to_owned()),
        _ => return None,
    })
}

/// DER instead of PEM, by its first elements.
fn binary(path: &Path, bytes: &[u8], wanted: Wanted) -> Option<(&'static str, String)> {
    let mut parts = elements(first(bytes, SEQUENCE)?);
    let openssl = |command: &str| converted(path, &in_and_out(path, command));
    Some(match (parts.next()?, parts.next()?, wanted) {
        // RFC 7292, 4: version 3.
        ((INTEGER, [3]), (SEQUENCE, _), _) => ("it is a PKCS#12 file", out_of_pkcs12(path, wanted)),
        // RFC 2315, 7, and its certificates.
        ((OBJECT_IDENTIFIER, _), _, Wanted::Certificate) => {
            ("it holds certificates as PKCS#7 in DER form", openssl("openssl pkcs7 -inform DER -print_certs"))
        }
        // PKCS#8, PKCS#1 and SEC1 begin with a version. RFC 5958, 3: an algorithm, and the key encrypted with it.
        ((INTEGER, _), _, Wanted::Certificate) | ((SEQUENCE, _), (OCTET_STRING, _), Wanted::Certificate) => {
            (NO_CERTIFICATE, SWAPPED.to_owned())
        }
        ((INTEGER, _), _, Wanted::Key) => ("it is a private key in DER form", openssl("openssl pkey -inform DER")),
        ((SEQUENCE, _), (OCTET_STRING, _), Wanted::Key) => (
            "its key is protected by a passphrase, which nobody can type when a machine boots, and in DER form",
            openssl("openssl pkcs8 -inform DER"),
        ),
        ((SEQUENCE, _), (SEQUENCE, _), Wanted::Key) => (NO_KEY, SWAPPED.to_owned()),
        ((SEQUENCE, inner), (SEQUENCE, _), Wanted::Certificate) => match elements(inner).nth(3) {
            Some((ATTRIBUTES, _)) => (REQUEST, SIGNED.to_owned()),
            _ => ("it is a certificate in DER form", openssl("openssl x509 -inform DER")),
        },
        _ => return None,
    })
}

/// PEM that cannot be read, or something unknown.
fn damaged(path: &Path, wanted: Wanted, error: Option<&pem::Error>) -> (String, String) {
    let (thing, look) = match wanted {
        Wanted::Certificate => ("certificate", format!("openssl x509 -in {} -noout -text", quoted(path))),
        // Says whether it can be read, and prints nothing of it.
        Wanted::Key => ("private key", format!("openssl pkey -in {} -noout", quoted(path))),
    };
    let what = match error {
        Some(pem::Error::MissingSectionEnd { .. }) => "it is cut off: a line that begins with -----END is missing",
        Some(pem::Error::IllegalSectionStart { .. }) => "a line that begins with -----BEGIN does not end with -----",
        Some(pem::Error::Base64Decode(_)) => "it is damaged: what is between -----BEGIN and -----END is not base64",
        Some(_) => "it is damaged",
        None => &format!(
            "it holds no {thing} in PEM form, which begins with -----BEGIN {} at the beginning of a line",
            thing.to_uppercase()
        ),
    };
    (what.to_owned(), format!("install it again; to look at it: {look}"))
}

/// The labels of a text's PEM sections, indented ones too.
fn labels(bytes: &[u8]) -> Vec<String> {
    let text = String::from_utf8_lossy(bytes);
    let label = |line: &str| Some(line.trim().strip_prefix("-----BEGIN ")?.strip_suffix("-----")?.to_owned());
    text.trim_start_matches('\u{feff}').lines().filter_map(label).collect()
}

/// The name that iconv has for text of two bytes a letter, where it is that: as PowerShell writes it.
fn wide_encoding(bytes: &[u8]) -> Option<&'static str> {
    match bytes {
        [0xff, 0xfe, 0, 0, ..] | [0, 0, 0xfe, 0xff, ..] => Some("UTF-32"),
        [b'-', 0, 0, 0, ..] => Some("UTF-32LE"),
        [0, 0, 0, b'-', ..] => Some("UTF-32BE"),
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => Some("UTF-16"),
        [b'-', 0, b'-', 0, ..] => Some("UTF-16LE"),
        [0, b'-', 0, b'-', ..] => Some("UTF-16BE"),
        _ => None,
    }
}

fn beside(path: &Path, suffix: &str) -> String {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    quoted(Path::new(&name))
}

fn in_and_out(path: &Path, command: &str) -> String {
    format!("{command} -in {} -out \"$new\"", quoted(path))
}

/// A command that writes the new content into `$new`, between what makes that file beside the other, under a name that nothing has
/// and for its owner alone, and what puts the content into the other itself.
fn converted(path: &Path, command: &str) -> String {
    let (template, path) = (beside(path, ".XXXXXX"), quoted(path));
    format!("convert it: new=$(mktemp {template}) && {command} && cat \"$new\" > {path} && rm \"$new\"")
}

/// The whole file is kept: it may be the only place of the key, or of the certificates. `ln`, unlike `mv`, never takes the place of
/// a file.
fn out_of_pkcs12(path: &Path, wanted: Wanted) -> String {
    let (whole, path) = (beside(path, ".p12"), quoted(path));
    match wanted {
        Wanted::Certificate => format!(
            "take the certificate out of it: ln {path} {whole} && rm {path} && openssl pkcs12 -in {whole} -nokeys -clcerts -out {path}"
        ),
        Wanted::Key => format!(
            "take the key out of it: ln {path} {whole} && rm {path} && (umask 077 && openssl pkcs12 -in {whole} -nocerts -nodes -out {path})"
        ),
    }
}
