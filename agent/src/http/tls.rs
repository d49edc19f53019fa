//! TLS from the node's files: the CAs that are trusted and the certificate that is presented. There is no way to turn
//! verification off.

pub(super) mod algorithm;
mod der;
mod described;
mod instead;
mod own;
mod pem_file;

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::crypto::ring;
use rustls::sign::SingleCertAndKey;
use rustls::{ClientConfig, RootCertStore};

use crate::clock::NotBeforeBuild;
use crate::config::TlsPaths;
use crate::plan::Blocker;

use super::words;

pub use described::{describe, ends_of_certificates};

/// What is odd about the files of a configuration, and may be refused by others.
#[derive(Debug, Default)]
pub(super) struct Remarks {
    pub(super) texts: Vec<String>,
    /// This node's certificate is not of a CA in `tls.ca`. Members may trust its CA all the same; if a member's is not of one
    /// either, `tls.ca` is the file to look at.
    pub(super) own_is_of_another_ca: bool,
}

/// The client's side of TLS from the files of the configuration, and what is odd about these files. Callers decide
/// whether that matters.
pub(super) fn client(paths: &TlsPaths) -> Result<(ClientConfig, Remarks), Blocker> {
    let (roots, texts) = trusted(paths)?;
    let (roots, mut remarks) = (Arc::new(roots), Remarks { texts, ..Remarks::default() });
    let own = own::presented(paths, &roots, &mut remarks)?;
    let builder = ClientConfig::builder_with_details(Arc::new(ring::default_provider()), Arc::new(NotBeforeBuild))
        .with_safe_default_protocol_versions()
        .map_err(|error| pem_file::unusable(&paths.ca, &words::cause(&error)))?
        .with_root_certificates(roots);
    let config = match own {
        Some(own) => builder.with_client_cert_resolver(Arc::new(SingleCertAndKey::from(own))),
        None => builder.with_no_client_auth(),
    };
    Ok((config, remarks))
}

/// What there is to say of a node's TLS files, each looked at on its own.
#[derive(Debug, Default)]
pub struct TlsFindings {
    /// Files that the configuration needs and that are not there, with the names of their settings.
    pub missing: Vec<(&'static str, PathBuf)>,
    /// What the units would refuse.
    pub refused: Vec<Blocker>,
    /// What is odd, and may be refused by others.
    pub remarks: Vec<String>,
}

/// Looks at the TLS files of a configuration, and makes no connection.
#[must_use]
pub fn findings(paths: &TlsPaths) -> TlsFindings {
    let (mut found, mut remarks) = (TlsFindings::default(), Remarks::default());
    let mut roots = RootCertStore::empty();
    if is_missing(&paths.ca) {
        found.missing.push(("tls.ca", paths.ca.clone()));
    } else {
        match trusted(paths) {
            Ok((usable, texts)) => (roots, remarks.texts) = (usable, texts),
            Err(blocker) => found.refused.push(blocker),
        }
    }
    let own = [("tls.cert", &paths.certificate), ("tls.key", &paths.key)];
    let missing: Vec<_> = own.into_iter().filter(|(_, path)| is_missing(path)).collect();
    if missing.len() == own.len() && !paths.identity_required {
        found.remarks = remarks.texts;
        return found;
    }
    let roots = Arc::new(roots);
    let together = missing.is_empty().then(|| own::presented(paths, &roots, &mut remarks));
    if !matches!(together, Some(Ok(_))) {
        let each = own::problems(paths, &roots);
        // What only both together show, as that they are not each other's.
        found.refused.extend(together.and_then(Result::err).filter(|first| !each.contains(first)));
        found.refused.extend(each);
    }
    found.missing.extend(missing.into_iter().map(|(setting, path)| (setting, path.clone())));
    found.remarks = remarks.texts;
    found
}

/// Whether nothing has the name; a link to nothing is something.
fn is_missing(path: &Path) -> bool {
    path.symlink_metadata().is_err_and(|error| error.kind() == io::ErrorKind::NotFound)
}

/// The CAs, and what is odd about some of them.
fn trusted(paths: &TlsPaths) -> Result<(RootCertStore, Vec<String>), Blocker> {
    let mut roots = RootCertStore::empty();
    for certificate in pem_file::certificates(&paths.ca, "tls.ca")? {
        roots.add(certificate).map_err(|error| pem_file::unusable(&paths.ca, &words::own(&error)))?;
    }
    let kinds = roots.roots.iter().map(|root| algorithm::kind_of_key(&root.subject_public_key_info));
    let unusable: Vec<String> =
        kinds.filter_map(|kind| kind.filter(|kind| !kind.can_verify)).map(|kind| kind.name).collect();
    let remark = |name: &String| {
        format!(
            "{} has a CA whose key is {name}: certificates that it has signed cannot be verified: it takes {}",
            paths.ca.display(),
            algorithm::USABLE_SIGNATURES
        )
    };
    match unusable.first() {
        Some(name) if unusable.len() == roots.len() => Err(instead::own_file(
            remark(name),
            "have the certificates of the cluster issued by another CA, and put that one there".to_owned(),
        )),
        _ => Ok((roots, unusable.iter().map(remark).collect())),
    }
}

#[cfg(test)]
mod tests;
