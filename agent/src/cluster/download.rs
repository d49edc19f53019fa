//! A file over verified TLS, for a node that has no configuration yet: its image's authority is all that it goes by.

use std::path::{Path, PathBuf};

use crate::config::{Endpoint, Request, TlsPaths};
use crate::plan::Blocker;
use crate::run::ports::{Class, Fault};

use super::http::{Http, Method};
use super::tls;

/// A client that presents no certificate.
#[derive(Debug)]
pub struct Download {
    http: Http,
}

impl Download {
    /// Reads the authority; no connection is made.
    ///
    /// # Errors
    /// It is missing or damaged.
    pub fn new(ca: &Path, request: Request) -> Result<Self, Blocker> {
        let nobody = PathBuf::new();
        let paths = TlsPaths { ca: ca.to_owned(), certificate: nobody.clone(), key: nobody, identity_required: false };
        Ok(Self { http: Http::new(tls::client_config(&paths)?, request)? })
    }

    /// The file at a path of a server.
    ///
    /// # Errors
    /// There is none, or none yet: see the fault's class.
    pub async fn get(&self, at: &Endpoint, path: &str) -> Result<Vec<u8>, Fault> {
        let answer = self.http.send(Method::GET, at, path, None).await?;
        match answer.status {
            200 if !answer.is_html() => Ok(answer.into_body()),
            // The server may be about to get it; the boot waits for it within its bound anyway.
            404 => Err(Fault { class: Class::Transient { retry_after: None }, ..answer.fault() }),
            _ => Err(answer.fault()),
        }
    }
}
