//! The TLS files as a fault report describes them: certificates with their dates and names, and of keys only that they exist.
//! Judges nothing.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use rustls::pki_types::CertificateDer;

use super::algorithm::kind_of_key;
use super::der::{elements, first, object_identifier, tag};
use super::{own, pem_file};
use crate::clock;
use crate::config::TlsPaths;
use crate::foreign_text::shown;
use crate::http::words;

/// A chain has three; a bundle of public CAs has too many to read.
const MOST_CERTIFICATES: usize = 20;
/// Characters of a name that are shown.
const LONGEST_NAME: usize = 200;

/// The three files, a paragraph each.
#[must_use]
pub fn describe(paths: &TlsPaths) -> String {
    let files = [("tls.ca", &paths.ca), ("tls.cert", &paths.certificate), ("tls.key", &paths.key)];
    let paragraph = |(setting, path): (&str, &PathBuf)| {
        let lines = match setting {
            "tls.key" => pem_file::keys(path).map(|keys| {
                let plural = if keys.len() == 1 { "" } else { "s" };
                vec![format!("{} private key{plural}", keys.len())]
            }),
            _ => pem_file::certificates(path, setting).map(|certificates| {
                let shown = certificates.iter().take(MOST_CERTIFICATES).map(of_certificate);
                let lines = shown.enumerate().map(|(index, shown)| format!("{}: {shown}", index + 1));
                let more = certificates.len().saturating_sub(MOST_CERTIFICATES);
                lines.chain((more > 0).then(|| format!("and {more} more"))).collect()
            }),
        };
        let lines = lines.unwrap_or_else(|blocker| vec![blocker.reason]).join("\n  ");
        format!("{setting}  {}  {}\n  {lines}\n", path.display(), on_disk(path))
    };
    files.map(paragraph).concat()
}

/// When the certificates of a configuration end, in Unix time, with the names of their settings without `tls.`: of the CAs the one
/// that ends first, of this node's chain its own. What cannot be read is left out.
#[must_use]
pub fn ends_of_certificates(paths: &TlsPaths) -> Vec<(&'static str, i64)> {
    let ends = |path: &Path, setting: &str, count: usize| -> Option<i64> {
        let certificates = pem_file::certificates(path, setting).ok()?;
        certificates.iter().take(count).filter_map(end).min()
    };
    let ca = ends(&paths.ca, "tls.ca", usize::MAX).map(|end| ("ca", end));
    let own = ends(&paths.certificate, "tls.cert", 1).map(|end| ("cert", end));
    ca.into_iter().chain(own).collect()
}

fn end(der: &CertificateDer<'_>) -> Option<i64> {
    let [_, validity, ..] = parts(der)?;
    let (tag, content) = elements(validity).nth(1)?;
    date(tag, content)?.parse().ok().map(jiff::Timestamp::as_second)
}

/// Size, permissions and time of what has the name.
fn on_disk(path: &Path) -> String {
    match fs::metadata(path) {
        Ok(metadata) => {
            let changed = metadata.modified().map_or_else(|_| "unknown".to_owned(), clock::written);
            let (mode, uid, gid) = (metadata.mode() & 0o7777, metadata.uid(), metadata.gid());
            format!("mode {mode:04o}, owner {uid}:{gid}, {} bytes, changed {changed}", metadata.len())
        }
        Err(error) => first_boot_output::plain_error(&error),
    }
}

/// Subject, issuer, dates, names, key and fingerprint (RFC 5280, 4.1).
fn of_certificate(der: &CertificateDer<'_>) -> String {
    let digest = ring::digest::digest(&ring::digest::SHA256, der);
    let fingerprint: Vec<String> = digest.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
    let fingerprint = fingerprint.concat();
    let described = parts(der).map(|[issuer, validity, subject, key]| {
        let dates: Vec<String> = elements(validity).filter_map(|(tag, content)| date(tag, content)).collect();
        let key = kind_of_key(key).map_or_else(|| "damaged".to_owned(), |kind| kind.name);
        format!(
            "subject {}, issuer {}, valid {}, key {key}",
            distinguished_name(subject),
            distinguished_name(issuer),
            dates.join(" until ")
        )
    });
    let described = described.unwrap_or_else(|| "it cannot be read".to_owned());
    let names = match own::names(der) {
        Some(names) if !names.is_empty() => format!("names {}", words::names(&names)),
        _ => "no names".to_owned(),
    };
    format!("{described}, {names}, SHA-256 {fingerprint}")
}

/// Whose certificate it is: `CN=node01, O=Example`.
pub(super) fn subject(der: &CertificateDer<'_>) -> Option<String> {
    parts(der).map(|[_, _, subject, _]| distinguished_name(subject))
}

/// Issuer, dates, subject and key in the body of a certificate (RFC 5280, 4.1), each the content of its element.
fn parts<'a>(der: &'a CertificateDer<'_>) -> Option<[&'a [u8]; 4]> {
    let body = first(first(der, tag::SEQUENCE)?, tag::SEQUENCE)?;
    // Version, where there is one; serial number, signature; then what is looked for.
    let mut parts = elements(body).skip_while(|(tag, _)| *tag == tag::VERSION);
    let (_, _) = parts.next().filter(|(tag, _)| *tag == tag::INTEGER)?;
    parts.next()?;
    let mut content = || parts.next().map(|(_, content)| content);
    Some([content()?, content()?, content()?, content()?])
}

/// `CN=node01, O=Example`.
fn distinguished_name(content: &[u8]) -> String {
    let attributes = elements(content).flat_map(|(_, set)| elements(set));
    let written = attributes.filter_map(|(_, attribute)| {
        let mut parts = elements(attribute);
        let (_, kind) = parts.next().filter(|(tag, _)| *tag == tag::OBJECT_IDENTIFIER)?;
        let (_, value) = parts.next()?;
        // The short names of RFC 4514, 3.
        let kind = match object_identifier(kind).as_str() {
            "2.5.4.3" => "CN".to_owned(),
            "2.5.4.6" => "C".to_owned(),
            "2.5.4.10" => "O".to_owned(),
            "2.5.4.11" => "OU".to_owned(),
            other => other.to_owned(),
        };
        Some(format!("{kind}={}", shown(&String::from_utf8_lossy(value), LONGEST_NAME)))
    });
    written.collect::<Vec<_>>().join(", ")
}

/// A date as RFC 3339 (RFC 5280, 4.1.2.5): the years of a `UTCTime` are those from 1950 to 2049.
fn date(tag: u8, content: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(content).ok()?;
    let century = match tag {
        tag::UTC_TIME if text < "50" => "20",
        tag::UTC_TIME => "19",
        tag::GENERALIZED_TIME => "",
        _ => return None,
    };
    let text = format!("{century}{}", text.strip_suffix('Z')?);
    let part = |from: usize, to: usize| text.get(from..to).unwrap_or_default();
    (text.len() == 14 && text.bytes().all(|byte| byte.is_ascii_digit())).then(|| {
        let (year, month, day) = (part(0, 4), part(4, 6), part(6, 8));
        format!("{year}-{month}-{day}T{}:{}:{}+00:00", part(8, 10), part(10, 12), part(12, 14))
    })
}
