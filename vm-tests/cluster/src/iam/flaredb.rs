//! IAM's client of flaredb: finds the leader by following hints, and reads and creates one key.
//!
//! It tries each server a few times and then gives up; IAM's own clients are the ones who retry.

use std::time::Duration;

use reqwest::{Client, Method, RequestBuilder, Response, StatusCode};
use serde::Deserialize;

const CALL: Duration = Duration::from_secs(2);
/// A hint may be followed by another one right after an election.
const HINTS: usize = 3;

/// The servers of flaredb, any of which may lead.
pub(super) struct Flaredb {
    client: Client,
    urls: Vec<String>,
}

/// No server of flaredb gave a usable answer.
#[derive(Debug, thiserror::Error)]
#[error("flaredb gives no answer ({last})")]
pub(super) struct Unavailable {
    last: String,
}

#[derive(Deserialize)]
struct NotLeader {
    leader: Hint,
}

#[derive(Deserialize)]
struct Hint {
    url: String,
}

impl Flaredb {
    pub(super) fn new(client: Client, urls: Vec<String>) -> Self {
        Self { client, urls }
    }

    /// Whether any server calls itself healthy.
    pub(super) async fn is_healthy(&self) -> bool {
        for url in &self.urls {
            let call = self.client.get(format!("{url}/health")).timeout(CALL);
            if call.send().await.is_ok_and(|answer| answer.status().is_success()) {
                return true;
            }
        }
        false
    }

    /// The value of a key, as of now.
    pub(super) async fn get(&self, key: &str) -> Result<Option<Vec<u8>>, Unavailable> {
        let response = self.ask(Method::GET, key, |call| call).await?;
        match response.status() {
            StatusCode::OK => {
                response.bytes().await.map(|value| Some(value.to_vec())).map_err(|error| unavailable(&error))
            }
            StatusCode::NOT_FOUND => Ok(None),
            status => Err(unavailable(&status)),
        }
    }

    /// Creates a key; false where it exists.
    pub(super) async fn create(&self, key: &str, value: &[u8]) -> Result<bool, Unavailable> {
        let create = |call: RequestBuilder| call.header("If-None-Match", "*").body(value.to_vec());
        let response = self.ask(Method::PUT, key, create).await?;
        match response.status() {
            StatusCode::OK => Ok(true),
            StatusCode::PRECONDITION_FAILED => Ok(false),
            status => Err(unavailable(&status)),
        }
    }

    async fn ask(
        &self,
        method: Method,
        key: &str,
        complete: impl Fn(RequestBuilder) -> RequestBuilder,
    ) -> Result<Response, Unavailable> {
        let mut last = "no server is configured".to_owned();
        for first in &self.urls {
            let mut url = first.clone();
            for _ in 0..HINTS {
                let call = self.client.request(method.clone(), format!("{url}/v1/kv/{key}"));
                match complete(call).timeout(CALL).send().await {
                    Ok(response) if response.status() == StatusCode::MISDIRECTED_REQUEST => {
                        let Ok(hint) = response.json::<NotLeader>().await else {
                            break;
                        };
                        last = format!("the leader at {} did not answer", hint.leader.url);
                        url = hint.leader.url;
                    }
                    Ok(response) if response.status().is_server_error() => {
                        last = format!("{url} answers {}", response.status());
                        break;
                    }
                    Ok(response) => return Ok(response),
                    Err(error) => {
                        last = error.to_string();
                        break;
                    }
                }
            }
        }
        Err(Unavailable { last })
    }
}

fn unavailable(cause: &dyn std::fmt::Display) -> Unavailable {
    Unavailable { last: cause.to_string() }
}
