//! A process's TLS identity (CA, certificate, key) and the rustls configurations made of it.
//!
//! Always on ring, named explicitly: no process-wide default provider is relied upon, because the
//! agent's own tests install one in the same process. There is no way to switch verification off.

use std::path::Path;
use std::sync::Arc;

use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, CertificateRevocationListDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{ClientConfig, RootCertStore, ServerConfig};

use crate::clock::NotBeforeInstalled;
use crate::error::StandinError;
use crate::pki::IssuedCertificate;

/// The PEM texts that a server presents and trusts; also what a client needs to call it.
#[derive(Clone)]
pub struct Identity {
    authority: String,
    certificate: String,
    key: String,
    revoked: Option<String>,
}

impl Identity {
    /// Takes a certificate made in this process, and the CA to trust.
    #[must_use]
    pub fn new(authority_pem: &str, issued: &IssuedCertificate) -> Self {
        Self {
            authority: authority_pem.to_owned(),
            certificate: issued.certificate_pem.clone(),
            key: issued.key_pem.clone(),
            revoked: None,
        }
    }

    /// The same, turning away clients whose certificate this list (as PEM) takes back.
    #[must_use]
    pub fn refusing(self, revoked: String) -> Self {
        Self { revoked: Some(revoked), ..self }
    }

    /// Reads the three PEM files.
    ///
    /// # Errors
    /// A file that cannot be read. What is in it is looked at when it is used.
    pub fn read(authority: &Path, certificate: &Path, key: &Path) -> Result<Self, StandinError> {
        let read = |path: &Path| {
            std::fs::read_to_string(path).map_err(|source| StandinError::File {
                action: "read",
                path: path.to_owned(),
                source,
            })
        };
        Ok(Self { authority: read(authority)?, certificate: read(certificate)?, key: read(key)?, revoked: None })
    }

    /// What a server presents; with `require_client_certificate` it turns away clients that show
    /// no certificate of the same CA.
    pub(crate) fn server_config(&self, require_client_certificate: bool) -> Result<Arc<ServerConfig>, StandinError> {
        let builder = ServerConfig::builder_with_details(provider(), Arc::new(NotBeforeInstalled::new()))
            .with_safe_default_protocol_versions()
            .map_err(|cause| tls("protocol versions", &cause))?;
        let builder = if require_client_certificate {
            let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(self.roots()?), provider())
                .with_crls(self.revocation_lists()?)
                .build()
                .map_err(|cause| tls("CA", &cause))?;
            builder.with_client_cert_verifier(verifier)
        } else {
            builder.with_no_client_auth()
        };
        let mut config =
            builder.with_single_cert(self.chain()?, self.key()?).map_err(|cause| tls("certificate and key", &cause))?;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Arc::new(config))
    }

    /// A client that trusts only the CA and presents the certificate.
    ///
    /// # Errors
    /// PEM texts that do not hold what they should.
    pub fn client(&self) -> Result<reqwest::Client, StandinError> {
        let config = ClientConfig::builder_with_details(provider(), Arc::new(NotBeforeInstalled::new()))
            .with_safe_default_protocol_versions()
            .map_err(|cause| tls("protocol versions", &cause))?
            .with_root_certificates(self.roots()?)
            .with_client_auth_cert(self.chain()?, self.key()?)
            .map_err(|cause| tls("certificate and key", &cause))?;
        reqwest::Client::builder()
            .tls_backend_preconfigured(config)
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(std::time::Duration::from_secs(1))
            .build()
            .map_err(|cause| tls("client configuration", &cause))
    }

    fn roots(&self) -> Result<RootCertStore, StandinError> {
        let mut roots = RootCertStore::empty();
        for certificate in CertificateDer::pem_slice_iter(self.authority.as_bytes()) {
            let certificate = certificate.map_err(|cause| tls("CA", &cause))?;
            roots.add(certificate).map_err(|cause| tls("CA", &cause))?;
        }
        Ok(roots)
    }

    fn chain(&self) -> Result<Vec<CertificateDer<'static>>, StandinError> {
        CertificateDer::pem_slice_iter(self.certificate.as_bytes())
            .collect::<Result<_, _>>()
            .map_err(|cause| tls("certificate", &cause))
    }

    fn revocation_lists(&self) -> Result<Vec<CertificateRevocationListDer<'static>>, StandinError> {
        self.revoked
            .iter()
            .flat_map(|list| CertificateRevocationListDer::pem_slice_iter(list.as_bytes()))
            .collect::<Result<_, _>>()
            .map_err(|cause| tls("revocation list", &cause))
    }

    fn key(&self) -> Result<PrivateKeyDer<'static>, StandinError> {
        PrivateKeyDer::from_pem_slice(self.key.as_bytes()).map_err(|cause| tls("key", &cause))
    }
}

/// The key stays out of every log.
impl std::fmt::Debug for Identity {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Identity").finish_non_exhaustive()
    }
}

fn provider() -> Arc<CryptoProvider> {
    Arc::new(rustls::crypto::ring::default_provider())
}

fn tls(part: &'static str, cause: &dyn std::fmt::Display) -> StandinError {
    StandinError::Tls { part, cause: cause.to_string() }
}
