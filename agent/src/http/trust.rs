//! What a failed TLS handshake means for the next step: who has to change something, or whether time will.
//!
//! The words are `words`'s. rustls does not show a peer's certificate where the peer itself gives up: then the alert is all that
//! is known, and the remedy says what to look at.

use rustls::{AlertDescription, CertificateError, Error, InvalidMessage, PeerIncompatible, PeerMisbehaved};

use crate::config::Endpoint;
use crate::plan::Cause;
use crate::run::ports::{Class, Fault};

use super::{classify, words};

/// The fault that a failed handshake is.
pub(super) fn fault(error: &Error, at: &Endpoint) -> Fault {
    match standing(error) {
        Some(cause) => Fault { class: Class::Permanent(cause), endpoint: at.clone(), message: words::handshake(error) },
        None => classify::transient(at, may_pass(error)),
    }
}

/// What will not pass before somebody changes something; `None` for what may.
fn standing(error: &Error) -> Option<Cause> {
    match error {
        Error::InvalidCertificate(reason) => certificate(reason),
        Error::AlertReceived(alert) => self::alert(*alert),
        Error::PeerIncompatible(reason) => Some(match reason {
            PeerIncompatible::ServerDoesNotSupportTls12Or13
            | PeerIncompatible::ServerTlsVersionIsDisabledByOurConfig
            | PeerIncompatible::SupportedVersionsExtensionRequired => Cause::OldTls,
            PeerIncompatible::NoCertificateRequestSignatureSchemesInCommon => Cause::OwnCertificate,
            _ => Cause::NoCommonTls,
        }),
        Error::PeerMisbehaved(
            PeerMisbehaved::SignedHandshakeWithUnadvertisedSigScheme | PeerMisbehaved::SignedKxWithWrongAlgorithm,
        )
        | Error::NoApplicationProtocol => Some(Cause::NoCommonTls),
        Error::NoCertificatesPresented => Some(Cause::PeerCertificate),
        _ => None,
    }
}

fn certificate(reason: &CertificateError) -> Option<Cause> {
    match reason {
        // Time helps, or NTP.
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => None,
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => Some(Cause::PeerExpired),
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => Some(Cause::PeerName),
        CertificateError::UnknownIssuer => Some(Cause::Trust),
        _ => Some(Cause::PeerCertificate),
    }
}

fn alert(alert: AlertDescription) -> Option<Cause> {
    match alert {
        AlertDescription::CertificateRequired => Some(Cause::NoCertificate),
        AlertDescription::BadCertificate
        | AlertDescription::UnsupportedCertificate
        | AlertDescription::CertificateRevoked
        | AlertDescription::CertificateExpired
        | AlertDescription::CertificateUnknown
        | AlertDescription::UnknownCA
        | AlertDescription::AccessDenied
        | AlertDescription::DecryptError => Some(Cause::OwnCertificate),
        AlertDescription::HandshakeFailure
        | AlertDescription::InsufficientSecurity
        | AlertDescription::NoApplicationProtocol => Some(Cause::NoCommonTls),
        AlertDescription::ProtocolVersion => Some(Cause::OldTls),
        AlertDescription::UnrecognisedName => Some(Cause::PeerName),
        _ => None,
    }
}

fn may_pass(error: &Error) -> String {
    let words = words::handshake(error);
    match error {
        Error::InvalidCertificate(reason) => {
            format!("its certificate is not valid yet, is this node's clock set? {}", words::certificate(reason))
        }
        // Something else has the port, and may leave it again.
        Error::InvalidMessage(InvalidMessage::InvalidContentType | InvalidMessage::UnknownProtocolVersion) => words,
        _ => format!("connection error: TLS: {words}"),
    }
}
