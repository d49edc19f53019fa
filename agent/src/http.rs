//! HTTPS as the agent speaks it, to services and to servers of configurations: one client with its names, TLS files,
//! deadlines and bounds, and what went wrong put into classes, once for all calls.
//!
//! Must not know what is asked for: paths and bodies are the protocols'.

mod classify;
mod client;
mod tls;
mod words;

pub(crate) use classify::has_plain_host;
pub(crate) use client::{Answer, Client, Method};
#[cfg(test)]
pub(crate) use client::{CONTENT_TYPE, HeaderMap};
pub use tls::{TlsFindings, describe as describe_tls_files, ends_of_certificates, findings as tls_findings};
