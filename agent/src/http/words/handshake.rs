//! Why TLS with a peer did not come about, as a sentence whose subject is the peer.

use rustls::{AlertDescription, Error, InvalidMessage, OtherError, PeerIncompatible, PeerMisbehaved};

use super::{certificate, plain, spelled};

/// What is wrong with a file of this node, where rustls minds it.
pub(in crate::http) fn own(error: &Error) -> String {
    match error {
        Error::InvalidCertificate(reason) => certificate(reason),
        other => handshake(other),
    }
}

/// What happened: `it …`.
pub(in crate::http) fn handshake(error: &Error) -> String {
    match error {
        Error::InvalidCertificate(reason) => format!("its certificate was not accepted: {}", certificate(reason)),
        Error::AlertReceived(alert) => self::alert(*alert),
        Error::PeerIncompatible(reason) => incompatible(reason),
        Error::PeerMisbehaved(reason) => misbehaved(reason),
        Error::InvalidMessage(InvalidMessage::InvalidContentType | InvalidMessage::UnknownProtocolVersion) => {
            "it answers, but not in TLS: plain HTTP, or another program has the port".to_owned()
        }
        Error::InvalidMessage(reason) => {
            format!("it sent a message that is not TLS's: {}", spelled(&format!("{reason:?}")))
        }
        Error::InappropriateMessage { got_type, .. } => out_of_turn(&format!("{got_type:?}")),
        Error::InappropriateHandshakeMessage { got_type, .. } => out_of_turn(&format!("{got_type:?}")),
        Error::NoCertificatesPresented => "it presented no certificate".to_owned(),
        Error::UnsupportedNameType => "its name is neither a DNS name nor an address".to_owned(),
        Error::DecryptError => "what it sent cannot be decrypted".to_owned(),
        Error::EncryptError => "what it was to be sent cannot be encrypted".to_owned(),
        Error::PeerSentOversizedRecord => "it sent a record that is longer than TLS allows".to_owned(),
        Error::NoApplicationProtocol => "it speaks no HTTP/1.1 over TLS (ALPN)".to_owned(),
        Error::FailedToGetCurrentTime => "this node's clock cannot be read".to_owned(),
        Error::FailedToGetRandomBytes => "this node's kernel gives no random numbers".to_owned(),
        Error::HandshakeNotComplete => "TLS is not agreed on yet".to_owned(),
        Error::InconsistentKeys(_) => "the private key is not that of the certificate".to_owned(),
        Error::InvalidCertRevocationList(reason) => {
            format!("a list of revoked certificates cannot be used: {}", spelled(&format!("{reason:?}")))
        }
        Error::General(text) => plain(text),
        Error::Other(OtherError(error)) => plain(&error.to_string()),
        // Encrypted hellos and fragments are not used here; or a variant of a later rustls.
        other => spelled(&format!("{other:?}")),
    }
}

fn alert(alert: AlertDescription) -> String {
    let words = match alert {
        AlertDescription::CertificateRequired => "it wants a certificate of this node, and none is configured",
        AlertDescription::BadCertificate => "it did not accept this node's certificate: not valid for it",
        AlertDescription::UnsupportedCertificate => {
            "it did not accept this node's certificate: of a kind that it does not support (extended key usage clientAuth?)"
        }
        AlertDescription::CertificateRevoked => "it did not accept this node's certificate: revoked",
        AlertDescription::CertificateExpired => {
            "it did not accept this node's certificate: expired or not valid yet, by its clock"
        }
        AlertDescription::CertificateUnknown => {
            "it did not accept this node's certificate: it does not say why, its journal may"
        }
        AlertDescription::UnknownCA => {
            "it did not accept this node's certificate: signed by a CA that it does not know"
        }
        AlertDescription::AccessDenied => "it did not accept this node's certificate: valid, and not allowed",
        AlertDescription::DecryptError => {
            "it did not accept this node's certificate: a signature does not fit, as where two CAs have one name"
        }
        AlertDescription::HandshakeFailure | AlertDescription::InsufficientSecurity => {
            "it found nothing in common with this agent: no signature scheme (is its key P-521, Ed448, DSA or RSA-PSS?), no \
             cipher suite, or no key exchange; or, in TLS 1.2, it wants a certificate of this node"
        }
        AlertDescription::ProtocolVersion => "it speaks no TLS 1.2 or 1.3",
        AlertDescription::UnrecognisedName => "it serves no such name",
        AlertDescription::NoApplicationProtocol => "it speaks no HTTP/1.1 over TLS (ALPN)",
        AlertDescription::CloseNotify | AlertDescription::UserCanceled => "it ended the connection",
        AlertDescription::InternalError => "it has an internal error: look at its journal",
        other => return format!("it refused TLS: {}", spelled(&format!("{other:?}"))),
    };
    words.to_owned()
}

fn incompatible(reason: &PeerIncompatible) -> String {
    let words = match reason {
        PeerIncompatible::ServerDoesNotSupportTls12Or13
        | PeerIncompatible::ServerTlsVersionIsDisabledByOurConfig
        | PeerIncompatible::Tls12NotOffered
        | PeerIncompatible::Tls12NotOfferedOrEnabled
        | PeerIncompatible::SupportedVersionsExtensionRequired => "it speaks no TLS 1.2 or 1.3",
        PeerIncompatible::NoCertificateRequestSignatureSchemesInCommon => {
            "it accepts no signature that this node's key can make"
        }
        PeerIncompatible::NoCipherSuitesInCommon => "it has no cipher suite in common with this agent",
        PeerIncompatible::NoKxGroupsInCommon | PeerIncompatible::NamedGroupsExtensionRequired => {
            "it has no key exchange in common with this agent"
        }
        PeerIncompatible::NoSignatureSchemesInCommon => "it has no signature scheme in common with this agent",
        PeerIncompatible::ExtendedMasterSecretExtensionRequired => "it has no extended master secret (RFC 7627)",
        other => return format!("it has nothing in common with this agent: {}", spelled(&format!("{other:?}"))),
    };
    words.to_owned()
}

fn misbehaved(reason: &PeerMisbehaved) -> String {
    match reason {
        PeerMisbehaved::SignedHandshakeWithUnadvertisedSigScheme | PeerMisbehaved::SignedKxWithWrongAlgorithm => {
            "it signs in a way that this agent does not support: is its key P-521, Ed448, DSA or RSA-PSS?".to_owned()
        }
        other => format!("it does not keep to TLS: {}", spelled(&format!("{other:?}"))),
    }
}

fn out_of_turn(message: &str) -> String {
    format!("it sent a message of TLS out of turn: {}", spelled(message))
}
