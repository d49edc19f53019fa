//! One HTTP exchange with its deadlines and bounds.
//!
//! The name, connecting (TCP, TLS) and the whole exchange have deadlines, a body has a cap,
//! redirects are not followed: a member change must know whom it has asked.

use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use hyper_util::client::legacy::connect::HttpInfo;
use reqwest::header::{AUTHORIZATION, HeaderValue, LOCATION, RETRY_AFTER};
use serde_json::Value;

pub(crate) use reqwest::Method;
pub(crate) use reqwest::header::{CONTENT_TYPE, HeaderMap};

use crate::config::{Endpoint, Request, TlsPaths, after_marks};
use crate::foreign_text;
use crate::inventory;
use crate::names::{ClientNames, SendError};
use crate::plan::member::Answered;
use crate::plan::{Blocker, Cause};
use crate::run::ports::{Class, Fault};

use super::{classify, tls, tls::Remarks, words};

/// Characters of an unexpected answer that go into a message.
const EXCERPT: usize = 160;

/// A client for all endpoints.
#[derive(Debug)]
pub(crate) struct Client {
    pool: reqwest::Client,
    names: ClientNames,
    request: Request,
    /// What is odd about this node's TLS files; added to a refusal.
    remarks: Remarks,
    /// What to do about an answer that is too long.
    shorter: &'static str,
}

/// A whole answer, within bounds. Shown without the body, which may be a secret or a configuration.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) endpoint: Endpoint,
    /// In lower case; empty where there is none.
    pub(crate) content_type: String,
    pub(crate) location: Option<String>,
    pub(crate) retry_after: Option<Duration>,
    /// Where the other end of the connection is.
    pub(crate) answered: Answered,
    pub(crate) body: Vec<u8>,
}

impl fmt::Debug for Answer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "HTTP {} with {} bytes", self.status, self.body.len())
    }
}

impl Client {
    /// Reads the TLS files and prepares a client; no connection is made.
    ///
    /// # Errors
    /// A TLS file is missing, damaged, expired, does not fit, or is readable by others.
    pub(crate) fn new(tls: &TlsPaths, request: Request) -> Result<Self, Blocker> {
        let (config, remarks) = tls::client(tls)?;
        let names = ClientNames::default();
        let pool = reqwest::Client::builder()
            .tls_backend_preconfigured(config)
            .https_only(true)
            .http1_only()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .dns_resolver(names.clone())
            .connect_timeout(request.connect)
            .timeout(request.total)
            .user_agent(concat!("first-boot-agent/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(|error| Blocker {
                cause: Cause::OwnFile,
                reason: format!("no HTTPS client can be made: {}", words::cause(&error)),
                remedy: "check the files under `tls` in the configuration".to_owned(),
            })?;
        let shorter = "raise policies.request.max_body (64 MiB at most) where the service has that much to say";
        Ok(Self { pool, names, request, remarks, shorter })
    }

    /// A client that presents no certificate, for a node that has no configuration yet: the CA of its image is all that it has.
    pub(crate) fn of_nobody(ca: &Path, request: Request) -> Result<Self, Blocker> {
        let nobody = PathBuf::new();
        let paths = TlsPaths { ca: ca.to_owned(), certificate: nobody.clone(), key: nobody, identity_required: false };
        let shorter = "a configuration has no more: does the URL lead to one?";
        Ok(Self { shorter, ..Self::new(&paths, request)? })
    }

    /// Sends a request and reads the answer. The body of a POST is JSON, that of a PUT a value as it is.
    pub(crate) async fn send(
        &self,
        method: Method,
        at: &Endpoint,
        path: &str,
        body: Option<Vec<u8>>,
    ) -> Result<Answer, Fault> {
        self.send_as(None, method, at, path, body).await
    }

    /// The same, with a token where there is one.
    pub(crate) async fn send_as(
        &self,
        token: Option<&str>,
        method: Method,
        at: &Endpoint,
        path: &str,
        body: Option<Vec<u8>>,
    ) -> Result<Answer, Fault> {
        let content_type = if method == Method::POST { "application/json" } else { "application/octet-stream" };
        let mut request = self.pool.request(method.clone(), at.join(path));
        if let Some(body) = body {
            request = request.header(CONTENT_TYPE, content_type).body(body);
        }
        if let Some(mut token) = token.and_then(|token| HeaderValue::from_str(token).ok()) {
            token.set_sensitive(true);
            request = request.header(AUTHORIZATION, token);
        }
        let failed = |error: reqwest::Error| self.explained(classify::failure(&error, at, &self.request));
        crash_point!("before {method} {path}");
        let mut response = self.names.send(request, at.host()).await.map_err(|error| match error {
            SendError::Name(unresolved) => Fault::unreachable(at.clone(), format!("connection error: {unresolved}")),
            SendError::Http(error) => failed(error),
        })?;
        let answered = answered(&response);
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(failed)? {
            body.extend_from_slice(&chunk);
            if body.len() as u64 > self.request.max_body {
                let message = format!("the answer is longer than {} bytes; {}", self.request.max_body, self.shorter);
                return Err(Fault::transient(at.clone(), message));
            }
        }
        crash_point!("after {method} {path}");
        let answer = Answer::of(response.status().as_u16(), at, response.headers(), body);
        Ok(Answer { answered, ..answer })
    }

    /// A peer that refuses this node's certificate says so with one word; what is odd about it is known here. So is whose file
    /// is wrong, where the peer's certificate is refused: with a wrong `tls.ca` it would be that of a healthy leader.
    fn explained(&self, mut fault: Fault) -> Fault {
        let Remarks { texts, own_is_of_another_ca } = &self.remarks;
        match fault.class {
            Class::Permanent(Cause::OwnCertificate) => {
                for remark in texts {
                    fault.message.push_str("; ");
                    fault.message.push_str(remark);
                }
            }
            Class::Permanent(Cause::Trust | Cause::PeerCertificate) if *own_is_of_another_ca => {
                fault.message.push_str(
                    "; this node's own certificate does not fit its tls.ca either, which may be the wrong file",
                );
            }
            _ => {}
        }
        fault
    }
}

/// Where the other end of a connection is. The address of this end says nothing: to a second address of its own, or to
/// 127.0.1.1, a machine speaks from its first one.
fn answered(response: &reqwest::Response) -> Answered {
    let Some(connection) = response.extensions().get::<HttpInfo>() else {
        return Answered::Elsewhere;
    };
    let remote = connection.remote_addr().ip().to_canonical();
    if remote.is_loopback() {
        Answered::OnLoopback
    } else if remote == connection.local_addr().ip().to_canonical() || inventory::addresses().contains(&remote) {
        Answered::Here
    } else {
        Answered::Elsewhere
    }
}

fn text(headers: &HeaderMap, name: &reqwest::header::HeaderName) -> Option<String> {
    headers.get(name)?.to_str().ok().map(str::to_owned)
}

impl Answer {
    /// Keeps of an answer what the agent uses.
    pub(crate) fn of(status: u16, endpoint: &Endpoint, headers: &HeaderMap, body: Vec<u8>) -> Self {
        Self {
            status,
            endpoint: endpoint.clone(),
            content_type: text(headers, &CONTENT_TYPE).unwrap_or_default().to_ascii_lowercase(),
            location: text(headers, &LOCATION),
            retry_after: text(headers, &RETRY_AFTER).and_then(|text| classify::retry_after(&text)),
            answered: Answered::Elsewhere,
            body,
        }
    }

    /// Whether it is a page for people: a captive portal or a proxy, not the service.
    pub(crate) fn is_html(&self) -> bool {
        let is_of_pages = |kind| self.content_type.starts_with(kind);
        ["text/html", "application/xhtml+xml"].into_iter().any(is_of_pages)
            || after_marks(&self.body).trim_ascii_start().first() == Some(&b'<')
    }

    /// What a reader makes of the JSON that it is; a fault that may pass, where that is nothing.
    pub(crate) fn read<T>(&self, what: &str, reader: impl FnOnce(&Value) -> Option<T>) -> Result<T, Fault> {
        let why = match serde_json::from_slice(&self.body) {
            Ok(body) => match reader(&body) {
                Some(read) => return Ok(read),
                None => "another form".to_owned(),
            },
            Err(error) => foreign_text::shown(&error.to_string(), EXCERPT),
        };
        let excerpt = self.excerpt();
        let message = format!("answered {} with something that is not {what} ({why}): {excerpt}", self.status);
        Err(self.transient(&message))
    }

    /// The JSON that it is; nothing, where it is none.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    /// The fault that an answer is which is not the one hoped for.
    pub(crate) fn fault(&self) -> Fault {
        let class = if self.is_html() {
            Class::Transient { retry_after: None }
        } else {
            let hint = classify::leader_hint(&self.json(), self.location.as_deref());
            // A hint at the server that gave it is no redirect.
            classify::status(self.status, hint.filter(|leader| *leader != self.endpoint), self.retry_after)
        };
        let excerpt = self.excerpt();
        let separator = if excerpt.is_empty() { "" } else { ": " };
        let message = format!("answered HTTP {}{separator}{excerpt}", self.status);
        Fault { class, endpoint: self.endpoint.clone(), message }
    }

    /// The same without any of the body: for calls that carry a secret, which an answer might quote.
    pub(crate) fn fault_without_body(&self) -> Fault {
        Fault { message: format!("answered HTTP {}", self.status), ..self.fault() }
    }

    /// A fault of this endpoint that may pass.
    pub(crate) fn transient(&self, message: &str) -> Fault {
        Fault::transient(self.endpoint.clone(), message.to_owned())
    }

    fn excerpt(&self) -> String {
        // An arrow is how this agent's own remedies are shown.
        foreign_text::shown(String::from_utf8_lossy(&self.body).trim(), EXCERPT).replace('→', "->")
    }
}

#[cfg(test)]
mod tests {
    use super::{Answer, Class, Endpoint, HeaderMap};
    use std::time::Duration;

    #[test]
    fn m10_who_names_itself_as_the_leader_sends_nobody_elsewhere() {
        let leader = Endpoint::at("node01:2379".parse().unwrap()).unwrap();
        let asked = |status| {
            let headers = HeaderMap::from_iter([(super::RETRY_AFTER, "30".parse().unwrap())]);
            let body = br#"{"leader": "https://node01:2379"}"#.to_vec();
            Answer::of(status, &leader, &headers, body).fault().class
        };
        assert_eq!(asked(503), Class::Busy { retry_after: Some(Duration::from_secs(30)) });
        assert_eq!(asked(421), Class::NotLeader(None));
    }

    #[test]
    fn a_page_is_one_whatever_is_before_it() {
        let at = Endpoint::at("node01:2379".parse().unwrap()).unwrap();
        for (body, is_html) in [
            ("<html>", true),
            (" \r\n<!DOCTYPE html>", true),
            ("\u{feff}<html>", true),
            ("\u{feff}\n\u{feff} <html>", true),
            ("{}", false),
            ("\u{feff}{}", false),
            ("", false),
        ] {
            let answer = Answer::of(200, &at, &HeaderMap::new(), body.into());
            assert_eq!(answer.is_html(), is_html, "{body:?}");
        }
    }
}
