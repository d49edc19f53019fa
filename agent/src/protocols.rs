//! The services' APIs over HTTPS: the adapter to the ports of `run`, a module for each protocol.
//!
//! Deadlines, bounds and the classes of what went wrong are `http`'s, once for all calls. A further protocol is a module
//! here with its calls, one in the configuration's crate with its fields, and a line in that crate's table.

pub(crate) mod admin_v1;
mod etcd_v3;
mod http_setup;

use std::path::PathBuf;

use crate::config::{Api, Endpoint, MemberService, NodeId, Request, SetupService, TlsPaths};
use crate::http::{Client, Method};
use crate::plan::member::{MemberList, Word};
use crate::plan::{Blocker, Cause};
use crate::run::ports::{
    Added, Class, Environment, Fault, Health, IamSetup, KeyValue, Members, NewMember, Password, Probe, Promoted, Setup,
};

use etcd_v3::Logins;

/// The real [`Cluster`](crate::run::ports::Cluster).
#[derive(Debug)]
pub struct HttpCluster {
    client: Client,
    logins: Logins,
}

impl HttpCluster {
    /// Reads the TLS files and prepares a client; no connection is made. Credentials are found by their names.
    ///
    /// # Errors
    /// A TLS file is missing, damaged, expired, does not fit, or is readable by others.
    pub fn new(tls: &TlsPaths, request: Request, find: fn(&str) -> Option<PathBuf>) -> Result<Self, Blocker> {
        Ok(Self { client: Client::new(tls, request)?, logins: Logins::finding(find) })
    }
}

/// The calls of a service, with what its protocol has in the configuration: one [`Protocol`] for each.
struct Calls<'a, Own> {
    client: &'a Client,
    logins: &'a Logins,
    service: &'a MemberService,
    own: &'a Own,
}

/// How the calls of a service with members are made.
trait Protocol {
    /// The member list that `at` knows.
    async fn members(&self, at: &Endpoint) -> Result<MemberList, Fault>;
    /// See [`Members::has_lost`].
    async fn has_lost(&self, _at: &Endpoint, _list: &MemberList, _key: &Word) -> bool {
        false
    }
    /// Asks `at` to add a member.
    async fn add(&self, at: &Endpoint, member: NewMember<'_>) -> Result<Added, Fault>;
    /// Asks `at` to make a learner a voter.
    async fn promote(&self, at: &Endpoint, key: &str) -> Result<Promoted, Fault>;
    /// Asks `at` to remove a member; one that is none is fine.
    async fn remove(&self, at: &Endpoint, key: &str) -> Result<(), Fault>;
    /// Writes a value and reads it back.
    async fn read_after_write(&self, at: &Endpoint, key: &str, value: &str) -> Result<(), Fault>;
    /// What its unit must know before it is started; see [`Members::environment`].
    fn environment(&self, _id: &NodeId, _list: Option<&MemberList>) -> Result<Option<Environment>, Blocker> {
        Ok(None)
    }
}

/// Has the protocol that a service speaks do something.
macro_rules! spoken {
    ($cluster:ident, $service:ident, $calls:ident => $call:expr) => {
        first_boot_config::protocols_with_members!(spoken! { @ $cluster, $service, $calls, $call; })
    };
    (@ $cluster:ident, $service:ident, $calls:ident, $call:expr;
     $($protocol:ident $module:ident $name:literal $own:ident $about:literal;)+) => {
        match &$service.api {
            $(Api::$protocol(own) => {
                let $calls = Calls { client: &$cluster.client, logins: &$cluster.logins, service: $service, own };
                $call
            })+
        }
    };
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

    async fn silence(&self, at: &Endpoint, path: &str) -> Option<Fault> {
        self.client.send(Method::GET, at, path, None).await.err().filter(|fault| fault.blocker().is_none())
    }
}

impl Members for HttpCluster {
    async fn members(&self, service: &MemberService, at: &Endpoint) -> Result<MemberList, Fault> {
        let list: MemberList = spoken!(self, service, calls => calls.members(at).await)?;
        match list.contradiction(service) {
            Some(contradiction) => Err(Fault::permanent(Cause::Contradiction, at.clone(), contradiction)),
            None => Ok(list),
        }
    }

    async fn has_lost(&self, service: &MemberService, at: &Endpoint, list: &MemberList, key: &Word) -> bool {
        spoken!(self, service, calls => calls.has_lost(at, list, key).await)
    }

    async fn add(&self, service: &MemberService, at: &Endpoint, member: NewMember<'_>) -> Result<Added, Fault> {
        spoken!(self, service, calls => calls.add(at, member).await)
    }

    async fn promote(&self, service: &MemberService, at: &Endpoint, key: &str) -> Result<Promoted, Fault> {
        spoken!(self, service, calls => calls.promote(at, key).await)
    }

    async fn remove(&self, service: &MemberService, at: &Endpoint, key: &str) -> Result<(), Fault> {
        spoken!(self, service, calls => calls.remove(at, key).await)
    }

    fn environment(
        &self,
        service: &MemberService,
        id: &NodeId,
        list: Option<&MemberList>,
    ) -> Result<Option<Environment>, Blocker> {
        spoken!(self, service, calls => calls.environment(id, list))
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
        spoken!(self, service, calls => calls.read_after_write(at, key, value).await)
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
