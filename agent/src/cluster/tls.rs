//! TLS from the node's files: the authority that is trusted and the certificate that is
//! presented. There is no way to turn verification off.

use std::path::Path;
use std::sync::Arc;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::time_provider::TimeProvider;
use rustls::{CertificateError, ClientConfig, RootCertStore};

use crate::clock::NotBeforeBuild;
use crate::config::TlsPaths;
use crate::plan::{Blocker, Cause};
use crate::secret_file;

/// What this node presents where a service asks for a client certificate.
struct Presented {
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
}

/// The client's TLS configuration from the files of the configuration.
pub(super) fn client_config(paths: &TlsPaths) -> Result<ClientConfig, Blocker> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let roots = Arc::new(trusted(&paths.ca)?);
    let builder = ClientConfig::builder_with_details(Arc::clone(&provider), Arc::new(NotBeforeBuild))
        .with_safe_default_protocol_versions()
        .map_err(|error| unusable(&paths.ca, &error.to_string()))?
        .with_root_certificates(Arc::clone(&roots));
    let Some(presented) = presented(paths)? else {
        return Ok(builder.with_no_client_auth());
    };
    refuse_outdated(&presented, &paths.certificate, roots, provider)?;
    builder.with_client_auth_cert(presented.chain, presented.key).map_err(|error| match error {
        rustls::Error::InconsistentKeys(_) => Blocker {
            cause: Cause::Trust,
            reason: format!("{} is not the key of {}", paths.key.display(), paths.certificate.display()),
            remedy: "install the key and the certificate that were made together".to_owned(),
        },
        other => unusable(&paths.key, &other.to_string()),
    })
}

fn trusted(ca: &Path) -> Result<RootCertStore, Blocker> {
    let mut roots = RootCertStore::empty();
    for certificate in certificates(ca)? {
        roots.add(certificate).map_err(|error| unusable(ca, &error.to_string()))?;
    }
    Ok(roots)
}

/// Certificate and key; `None` where the configuration names none and none lie at the
/// default paths.
fn presented(paths: &TlsPaths) -> Result<Option<Presented>, Blocker> {
    if !paths.identity_required && !paths.certificate.exists() && !paths.key.exists() {
        return Ok(None);
    }
    let chain = certificates(&paths.certificate)?;
    let text = secret_file::read(&paths.key).map_err(|error| Blocker {
        cause: Cause::Secret,
        reason: error.to_string(),
        remedy: error.remedy(),
    })?;
    // The parser's error is not told: it might quote the key.
    let key = PrivateKeyDer::from_pem_slice(text.as_bytes())
        .map_err(|_| unusable(&paths.key, "it holds no private key in PEM form"))?;
    Ok(Some(Presented { chain, key }))
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, Blocker> {
    let bytes = std::fs::read(path).map_err(|error| Blocker {
        cause: Cause::Trust,
        reason: format!("cannot read {}: {error}", path.display()),
        remedy: format!("put the certificate there, or set `tls` in the configuration: ls -l {}", path.display()),
    })?;
    let found = CertificateDer::pem_slice_iter(&bytes)
        .collect::<Result<Vec<_>, _>>()
        .map_err(|error| unusable(path, &error.to_string()))?;
    if found.is_empty() {
        return Err(unusable(path, "it holds no certificate in PEM form"));
    }
    Ok(found)
}

/// Says at once what every peer would say with a bare alert. Only the end of its validity is judged: the peers may trust
/// this node's certificate by an authority that is not in `tls.ca`, and where it seems not valid yet, it is this node's
/// clock that is behind, not theirs.
fn refuse_outdated(
    presented: &Presented,
    path: &Path,
    roots: Arc<RootCertStore>,
    provider: Arc<rustls::crypto::CryptoProvider>,
) -> Result<(), Blocker> {
    let Ok(verifier) = WebPkiClientVerifier::builder_with_provider(roots, provider).build() else {
        return Ok(());
    };
    let (Some(now), Some((leaf, intermediates))) = (NotBeforeBuild.current_time(), presented.chain.split_first())
    else {
        return Ok(());
    };
    let Err(rustls::Error::InvalidCertificate(
        dates @ (CertificateError::Expired | CertificateError::ExpiredContext { .. }),
    )) = verifier.verify_client_cert(leaf, intermediates, now)
    else {
        return Ok(());
    };
    Err(Blocker {
        cause: Cause::Trust,
        reason: format!("the certificate {} cannot be used: {dates}", path.display()),
        remedy: format!("renew it, or set the clock: openssl x509 -in {} -noout -dates", path.display()),
    })
}

fn unusable(path: &Path, reason: &str) -> Blocker {
    Blocker {
        cause: Cause::Trust,
        reason: format!("{} cannot be used: {reason}", path.display()),
        remedy: format!("check the file: openssl x509 -in {} -noout -text", path.display()),
    }
}
