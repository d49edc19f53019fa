//! Why a certificate is not accepted, as the end of a sentence whose subject is the certificate.

use std::net::IpAddr;

use rustls::pki_types::{ServerName, UnixTime};
use rustls::{CertificateError, ExtendedKeyPurpose, OtherError};

use super::super::tls::algorithm::{USABLE_SIGNATURES, name_of};
use super::{plain, spelled};
use crate::clock;
use crate::foreign_text::shown;

/// Names of a certificate that are shown, and characters of each.
const NAMES_SHOWN: usize = 8;
const LONGEST_NAME: usize = 100;

/// What is wrong with a certificate: `it …`.
pub(in crate::http) fn refused(error: &CertificateError) -> String {
    match error {
        CertificateError::BadEncoding => DAMAGED.to_owned(),
        CertificateError::Expired => format!("it has expired, and {}", this_clock()),
        CertificateError::ExpiredContext { not_after, .. } => {
            format!("it expired at {}, and {}", clock::written_at(*not_after), this_clock())
        }
        CertificateError::NotValidYet => format!("it is not valid yet, and {}", this_clock()),
        CertificateError::NotValidYetContext { not_before, .. } => {
            format!("it is not valid before {}, and {}", clock::written_at(*not_before), this_clock())
        }
        CertificateError::Revoked => "it was revoked".to_owned(),
        CertificateError::UnhandledCriticalExtension => CRITICAL.to_owned(),
        CertificateError::UnknownIssuer => {
            "it is signed by a CA that is not in tls.ca, or the certificate of a CA between the two is not sent along".to_owned()
        }
        CertificateError::UnknownRevocationStatus => "nobody says whether it was revoked".to_owned(),
        CertificateError::ExpiredRevocationList => revocation_list(None),
        CertificateError::ExpiredRevocationListContext { next_update, .. } => revocation_list(Some(*next_update)),
        CertificateError::BadSignature => {
            "its signature is not that of its CA's key: another CA has the same name, or the key is RSA of less than 2048 bits"
                .to_owned()
        }
        CertificateError::UnsupportedSignatureAlgorithmContext { signature_algorithm_id, .. } => format!(
            "it is signed by {}, which is not supported: have it signed by {USABLE_SIGNATURES}",
            name_of(signature_algorithm_id)
        ),
        CertificateError::UnsupportedSignatureAlgorithmForPublicKeyContext {
            signature_algorithm_id,
            public_key_algorithm_id,
        } => format!(
            "it is signed by {} with a key of the kind {}, which is not supported: have it signed by {USABLE_SIGNATURES}",
            name_of(signature_algorithm_id),
            name_of(public_key_algorithm_id)
        ),
        CertificateError::NotValidForName => "it is for other names".to_owned(),
        CertificateError::NotValidForNameContext { expected, presented } => other_names(expected, presented),
        CertificateError::InvalidPurpose => "its extended key usage does not allow this".to_owned(),
        CertificateError::InvalidPurposeContext { required, presented } => purpose(required, presented),
        CertificateError::InvalidOcspResponse => "what is sent along about its revocation (OCSP) is not valid".to_owned(),
        CertificateError::ApplicationVerificationFailure => "it was refused".to_owned(),
        CertificateError::Other(OtherError(error)) => match error.downcast_ref::<webpki::Error>() {
            Some(error) => by_webpki(error),
            None => plain(&error.to_string()),
        },
        // A variant of a later rustls, or one that it no longer uses.
        other => unnamed(&format!("{other:?}")),
    }
}

/// For what has no words of its own here.
fn unnamed(identifier: &str) -> String {
    format!("it is refused: {}", spelled(identifier))
}

const DAMAGED: &str = "it is damaged: not encoded as certificates are";
const CRITICAL: &str = "it has a critical extension that is not known here: issue it without";

/// What webpki says and rustls has no name of its own for.
fn by_webpki(error: &webpki::Error) -> String {
    use webpki::Error;
    let words = match error {
        Error::BadDer | Error::BadDerTime | Error::TrailingData(_) => DAMAGED,
        Error::CaUsedAsEndEntity => "it is a CA's own certificate (CA:TRUE): issue one with CA:FALSE for the service",
        Error::EndEntityUsedAsCa => "it is signed by a certificate that is no CA's (CA:FALSE)",
        Error::UnsupportedCertVersion => {
            "it is of X.509 version 1, or of no version: issue it with extensions (subjectAltName), which makes it version 3"
        }
        Error::UnsupportedCriticalExtension => CRITICAL,
        Error::NameConstraintViolation => "its CA may not issue for the names in it (nameConstraints)",
        Error::PathLenConstraintViolated => "its CA may not have as many CAs below it (pathlen)",
        Error::EmptyEkuExtension => "its extended key usage is empty: issue it with serverAuth and clientAuth",
        Error::CertDistrusted => "it is distrusted",
        Error::InvalidSerialNumber => "its serial number is not valid: negative, or longer than 20 bytes",
        Error::MalformedDnsIdentifier => "a DNS name in it is none",
        Error::MalformedExtensions | Error::ExtensionValueInvalid => "an extension of it is damaged",
        Error::SignatureAlgorithmMismatch => "it names two different signature algorithms",
        Error::InvalidNetworkMaskConstraint | Error::MalformedNameConstraint => {
            "the nameConstraints of its CA are damaged"
        }
        Error::MaximumNameConstraintComparisonsExceeded
        | Error::MaximumPathBuildCallsExceeded
        | Error::MaximumPathDepthExceeded
        | Error::MaximumSignatureChecksExceeded => "the chain to its CA is too long",
        Error::UnsupportedNameType => "a name of this kind cannot be compared",
        other => return unnamed(&format!("{other:?}")),
    };
    words.to_owned()
}

/// The clock beside the dates: one that is ahead or behind is seen at once.
fn this_clock() -> String {
    match clock::before_build() {
        Some((clock, build)) => {
            format!("this node's clock says {clock}, so that it is judged as of the agent's build date {build}")
        }
        None => format!("this node's clock says {}", clock::now()),
    }
}

fn revocation_list(next_update: Option<UnixTime>) -> String {
    let since = next_update.map_or_else(String::new, |date| format!(" since {}", clock::written_at(date)));
    format!("the list of revoked certificates is out of date{since}, and {}", this_clock())
}

fn purpose(required: &ExtendedKeyPurpose, presented: &[ExtendedKeyPurpose]) -> String {
    let names: Vec<String> = presented.iter().take(NAMES_SHOWN).map(usage).collect();
    format!(
        "its extended key usage is {}, and not {}: issue it with both serverAuth and clientAuth",
        if names.is_empty() { "empty".to_owned() } else { names.join(", ") },
        usage(required)
    )
}

/// As openssl's configuration has it.
fn usage(purpose: &ExtendedKeyPurpose) -> String {
    match purpose {
        ExtendedKeyPurpose::ServerAuth => "serverAuth".to_owned(),
        ExtendedKeyPurpose::ClientAuth => "clientAuth".to_owned(),
        ExtendedKeyPurpose::Other(parts) => {
            parts.iter().take(20).map(ToString::to_string).collect::<Vec<_>>().join(".")
        }
    }
}

/// A name in a certificate.
#[derive(Debug, PartialEq, Eq)]
enum Name {
    Dns(String),
    Ip(String),
    Another(String),
}

/// How webpki prints the names of a certificate.
fn name(presented: &str) -> Name {
    let inside = |start: &str, end: &str| presented.strip_prefix(start).and_then(|rest| rest.strip_suffix(end));
    if let Some(name) = inside("DnsName(\"", "\")") {
        return Name::Dns(name.to_owned());
    }
    match inside("IpAddress(", ")") {
        Some(address) => Name::Ip(address.to_owned()),
        None => Name::Another(spelled(presented)),
    }
}

fn other_names(expected: &ServerName<'_>, presented: &[String]) -> String {
    let names: Vec<Name> = presented.iter().map(|presented| name(presented)).collect();
    if names.is_empty() {
        return format!(
            "it has no subjectAltName, and the common name of its subject does not count: issue it with {}",
            wanted(expected)
        );
    }
    let as_dns =
        |text: &str| names.iter().any(|name| matches!(name, Name::Dns(name) if name.eq_ignore_ascii_case(text)));
    match expected {
        ServerName::IpAddress(address) if as_dns(&IpAddr::from(*address).to_string()) => format!(
            "it has the address {} as a DNS name, which does not count for an address: issue it with {}",
            IpAddr::from(*address),
            wanted(expected)
        ),
        ServerName::DnsName(name) if names.iter().any(|other| is_wildcard_beside(other, name.as_ref())) => format!(
            "it is for {}, and a wildcard is one name deep: it does not cover {}: issue it with {}",
            all(&names),
            shown(name.as_ref(), LONGEST_NAME),
            wanted(expected)
        ),
        _ => format!("it is for {}, and not for {}: issue it with {}", all(&names), asked(expected), wanted(expected)),
    }
}

/// Whether a name is a wildcard of a domain that the other is in, too deep or not deep enough.
fn is_wildcard_beside(name: &Name, other: &str) -> bool {
    let Name::Dns(name) = name else { return false };
    let other = other.to_ascii_lowercase();
    name.to_ascii_lowercase()
        .strip_prefix("*.")
        .is_some_and(|domain| other == domain || other.ends_with(&format!(".{domain}")))
}

fn asked(expected: &ServerName<'_>) -> String {
    match expected {
        ServerName::IpAddress(address) => IpAddr::from(*address).to_string(),
        other => shown(&other.to_str(), LONGEST_NAME),
    }
}

fn wanted(expected: &ServerName<'_>) -> String {
    let kind = if matches!(expected, ServerName::IpAddress(_)) { "IP" } else { "DNS" };
    format!("subjectAltName={kind}:{}", asked(expected))
}

/// The names of a certificate as webpki prints them, the first of many.
pub(in crate::http) fn names(presented: &[String]) -> String {
    all(&presented.iter().map(|presented| name(presented)).collect::<Vec<_>>())
}

/// The names, the first of many.
fn all(names: &[Name]) -> String {
    let written = names.iter().take(NAMES_SHOWN).map(|name| match name {
        Name::Dns(name) | Name::Another(name) => shown(name, LONGEST_NAME),
        Name::Ip(address) => format!("IP {}", shown(address, LONGEST_NAME)),
    });
    let written = written.collect::<Vec<_>>().join(", ");
    match names.len().saturating_sub(NAMES_SHOWN) {
        0 => written,
        more => format!("{written} and {more} more"),
    }
}
