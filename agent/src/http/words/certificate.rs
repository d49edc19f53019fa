//! Why a certificate is not accepted, as the end of a sentence whose subject is the certificate.

use std::fmt::Debug;
use std::net::IpAddr;

use rustls::pki_types::ServerName;
use rustls::{CertificateError, ExtendedKeyPurpose, OtherError};

use super::super::tls::algorithm::{USABLE_SIGNATURES, name_of};
use super::{named, plain, spelled};
use crate::clock;
use crate::foreign_text::shown;

/// Names of a certificate that are shown, and characters of each.
const NAMES_SHOWN: usize = 8;
const LONGEST_NAME: usize = 100;

/// What is wrong with a certificate: `it …`.
pub(in crate::http) fn refused(error: &CertificateError) -> String {
    match error {
        CertificateError::BadEncoding => "it is damaged: not encoded as certificates are".to_owned(),
        CertificateError::Expired => format!("it has expired, and {}", this_clock()),
        CertificateError::ExpiredContext { not_after, .. } => {
            format!("it expired at {}, and {}", clock::written_at(*not_after), this_clock())
        }
        CertificateError::NotValidYet => format!("it is not valid yet, and {}", this_clock()),
        CertificateError::NotValidYetContext { not_before, .. } => {
            format!("it is not valid before {}, and {}", clock::written_at(*not_before), this_clock())
        }
        CertificateError::UnknownIssuer => {
            "it is signed by a CA that is not in tls.ca, or the certificate of a CA between the two is not sent along".to_owned()
        }
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
        CertificateError::NotValidForNameContext { expected, presented } => other_names(expected, presented),
        CertificateError::InvalidPurposeContext { required, presented } => purpose(required, presented),
        CertificateError::Other(OtherError(error)) => match error.downcast_ref::<webpki::Error>() {
            Some(error) => by_webpki(error),
            None => plain(&error.to_string()),
        },
        // Lists of revoked certificates are not used here; or a variant of a later rustls, or one that it no longer makes.
        other => unnamed(other),
    }
}

/// For what has no words of its own here.
fn unnamed(error: &dyn Debug) -> String {
    format!("it is refused: {}", named(error))
}

/// What webpki says and rustls has no name of its own for.
fn by_webpki(error: &webpki::Error) -> String {
    use webpki::Error;
    let words = match error {
        Error::CaUsedAsEndEntity => "it is a CA's own certificate (CA:TRUE): issue one with CA:FALSE for the service",
        Error::EndEntityUsedAsCa => "it is signed by a certificate that is not a CA's (CA:FALSE)",
        Error::UnsupportedCertVersion => {
            "it is of X.509 version 1, or of no version: issue it with extensions (subjectAltName), which makes it version 3"
        }
        Error::UnsupportedCriticalExtension => "it has a critical extension that is not known here: issue it without",
        Error::NameConstraintViolation => "its CA may not issue for the names in it (nameConstraints)",
        Error::PathLenConstraintViolated => "its CA may not have as many CAs below it (pathlen)",
        Error::EmptyEkuExtension => "its extended key usage is empty: issue it with serverAuth and clientAuth",
        Error::InvalidSerialNumber => "its serial number is not valid: negative, or longer than 20 bytes",
        Error::MalformedDnsIdentifier => "a DNS name in it is invalid",
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
        other => return unnamed(other),
    };
    words.to_owned()
}

/// The clock beside the dates: one that is ahead or behind is seen at once.
fn this_clock() -> String {
    match clock::before_build() {
        Some((clock, build)) => {
            format!("this node's clock says {clock}, so it is checked against the agent's build date {build}")
        }
        None => format!("this node's clock says {}", clock::now()),
    }
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

/// What is inside of a name as webpki prints it, where it is of this kind: `DnsName("node01")`, `IpAddress(10.0.1.10)`.
fn inside<'a>(presented: &'a str, start: &str, end: &str) -> Option<&'a str> {
    presented.strip_prefix(start)?.strip_suffix(end)
}

fn as_dns(presented: &str) -> Option<&str> {
    inside(presented, "DnsName(\"", "\")")
}

fn other_names(expected: &ServerName<'_>, presented: &[String]) -> String {
    let (asked, kind) = match expected {
        ServerName::IpAddress(address) => (IpAddr::from(*address).to_string(), "IP"),
        other => (shown(&other.to_str(), LONGEST_NAME), "DNS"),
    };
    let step = format!("issue it with subjectAltName={kind}:{asked}");
    let has_dns = |is_meant: &dyn Fn(&str) -> bool| presented.iter().filter_map(|name| as_dns(name)).any(is_meant);
    match expected {
        _ if presented.is_empty() => {
            format!("it has no subjectAltName, and the common name of its subject does not count: {step}")
        }
        ServerName::IpAddress(_) if has_dns(&|name| name.eq_ignore_ascii_case(&asked)) => {
            format!("it has the address {asked} as a DNS name, which does not count for an address: {step}")
        }
        ServerName::DnsName(host) if has_dns(&|name| is_wildcard_beside(name, host.as_ref())) => format!(
            "it is for {}, and a wildcard is one name deep: it does not cover {asked}: {step}",
            names(presented)
        ),
        _ => format!("it is for {}, and not for {asked}: {step}", names(presented)),
    }
}

/// Whether a name is a wildcard of a domain that the other is in, too deep or not deep enough.
fn is_wildcard_beside(name: &str, other: &str) -> bool {
    let other = other.to_ascii_lowercase();
    name.to_ascii_lowercase()
        .strip_prefix("*.")
        .is_some_and(|domain| other == domain || other.ends_with(&format!(".{domain}")))
}

/// The names of a certificate as webpki prints them, the first of many.
pub(in crate::http) fn names(presented: &[String]) -> String {
    let written =
        presented.iter().take(NAMES_SHOWN).map(|name| match (as_dns(name), inside(name, "IpAddress(", ")")) {
            (Some(name), _) => shown(name, LONGEST_NAME),
            (None, Some(address)) => format!("IP {}", shown(address, LONGEST_NAME)),
            (None, None) => shown(&spelled(name), LONGEST_NAME),
        });
    let written = written.collect::<Vec<_>>().join(", ");
    match presented.len().saturating_sub(NAMES_SHOWN) {
        0 => written,
        more => format!("{written} and {more} more"),
    }
}
