//! The services' APIs over HTTPS: the adapter to the ports of `run`, a module for each protocol.
//!
//! Deadlines, bounds and the classes of what went wrong are `http`'s, once for all calls.

pub(crate) mod admin_v1;
mod http_setup;

use crate::config::{Endpoint, MemberService, Request, SetupService, TlsPaths};
use crate::http::{Client, Method};
use crate::plan::Blocker;
use crate::plan::member::MemberList;
use crate::run::ports::{Added, Class, Fault, Health, IamSetup, KeyValue, Members, NewMember, Password, Probe, Setup};

/// The real [`Cluster`](crate::run::ports::Cluster).
#[derive(Debug)]
pub struct HttpCluster {
    client: Client,
}

impl HttpCluster {
    /// Reads the TLS files and prepares a client; no connection is made.
    ///
    /// # Errors
    /// A TLS file is missing, damaged, expired, does not fit, or is readable by others.
    pub fn new(tls: &TlsPaths, request: Request) -> Result<Self, Blocker> {
        Ok(Self { client: Client::new(tls, request)? })
    }
}

impl Probe for HttpCluster {
    async fn health(&self, at: &Endpoint, path: &str) -> Result<Health, Fault> {
        let answer = self.client.send(Method::GET, at, path, None).await?;
        if answer.status == 200 && !answer.is_html() {
            return Ok(admin_v1::health(&answer));
        }
        // Whatever a health endpoint says instead of 200, it may say 200 later.
        Err(Fault { class: Class::Transient { retry_after: None }, ..answer.fault() })
    }
}

impl Members for HttpCluster {
    async fn members(&self, service: &MemberService, at: &Endpoint) -> Result<MemberList, Fault> {
        admin_v1::members(&self.client, service, at).await
    }

    async fn add(&self, service: &MemberService, at: &Endpoint, member: NewMember<'_>) -> Result<Added, Fault> {
        admin_v1::add(&self.client, service, at, member).await
    }

    async fn remove(&self, service: &MemberService, at: &Endpoint, id: &str) -> Result<(), Fault> {
        admin_v1::remove(&self.client, service, at, id).await
    }
}

impl KeyValue for HttpCluster {
    async fn read_after_write(
        &self,
        service: &MemberService,
        at: &Endpoint,
        key: &str,
        value: &str,
    ) -> Result<(), Fault> {
        admin_v1::read_after_write(&self.client, service, at, key, value).await
    }
}

impl Setup for HttpCluster {
    async fn is_set_up(&self, iam: &SetupService) -> Result<bool, Fault> {
        http_setup::is_set_up(&self.client, iam).await
    }

    async fn set_up(&self, iam: &SetupService, cluster_name: &str, password: &Password) -> Result<IamSetup, Fault> {
        http_setup::set_up(&self.client, iam, cluster_name, password).await
    }
}
