//! A file over verified TLS, for a node that has no configuration yet: the CA of its image is all that it has. What an
//! answer means is up to `delivery`, which also decides what may be said of it.

use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::config::{Endpoint, Request, TlsPaths};
use crate::plan::Blocker;
use crate::run::ports::Fault;

use super::client::{Answer, Client, Method};

/// A client that presents no certificate.
#[derive(Debug)]
pub struct Download {
    client: Client,
}

/// What a server has answered. Shown without the body, which may be somebody's configuration.
#[derive(Clone, PartialEq, Eq)]
pub struct Served {
    /// The HTTP status.
    pub status: u16,
    /// `Content-Type`, in lower case; empty where there is none.
    pub content_type: String,
    /// `Location`, as it came.
    pub location: Option<String>,
    /// `Retry-After` in seconds, bounded.
    pub retry_after: Option<Duration>,
    /// The bytes.
    pub body: Vec<u8>,
}

impl fmt::Debug for Served {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "HTTP {} with {} bytes", self.status, self.body.len())
    }
}

impl Download {
    /// Reads the authority; no connection is made.
    ///
    /// # Errors
    /// It is missing or damaged.
    pub fn new(ca: &Path, request: Request) -> Result<Self, Blocker> {
        let nobody = PathBuf::new();
        let paths = TlsPaths { ca: ca.to_owned(), certificate: nobody.clone(), key: nobody, identity_required: false };
        let client = Client::new(&paths, request)?;
        Ok(Self { client: client.advising("a configuration has no more: does the URL lead to one?") })
    }

    /// What the server has at a path. A redirect is not followed.
    ///
    /// # Errors
    /// There is no whole answer, or none that can be trusted.
    pub async fn get(&self, at: &Endpoint, path: &str) -> Result<Served, Fault> {
        Ok(Served::from(self.client.send(Method::GET, at, path, None).await?))
    }
}

impl From<Answer> for Served {
    fn from(answer: Answer) -> Self {
        let Answer { status, content_type, location, retry_after, body, .. } = answer;
        Self { status, content_type, location, retry_after, body }
    }
}
