//! The values a cluster config is made of, each a type that cannot hold
//! anything invalid. Parsing is the only way in, so code that holds one need not
//! check again. Must not know where in the config a value stood.

mod address;
mod endpoint;
mod link;
mod name;
mod named_set;
mod network;
mod protocol;
mod quantity;
mod reach;
mod service;
mod tls_paths;

pub use address::{Host, HostPort, RaftAddr};
pub use endpoint::{BaseUrl, Endpoint};
pub use link::LinkChoice;
pub use name::{ApiPath, ClusterName, DnsName, Label, NodeId, UnitName, UserName};
pub(crate) use named_set::{listed, named_set};
pub use network::Cidr;
pub use protocol::Protocol;
pub use quantity::{parse_duration, parse_size, say_size, show_duration, show_size};
pub use reach::Reach;
pub use service::{NodeRole, ServiceName};
pub use tls_paths::TlsPaths;

/// Why a text is not a value of the wanted type, worded as advice to the
/// person who wrote it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ValueError(String);

impl ValueError {
    /// An error that says what is wrong and what to write instead.
    pub fn new(advice: impl Into<String>) -> Self {
        Self(advice.into())
    }
}

/// The text for a hint to build on, or an example in its place where the text may hold more than a host and a port: a hint
/// must not repeat a password.
fn plain_or<'a>(text: &'a str, example: &'a str) -> &'a str {
    let is_plain = text.chars().all(|c| c.is_ascii_alphanumeric() || ".:-[]".contains(c));
    if is_plain && !text.is_empty() { text } else { example }
}
