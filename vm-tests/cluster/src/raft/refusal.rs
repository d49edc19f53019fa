//! What a member answers a client that it refuses: one enum, one answer for each case.
//!
//! "Not the leader" is 421 with the leader in the body and in `Location` (see `api`); whatever may
//! work in a moment is 503 with `Retry-After`.

use std::time::Duration;

use axum::Json;
use axum::http::header::RETRY_AFTER;
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use super::types::MemberNode;

/// Elections and single changes are over by then.
pub(super) const SOON: Duration = Duration::from_secs(1);

/// See the head of this file.
#[derive(Debug)]
pub(crate) enum Refusal {
    /// Another member leads; here is where.
    NotLeader(LeaderHint),
    /// There is no leader, as far as this member knows.
    NoLeader,
    /// Other changes come first; this is when to come again, in whole seconds.
    Busy(Duration),
    /// The change was not committed in time; it may yet be.
    NoQuorum,
    /// The id or the address belongs to this member already.
    AlreadyMember(MemberNode),
    /// No member has that name.
    NotAMember(String),
    /// A cluster cannot lose its only voter.
    LastVoter(String),
    /// The key was to be created and exists.
    KeyExists,
    /// There is no such key.
    NoSuchKey,
    /// Only voters can be elected.
    NotAVoter,
    /// The request cannot be understood.
    Invalid(String),
    /// This server cannot go on.
    Broken(String),
}

/// Who leads, and where its API is. Travels with the answer so that `api` can add the path.
#[derive(Clone, Debug)]
pub(crate) struct LeaderHint {
    pub(crate) id: String,
    pub(crate) api_url: String,
}

impl Refusal {
    fn status(&self) -> StatusCode {
        match self {
            Self::NotLeader(_) => StatusCode::MISDIRECTED_REQUEST,
            Self::NoLeader | Self::Busy(_) | Self::NoQuorum => StatusCode::SERVICE_UNAVAILABLE,
            Self::AlreadyMember(_) | Self::LastVoter(_) | Self::NotAVoter => StatusCode::CONFLICT,
            Self::NotAMember(_) | Self::NoSuchKey => StatusCode::NOT_FOUND,
            Self::KeyExists => StatusCode::PRECONDITION_FAILED,
            Self::Invalid(_) => StatusCode::BAD_REQUEST,
            Self::Broken(_) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// When to come again, where that may help.
    fn pause(&self) -> Duration {
        match self {
            Self::Busy(pause) => *pause,
            _ => SOON,
        }
    }

    fn body(&self) -> Value {
        match self {
            Self::NotLeader(leader) => json!({
                "error": "not the leader",
                "leader": { "id": leader.id, "url": leader.api_url },
            }),
            Self::NoLeader => json!({ "error": "no leader is known" }),
            Self::Busy(_) => json!({ "error": "another membership change is in progress" }),
            Self::NoQuorum => json!({ "error": "no quorum confirmed the request in time" }),
            Self::AlreadyMember(member) => json!({ "error": "already a member", "member": member }),
            Self::NotAMember(id) => json!({ "error": format!("{id} is not a member") }),
            Self::LastVoter(id) => json!({ "error": format!("{id} is the only voter") }),
            Self::KeyExists => json!({ "error": "the key exists" }),
            Self::NoSuchKey => json!({ "error": "no such key" }),
            Self::NotAVoter => json!({ "error": "this member is not a voter" }),
            Self::Invalid(why) => json!({ "error": why }),
            Self::Broken(why) => json!({ "error": format!("this server cannot go on: {why}") }),
        }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let mut response = (self.status(), Json(self.body())).into_response();
        if self.status() == StatusCode::SERVICE_UNAVAILABLE {
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(self.pause().as_secs()));
        }
        if let Self::NotLeader(leader) = self {
            response.extensions_mut().insert(leader);
        }
        response
    }
}
