//! The services' HTTP APIs over verified TLS: an adapter to the ports of `run`.
//!
//! The protocol reads like the table in design.md; deadlines, bounds and the classification
//! of what went wrong are `http`'s and `classify`'s, once for all calls.

mod classify;
mod download;
mod http;
mod tls;
mod trust;
mod words;

use serde_json::json;

use crate::config::{Endpoint, IamConfig, RaftServiceConfig, Request, TlsPaths};
use crate::plan::member::MemberList;
use crate::plan::{Blocker, Cause};
use crate::run::ports::{Added, Class, Cluster, Fault, Health, IamSetup, NewMember, Password};

pub use download::{Download, Served};
pub(crate) use http::Answer;
use http::{Http, Method};
pub use tls::{TlsFindings, describe as describe_tls_files, findings as tls_findings};

/// The real [`Cluster`].
#[derive(Debug)]
pub struct HttpCluster {
    http: Http,
}

impl HttpCluster {
    /// Reads the TLS files and prepares a client; no connection is made.
    ///
    /// # Errors
    /// A TLS file is missing, damaged, expired, does not fit, or is readable by others.
    pub fn new(tls: &TlsPaths, request: Request) -> Result<Self, Blocker> {
        Ok(Self { http: Http::new(tls::client(tls)?, request)? })
    }
}

impl Cluster for HttpCluster {
    async fn health(&self, at: &Endpoint, path: &str) -> Result<Health, Fault> {
        let answer = self.http.send(Method::GET, at, path, None).await?;
        if answer.status == 200 && !answer.is_html() {
            return Ok(answer.health());
        }
        // Whatever a health endpoint says instead of 200, it may say 200 later.
        Err(Fault { class: Class::Transient { retry_after: None }, ..answer.fault() })
    }

    async fn members(&self, service: &RaftServiceConfig, at: &Endpoint) -> Result<MemberList, Fault> {
        let answer = self.http.send(Method::GET, at, service.paths.members.as_str(), None).await?;
        match answer.status {
            200 => {
                let list = answer.member_list()?;
                match list.contradiction(service) {
                    Some(contradiction) => Err(answer.permanent(Cause::Contradiction, contradiction.to_string())),
                    None => Ok(list),
                }
            }
            // An older service, or something else on its port: one of the peers may be right, and this one later.
            404 => Err(answer.transient("answered HTTP 404: no member list at this path")),
            _ => Err(answer.fault()),
        }
    }

    async fn add(&self, service: &RaftServiceConfig, at: &Endpoint, member: NewMember<'_>) -> Result<Added, Fault> {
        let mut body = json!({"id": member.id.as_str(), "raft_addr": member.raft_addr.to_string()});
        if let Some(incarnation) = member.incarnation {
            body["incarnation"] = incarnation.as_str().into();
        }
        let answer =
            self.http.send(Method::POST, at, service.paths.add.as_str(), Some(body.to_string().into_bytes())).await?;
        match answer.status {
            200 | 201 if !answer.is_html() => Ok(Added::Accepted),
            409 => Ok(Added::AlreadyMember),
            _ => Err(answer.fault()),
        }
    }

    async fn remove(&self, service: &RaftServiceConfig, at: &Endpoint, id: &str) -> Result<(), Fault> {
        let answer = self.http.send(Method::DELETE, at, &service.paths.member.of(id), None).await?;
        match answer.status {
            // 404: it is no member, which is what was asked for.
            200 | 202 | 204 | 404 if !answer.is_html() => Ok(()),
            _ => Err(answer.fault()),
        }
    }

    async fn read_after_write(
        &self,
        service: &RaftServiceConfig,
        at: &Endpoint,
        key: &str,
        value: &str,
    ) -> Result<(), Fault> {
        let path = service.paths.kv.of(key);
        let mut at = at.clone();
        // A follower names the leader once; the probe is no place for a longer chase.
        for _hop in 0..2 {
            let written = self.http.send(Method::PUT, &at, &path, Some(value.as_bytes().to_vec())).await?;
            if !matches!(written.status, 200 | 201 | 204) {
                match written.fault().class {
                    Class::NotLeader(Some(leader)) => {
                        at = leader;
                        continue;
                    }
                    _ => return Err(written.fault()),
                }
            }
            let read = self.http.send(Method::GET, &at, &path, None).await?;
            return match read.status {
                200 if read.holds(value) => Ok(()),
                200 => Err(read.transient("the value read is not the value written")),
                _ => Err(read.fault()),
            };
        }
        Err(Fault {
            class: Class::NotLeader(None),
            endpoint: at,
            message: format!("no leader of {} for a write", service.service),
        })
    }

    async fn iam_is_set_up(&self, iam: &IamConfig) -> Result<bool, Fault> {
        let answer = self.http.send(Method::GET, &iam.url, iam.setup_path.as_str(), None).await?;
        match answer.status {
            200 => Ok(answer.completed() == Some(true)),
            // Busy, or not the one to ask.
            408 | 421 | 425 | 429 => Err(answer.fault_without_body()),
            // Not set up, or an IAM that does not tell: the POST's 409 then will.
            400..=499 => Ok(false),
            _ => Err(answer.fault_without_body()),
        }
    }

    async fn set_up_iam(&self, iam: &IamConfig, cluster_name: &str, password: &Password) -> Result<IamSetup, Fault> {
        let body = json!({
            "cluster_name": cluster_name,
            "admin_user": iam.admin_user.as_str(),
            "admin_password": password.expose(),
        });
        let answer = self
            .http
            .send(Method::POST, &iam.url, iam.setup_path.as_str(), Some(body.to_string().into_bytes()))
            .await?;
        let done = match answer.status {
            200 | 201 | 204 if !answer.is_html() => IamSetup::Done,
            409 => IamSetup::DoneAlready,
            _ => return Err(answer.fault_without_body()),
        };
        // The answer may be somebody else's on the way. An IAM that tells its state has the last word.
        let state = self.http.send(Method::GET, &iam.url, iam.setup_path.as_str(), None).await?;
        match state.completed() {
            Some(false) => Err(answer.transient(&format!(
                "answered HTTP {} to the setup, and now says that it is not set up",
                answer.status
            ))),
            Some(true) | None => Ok(done),
        }
    }
}
