//! Why TLS with a peer did not come about: a sentence whose subject is the peer, and who has to change something.
//!
//! rustls does not show a peer's certificate where the peer itself gives up: then the alert is all that is known, and the remedy
//! says what to look at.

use std::fmt::Debug;

use rustls::{AlertDescription, CertificateError, Error, InvalidMessage, OtherError, PeerIncompatible, PeerMisbehaved};

use super::{certificate, named, plain};
use crate::plan::Cause;

/// Words for what both an alert and an error of rustls may say.
const OLD_TLS: &str = "it speaks no TLS 1.2 or 1.3";
const OTHER_PROTOCOL: &str = "it speaks no HTTP/1.1 over TLS (ALPN)";

/// What lasts until something is changed, `None` if it may pass; and `it …`.
type Judged = (Option<Cause>, String);

/// What is wrong with a file of this node, where rustls minds it.
pub(in crate::http) fn own(error: &Error) -> String {
    match error {
        Error::InvalidCertificate(reason) => certificate(reason),
        other => handshake(other).1,
    }
}

/// What happened, and what it means for the next step.
pub(in crate::http) fn handshake(error: &Error) -> Judged {
    match error {
        Error::InvalidCertificate(reason) => {
            (whose(reason), format!("its certificate was not accepted: {}", certificate(reason)))
        }
        Error::AlertReceived(alert) => self::alert(*alert),
        Error::PeerIncompatible(reason) => incompatible(reason),
        Error::PeerMisbehaved(
            PeerMisbehaved::SignedHandshakeWithUnadvertisedSigScheme | PeerMisbehaved::SignedKxWithWrongAlgorithm,
        ) => {
            let words = "it signs in a way that this agent does not support: is its key P-521, Ed448, DSA or RSA-PSS?";
            (Some(Cause::NoCommonTls), words.to_owned())
        }
        Error::NoCertificatesPresented => (Some(Cause::PeerCertificate), "it presented no certificate".to_owned()),
        Error::NoApplicationProtocol => (Some(Cause::NoCommonTls), OTHER_PROTOCOL.to_owned()),
        other => (None, passing(other)),
    }
}

fn whose(reason: &CertificateError) -> Option<Cause> {
    match reason {
        // Time helps, or NTP.
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => None,
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => Some(Cause::PeerExpired),
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => Some(Cause::PeerName),
        CertificateError::UnknownIssuer => Some(Cause::Trust),
        _ => Some(Cause::PeerCertificate),
    }
}

fn alert(alert: AlertDescription) -> Judged {
    use AlertDescription as Alert;
    let refused = |why| (Some(Cause::OwnCertificate), format!("it did not accept this node's certificate: {why}"));
    let said = |cause, words: &str| (cause, words.to_owned());
    match alert {
        Alert::BadCertificate => refused("not valid for it"),
        Alert::UnsupportedCertificate => refused("of a kind that it does not support (extended key usage clientAuth?)"),
        Alert::CertificateRevoked => refused("revoked"),
        Alert::CertificateExpired => refused("expired or not valid yet, by its clock"),
        Alert::CertificateUnknown => refused("it does not say why, its journal may"),
        Alert::UnknownCA => refused("signed by a CA that it does not know"),
        Alert::AccessDenied => refused("valid, and not allowed"),
        Alert::DecryptError => refused("a signature does not match, for example because two CAs have one name"),
        Alert::CertificateRequired => {
            said(Some(Cause::NoCertificate), "it wants a certificate of this node, and none is configured")
        }
        Alert::HandshakeFailure | Alert::InsufficientSecurity => said(
            Some(Cause::NoCommonTls),
            "it found nothing in common with this agent: no signature scheme (is its key P-521, Ed448, DSA or RSA-PSS?), no \
             cipher suite, or no key exchange; or, in TLS 1.2, it wants a certificate of this node",
        ),
        Alert::NoApplicationProtocol => said(Some(Cause::NoCommonTls), OTHER_PROTOCOL),
        Alert::ProtocolVersion => said(Some(Cause::OldTls), OLD_TLS),
        Alert::UnrecognisedName => said(Some(Cause::PeerName), "it serves no such name"),
        Alert::CloseNotify | Alert::UserCanceled => said(None, "it ended the connection"),
        Alert::InternalError => said(None, "it has an internal error: look at its journal"),
        other => (None, format!("it refused TLS: {}", named(&other))),
    }
}

fn incompatible(reason: &PeerIncompatible) -> Judged {
    let (cause, words) = match reason {
        PeerIncompatible::ServerDoesNotSupportTls12Or13
        | PeerIncompatible::ServerTlsVersionIsDisabledByOurConfig
        | PeerIncompatible::SupportedVersionsExtensionRequired => (Cause::OldTls, OLD_TLS),
        PeerIncompatible::NoCertificateRequestSignatureSchemesInCommon => {
            (Cause::OwnCertificate, "it accepts no signature that this node's key can make")
        }
        PeerIncompatible::NoCipherSuitesInCommon => {
            (Cause::NoCommonTls, "it has no cipher suite in common with this agent")
        }
        PeerIncompatible::NoKxGroupsInCommon | PeerIncompatible::NamedGroupsExtensionRequired => {
            (Cause::NoCommonTls, "it has no key exchange in common with this agent")
        }
        PeerIncompatible::NoSignatureSchemesInCommon => {
            (Cause::NoCommonTls, "it has no signature scheme in common with this agent")
        }
        PeerIncompatible::ExtendedMasterSecretExtensionRequired => {
            (Cause::NoCommonTls, "it has no extended master secret (RFC 7627)")
        }
        other => {
            let words = format!("it has nothing in common with this agent: {}", named(other));
            return (Some(Cause::NoCommonTls), words);
        }
    };
    (Some(cause), words.to_owned())
}

/// What another try may find otherwise.
fn passing(error: &Error) -> String {
    let words = match error {
        Error::InvalidMessage(InvalidMessage::InvalidContentType | InvalidMessage::UnknownProtocolVersion) => {
            "it answers, but not in TLS: plain HTTP, or another program has the port"
        }
        Error::InvalidMessage(reason) => {
            return format!("it sent a message that is not TLS's: {}", named(reason));
        }
        Error::InappropriateMessage { got_type, .. } => return out_of_turn(got_type),
        Error::InappropriateHandshakeMessage { got_type, .. } => return out_of_turn(got_type),
        Error::PeerMisbehaved(reason) => {
            return format!("it does not keep to TLS: {}", named(reason));
        }
        Error::UnsupportedNameType => "its name is neither a DNS name nor an address",
        Error::DecryptError => "what it sent cannot be decrypted",
        Error::EncryptError => "what it was to be sent cannot be encrypted",
        Error::PeerSentOversizedRecord => "it sent a record that is longer than TLS allows",
        Error::FailedToGetCurrentTime => "this node's clock cannot be read",
        Error::FailedToGetRandomBytes => "this node's kernel gives no random numbers",
        Error::HandshakeNotComplete => "TLS is not agreed on yet",
        Error::General(text) => return plain(text),
        Error::Other(OtherError(error)) => return plain(&error.to_string()),
        // Lists of revoked certificates, encrypted hellos and fragments are not used here; or a variant of a later rustls.
        other => return named(other),
    };
    words.to_owned()
}

fn out_of_turn(message: &dyn Debug) -> String {
    format!("it sent a message of TLS out of turn: {}", named(message))
}
