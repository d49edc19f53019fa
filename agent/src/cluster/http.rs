//! One HTTP exchange with its deadlines and bounds.
//!
//! Connecting (name, TCP, TLS) and the whole exchange have deadlines, a body has a cap,
//! redirects are not followed: a member change must know whom it has asked.

use std::time::Duration;

use reqwest::header::{CONTENT_TYPE, HeaderMap, LOCATION, RETRY_AFTER};
use serde::de::DeserializeOwned;
use serde_json::Value;

pub(super) use reqwest::Method;

use crate::config::{Endpoint, Request};
use crate::plan::{Blocker, Cause};
use crate::run::ports::{Class, Fault, Health};

use super::classify;
use super::names::SystemNames;

/// Characters of an unexpected answer that go into a message.
const EXCERPT: usize = 160;

/// A client for all endpoints.
#[derive(Debug)]
pub(super) struct Http {
    client: reqwest::Client,
    request: Request,
}

/// A whole answer, within bounds.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(super) status: u16,
    endpoint: Endpoint,
    content_type: String,
    location: Option<String>,
    retry_after: Option<Duration>,
    body: Vec<u8>,
}

impl Http {
    pub(super) fn new(tls: rustls::ClientConfig, request: Request) -> Result<Self, Blocker> {
        let client = reqwest::Client::builder()
            .tls_backend_preconfigured(tls)
            .https_only(true)
            .http1_only()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .dns_resolver(SystemNames)
            .connect_timeout(request.connect)
            .timeout(request.total)
            .user_agent(concat!("first-boot-agent/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(|error| Blocker {
                cause: Cause::Trust,
                reason: format!("no HTTPS client can be made: {}", classify::innermost(&error)),
                remedy: "check the files under `tls` in the configuration".to_owned(),
            })?;
        Ok(Self { client, request })
    }

    /// Sends a request and reads the answer. The body of a POST is JSON, that of a PUT a value as it is.
    pub(super) async fn send(
        &self,
        method: Method,
        at: &Endpoint,
        path: &str,
        body: Option<Vec<u8>>,
    ) -> Result<Answer, Fault> {
        let content_type = if method == Method::POST { "application/json" } else { "application/octet-stream" };
        let mut request = self.client.request(method.clone(), at.join(path));
        if let Some(body) = body {
            request = request.header(CONTENT_TYPE, content_type).body(body);
        }
        let failed = |error: reqwest::Error| classify::failure(&error, at, &self.request);
        crash_point!("before {method} {path}");
        let mut response = request.send().await.map_err(failed)?;
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(failed)? {
            body.extend_from_slice(&chunk);
            if body.len() as u64 > self.request.max_body {
                return Err(classify::transient(
                    at,
                    format!("the answer is longer than {} bytes", self.request.max_body),
                ));
            }
        }
        crash_point!("after {method} {path}");
        Ok(Answer::of(response.status().as_u16(), at, response.headers(), body))
    }
}

fn text(headers: &HeaderMap, name: &reqwest::header::HeaderName) -> Option<String> {
    headers.get(name)?.to_str().ok().map(str::to_owned)
}

impl Answer {
    /// Keeps of an answer what the agent goes by.
    pub(crate) fn of(status: u16, endpoint: &Endpoint, headers: &HeaderMap, body: Vec<u8>) -> Self {
        Self {
            status,
            endpoint: endpoint.clone(),
            content_type: text(headers, &CONTENT_TYPE).unwrap_or_default().to_ascii_lowercase(),
            location: text(headers, &LOCATION),
            // Only seconds: the HTTP-date form would need a clock that both sides trust.
            retry_after: text(headers, &RETRY_AFTER)
                .and_then(|seconds| seconds.trim().parse().ok())
                .map(|seconds: u64| Duration::from_secs(seconds.min(classify::MAX_RETRY_AFTER_S))),
            body,
        }
    }

    /// Whether it is a page for people: a captive portal or a proxy, not the service.
    pub(super) fn is_html(&self) -> bool {
        self.content_type.starts_with("text/html") || self.body.trim_ascii_start().first() == Some(&b'<')
    }

    /// The body as `T`; anything else is a fault that may pass.
    pub(crate) fn json<T: DeserializeOwned>(&self, expected: &str) -> Result<T, Fault> {
        serde_json::from_slice(&self.body).map_err(|error| {
            self.transient(&format!(
                "answered {} with something that is not {expected} ({error}): {}",
                self.status,
                self.excerpt()
            ))
        })
    }

    /// What a health endpoint tells beside its 200; a body of another form tells nothing.
    pub(super) fn health(&self) -> Health {
        let body = serde_json::from_slice::<Value>(&self.body).unwrap_or_default();
        let text = |key: &str| body.get(key).and_then(Value::as_str).map(str::to_owned);
        Health { node_id: text("node_id"), cluster_id: text("cluster_id"), incarnation: text("incarnation") }
    }

    /// What `{"completed": …}` in the answer of IAM's setup state says; `None` where it does not tell.
    pub(super) fn completed(&self) -> Option<bool> {
        serde_json::from_slice::<Value>(&self.body).ok()?.get("completed")?.as_bool()
    }

    /// The body as it came.
    pub(super) fn into_body(self) -> Vec<u8> {
        self.body
    }

    /// Whether the body is this very value.
    pub(super) fn holds(&self, value: &str) -> bool {
        self.body == value.as_bytes()
    }

    /// The fault that an answer is which is not the one hoped for.
    pub(crate) fn fault(&self) -> Fault {
        let class = if self.is_html() {
            Class::Transient { retry_after: None }
        } else {
            let body = serde_json::from_slice::<Value>(&self.body).unwrap_or_default();
            classify::status(self.status, classify::leader_hint(&body, self.location.as_deref()), self.retry_after)
        };
        Fault {
            class,
            endpoint: self.endpoint.clone(),
            message: match self.excerpt() {
                excerpt if excerpt.is_empty() => format!("answered HTTP {}", self.status),
                excerpt => format!("answered HTTP {}: {excerpt}", self.status),
            },
        }
    }

    /// The same without any of the body: for calls that carry a secret, which an answer might quote.
    pub(super) fn fault_without_body(&self) -> Fault {
        Fault { message: format!("answered HTTP {}", self.status), ..self.fault() }
    }

    /// A fault of this endpoint that may pass.
    pub(super) fn transient(&self, message: &str) -> Fault {
        classify::transient(&self.endpoint, message.to_owned())
    }

    fn excerpt(&self) -> String {
        let text = String::from_utf8_lossy(&self.body);
        text.chars().filter(|character| !character.is_control()).take(EXCERPT).collect()
    }
}
