//! What tests ask of etcd's JSON gateway, and how its answers are read: no client for anything but tests.

use std::fmt;
use std::time::{Duration, Instant};

use reqwest::{Client, Method};
use serde_json::Value;

/// No answer takes as long: a write without a quorum is given up by etcd itself after 6 s.
pub(crate) const ONCE: Duration = Duration::from_mins(1);
/// Where it is asked again: a change of members that went to a leader which then died is never answered.
pub(crate) const IN_TURN: Duration = Duration::from_secs(15);
/// A condition that holds on no machine after this time never does.
const PATIENCE: Duration = Duration::from_mins(2);
const LOOK_AGAIN: Duration = Duration::from_millis(20);

/// What came back.
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// gRPC's code of an error, else 0.
    pub(crate) code: i64,
    /// The text of an error, or what was no JSON.
    pub(crate) text: String,
    pub(crate) body: Value,
}

impl Answer {
    fn of(status: u16, text: String) -> Self {
        let body: Value = serde_json::from_str(&text).unwrap_or_default();
        let code = body["code"].as_i64().unwrap_or(0);
        // 3.4 says it twice, later versions once.
        let text = body["message"].as_str().map_or(text, str::to_owned);
        Self { status, code, text, body }
    }

    /// The error: gRPC's code and the text.
    pub(crate) fn error(&self) -> (i64, &str) {
        (self.code, &self.text)
    }

    pub(crate) fn members(&self) -> &Vec<Value> {
        self.body["members"].as_array().unwrap_or_else(|| panic!("no members: {self}"))
    }

    /// The entry with this peer URL.
    pub(crate) fn member(&self, peer_url: &str) -> &Value {
        let mut members = self.members().iter();
        members.find(|member| member["peerURLs"][0] == peer_url).unwrap_or_else(|| panic!("no {peer_url}: {self}"))
    }
}

impl fmt::Display for Answer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "HTTP {}, code {}, {}, {}", self.status, self.code, self.text, self.body)
    }
}

/// Sends this body, or asks with GET where there is none; the token of a user goes along.
///
/// # Errors
/// Nothing was answered.
pub(crate) async fn send(
    client: &Client,
    url: &str,
    body: Option<&Value>,
    token: Option<&str>,
    limit: Duration,
) -> Result<Answer, reqwest::Error> {
    let method = if body.is_some() { Method::POST } else { Method::GET };
    let mut request = client.request(method, url).timeout(limit);
    if let Some(body) = body {
        request = request.body(body.to_string());
    }
    if let Some(token) = token {
        request = request.header("Authorization", token);
    }
    let response = request.send().await?;
    Ok(Answer::of(response.status().as_u16(), response.text().await?.trim().to_owned()))
}

/// Looks until there is something to be seen.
pub(crate) async fn until<T>(condition: &str, mut look: impl AsyncFnMut() -> Result<T, String>) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        match look().await {
            Ok(seen) => return seen,
            Err(instead) => assert!(Instant::now() < deadline, "never seen: {condition}; instead: {instead}"),
        }
        tokio::time::sleep(LOOK_AGAIN).await;
    }
}
