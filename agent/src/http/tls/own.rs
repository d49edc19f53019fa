//! This node's certificate and key: whether they belong together, can be used, and are in their time.
//!
//! What every peer would refuse is said at once. What one peer may refuse and another take, such as the extended key usage, is a
//! remark, which is shown where a peer has refused.

use std::path::Path;
use std::sync::Arc;

use rustls::crypto::ring::{self, sign::any_supported_type};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::server::danger::ClientCertVerifier;
use rustls::server::{ParsedCertificate, WebPkiClientVerifier};
use rustls::sign::{CertifiedKey, SigningKey};
use rustls::time_provider::TimeProvider;
use rustls::{CertificateError, Error, RootCertStore};
use webpki::EndEntityCert;

use super::algorithm::{self, KeyKind, USABLE_KEYS};
use super::der::{first, tag::SEQUENCE};
use super::instead::own_file;
use super::{Remarks, described, is_missing, pem_file};
use crate::clock::NotBeforeBuild;
use crate::config::TlsPaths;
use crate::http::words;
use crate::plan::{Blocker, Cause};
use crate::shell_word::quoted;

/// What this node presents where a service asks for a client certificate; `None` where the configuration names none and none
/// is at the default paths.
pub(super) fn presented(
    paths: &TlsPaths,
    roots: &Arc<RootCertStore>,
    remarks: &mut Remarks,
) -> Result<Option<CertifiedKey>, Blocker> {
    if !paths.identity_required && is_missing(&paths.certificate) && is_missing(&paths.key) {
        return Ok(None);
    }
    let chain = pem_file::certificates(&paths.certificate, "tls.cert")?;
    let keys = pem_file::keys(&paths.key)?;
    let kind = readable(&chain, &paths.certificate)?;
    let own = belonging_together(&chain, &keys, paths, kind.as_ref())?;
    let Remarks { texts, own_is_of_another_ca } = remarks_on(&own.cert, &paths.certificate, roots)?;
    remarks.texts.extend(texts);
    remarks.own_is_of_another_ca = own_is_of_another_ca;
    Ok(Some(own))
}

/// What is wrong with the certificate and with the key, each looked at on its own and to its end, where it is there.
pub(super) fn problems(paths: &TlsPaths, roots: &Arc<RootCertStore>) -> Vec<Blocker> {
    let (certificate, key) = (&paths.certificate, &paths.key);
    let mut all = Vec::new();
    let chain = (!is_missing(certificate)).then(|| pem_file::all_of_certificates(certificate, "tls.cert"));
    let key = (!is_missing(key)).then(|| pem_file::all_of_keys(key)).and_then(Result::err);
    if let Some(Ok(chain)) = &chain {
        all.extend(readable(chain, certificate).err());
        all.extend(remarks_on(chain, certificate, roots).err());
    }
    for (first, second) in chain.and_then(Result::err).into_iter().chain(key) {
        // Both may be in one file.
        all.extend((!all.contains(&first)).then_some(first));
        all.extend(second.filter(|second| !all.contains(second)));
    }
    all
}

/// The kind of the first certificate's key; refuses a certificate that no TLS library of today reads.
fn readable(chain: &[CertificateDer<'static>], path: &Path) -> Result<Option<KeyKind>, Blocker> {
    let Some(leaf) = chain.first() else {
        return Ok(None);
    };
    let unusable =
        |why: &str, remedy| own_file(format!("the certificate {} cannot be used: {why}", path.display()), remedy);
    let parsed = ParsedCertificate::try_from(leaf).map_err(|error| {
        let look = format!("issue another one; to look at it: openssl x509 -in {} -noout -text", quoted(path));
        unusable(&words::own(&error), look)
    })?;
    let kind = first(&parsed.subject_public_key_info(), SEQUENCE).and_then(algorithm::kind_of_key);
    match kind {
        Some(kind) if !kind.can_sign => Err(unusable(
            &format!("its key is {}, which is not supported", kind.name),
            format!("issue one for another key: {USABLE_KEYS}"),
        )),
        kind => Ok(kind),
    }
}

/// The chain with the key of its first certificate.
fn belonging_together(
    chain: &[CertificateDer<'static>],
    keys: &[PrivateKeyDer<'static>],
    paths: &TlsPaths,
    kind: Option<&KeyKind>,
) -> Result<CertifiedKey, Blocker> {
    let count = keys.len();
    // What ring says of a key is not shown: it might quote it.
    let keys: Vec<Arc<dyn SigningKey>> = keys.iter().filter_map(|key| any_supported_type(key).ok()).collect();
    let (key, certificate) = (paths.key.display(), paths.certificate.display());
    if keys.is_empty() {
        let kind = kind.map_or_else(String::new, |kind| format!(", and that of {certificate} is {}", kind.name));
        return Err(own_file(
            format!("{key} cannot be used: its private key is damaged or of an unsupported kind{kind}"),
            format!(
                "install the key that the certificate was issued for, {USABLE_KEYS}; to check it: openssl pkey -in {} -noout",
                quoted(&paths.key)
            ),
        ));
    }
    let fitting = |chain: &[CertificateDer<'static>]| {
        let mut pairs = keys.iter().map(|key| CertifiedKey::new(chain.to_vec(), Arc::clone(key)));
        pairs.find(|pair| pair.keys_match().is_ok())
    };
    if let Some(pair) = fitting(chain) {
        return Ok(pair);
    }
    if let Some(index) = (1..chain.len()).find(|index| fitting(&chain[*index..]).is_some()) {
        return Err(own_file(
            format!("{certificate} is in the wrong order: {key} is the key of its certificate number {}", index + 1),
            "put this node's own certificate first, and those of the CAs after it".to_owned(),
        ));
    }
    let reason = match count {
        1 => format!("{key} is not the key of {certificate}"),
        count => format!("{key} has {count} private keys, and none is the key of {certificate}"),
    };
    Err(own_file(reason, "install the key and the certificate that were made together".to_owned()))
}

/// What a peer may mind. Refuses a certificate that is past its own dates: every peer would say so, with a bare alert. An
/// expired one of a CA in the file a peer can do without, where it has the CA's other certificate. Where it seems not valid
/// yet, it is this node's clock that is behind, not theirs. They may trust it by a CA that is not in `tls.ca`, so that is a remark.
fn remarks_on(chain: &[CertificateDer<'static>], path: &Path, roots: &Arc<RootCertStore>) -> Result<Remarks, Blocker> {
    let Some((leaf, intermediates)) = chain.split_first() else {
        return Ok(Remarks::default());
    };
    let (mut remarks, mut own_is_of_another_ca) = (Vec::new(), false);
    let provider = Arc::new(ring::default_provider());
    let verifier = WebPkiClientVerifier::builder_with_provider(Arc::clone(roots), provider).build();
    if let (Ok(verifier), Some(now)) = (verifier, NotBeforeBuild.current_time()) {
        let expired = |certificate| expired(certificate, verifier.as_ref(), now);
        if let Some(reason) = expired(leaf) {
            return Err(Blocker {
                cause: Cause::OwnExpired,
                reason: format!("the certificate {} cannot be used: {}", path.display(), words::certificate(&reason)),
                remedy: format!(
                    "renew it, or set this node's clock if that is wrong: openssl x509 -in {} -noout -dates",
                    quoted(path)
                ),
            });
        }
        match verifier.verify_client_cert(leaf, intermediates, now) {
            Err(Error::InvalidCertificate(CertificateError::Expired | CertificateError::ExpiredContext { .. })) => {
                let of_cas = intermediates.iter().enumerate();
                remarks.extend(of_cas.filter_map(|(index, certificate)| {
                    Some(expired_ca(certificate, index + 2, path, &expired(certificate)?))
                }));
            }
            Err(Error::InvalidCertificate(CertificateError::NotValidYetContext { .. })) => {}
            Err(Error::InvalidCertificate(other)) => {
                own_is_of_another_ca =
                    matches!(other, CertificateError::UnknownIssuer | CertificateError::BadSignature);
                remarks.push(format!("{}: {}", path.display(), words::certificate(&other)));
            }
            _ => {}
        }
    }
    if names(leaf).is_some_and(|names| names.is_empty()) {
        remarks.push(format!(
            "{}: it has no subjectAltName, so clients that reach a service of this node by name or address reject it",
            path.display()
        ));
    }
    Ok(Remarks { texts: remarks, own_is_of_another_ca })
}

/// Whether a certificate is past its own dates. Of a path, webpki says only that some certificate in it has expired. Given
/// no others, it looks at no other dates: those of the trusted CAs do not count.
fn expired(
    certificate: &CertificateDer<'_>,
    verifier: &dyn ClientCertVerifier,
    now: UnixTime,
) -> Option<CertificateError> {
    match verifier.verify_client_cert(certificate, &[], now) {
        Err(Error::InvalidCertificate(
            reason @ (CertificateError::Expired | CertificateError::ExpiredContext { .. }),
        )) => Some(reason),
        _ => None,
    }
}

/// A remark on the certificate of a CA in the node's own file. `openssl x509` would show the first one alone.
fn expired_ca(certificate: &CertificateDer<'_>, number: usize, path: &Path, reason: &CertificateError) -> String {
    let subject = described::subject(certificate).unwrap_or_else(|| "of an unreadable subject".to_owned());
    format!(
        "{}: its certificate number {number} ({subject}) has expired: {}; put the CA's current certificate in its place; to \
         look at all of them: openssl crl2pkcs7 -nocrl -certfile {} | openssl pkcs7 -print_certs -noout -text",
        path.display(),
        words::certificate(reason),
        quoted(path)
    )
}

/// The names of a certificate, as webpki prints them; `None` where it cannot be read.
pub(super) fn names(certificate: &CertificateDer<'_>) -> Option<Vec<String>> {
    // webpki lists them when asked for one that no certificate has.
    let nobody = ServerName::IpAddress(std::net::Ipv4Addr::UNSPECIFIED.into());
    match EndEntityCert::try_from(certificate).ok()?.verify_is_valid_for_subject_name(&nobody) {
        Err(webpki::Error::CertNotValidForName(context)) => Some(context.presented),
        _ => None,
    }
}
