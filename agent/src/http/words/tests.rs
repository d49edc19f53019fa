//! Every error of the libraries that a peer or a file can cause, in words: no Rust, no links, bounded.

use std::sync::Arc;

use rustls::pki_types::{ServerName, UnixTime};
use rustls::{
    AlertDescription, CertRevocationListError, CertificateError, ContentType, Error, ExtendedKeyPurpose, HandshakeType,
    InconsistentKeys, InvalidMessage, OtherError, PeerIncompatible, PeerMisbehaved,
};

use super::*;
use crate::config::Endpoint;
use crate::http::classify;
use crate::plan::Cause;
use crate::run::ports::Class;

/// Names that people use, and that are not Rust's.
const NAMES: &[&str] = &[
    "OpenSSL",
    "subjectAltName",
    "serverAuth",
    "clientAuth",
    "nameConstraints",
    "RSA-PSS",
    "Ed25519",
    "Ed448",
    "brainpoolP256r1",
];

/// What is left of Rust in a text, if anything.
fn leftover(text: &str) -> Option<String> {
    let links = ["://", "docs.rs", "rustls", "webpki", "{", "}", "::", "Some(", "Error("];
    let camel = |word: &&str| {
        let word = word.trim_matches(|c: char| !c.is_ascii_alphanumeric());
        word.as_bytes().windows(2).any(|pair| pair[0].is_ascii_lowercase() && pair[1].is_ascii_uppercase())
            && !NAMES.iter().any(|name| word.starts_with(name))
    };
    let found = links.iter().find(|link| text.contains(**link)).map(|link| (*link).to_owned());
    found.or_else(|| text.split_whitespace().find(camel).map(str::to_owned))
}

fn at() -> Endpoint {
    Endpoint::at("node01:2379".parse().unwrap()).unwrap()
}

fn date(seconds: u64) -> UnixTime {
    UnixTime::since_unix_epoch(std::time::Duration::from_secs(seconds))
}

fn name(text: &str) -> ServerName<'static> {
    ServerName::try_from(text.to_owned()).unwrap()
}

/// `AlgorithmIdentifier` of RSA with SHA-1, and of a key of P-521.
const RSA_SHA1: &[u8] = &[0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x05, 0x05, 0x00];
const P521: &[u8] = &[0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x05, 0x2b, 0x81, 0x04, 0x00, 0x23];

#[allow(deprecated, reason = "rustls may still make them")]
fn certificate_errors() -> Vec<CertificateError> {
    use CertificateError as C;
    let (time, another) = (date(1_790_000_000), date(1_700_000_000));
    let by_name = |expected: &str, presented: &[&str]| C::NotValidForNameContext {
        expected: name(expected),
        presented: presented.iter().map(|name| (*name).to_owned()).collect(),
    };
    let mut all = vec![
        C::BadEncoding,
        C::Expired,
        C::ExpiredContext { time, not_after: another },
        C::NotValidYet,
        C::NotValidYetContext { time: another, not_before: time },
        C::Revoked,
        C::UnhandledCriticalExtension,
        C::UnknownIssuer,
        C::UnknownRevocationStatus,
        C::ExpiredRevocationList,
        C::ExpiredRevocationListContext { time, next_update: another },
        C::BadSignature,
        C::UnsupportedSignatureAlgorithm,
        C::UnsupportedSignatureAlgorithmContext {
            signature_algorithm_id: RSA_SHA1.to_vec(),
            supported_algorithms: Vec::new(),
        },
        C::UnsupportedSignatureAlgorithmForPublicKeyContext {
            signature_algorithm_id: RSA_SHA1.to_vec(),
            public_key_algorithm_id: P521.to_vec(),
        },
        C::NotValidForName,
        by_name("node01", &[]),
        by_name("node01", &["DnsName(\"elsewhere\")", "IpAddress(10.0.0.1)", "DirectoryName", "Unsupported(0x81)"]),
        by_name("node01", &["UniformResourceIdentifier(\"spiffe://x\")"]),
        by_name("10.0.0.1", &["DnsName(\"10.0.0.1\")"]),
        by_name("a.b.example", &["DnsName(\"*.example\")"]),
        C::InvalidPurpose,
        C::InvalidPurposeContext { required: ExtendedKeyPurpose::ServerAuth, presented: Vec::new() },
        C::InvalidPurposeContext {
            required: ExtendedKeyPurpose::ServerAuth,
            presented: vec![ExtendedKeyPurpose::ClientAuth, ExtendedKeyPurpose::Other(vec![1, 3, 6])],
        },
        C::InvalidOcspResponse,
        C::ApplicationVerificationFailure,
    ];
    all.extend(webpki_errors().into_iter().map(|error| C::Other(OtherError(Arc::new(error)))));
    all.push(C::Other(OtherError(Arc::new(std::io::Error::other("SomeDebug { see: \"https://docs.rs/x\" }")))));
    all
}

#[allow(deprecated, reason = "webpki may still make them")]
fn webpki_errors() -> Vec<webpki::Error> {
    use webpki::Error as E;
    vec![
        E::BadDer,
        E::BadDerTime,
        E::CaUsedAsEndEntity,
        E::CertDistrusted,
        E::CertRevoked,
        E::EmptyEkuExtension,
        E::EndEntityUsedAsCa,
        E::ExtensionValueInvalid,
        E::InvalidCertValidity,
        E::InvalidCrlNumber,
        E::InvalidNetworkMaskConstraint,
        E::InvalidSerialNumber,
        E::InvalidCrlSignatureForPublicKey,
        E::InvalidSignatureForPublicKey,
        E::IssuerNotCrlSigner,
        E::MalformedDnsIdentifier,
        E::MalformedExtensions,
        E::MalformedNameConstraint,
        E::MaximumNameConstraintComparisonsExceeded,
        E::MaximumPathBuildCallsExceeded,
        E::MaximumPathDepthExceeded,
        E::MaximumSignatureChecksExceeded,
        E::NameConstraintViolation,
        E::PathLenConstraintViolated,
        E::RequiredEkuNotFound,
        E::SignatureAlgorithmMismatch,
        E::TrailingData(webpki::DerTypeId::Certificate),
        E::UnknownIssuer,
        E::UnknownRevocationStatus,
        E::UnsupportedCertVersion,
        E::UnsupportedCriticalExtension,
        E::UnsupportedCrlIssuingDistributionPoint,
        E::UnsupportedCrlVersion,
        E::UnsupportedDeltaCrl,
        E::UnsupportedIndirectCrl,
        E::UnsupportedNameType,
        E::UnsupportedRevocationReason,
        E::UnsupportedRevocationReasonsPartitioning,
        E::UnsupportedCrlSignatureAlgorithm,
        E::UnsupportedSignatureAlgorithm,
        E::UnsupportedCrlSignatureAlgorithmForPublicKey,
        E::UnsupportedSignatureAlgorithmForPublicKey,
    ]
}

fn incompatibilities() -> Vec<PeerIncompatible> {
    use PeerIncompatible as P;
    vec![
        P::EcPointsExtensionRequired,
        P::ExtendedMasterSecretExtensionRequired,
        P::IncorrectCertificateTypeExtension,
        P::KeyShareExtensionRequired,
        P::NamedGroupsExtensionRequired,
        P::NoCertificateRequestSignatureSchemesInCommon,
        P::NoCipherSuitesInCommon,
        P::NoEcPointFormatsInCommon,
        P::NoKxGroupsInCommon,
        P::NoSignatureSchemesInCommon,
        P::NullCompressionRequired,
        P::ServerDoesNotSupportTls12Or13,
        P::ServerSentHelloRetryRequestWithUnknownExtension,
        P::ServerTlsVersionIsDisabledByOurConfig,
        P::SignatureAlgorithmsExtensionRequired,
        P::SupportedVersionsExtensionRequired,
        P::Tls12NotOffered,
        P::Tls12NotOfferedOrEnabled,
        P::Tls13RequiredForQuic,
        P::UncompressedEcPointsRequired,
        P::UnsolicitedCertificateTypeExtension,
        P::ServerRejectedEncryptedClientHello(None),
    ]
}

fn invalid_messages() -> Vec<InvalidMessage> {
    use InvalidMessage as M;
    vec![
        M::CertificatePayloadTooLarge,
        M::HandshakePayloadTooLarge,
        M::InvalidCcs,
        M::InvalidContentType,
        M::InvalidCertificateStatusType,
        M::InvalidCertRequest,
        M::InvalidDhParams,
        M::InvalidEmptyPayload,
        M::InvalidKeyUpdate,
        M::InvalidServerName,
        M::MessageTooLarge,
        M::MessageTooShort,
        M::MissingData("CertificatePayload"),
        M::MissingKeyExchange,
        M::NoSignatureSchemes,
        M::TrailingData("ServerHello"),
        M::UnexpectedMessage("ClientHello"),
        M::UnknownProtocolVersion,
        M::UnsupportedCompression,
        M::UnsupportedCurveType,
        M::EmptyTicketValue,
        M::IllegalEmptyList("ProtocolNames"),
        M::IllegalEmptyValue,
        M::DuplicateExtension(0x1234),
        M::PreSharedKeyIsNotFinalExtension,
        M::UnknownHelloRetryRequestExtension,
        M::UnknownCertificateExtension,
    ]
}

fn tls_errors() -> Vec<Error> {
    let mut all = vec![
        Error::InappropriateMessage {
            expect_types: vec![ContentType::Handshake],
            got_type: ContentType::ApplicationData,
        },
        Error::InappropriateMessage { expect_types: Vec::new(), got_type: ContentType::Unknown(77) },
        Error::InappropriateHandshakeMessage {
            expect_types: vec![HandshakeType::ServerHello],
            got_type: HandshakeType::EncryptedExtensions,
        },
        Error::NoCertificatesPresented,
        Error::UnsupportedNameType,
        Error::DecryptError,
        Error::EncryptError,
        Error::General("failed to parse SomeThing { inner: X::Y } (see https://docs.rs/rustls)".to_owned()),
        Error::FailedToGetCurrentTime,
        Error::FailedToGetRandomBytes,
        Error::HandshakeNotComplete,
        Error::PeerSentOversizedRecord,
        Error::NoApplicationProtocol,
        Error::BadMaxFragmentSize,
        Error::InconsistentKeys(InconsistentKeys::KeyMismatch),
        Error::InconsistentKeys(InconsistentKeys::Unknown),
        Error::Other(OtherError(Arc::new(std::io::Error::other("crate::Thing(\"x\")")))),
        Error::PeerMisbehaved(PeerMisbehaved::SelectedUnofferedKxGroup),
        Error::PeerMisbehaved(PeerMisbehaved::SignedHandshakeWithUnadvertisedSigScheme),
        Error::PeerMisbehaved(PeerMisbehaved::SignedKxWithWrongAlgorithm),
        Error::PeerMisbehaved(PeerMisbehaved::TooManyRenegotiationRequests),
    ];
    let lists = [CertRevocationListError::ParseError, CertRevocationListError::IssuerInvalidForCrl];
    all.extend(lists.map(Error::InvalidCertRevocationList));
    // Every alert, assigned or not.
    all.extend((0..=u8::MAX).map(|code| Error::AlertReceived(AlertDescription::from(code))));
    all.extend(certificate_errors().into_iter().map(Error::InvalidCertificate));
    all.extend(incompatibilities().into_iter().map(Error::PeerIncompatible));
    all.extend(invalid_messages().into_iter().map(Error::InvalidMessage));
    all
}

#[test]
fn f31_no_error_of_tls_is_shown_as_rust_has_it() {
    for error in tls_errors() {
        for said in [handshake(&error).1, own(&error), classify::handshake(&error, &at()).message, cause(&error)] {
            assert_eq!(leftover(&said), None, "{error:?}: {said}");
            assert!(said.len() > 8 && said.len() < 500, "{error:?}: {said}");
        }
    }
}

#[test]
fn f31_what_libraries_say_in_text_is_bounded_and_free_of_links() {
    for text in [
        "peer closed connection without sending TLS close_notify: https://docs.rs/rustls/latest/rustls/manual/index.html#eof",
        "client error (Connect)",
        "client error (ChannelClosed)",
        "connection closed before message completed",
        "error sending request for url (https://node01:2379/health)",
        "received corrupt message of type InvalidContentType",
        "io::Error: Custom { kind: Other, error: \"x\" }",
        "no record found for Query { name: Name(\"node01.\"), query_type: AAAA, query_class: IN }",
        "proto error: ProtoErrorKind::Timeout",
        "NoRecordsFound",
        "\u{1b}[31mred\u{202e}\u{200b}",
        &"x".repeat(100_000),
    ] {
        let said = plain(text);
        // What is escaped is a terminal's, not Rust's.
        assert_eq!(leftover(&said.replace(r"\u{", "").replace('}', "")), None, "{text}: {said}");
        assert!(said.chars().count() <= LONGEST + 1 && !said.is_empty(), "{said}");
        assert!(!said.contains(['\u{1b}', '\u{202e}', '\u{200b}']), "{said:?}");
    }
    for kept in ["Connection refused", "name node01.Prod.example does not resolve: no answer of 10.0.0.53"] {
        assert_eq!(plain(kept), kept);
    }
    assert_eq!(plain(&std::io::Error::from_raw_os_error(111).to_string()), "Connection refused");
}

#[test]
fn f38_a_connection_that_closes_too_early_is_reported_as_closed() {
    let cut_off = std::io::Error::new(
        std::io::ErrorKind::UnexpectedEof,
        "peer closed connection without sending TLS close_notify",
    );
    assert_eq!(cause(&cut_off), "the other side closed the connection in the middle of its answer");
    let early = std::io::Error::new(std::io::ErrorKind::UnexpectedEof, "tls handshake eof");
    assert_eq!(cause(&early), "the other side closed the connection before TLS was agreed on");
}

#[test]
fn f28_the_names_of_a_certificate_say_what_is_wrong_with_them() {
    let said = |expected: &str, presented: &[&str]| {
        certificate(&CertificateError::NotValidForNameContext {
            expected: name(expected),
            presented: presented.iter().map(|name| (*name).to_owned()).collect(),
        })
    };
    for (expected, presented, parts) in [
        (
            "10.0.1.10",
            &["DnsName(\"10.0.1.10\")"][..],
            &["has the address 10.0.1.10 as a DNS name", "subjectAltName=IP:10.0.1.10"][..],
        ),
        ("fe80::1", &["DnsName(\"fe80::1\")"], &["has the address fe80::1 as a DNS name", "subjectAltName=IP:fe80::1"]),
        (
            "10.0.1.10",
            &["DnsName(\"node01\")"],
            &["it is for node01, and not for 10.0.1.10", "subjectAltName=IP:10.0.1.10"],
        ),
        ("10.0.1.10", &["IpAddress(10.0.1.11)"], &["it is for IP 10.0.1.11, and not for 10.0.1.10"]),
        (
            "node01",
            &["IpAddress(10.0.1.11)"],
            &["it is for IP 10.0.1.11, and not for node01", "subjectAltName=DNS:node01"],
        ),
        (
            "node01",
            &[],
            &["no subjectAltName", "common name of its subject does not count", "subjectAltName=DNS:node01"],
        ),
        ("a.b.example", &["DnsName(\"*.example\")"], &["*.example", "one name deep", "DNS:a.b.example"]),
        ("example", &["DnsName(\"*.example\")"], &["*.example", "does not cover example"]),
        ("node01", &["DnsName(\"\u{1b}[31m\u{202e}\")"], &[r"\u{1b}[31m\u{202e}"]),
    ] {
        let said = said(expected, presented);
        assert!(parts.iter().all(|part| said.contains(part)), "{expected} {presented:?}: {said}");
    }
    let many: Vec<String> = (0..5000).map(|number| format!("DnsName(\"{}{number}\")", "x".repeat(300))).collect();
    let said = said("node01", &many.iter().map(String::as_str).collect::<Vec<_>>());
    assert!(said.len() < 2000 && said.contains("and 4992 more"), "{said}");
}

#[test]
fn n5_who_has_to_change_something_decides_what_happens_next() {
    let class = |error: Error| classify::handshake(&error, &at()).class;
    let other = |error: webpki::Error| Error::InvalidCertificate(CertificateError::Other(OtherError(Arc::new(error))));
    for (error, cause) in [
        (Error::InvalidCertificate(CertificateError::UnknownIssuer), Cause::Trust),
        (Error::InvalidCertificate(CertificateError::Expired), Cause::PeerExpired),
        (Error::InvalidCertificate(CertificateError::NotValidForName), Cause::PeerName),
        (Error::InvalidCertificate(CertificateError::BadSignature), Cause::PeerCertificate),
        (other(webpki::Error::CaUsedAsEndEntity), Cause::PeerCertificate),
        (other(webpki::Error::UnsupportedCertVersion), Cause::PeerCertificate),
        (Error::AlertReceived(AlertDescription::HandshakeFailure), Cause::NoCommonTls),
        (Error::AlertReceived(AlertDescription::InsufficientSecurity), Cause::NoCommonTls),
        (Error::PeerIncompatible(PeerIncompatible::NoKxGroupsInCommon), Cause::NoCommonTls),
        (Error::PeerMisbehaved(PeerMisbehaved::SignedKxWithWrongAlgorithm), Cause::NoCommonTls),
        (Error::AlertReceived(AlertDescription::ProtocolVersion), Cause::OldTls),
        (Error::AlertReceived(AlertDescription::UnrecognisedName), Cause::PeerName),
        (Error::AlertReceived(AlertDescription::DecryptError), Cause::OwnCertificate),
        (Error::AlertReceived(AlertDescription::CertificateRequired), Cause::NoCertificate),
    ] {
        assert_eq!(class(error.clone()), Class::Permanent(cause), "{error:?}");
    }
    for error in [
        Error::InvalidCertificate(CertificateError::NotValidYet),
        Error::AlertReceived(AlertDescription::InternalError),
        Error::PeerMisbehaved(PeerMisbehaved::SelectedUnofferedKxGroup),
        Error::DecryptError,
    ] {
        assert_eq!(class(error.clone()), Class::Transient { retry_after: None }, "{error:?}");
    }
    // Something else has the port: nothing was heard of the service.
    assert_eq!(class(Error::InvalidMessage(InvalidMessage::InvalidContentType)), Class::Unreachable);
}
