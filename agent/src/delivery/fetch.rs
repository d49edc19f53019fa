//! Fetches a configuration over verified TLS, again and again while trouble may pass: a card without a link, a name server
//! that is not there yet, a server that restarts. The caller bounds it.

use std::path::PathBuf;
use std::time::Duration;

use tokio::time::sleep;

use crate::cluster::Download;
use crate::config::{Limits, Request, SIZE_LIMIT, Source};
use crate::events::{Event, Report};
use crate::retry::Schedule;
use crate::run::ports::Fault;

use super::{Digest, Hardware, UrlTemplate};

/// A boot server is near, and a node that boots has nobody else to ask: shorter than for a cluster's members.
const REQUEST: Request =
    Request { connect: Duration::from_secs(3), total: Duration::from_secs(10), max_body: SIZE_LIMIT };
/// While a link or an address is missing, a try costs next to nothing.
const PAUSES: Limits =
    Limits { limit: Duration::MAX, first_delay: Duration::from_millis(50), max_delay: Duration::from_secs(1) };

/// What is to be fetched.
#[derive(Debug, Clone)]
pub struct Fetch {
    /// From where.
    pub url: UrlTemplate,
    /// The digest that it must have, where one was given.
    pub sha256: Option<Digest>,
    /// The authority of the image.
    pub ca: PathBuf,
    /// `/`, where the hardware is described.
    pub root: PathBuf,
    /// The card that the machine was booted from.
    pub boot_card: Option<String>,
}

/// Why there is no point in trying again.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    /// The server or this image must be changed first.
    #[error("{0}")]
    Blocked(String),
    /// The bytes are not those that were meant.
    #[error(
        "what came from {url} has {found}, and first_boot.config_sha256 says {expected}; give the digest of the file that \
         the server has"
    )]
    OtherDigest {
        /// From where it came.
        url: String,
        /// Of what came.
        found: Digest,
        /// Of what was meant.
        expected: Digest,
    },
}

impl FetchError {
    /// The digest of what came, where something came.
    #[must_use]
    pub fn digest(&self) -> Option<Digest> {
        match self {
            Self::OtherDigest { found, .. } => Some(*found),
            Self::Blocked(_) => None,
        }
    }
}

impl Fetch {
    /// The bytes, once they are there, and from which URL they came.
    ///
    /// # Errors
    /// What no further try would mend.
    pub async fn run(&self, report: &dyn Report) -> Result<(Vec<u8>, Source), FetchError> {
        let download = Download::new(&self.ca, REQUEST).map_err(|blocker| FetchError::Blocked(blocker.to_string()))?;
        let mut pauses = Schedule::polling(&PAUSES);
        let mut told = String::new();
        loop {
            let trouble = match self.attempt(&download).await {
                Ok((bytes, source)) => return self.verify(bytes, source),
                Err(Trouble::Fault(fault)) => match fault.blocker() {
                    Some(blocker) => return Err(FetchError::Blocked(blocker.to_string())),
                    None => fault.to_string(),
                },
                Err(Trouble::Hardware(missing)) => missing,
            };
            // Once a second the same would be noise.
            if trouble != told {
                report.report(Event::ConfigurationFetchFailed { source: self.url.to_string(), error: trouble.clone() });
                told = trouble;
            }
            sleep(pauses.next_delay(None).unwrap_or(PAUSES.max_delay)).await;
        }
    }

    async fn attempt(&self, download: &Download) -> Result<(Vec<u8>, Source), Trouble> {
        let hardware = Hardware::of(&self.root, self.boot_card.as_deref());
        let path = self.url.path(&hardware).map_err(Trouble::Hardware)?;
        let bytes = download.get(&self.url.server, &path).await.map_err(|fault| Trouble::Fault(Box::new(fault)))?;
        Ok((bytes, Source::Delivered(format!("{}{path}", self.url.server))))
    }

    fn verify(&self, bytes: Vec<u8>, source: Source) -> Result<(Vec<u8>, Source), FetchError> {
        let found = Digest::of(&bytes);
        match self.sha256 {
            Some(expected) if expected != found => {
                Err(FetchError::OtherDigest { url: source.to_string(), found, expected })
            }
            _ => Ok((bytes, source)),
        }
    }
}

/// What may pass.
enum Trouble {
    Fault(Box<Fault>),
    /// What is to be filled in is not known, or not yet: a card appears when its driver is loaded.
    Hardware(String),
}
