//! A CA for tests and the certificates it issues: good ones, and wrong ones on purpose.
//!
//! The CA's name is derived from its key, so that a key file alone is enough to go on
//! issuing, and so that two CAs never share a name. Only for tests: keys are
//! unencrypted beside the certificates.

use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use rcgen::{
    BasicConstraints, CertificateParams, CertificateRevocationListParams, DnType, ExtendedKeyUsagePurpose, IsCa,
    Issuer, KeyIdMethod, KeyPair, KeyUsagePurpose, RevokedCertParams, SerialNumber,
};
use time::{Duration, OffsetDateTime};

use crate::error::StandinError;
use crate::tokens::sha256_hex;

/// When a certificate is good, seen from now.
#[derive(Clone, Copy, Debug, Eq, PartialEq, clap::ValueEnum)]
pub enum Validity {
    /// From a year ago for ten years: a node without an RTC battery lives in the past, and its
    /// agent judges as of its build date, which may be long ago where cargo had nothing to do.
    Valid,
    /// Ended an hour ago.
    Expired,
    /// Begins in a day.
    NotYetValid,
}

impl Validity {
    fn bounds(self) -> (OffsetDateTime, OffsetDateTime) {
        let now = OffsetDateTime::now_utc();
        let (from, until) = match self {
            Self::Valid => (Duration::days(-365), Duration::days(3650)),
            Self::Expired => (Duration::days(-30), Duration::hours(-1)),
            Self::NotYetValid => (Duration::days(1), Duration::days(3650)),
        };
        (now + from, now + until)
    }
}

/// A certificate with its key, both as PEM text.
#[derive(Clone)]
pub struct IssuedCertificate {
    /// The certificate.
    pub certificate_pem: String,
    /// The private key.
    pub key_pem: String,
    serial: SerialNumber,
}

/// A certificate authority (CA). For "the wrong CA", make a second one.
pub struct Authority {
    certificate_pem: String,
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    /// Makes a CA with a fresh key.
    ///
    /// # Errors
    /// The random source or the library fails.
    pub fn create() -> Result<Self, StandinError> {
        Self::with_key(KeyPair::generate().map_err(|source| failed("the CA", source))?)
    }

    /// Takes the CA of `folder` (`ca.crt`, `ca.key`), or makes it there.
    ///
    /// # Errors
    /// Files that cannot be read or written, a key that is not one.
    pub fn open_or_create(folder: &Path) -> Result<Self, StandinError> {
        let (certificate, key) = (folder.join("ca.crt"), folder.join("ca.key"));
        if certificate.exists() && key.exists() {
            let key = KeyPair::from_pem(&read(&key)?).map_err(|source| failed("the CA", source))?;
            let certificate_pem = read(&certificate)?;
            let authority = Self::with_key(key)?;
            return Ok(Self { certificate_pem, ..authority });
        }
        let authority = Self::create()?;
        write(&certificate, authority.certificate_pem(), 0o644)?;
        write(&key, &authority.issuer.key().serialize_pem(), 0o600)?;
        Ok(authority)
    }

    /// The CA's own certificate, which every client and member trusts.
    #[must_use]
    pub fn certificate_pem(&self) -> &str {
        &self.certificate_pem
    }

    /// Issues a certificate for servers and clients alike, good for the given hostnames and
    /// addresses. A certificate for the wrong name is one with other names here.
    ///
    /// # Errors
    /// A name that is not a DNS name.
    pub fn issue(
        &self,
        subject: &str,
        names: &[String],
        validity: Validity,
    ) -> Result<IssuedCertificate, StandinError> {
        let failed = |source| failed(subject, source);
        let key = KeyPair::generate().map_err(failed)?;
        let mut params = CertificateParams::new(names.to_vec()).map_err(failed)?;
        params.distinguished_name.remove(DnType::CommonName);
        params.distinguished_name.push(DnType::CommonName, subject);
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
        (params.not_before, params.not_after) = validity.bounds();
        let serial = serial_of(&key);
        params.serial_number = Some(serial.clone());
        let certificate = params.signed_by(&key, &self.issuer).map_err(failed)?;
        Ok(IssuedCertificate { certificate_pem: certificate.pem(), key_pem: key.serialize_pem(), serial })
    }

    /// A list that takes this certificate back, for [`Identity::refusing`](crate::Identity::refusing), as PEM.
    ///
    /// # Errors
    /// The library fails.
    pub fn revoke(&self, issued: &IssuedCertificate) -> Result<String, StandinError> {
        let (since, until) = Validity::Valid.bounds();
        let revoked = RevokedCertParams {
            serial_number: issued.serial.clone(),
            revocation_time: since,
            reason_code: None,
            invalidity_date: None,
        };
        let list = CertificateRevocationListParams {
            this_update: since,
            next_update: until,
            crl_number: SerialNumber::from(1),
            issuing_distribution_point: None,
            revoked_certs: vec![revoked],
            key_identifier_method: KeyIdMethod::Sha256,
        };
        let signed = list.signed_by(&self.issuer).and_then(|list| list.pem());
        signed.map_err(|source| failed("the revocation list", source))
    }

    fn with_key(key: KeyPair) -> Result<Self, StandinError> {
        let mut params = CertificateParams::default();
        params.distinguished_name.remove(DnType::CommonName);
        params.distinguished_name.push(DnType::CommonName, name_of(&key));
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        (params.not_before, params.not_after) = Validity::Valid.bounds();
        let certificate = params.self_signed(&key).map_err(|source| failed("the CA", source))?;
        Ok(Self { certificate_pem: certificate.pem(), issuer: Issuer::new(params, key) })
    }
}

impl IssuedCertificate {
    /// Writes `NAME.crt` and `NAME.key` (readable by its owner only) into `folder`.
    ///
    /// # Errors
    /// Files that cannot be written.
    pub fn write(&self, folder: &Path, name: &str) -> Result<(), StandinError> {
        write(&folder.join(format!("{name}.crt")), &self.certificate_pem, 0o644)?;
        write(&folder.join(format!("{name}.key")), &self.key_pem, 0o600)
    }
}

fn name_of(key: &KeyPair) -> String {
    let digest = sha256_hex(key.public_key_raw());
    let short: String = digest.chars().take(8).collect();
    format!("cluster-standin test CA {short}")
}

/// Different for each key, positive, and short.
fn serial_of(key: &KeyPair) -> SerialNumber {
    let digest = sha256_hex(key.public_key_raw());
    SerialNumber::from(digest.bytes().take(16).map(|digit| digit & 0x7f).collect::<Vec<u8>>())
}

fn failed(subject: &str, source: rcgen::Error) -> StandinError {
    StandinError::Certificate { subject: subject.to_owned(), source }
}

fn read(path: &Path) -> Result<String, StandinError> {
    std::fs::read_to_string(path).map_err(|source| StandinError::File { action: "read", path: path.to_owned(), source })
}

fn write(path: &Path, text: &str, mode: u32) -> Result<(), StandinError> {
    let written = || {
        // An existing file would keep its own mode.
        match std::fs::remove_file(path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let mut file = std::fs::OpenOptions::new().write(true).create_new(true).mode(mode).open(path)?;
        file.write_all(text.as_bytes())
    };
    written().map_err(|source| StandinError::File { action: "write", path: path.to_owned(), source })
}
