//! What a file holds that is not the certificate or the key in PEM form that it should hold, and the command that makes it so.
//!
//! A command keeps the file's owner and mode, which services may depend on; it prints no key, writes keys for root alone, and
//! takes nothing away before its successor is whole. Nothing but the kind of a content is ever shown.

use std::path::Path;

use rustls::pki_types::pem;

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

const SEQUENCE: u8 = 0x30;
const INTEGER: u8 = 0x02;
const OCTET_STRING: u8 = 0x04;
const OBJECT_IDENTIFIER: u8 = 0x06;
/// Attributes of a certificate request (RFC 2986, 4.1).
const ATTRIBUTES: u8 = 0xa0;

/// The blocker for a file that holds something else, with the parser's error where there is one.
pub(super) fn of(path: &Path, bytes: &[u8], wanted: Wanted, error: Option<&pem::Error>) -> Blocker {
    let (what, remedy) = found(path, bytes, wanted).unwrap_or_else(|| damaged(path, wanted, error));
    Blocker { cause: Cause::OwnFile, reason: format!("{} cannot be used: {what}", path.display()), remedy }
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
    let said = |what: &str, remedy: String| Some((what.to_owned(), remedy));
    let anew = || match wanted {
        Wanted::Certificate => "install the certificate anew".to_owned(),
        Wanted::Key => "install the key anew, or have a new key and certificate issued".to_owned(),
    };
    if bytes.trim_ascii().is_empty() {
        return said("it is empty", anew());
    }
    if bytes.iter().all(|byte| *byte == 0) {
        return said("it holds nothing but zero bytes, as after a power cut", anew());
    }
    if let Some(encoding) = wide_encoding(bytes) {
        let command = format!("iconv -f {encoding} -t UTF-8 {} > {}", quoted(path), beside(path, ".new"));
        return said(
            &format!("it is text in {encoding}, which no TLS library reads"),
            converted(path, wanted, &command),
        );
    }
    if bytes.first() == Some(&SEQUENCE) {
        return binary(path, bytes, wanted);
    }
    let labels = labels(bytes);
    let is = |label: &str| labels.iter().any(|found| found == label);
    let ends = |end: &str| labels.iter().any(|found| found.ends_with(end));
    let openssl = |command: &str| converted(path, wanted, &in_and_out(path, command));
    match wanted {
        Wanted::Key if is_protected(bytes) => said(
            "its key is protected by a passphrase, which nobody can type when a machine boots",
            openssl("openssl pkey"),
        ),
        _ if is("OPENSSH PRIVATE KEY") => said(
            "it is a key of SSH, in a form that TLS does not know",
            format!(
                "install the key that the certificate was issued for; one of RSA or ECDSA in this form: ssh-keygen -p -N '' -m \
                 PKCS8 -f {}",
                quoted(path)
            ),
        ),
        Wanted::Key if is("DSA PRIVATE KEY") => said("it holds a DSA key, which TLS no longer uses", anew()),
        Wanted::Key if ends("CERTIFICATE") => said("it holds a certificate and no private key", swapped()),
        Wanted::Key if is("PUBLIC KEY") || is("RSA PUBLIC KEY") => said(
            "it holds the public half of a key and not the private one",
            "install the private key that the certificate was issued for".to_owned(),
        ),
        Wanted::Certificate if is("TRUSTED CERTIFICATE") || is("X509 CERTIFICATE") => {
            said("it holds a certificate under a label that only openssl knows", openssl("openssl x509"))
        }
        Wanted::Certificate if ends("CERTIFICATE REQUEST") => said(
            "it holds a certificate request and no certificate",
            "have a CA sign it, and put the certificate there".to_owned(),
        ),
        Wanted::Certificate if is("PKCS7") || is("CMS") => {
            said("it holds certificates as PKCS#7", openssl("openssl pkcs7 -print_certs"))
        }
        Wanted::Certificate if holds_a_private_key(bytes) => {
            said("it holds a private key and no certificate", swapped())
        }
        _ => None,
    }
}

/// DER instead of PEM, by its first elements.
fn binary(path: &Path, bytes: &[u8], wanted: Wanted) -> Option<(String, String)> {
    let outer = first(bytes, SEQUENCE)?;
    let mut parts = elements(outer);
    let (one, two) = (parts.next()?, parts.next()?);
    let said = |what: &str, remedy: String| Some((what.to_owned(), remedy));
    let openssl = |command: &str| converted(path, wanted, &in_and_out(path, command));
    match (one, two) {
        // RFC 7292, 4: version 3.
        ((INTEGER, [3]), (SEQUENCE, _)) => said("it is a PKCS#12 file", out_of_pkcs12(path, wanted)),
        // RFC 2315, 7, and its certificates.
        ((OBJECT_IDENTIFIER, _), _) if wanted == Wanted::Certificate => {
            said("it holds certificates as PKCS#7 in DER form", openssl("openssl pkcs7 -inform DER -print_certs"))
        }
        ((SEQUENCE, _), (OCTET_STRING, _)) if wanted == Wanted::Certificate => {
            said("it holds a private key and no certificate", swapped())
        }
        // RFC 5958, 3: an algorithm, and the key encrypted with it.
        ((SEQUENCE, _), (OCTET_STRING, _)) => said(
            "its key is protected by a passphrase, which nobody can type when a machine boots, and in DER form",
            openssl("openssl pkcs8 -inform DER"),
        ),
        // PKCS#8, PKCS#1 and SEC1 begin with a version.
        ((INTEGER, _), _) => match wanted {
            Wanted::Key => said("it is a private key in DER form", openssl("openssl pkey -inform DER")),
            Wanted::Certificate => said("it holds a private key and no certificate", swapped()),
        },
        ((SEQUENCE, inner), (SEQUENCE, _)) => match (wanted, elements(inner).nth(3)) {
            (Wanted::Certificate, Some((ATTRIBUTES, _))) => said(
                "it holds a certificate request and no certificate",
                "have a CA sign it, and put the certificate there".to_owned(),
            ),
            (Wanted::Certificate, _) => said("it is a certificate in DER form", openssl("openssl x509 -inform DER")),
            (Wanted::Key, _) => said("it holds a certificate and no private key", swapped()),
        },
        _ => None,
    }
}

/// PEM that cannot be read, or something that nobody knows.
fn damaged(path: &Path, wanted: Wanted, error: Option<&pem::Error>) -> (String, String) {
    let (thing, look) = match wanted {
        Wanted::Certificate => ("certificate", format!("openssl x509 -in {} -noout -text", quoted(path))),
        // Says whether it can be read, and prints nothing of it.
        Wanted::Key => ("private key", format!("openssl pkey -in {} -noout", quoted(path))),
    };
    let what = match error {
        Some(pem::Error::MissingSectionEnd { .. }) => {
            "it is cut off: a line that begins with -----END is missing".to_owned()
        }
        Some(pem::Error::IllegalSectionStart { .. }) => {
            "a line that begins with -----BEGIN does not end with -----".to_owned()
        }
        Some(pem::Error::Base64Decode(_)) => {
            "it is damaged: what is between -----BEGIN and -----END is no base64".to_owned()
        }
        Some(_) => "it is damaged".to_owned(),
        None => format!(
            "it holds no {thing} in PEM form, which begins with -----BEGIN {} at the beginning of a line",
            thing.to_uppercase()
        ),
    };
    (what, format!("install it anew; to look at it: {look}"))
}

fn swapped() -> String {
    "are tls.cert and tls.key swapped? first-boot-agent config show has their paths".to_owned()
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
    format!("{command} -in {} -out {}", quoted(path), beside(path, ".new"))
}

/// A command that has written the new content beside the file, and what puts it into the file itself.
fn converted(path: &Path, wanted: Wanted, command: &str) -> String {
    let (new, path) = (beside(path, ".new"), quoted(path));
    let all = format!("{command} && cat {new} > {path} && rm {new}");
    match wanted {
        Wanted::Certificate => format!("convert it: {all}"),
        Wanted::Key => format!("convert it: (umask 077 && {all})"),
    }
}

/// The whole file is kept: it may be the only place of the key, or of the certificates.
fn out_of_pkcs12(path: &Path, wanted: Wanted) -> String {
    let (whole, path) = (beside(path, ".p12"), quoted(path));
    match wanted {
        Wanted::Certificate => {
            format!(
                "take the certificate out of it: mv {path} {whole} && openssl pkcs12 -in {whole} -nokeys -clcerts -out {path}"
            )
        }
        Wanted::Key => format!(
            "take the key out of it: mv {path} {whole} && (umask 077 && openssl pkcs12 -in {whole} -nocerts -nodes -out {path})"
        ),
    }
}
