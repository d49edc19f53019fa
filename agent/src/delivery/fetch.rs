//! Fetches a configuration over verified TLS, repeatedly while trouble may pass: an interface without a link, a name server
//! that is not there yet, a server that restarts. The caller bounds it.

use std::path::PathBuf;
use std::time::Duration;

use tokio::time::sleep;

use crate::config::{Limits, Request, SIZE_LIMIT, Source};
use crate::events::{Event, Report};
use crate::http::{Client, Method};
use crate::plan::Cause;
use crate::retry::Schedule;
use crate::run::ports::{Class, Fault};

use super::answer::{Verdict, judge};
use super::{Digest, Hardware, UrlTemplate};

/// A boot server is near, and a booting node has no other source to ask: shorter than for a cluster's members. More is read
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
    /// The CA of the image.
    pub ca: PathBuf,
    /// `/`, where the hardware is described.
    pub root: PathBuf,
    /// The interface that the machine was booted from.
    pub boot_card: Option<String>,
}

/// Why there is no point in trying again: the server or this image must be changed first.
#[derive(Debug, thiserror::Error)]
#[error("{why}")]
pub struct FetchError {
    why: String,
    /// The digest of what came, where that is not what was meant.
    pub digest: Option<Digest>,
}

impl Fetch {
    /// The bytes, once they are there, and from which URL they came.
    ///
    /// # Errors
    /// What no further try would fix.
    pub async fn run(&self, report: &dyn Report) -> Result<(Vec<u8>, Source), FetchError> {
        let blocked = |why| FetchError { why, digest: None };
        let client = Client::of_nobody(&self.ca, REQUEST).map_err(|blocker| {
            let step = "put the certificate of the CA that signed the server's into the initrd as";
            blocked(format!("{}; {step} {}", blocker.reason, self.ca.display()))
        })?;
        let mut pauses = Schedule::polling(&PAUSES);
        let mut reported = String::new();
        let mut doubted = None;
        loop {
            let hardware = Hardware::of(&self.root, self.boot_card.as_deref());
            if hardware.doubt != doubted && self.url.names_the_interface() {
                doubted.clone_from(&hardware.doubt);
                hardware.doubt.iter().for_each(|why| report.report(Event::AddressDoubtful { error: why.clone() }));
            }
            let (trouble, retry_after) = match self.url.path(&hardware) {
                Ok(path) => match self.attempt(&client, &path).await {
                    Verdict::File(bytes) => return self.verify(bytes, &path),
                    Verdict::Later { why, retry_after } => (why, retry_after),
                    Verdict::Never(why) => return Err(blocked(why)),
                },
                // It may be known later: a network interface appears when its driver is loaded.
                Err(why) => (why, None),
            };
            // Once a second the same would be noise.
            if trouble != reported {
                report.report(Event::ConfigurationFetchFailed { source: self.url.to_string(), error: trouble.clone() });
                reported = trouble;
            }
            sleep(pauses.next_delay(retry_after).unwrap_or(PAUSES.max_delay)).await;
        }
    }

    async fn attempt(&self, client: &Client, path: &str) -> Verdict {
        match client.send(Method::GET, &self.url.server, path, None).await {
            Ok(answer) => judge(answer, &self.url.server.join(path)),
            Err(fault) => self.failed(&fault),
        }
    }

    /// No whole answer, or none that can be trusted. There is no configuration here to change yet.
    fn failed(&self, fault: &Fault) -> Verdict {
        let ca = self.ca.display().to_string();
        let why = fault.to_string().replace("tls.ca", &ca);
        let Class::Permanent(cause) = &fault.class else {
            return Verdict::Later { why, retry_after: fault.retry_after() };
        };
        let step = match cause {
            Cause::Trust => &format!("put the certificate of the CA that signed it into the initrd as {ca}"),
            Cause::PeerExpired => "renew it on the server, or set this machine's clock if that is wrong",
            Cause::PeerName => {
                "name the server in first_boot.config_url= as its certificate does, or issue it for this name"
            }
            Cause::NoCertificate | Cause::OwnCertificate => {
                "a configuration is fetched without a client certificate: let the server serve this path without one"
            }
            Cause::OldTls => "let the server offer TLS 1.2 or 1.3",
            _ => "look at the log of the server",
        };
        let show = format!("openssl s_client -connect {} </dev/null", self.url.server.address());
        Verdict::Never(format!("{why}; {step}: {show}"))
    }

    fn verify(&self, bytes: Vec<u8>, path: &str) -> Result<(Vec<u8>, Source), FetchError> {
        let (url, found) = (format!("{}{path}", self.url.server), Digest::of(&bytes));
        match self.sha256.filter(|expected| *expected != found) {
            Some(expected) => Err(FetchError {
                why: format!(
                    "what came from {url} ({} bytes) has {found}, and first_boot.config_sha256 says {expected}; give the \
                     digest of the file that the server has",
                    bytes.len()
                ),
                digest: Some(found),
            }),
            None => Ok((bytes, Source::Delivered(url))),
        }
    }
}
