//! The readers of foreign bytes that are private to their rooms, for the fuzz targets in `agent/fuzz` alone.
//!
//! Public so that a crate of its own can reach them, hidden because nobody else should: no promise of the agent's
//! interface covers them. Must not hold a decision of its own, or the fuzzer would try something that is not shipped.

use std::io;

use reqwest::header::{HeaderMap, HeaderName, HeaderValue};

use crate::cluster::Answer;
use crate::config::Endpoint;
use crate::plan::membership::MemberList;
use crate::run::ports::Fault;
use crate::systemd;

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

    /// The member list that it is.
    ///
    /// # Errors
    /// When it is none.
    pub fn member_list(&self) -> Result<MemberList, Fault> {
        self.0.json("a member list")
    }
}

/// The length of the D-Bus message that begins with these bytes.
#[must_use]
pub fn message_length(message: &[u8]) -> Option<usize> {
    systemd::message_length(message.first_chunk::<{ systemd::FIXED_LENGTH }>()?)
}

/// The D-Bus message without its SENDER field.
#[must_use]
pub fn without_sender(message: Vec<u8>) -> Vec<u8> {
    systemd::without_sender(message)
}

/// PID 1's answer to the greeting: its identity and where the messages begin, once it is whole.
///
/// # Errors
/// When it refuses.
pub fn greeted(answer: &[u8]) -> io::Result<Option<(String, usize)>> {
    systemd::accepted(answer)
}

/// The last lines of what `journalctl` printed, made fit to be shown.
#[must_use]
pub fn journal_lines(output: &[u8], count: usize) -> Vec<String> {
    systemd::presentable_lines(output, count)
}
