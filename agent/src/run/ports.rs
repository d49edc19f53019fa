//! What the run needs of the world: the traits it owns. The adapters (`systemd`, `protocols`)
//! implement them; fakes for fault injection live in the tests.

#![expect(async_fn_in_trait, reason = "one thread does all the work of a step")]

use std::fmt;
use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use crate::config::{Config, Endpoint, MemberService, NodeId, RaftAddr, SetupService, UnitName};
use crate::data_directory::Owner;
use crate::inventory::{Inventory, Link};
use crate::markers::Trouble;
use crate::plan::member::{MemberList, Word};
use crate::plan::membership::Candidate;
use crate::plan::{Blocker, Cause};

/// What systemd says of a unit, as far as waiting for a service needs it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UnitPhase {
    /// Running: ask its health endpoint.
    Active,
    /// On its way, or not started; the text says which.
    NotYet(String),
    /// Failed, with its result, for example `exit-code, status 1`.
    Failed(String),
    /// systemd has no such unit, or it is masked; the text says which.
    Unknown(String),
}

/// Watches units. Going without it is possible: then health endpoints alone are asked.
pub trait Units {
    /// A watch on one unit.
    type Watch: UnitWatch;
    /// Starts watching; `Err` says why systemd cannot be reached.
    async fn watch(&self, unit: &UnitName) -> Result<Self::Watch, String>;
    /// The unit's last journal lines, which explain its failure; empty where unavailable.
    async fn last_lines(&self, unit: &UnitName) -> Vec<String>;
    /// Has the unit stopped and returns when it is; one that does not exist is. `Err` says why not.
    async fn stop(&self, unit: &str) -> Result<(), String>;
    /// Has the unit started, and does not wait for it. `Err` says why not.
    async fn start(&self, unit: &str) -> Result<(), String>;
    /// The files that the unit's environment is read from and without which it is not started. `Err` says why systemd does
    /// not say.
    async fn needed_environment(&self, unit: &UnitName) -> Result<Vec<String>, String>;
    /// Whose files the unit's are. `Err` says why systemd does not say.
    async fn owner(&self, unit: &UnitName) -> Result<Owner, String>;
}

/// The changes of one unit.
pub trait UnitWatch {
    /// The current phase on the first call, then each change of the phase: what else a unit says is no news. Cancel-safe.
    async fn next(&mut self) -> Result<UnitPhase, String>;
}

/// The machine under the agent, as far as the configuration can expect something of it.
pub trait Machine {
    /// All of it, as it is now.
    fn inventory(&self) -> Inventory;
    /// Its network links alone, as they are now.
    fn links(&self) -> Vec<Link>;
    /// The addresses that its network interfaces have now.
    fn addresses(&self) -> Vec<IpAddr>;
    /// The clock and the agent's build date, where the clock is before that.
    fn clock_before_build(&self) -> Option<(String, String)>;
}

/// What a service's HTTP API said, or did not say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// What it means for the next try.
    pub class: Class,
    /// Who was asked.
    pub endpoint: Endpoint,
    /// What happened, naming the object; never holds a secret.
    pub message: String,
}

/// The class of a [`Fault`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Class {
    /// May pass: there is no connection, or no address for its name. Nothing was heard of a cluster.
    Unreachable,
    /// May pass: timed out, 5xx, not an answer of the service at all.
    Transient {
        /// What the service asked for in `Retry-After`.
        retry_after: Option<Duration>,
    },
    /// The service is there and asks to come later: 429, or 503 with `Retry-After`. Not a failure, so it uses up no
    /// attempts; whether anything was applied is for the next list to show.
    Busy {
        /// When, where the service said so in `Retry-After`.
        retry_after: Option<Duration>,
    },
    /// The members answer and know no leader: an election, most likely, which takes seconds; a lost quorum, else.
    Leaderless,
    /// Will not pass by itself: an operator has to change something, on this node or elsewhere.
    Permanent(Cause),
    /// Another node must be asked; the service may have said which.
    NotLeader(Option<Endpoint>),
}

impl fmt::Display for Fault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} ({})", self.message, self.endpoint)
    }
}

impl Fault {
    /// That there is no connection.
    #[must_use]
    pub fn unreachable(endpoint: Endpoint, message: String) -> Self {
        Self { class: Class::Unreachable, endpoint, message }
    }

    /// One that may pass.
    #[must_use]
    pub fn transient(endpoint: Endpoint, message: String) -> Self {
        Self { class: Class::Transient { retry_after: None }, endpoint, message }
    }

    /// One that will not pass by itself.
    #[must_use]
    pub fn permanent(cause: Cause, endpoint: Endpoint, message: String) -> Self {
        Self { class: Class::Permanent(cause), endpoint, message }
    }

    /// The blocker that a permanent fault is; `None` for the others.
    #[must_use]
    pub fn blocker(&self) -> Option<Blocker> {
        let Class::Permanent(cause) = self.class else {
            return None;
        };
        if cause == Cause::Secret {
            // No peer was asked.
            let remedy = "correct that on this node".to_owned();
            return Some(Blocker { cause, reason: self.message.clone(), remedy });
        }
        let show = format!("openssl s_client -connect {} </dev/null", self.endpoint.address());
        let remedy = match cause {
            Cause::Trust => format!("compare its certificate with tls.ca: {show}"),
            Cause::PeerExpired => format!("renew it there, or set this node's clock if that is wrong: {show}"),
            Cause::PeerName => format!("issue it for this name, or ask it by a name that it has: {show}"),
            Cause::NoCertificate => "set tls.cert and tls.key to a certificate of a CA that it trusts".to_owned(),
            Cause::OwnCertificate => "replace this node's certificate and key (tls.cert, tls.key) by ones that it \
                                      trusts; first-boot-agent config show has their paths"
                .to_owned(),
            Cause::OldTls => format!("let it offer TLS 1.2 or 1.3: {show}"),
            Cause::Contradiction => {
                "find out which of the two entries is right, and have the service list each member once".to_owned()
            }
            Cause::AnotherCluster => {
                "make leader_url and initial_peers name members of one cluster only, its leader among them".to_owned()
            }
            Cause::PeerCertificate => format!("reissue it there: {show} | openssl x509 -noout -text"),
            Cause::NoCommonTls => format!(
                "give it a key of RSA (2048 bits or more), P-256, P-384 or Ed25519, and the usual cipher suites of TLS 1.2 or \
                 1.3: {show}"
            ),
            _ => format!("compare this node's configuration with what {} expects", self.endpoint),
        };
        Some(Blocker { cause, reason: self.to_string(), remedy })
    }

    /// The `Retry-After` of a busy service.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        match self.class {
            Class::Transient { retry_after } | Class::Busy { retry_after } => retry_after,
            Class::Unreachable | Class::Leaderless | Class::Permanent(_) | Class::NotLeader(_) => None,
        }
    }
}

/// The answer to an add.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Added {
    /// 200 or 201.
    Accepted,
    /// 409: an entry with this id or this address exists.
    AlreadyMember,
}

/// The answer to a promotion.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Promoted {
    /// It is a voter, now or before; only the list confirms it.
    Done,
    /// Not now: it is not in sync with the leader yet, or the service promotes it by itself.
    NotYet,
}

/// The environment of a unit, as systemd.exec(5) reads it from a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Environment {
    /// The file.
    pub path: PathBuf,
    /// All that is in it.
    pub text: String,
}

/// What a healthy service reports about itself, where it does.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Health {
    /// Whose service it is.
    pub node_id: Option<Word>,
    /// Which cluster it is in, if it is in one.
    pub cluster_id: Option<Word>,
    /// Which data directory it runs on; see [`crate::plan::member::Member::incarnation`].
    pub incarnation: Option<Word>,
}

impl Health {
    /// The incarnation, where the service says that it is this node's: behind a mistyped URL may be another's.
    #[must_use]
    pub fn incarnation_of(&self, id: &NodeId) -> Option<&Word> {
        self.incarnation.as_ref().filter(|_| self.is_of(id))
    }

    /// This node on its way into a service, as its own service reports it, with the addresses that the machine has.
    #[must_use]
    pub fn candidate<'a>(
        &'a self,
        config: &'a Config,
        service: &'a MemberService,
        addresses: &'a [IpAddr],
    ) -> Candidate<'a> {
        let id = &config.node.id;
        let cluster_id = self.cluster_id.as_ref().filter(|_| self.is_of(id));
        Candidate { config, service, incarnation: self.incarnation_of(id), cluster_id, addresses }
    }

    fn is_of(&self, id: &NodeId) -> bool {
        self.node_id.as_ref().is_some_and(|own| own.as_str() == id.as_str())
    }
}

/// A member to be added.
#[derive(Debug, Clone, Copy)]
pub struct NewMember<'a> {
    /// Its id.
    pub id: &'a NodeId,
    /// Its Raft address.
    pub raft_addr: &'a RaftAddr,
    /// The incarnation that its service reports.
    pub incarnation: Option<&'a Word>,
}

/// Asks services for their health.
pub trait Probe {
    /// `GET` of a health path; `Ok` is 200.
    async fn health(&self, at: &Endpoint, path: &str) -> Result<Health, Fault>;
    /// Why nothing answers there; `None` where anything does, be it well or not, or not to be trusted: who does is not dead.
    async fn silence(&self, at: &Endpoint, path: &str) -> Option<Fault> {
        self.health(at, path).await.err().filter(|fault| fault.blocker().is_none())
    }
    /// Whether anything answers there.
    async fn answers(&self, at: &Endpoint, path: &str) -> bool {
        self.silence(at, path).await.is_none()
    }
}

/// Membership: the list, and its changes.
pub trait Members {
    /// The member list that `at` knows; one that contradicts itself is a fault.
    async fn members(&self, service: &MemberService, at: &Endpoint) -> Result<MemberList, Fault>;
    /// Whether the leader has lost this member of the list that `at` has answered, where that is not in the list anyway.
    async fn has_lost(&self, _service: &MemberService, _at: &Endpoint, _list: &MemberList, _key: &Word) -> bool {
        false
    }
    /// Asks `at` to add a member.
    async fn add(&self, service: &MemberService, at: &Endpoint, member: NewMember<'_>) -> Result<Added, Fault>;
    /// Asks `at` to make a learner a voter, in a service that waits to be asked.
    async fn promote(&self, service: &MemberService, at: &Endpoint, key: &str) -> Result<Promoted, Fault>;
    /// Asks `at` to remove a member; one that is none is fine.
    async fn remove(&self, service: &MemberService, at: &Endpoint, key: &str) -> Result<(), Fault>;
    /// What the unit of a service has to know before it is started, where it is started as a member of a cluster: of the one
    /// that has this list, or of one that it begins with its initial peers.
    ///
    /// # Errors
    /// Nothing can be written that would be right.
    fn environment(
        &self,
        service: &MemberService,
        id: &NodeId,
        list: Option<&MemberList>,
    ) -> Result<Option<Environment>, Blocker>;
}

/// What a service stores.
pub trait KeyValue {
    /// Writes a value and reads it back.
    async fn read_after_write(
        &self,
        service: &MemberService,
        at: &Endpoint,
        key: &str,
        value: &str,
    ) -> Result<(), Fault>;
}

/// Services that are set up once.
pub trait Setup {
    /// Whether it has been set up.
    async fn is_set_up(&self, iam: &SetupService) -> Result<bool, Fault>;
    /// Sets it up.
    async fn set_up(&self, iam: &SetupService, cluster_name: &str, password: &Password) -> Result<IamSetup, Fault>;
}

/// All that the steps ask services for.
pub trait Cluster: Probe + Members + KeyValue + Setup {}

impl<T: Probe + Members + KeyValue + Setup> Cluster for T {}

/// The answer to a setup of IAM.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IamSetup {
    /// 200 or 201.
    Done,
    /// 409: it was set up before.
    DoneAlready,
}

/// A password: nothing can print it.
pub struct Password(String);

impl Password {
    /// Takes a password as it is.
    #[must_use]
    pub fn new(text: String) -> Self {
        Self(text)
    }

    /// The text, for the one request that needs it.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

/// Reports what a step is doing to those who ask for its state: systemd, and `status`.
pub trait Progress {
    /// One line on what is going on, for `systemctl status` (`STATUS=` of `sd_notify(3)`).
    fn status(&self, line: &str);
    /// What holds the step up, and what to do about it. It is valid until the next one, or the end of the step.
    fn trouble(&self, trouble: Trouble);
}
