//! Fetches a configuration over verified TLS, again and again while trouble may pass: a card without a link, a name server
//! that is not there yet, a server that restarts. The caller bounds it.

use std::path::PathBuf;
use std::time::Duration;

use tokio::time::sleep;

use crate::config::{Limits, Request, SIZE_LIMIT, Source};
use crate::events::{Event, Report};
use crate::http::Download;
use crate::plan::Cause;
use crate::retry::Schedule;
use crate::run::ports::{Class, Fault};

use super::answer::{Verdict, judge};
use super::{Digest, Hardware, UrlTemplate};

/// A boot server is near, and a node that boots has nobody else to ask: shorter than for a cluster's members. More is read
/// than a configuration may have, to say what came instead.
const REQUEST: Request =
    Request { connect: Duration::from_secs(3), total: Duration::from_secs(10), max_body: 4 * SIZE_LIMIT };
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
        "what came from {url} ({length} bytes) has {found}, and first_boot.config_sha256 says {expected}; give the digest of \
         the file that the server has"
    )]
    OtherDigest {
        /// From where it came.
        url: String,
        /// How long it is, in bytes.
        length: usize,
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
        let download = Download::new(&self.ca, REQUEST).map_err(|blocker| {
            FetchError::Blocked(format!(
                "{}; put the certificate of the CA that signed the server's into the initrd as {}",
                blocker.reason,
                self.ca.display()
            ))
        })?;
        let mut pauses = Schedule::polling(&PAUSES);
        let mut told = String::new();
        let mut doubted = None;
        loop {
            let hardware = Hardware::of(&self.root, self.boot_card.as_deref());
            if hardware.doubt != doubted && self.url.names_the_interface() {
                doubted.clone_from(&hardware.doubt);
                hardware.doubt.iter().for_each(|why| report.report(Event::AddressDoubtful { error: why.clone() }));
            }
            let (trouble, retry_after) = match self.attempt(&download, &hardware).await {
                Ok(Attempt::Came(bytes, source)) => return self.verify(bytes, source),
                Ok(Attempt::Later { why, retry_after }) => (why, retry_after),
                Err(why) => return Err(FetchError::Blocked(why)),
            };
            // Once a second the same would be noise.
            if trouble != told {
                report.report(Event::ConfigurationFetchFailed { source: self.url.to_string(), error: trouble.clone() });
                told = trouble;
            }
            sleep(pauses.next_delay(retry_after).unwrap_or(PAUSES.max_delay)).await;
        }
    }

    /// One try. What is to be filled in may not be known yet: a network interface appears when its driver is loaded.
    async fn attempt(&self, download: &Download, hardware: &Hardware) -> Result<Attempt, String> {
        let path = match self.url.path(hardware) {
            Ok(path) => path,
            Err(why) => return Ok(Attempt::Later { why, retry_after: None }),
        };
        let url = self.url.server.join(&path);
        match download.get(&self.url.server, &path).await {
            Ok(served) => match judge(served, &url) {
                Verdict::File(bytes) => {
                    Ok(Attempt::Came(bytes, Source::Delivered(format!("{}{path}", self.url.server))))
                }
                Verdict::Later { why, retry_after } => Ok(Attempt::Later { why, retry_after }),
                Verdict::Never(why) => Err(why),
            },
            Err(fault) => self.failed(&fault),
        }
    }

    /// No whole answer, or none that can be trusted. There is no configuration here to change yet.
    fn failed(&self, fault: &Fault) -> Result<Attempt, String> {
        let ca = self.ca.display().to_string();
        let why = fault.to_string().replace("tls.ca", &ca);
        let Class::Permanent(cause) = &fault.class else {
            return Ok(Attempt::Later { why, retry_after: fault.retry_after() });
        };
        let step = match cause {
            Cause::Trust => format!("put the certificate of the CA that signed it into the initrd as {ca}"),
            Cause::PeerExpired => "renew it on the server, or set this machine's clock if that is wrong".to_owned(),
            Cause::PeerName => {
                "name the server in first_boot.config_url= as its certificate does, or issue it for this name"
                    .to_owned()
            }
            Cause::NoCertificate | Cause::OwnCertificate => {
                "a configuration is fetched without a client certificate: let the server serve this path without one"
                    .to_owned()
            }
            Cause::OldTls => "let the server offer TLS 1.2 or 1.3".to_owned(),
            _ => "look at the log of the server".to_owned(),
        };
        let show = format!("openssl s_client -connect {} </dev/null", self.url.server.address());
        Err(format!("{why}; {step}: {show}"))
    }

    fn verify(&self, bytes: Vec<u8>, source: Source) -> Result<(Vec<u8>, Source), FetchError> {
        let found = Digest::of(&bytes);
        match self.sha256 {
            Some(expected) if expected != found => {
                Err(FetchError::OtherDigest { url: source.to_string(), length: bytes.len(), found, expected })
            }
            _ => Ok((bytes, source)),
        }
    }
}

/// What a try came to, where another may come to more.
enum Attempt {
    Came(Vec<u8>, Source),
    Later { why: String, retry_after: Option<Duration> },
}
