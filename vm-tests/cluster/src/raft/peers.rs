//! What a member learns by talking to the others: who answers, and where the leader's API is.
//!
//! The Raft library knows how far each peer's log has come, not whether the peer is alive right
//! now; so each call and each answer is noted here.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

/// So many heartbeats go out to a peer before it is down.
const UNANSWERED: u32 = 15;
/// More than an election takes: a leader that was not heard for so many heartbeats is not to be sent clients to.
const UNHEARD: u32 = 20;

/// How a member looks from here.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Status {
    /// It answers.
    Healthy,
    /// It has not answered for a while.
    Unreachable,
    /// It has not been asked yet, or this member cannot know.
    Unknown,
}

/// The leader, as it last made itself heard.
#[derive(Clone, Debug)]
pub(crate) struct HeardLeader {
    pub(crate) raft_id: u64,
    pub(crate) api_url: String,
    pub(crate) at: Instant,
}

#[derive(Clone, Copy, Default)]
struct Contact {
    /// When the first call since the last answer was made.
    unanswered_since: Option<Instant>,
    has_answered: bool,
}

/// See the head of this file.
pub(crate) struct Peers {
    heartbeat: Duration,
    contacts: Mutex<HashMap<u64, Contact>>,
    leader: Mutex<Option<HeardLeader>>,
}

impl Peers {
    /// Nobody has answered yet; a leader calls this often.
    pub(crate) fn new(heartbeat: Duration) -> Self {
        Self { heartbeat, contacts: Mutex::default(), leader: Mutex::default() }
    }

    /// How often a leader calls.
    pub(crate) fn heartbeat(&self) -> Duration {
        self.heartbeat
    }

    /// How long a leader may be silent.
    pub(crate) fn leader_silence(&self) -> Duration {
        self.heartbeat * UNHEARD
    }

    /// A call to this peer begins.
    pub(crate) fn called(&self, peer: u64) {
        let mut contacts = lock(&self.contacts);
        let contact = contacts.entry(peer).or_default();
        contact.unanswered_since.get_or_insert_with(Instant::now);
    }

    /// The peer answered.
    pub(crate) fn answered(&self, peer: u64) {
        lock(&self.contacts).insert(peer, Contact { unanswered_since: None, has_answered: true });
    }

    /// How a peer looks to the one who sends it heartbeats.
    pub(crate) fn status(&self, peer: u64) -> Status {
        let Some(contact) = lock(&self.contacts).get(&peer).copied() else {
            return Status::Unknown;
        };
        match contact.unanswered_since {
            Some(since) if since.elapsed() > self.heartbeat * UNANSWERED => Status::Unreachable,
            _ if contact.has_answered => Status::Healthy,
            _ => Status::Unknown,
        }
    }

    /// A leader's message was accepted.
    pub(crate) fn heard_leader(&self, raft_id: u64, api_url: &str) {
        let mut leader = lock(&self.leader);
        match leader.as_mut() {
            Some(known) if known.raft_id == raft_id && known.api_url == api_url => {
                known.at = Instant::now();
            }
            _ => {
                *leader = Some(HeardLeader { raft_id, api_url: api_url.to_owned(), at: Instant::now() });
            }
        }
    }

    /// The leader that was last heard, however long ago.
    pub(crate) fn last_leader(&self) -> Option<HeardLeader> {
        lock(&self.leader).clone()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
