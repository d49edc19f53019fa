//! Why a stand-in could not be started or asked; every text names the object and the cause.
//!
//! Refusals that a client of the admin API sees are not errors of this kind: see `raft::refusal`.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;

/// What can go wrong while a stand-in is set up or used from a test.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StandinError {
    /// A file or folder could not be read, written or made.
    #[error("cannot {action} {}: {source}; check that it exists and its permissions", path.display())]
    File {
        /// What was tried, for example `read`.
        action: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// An address could not be listened on.
    #[error("cannot listen on {address}: {source}; is another process using it?")]
    Listen {
        /// The address that was asked for.
        address: SocketAddr,
        /// The cause.
        source: io::Error,
    },
    /// Certificates and keys do not make a usable TLS configuration.
    #[error("cannot use the {part}: {cause}; make a new one with `cluster-standin pki`")]
    Tls {
        /// Which part is at fault, for example `certificate`.
        part: &'static str,
        /// The cause, as the TLS library words it.
        cause: String,
    },
    /// A certificate could not be made.
    #[error("cannot make the certificate of {subject}: {source}")]
    Certificate {
        /// Who it was for.
        subject: String,
        /// The cause.
        source: rcgen::Error,
    },
    /// The data folder holds another node's data, or cannot be used as a store.
    #[error("cannot open the store in {}: {cause}; empty the folder or give another one", path.display())]
    Store {
        /// The data folder.
        path: PathBuf,
        /// The cause.
        cause: String,
    },
    /// The Raft library did not start, refused to bootstrap, or stopped.
    #[error("cannot run raft on {node}: {cause}; look at its store and its list of members")]
    Raft {
        /// The node.
        node: String,
        /// The cause.
        cause: String,
    },
    /// The process cannot receive signals to stop.
    #[error("cannot listen for signals: {source}")]
    Signal {
        /// The cause.
        source: io::Error,
    },
    /// A request to a stand-in failed.
    #[error("cannot ask {url}: {source}")]
    Request {
        /// The address that was asked.
        url: String,
        /// The cause.
        source: reqwest::Error,
    },
    /// A condition that a test waits for did not come true.
    #[error("gave up waiting for {condition}; it last saw {last_seen}")]
    Waited {
        /// What was waited for.
        condition: String,
        /// The last observation.
        last_seen: String,
    },
}
