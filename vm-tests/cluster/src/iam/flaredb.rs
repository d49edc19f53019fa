//! IAM's client of flaredb: finds the leader by following hints, and reads and creates one key.
//!
//! It tries the servers in the order given, which begins with its own node's, and then gives up;
//! IAM's own clients are the ones who retry.

use std::time::Duration;

use reqwest::{Client, Method, RequestBuilder, Response, StatusCode, Url};
use serde::Deserialize;
use tokio::net::TcpStream;
use tokio::time::timeout;

const CALL: Duration = Duration::from_secs(2);
/// A host that is switched off lets a connection wait for seconds; a live one, however busy, takes
/// it at once, for its kernel does that.
const CONNECT: Duration = Duration::from_millis(200);
/// A hint may be followed by another one right after an election.
const HINTS: usize = 3;

/// The servers of flaredb, any of which may lead.
pub(super) struct Flaredb {
    client: Client,
    urls: Vec<String>,
}

/// No server of flaredb gave a usable answer.
#[derive(Debug, thiserror::Error)]
#[error("flaredb gives no answer ({causes})")]
pub(super) struct Unavailable {
    causes: String,
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
            if !is_reachable(url).await {
                continue;
            }
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
        let mut causes = Vec::new();
        for first in &self.urls {
            let mut url = first.clone();
            for _ in 0..HINTS {
                if !is_reachable(&url).await {
                    causes.push(format!("{url} takes no connection"));
                    break;
                }
                let call = self.client.request(method.clone(), format!("{url}/v1/kv/{key}"));
                match complete(call).timeout(CALL).send().await {
                    Ok(response) if response.status() == StatusCode::MISDIRECTED_REQUEST => {
                        let Ok(hint) = response.json::<NotLeader>().await else {
                            break;
                        };
                        causes.push(format!("{url} names {} as the leader", hint.leader.url));
                        url = hint.leader.url;
                    }
                    Ok(response) if response.status().is_server_error() => {
                        causes.push(format!("{url} answers {}", response.status()));
                        break;
                    }
                    Ok(response) => return Ok(response),
                    Err(error) => {
                        causes.push(error.to_string());
                        break;
                    }
                }
            }
        }
        Err(Unavailable { causes: causes.join(", ") })
    }
}

/// Whether the server's port takes a connection. The client's own limit covers the TLS handshake
/// as well, and a busy server may need longer for that.
async fn is_reachable(url: &str) -> bool {
    let Ok(url) = Url::parse(url) else {
        return false;
    };
    let (Some(host), Some(port)) = (url.host_str(), url.port_or_known_default()) else {
        return false;
    };
    // An IPv6 address has brackets in a URL, and nowhere else.
    let host = host.trim_start_matches('[').trim_end_matches(']');
    timeout(CONNECT, TcpStream::connect((host, port))).await.is_ok_and(|connected| connected.is_ok())
}

fn unavailable(cause: &dyn std::fmt::Display) -> Unavailable {
    Unavailable { causes: cause.to_string() }
}
