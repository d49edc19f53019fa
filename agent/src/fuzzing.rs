//! The readers of foreign bytes that are private to their modules, for the fuzz targets in `agent/fuzz` alone.
//!
//! Public so that a crate of its own can reach them, hidden because no other crate should: no promise of the agent's
//! interface covers them. Must not hold a decision of its own, or the fuzzer would try something that is not shipped.

use std::net::IpAddr;
use std::time::Duration;

use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use url::Url;

use crate::config::Endpoint;
use crate::delivery;
use crate::http::Answer;
pub use crate::names::address_of as hosts_line;
use crate::names::{self, Question};
use crate::plan::member::MemberList;
use crate::protocols::admin_v1;
use crate::run::ports::Fault;
pub use crate::systemd::header::{message_length, without_sender};
pub use crate::systemd::journal::lines as journal_lines;
pub use crate::systemd::private_socket::accepted as greeted;

/// An HTTP answer, read as the agent reads it.
#[derive(Debug)]
pub struct Heard(Answer);

impl Heard {
    /// An answer of `at`; headers that could not have come over HTTP are left out.
    #[must_use]
    pub fn new(status: u16, at: &Endpoint, headers: &[(&[u8], &[u8])], body: &[u8]) -> Self {
        let headers: HeaderMap = headers
            .iter()
            .filter_map(|(name, value)| {
                Some((HeaderName::from_bytes(name).ok()?, HeaderValue::from_bytes(value).ok()?))
            })
            .collect();
        Self(Answer::of(status, at, &headers, body.to_vec()))
    }

    /// The fault that it is where another answer was hoped for.
    #[must_use]
    pub fn fault(&self) -> Fault {
        self.0.fault()
    }

    /// What is said of it where a configuration was fetched; nothing, where it is one.
    #[must_use]
    pub fn as_fetched(self, url: &Url) -> Option<String> {
        delivery::said_of(self.0, url)
    }

    /// The member list that it is.
    ///
    /// # Errors
    /// When it is none.
    pub fn member_list(&self) -> Result<MemberList, Fault> {
        admin_v1::member_list(&self.0)
    }
}

/// What is made of the lines of a resolv.conf: the name servers, the domains that are searched, the bound of a lookup.
#[must_use]
pub fn resolv_conf(bytes: &[u8]) -> (Vec<String>, Vec<String>, Duration) {
    let mut draft = names::Draft::default();
    bytes.split(|byte| *byte == b'\n').for_each(|line| draft.take(line));
    let conf = draft.finish(None);
    (conf.servers.iter().map(ToString::to_string).collect(), conf.search, conf.bound)
}

/// What is made of bytes that came from a name server that was asked for a name's addresses under an id: `None` where they
/// are no answer to that, else the addresses.
///
/// # Errors
/// When the server says that it does not answer.
#[must_use]
pub fn dns_answer(bytes: &[u8], id: u16, name: &str, is_v6: bool) -> Option<Result<Vec<IpAddr>, String>> {
    Some(match names::read_message(bytes, id, &Question::new(name, is_v6)?)? {
        Ok(names::Answer::Addresses(addresses)) => Ok(addresses),
        Ok(names::Answer::NoAddress | names::Answer::NoSuchName) => Ok(Vec::new()),
        Err(failure) => Err(failure.to_string()),
    })
}
