//! What a server was asked, so that a test can count how often an agent really called.
//!
//! Bounded: the oldest entries go. Calls to `/test/…` are not counted.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use serde::Serialize;

const KEPT: usize = 1000;

/// One request as it came in, before any fault.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct ReceivedRequest {
    /// The HTTP method.
    pub method: String,
    /// The path, without the query.
    pub path: String,
    /// Milliseconds since the server started.
    pub at_ms: u64,
    /// The same in microseconds, for the benchmark.
    pub at_us: u64,
}

/// The last requests of one server, oldest first.
#[derive(Debug)]
pub struct Requests {
    started: Instant,
    received: Mutex<VecDeque<ReceivedRequest>>,
}

impl Requests {
    pub(crate) fn new() -> Self {
        Self { started: Instant::now(), received: Mutex::new(VecDeque::new()) }
    }

    /// All that is remembered.
    #[must_use]
    pub fn all(&self) -> Vec<ReceivedRequest> {
        let received = self.received.lock().unwrap_or_else(PoisonError::into_inner);
        received.iter().cloned().collect()
    }

    /// How often exactly this was asked.
    #[must_use]
    pub fn count(&self, method: &str, path: &str) -> usize {
        let received = self.received.lock().unwrap_or_else(PoisonError::into_inner);
        received.iter().filter(|request| request.method == method && request.path == path).count()
    }

    pub(crate) fn record(&self, method: &str, path: &str) {
        let at = self.started.elapsed();
        let mut received = self.received.lock().unwrap_or_else(PoisonError::into_inner);
        if received.len() == KEPT {
            received.pop_front();
        }
        received.push_back(ReceivedRequest {
            method: method.to_owned(),
            path: path.to_owned(),
            at_ms: u64::try_from(at.as_millis()).unwrap_or(u64::MAX),
            at_us: u64::try_from(at.as_micros()).unwrap_or(u64::MAX),
        });
    }
}
