//! One node of the storm: the agent's real run (plan, retry, sequence, marker) through its ports.
//!
//! The ports count each call, take a network's time for it, and say what the real adapters say of the same answer.

use std::cell::Cell;
use std::net::IpAddr;
use std::path::Path;
use std::rc::Rc;
use std::time::Duration;

use first_boot_agent::config::{self, Config, Endpoint, MemberService, NodeId, SetupService, UnitName};
use first_boot_agent::data_directory::Owner;
use first_boot_agent::events::{Event, Report};
use first_boot_agent::inventory::{Inventory, Link};
use first_boot_agent::markers::{Holder, Identity, Markers, Trouble};
use first_boot_agent::plan::member::MemberList;
use first_boot_agent::plan::{Blocker, Cause, Step};
use first_boot_agent::run::ports::{
    Added, Class, Environment, Fault, Health, IamSetup, KeyValue, Machine, Members, NewMember, Password, Probe,
    Progress, Promoted, Setup, UnitPhase, UnitWatch, Units,
};
use first_boot_agent::run::{Context, Outcome, Requests, run_step};
use tokio::time::{sleep, timeout};

use crate::leader::{Cluster, HOSTS, Refusal};

/// To the endpoint and back.
pub(crate) const NETWORK: Duration = Duration::from_millis(1);

/// How one node fared.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Fate {
    /// Whether it believes that it is a member.
    pub(crate) joined: bool,
    /// The requests it has made.
    pub(crate) requests: u64,
}

/// Why a node could not even begin; a mistake of the storm, not of the agent.
#[derive(Debug, thiserror::Error)]
#[error("the storm's own configuration is wrong: {0}")]
pub(crate) struct BadConfig(String);

/// The id of the node of this number.
pub(crate) fn id(number: usize) -> String {
    format!("node{number:04}")
}

/// What an operator would have written for this node; the policies are the defaults.
pub(crate) fn config(number: usize) -> Result<Config, BadConfig> {
    let (id, peers) = (id(number), HOSTS.map(|host| format!("\"{host}:2380\"")).join(","));
    let leader = HOSTS[0];
    let json = format!(
        r#"{{"node_id": "{id}", "cluster_name": "storm", "leader_url": "https://{leader}:2379",
            "raft_addr": "{id}:2380", "initial_peers": [{peers}]}}"#
    );
    let document = config::parse(json.as_bytes()).map_err(|error| BadConfig(error.to_string()))?;
    let context = config::Context {
        given: config::Origin::Default,
        host_name: None,
        secrets: Path::new("/etc/nixos/secrets").to_owned(),
        strict: true,
    };
    Ok(config::check(&document, &context).map_err(|report| BadConfig(report.to_string()))?.config)
}

/// Runs the agent's step once, as its unit would.
pub(crate) async fn join(cluster: Rc<Cluster>, config: Config, markers: Markers) -> Fate {
    let calls = Rc::new(Cell::new(0));
    let limit = config.policies.request.total;
    let context: Context<'_, NoUnits, Door> = Context {
        this_node: Identity::of_this_node(&config, Some("0123456789abcdef0123456789abcdef")),
        config: &config,
        markers: &markers,
        units: None,
        cluster: Door { cluster, calls: Rc::clone(&calls), limit },
        who: Holder { words: "storm".to_owned(), unit: None },
        progress: &Unheard,
        machine: &Unheard,
        find_credential: &|_name| None,
        requests: &Requests::default(),
        looks_again: false,
    };
    let outcome = run_step(&context, Step::CHAINFIRE, true, &Unheard).await;
    Fate { joined: outcome == Outcome::Done, requests: calls.get() }
}

/// The way to the cluster.
struct Door {
    cluster: Rc<Cluster>,
    calls: Rc<Cell<u64>>,
    limit: Duration,
}

impl Door {
    async fn exchange<T>(&self, at: &Endpoint, answer: impl Future<Output = T>) -> Result<T, Fault> {
        self.calls.set(self.calls.get() + 1);
        let exchange = async {
            let answer = answer.await;
            sleep(NETWORK).await;
            answer
        };
        let transient = Class::Transient { retry_after: None };
        timeout(self.limit, exchange).await.map_err(|_elapsed| fault(at, transient, "timeout"))
    }
}

fn fault(at: &Endpoint, class: Class, message: &str) -> Fault {
    Fault { class, endpoint: at.clone(), message: message.to_owned() }
}

impl Probe for Door {
    async fn health(&self, _at: &Endpoint, _path: &str) -> Result<Health, Fault> {
        // This node's own service: the cluster is not asked.
        Ok(Health::default())
    }
}

impl Members for Door {
    async fn members(&self, _service: &MemberService, at: &Endpoint) -> Result<MemberList, Fault> {
        self.exchange(at, async { self.cluster.list() }).await
    }

    async fn add(&self, _service: &MemberService, at: &Endpoint, member: NewMember<'_>) -> Result<Added, Fault> {
        let (host, raft_addr) = (at.host().to_string(), member.raft_addr.to_string());
        match self.exchange(at, self.cluster.add(&host, member.id.as_str(), &raft_addr)).await? {
            Ok(()) => Ok(Added::Accepted),
            Err(Refusal::AlreadyMember) => Ok(Added::AlreadyMember),
            Err(Refusal::Busy(pause)) => Err(fault(at, Class::Busy { retry_after: Some(pause) }, "busy")),
            Err(Refusal::NoLeader) => Err(fault(at, Class::Transient { retry_after: None }, "no leader is known")),
            Err(Refusal::NotLeader(leader)) => {
                let hint = format!("{leader}:2379").parse().ok().and_then(|address| Endpoint::at(address).ok());
                Err(fault(at, Class::NotLeader(hint), "not the leader"))
            }
        }
    }

    async fn remove(&self, _service: &MemberService, at: &Endpoint, _id: &str) -> Result<(), Fault> {
        Err(not_in_a_storm(at))
    }

    async fn promote(&self, _service: &MemberService, _at: &Endpoint, _key: &str) -> Result<Promoted, Fault> {
        Ok(Promoted::NotYet)
    }

    fn environment(
        &self,
        _service: &MemberService,
        _id: &NodeId,
        _list: Option<&MemberList>,
    ) -> Result<Option<Environment>, Blocker> {
        Ok(None)
    }
}

impl KeyValue for Door {
    async fn read_after_write(
        &self,
        _service: &MemberService,
        at: &Endpoint,
        _key: &str,
        _value: &str,
    ) -> Result<(), Fault> {
        Err(not_in_a_storm(at))
    }
}

impl Setup for Door {
    async fn is_set_up(&self, iam: &SetupService) -> Result<bool, Fault> {
        Err(not_in_a_storm(&iam.url))
    }

    async fn set_up(&self, iam: &SetupService, _cluster: &str, _password: &Password) -> Result<IamSetup, Fault> {
        Err(not_in_a_storm(&iam.url))
    }
}

/// A join has no use for these calls.
fn not_in_a_storm(at: &Endpoint) -> Fault {
    fault(at, Class::Permanent(Cause::Refused), "the storm has no such call")
}

/// Its service is healthy from the start, and systemd is left out.
struct NoUnits;

impl Units for NoUnits {
    type Watch = NoUnits;

    async fn watch(&self, _unit: &UnitName) -> Result<Self, String> {
        Err("the storm has no systemd".to_owned())
    }

    async fn stop(&self, _unit: &str) -> Result<(), String> {
        Err("the storm has no systemd".to_owned())
    }

    async fn start(&self, _unit: &str) -> Result<(), String> {
        Err("the storm has no systemd".to_owned())
    }

    async fn needed_environment(&self, _unit: &UnitName) -> Result<Vec<String>, String> {
        Ok(Vec::new())
    }

    async fn owner(&self, _unit: &UnitName) -> Result<Owner, String> {
        Err("the storm has no systemd".to_owned())
    }

    async fn last_lines(&self, _unit: &UnitName) -> Vec<String> {
        Vec::new()
    }
}

impl UnitWatch for NoUnits {
    async fn next(&mut self) -> Result<UnitPhase, String> {
        Err("the storm has no systemd".to_owned())
    }
}

/// What a node says is discarded.
struct Unheard;

impl Report for Unheard {
    fn report(&self, _event: Event) {}
}

/// Nothing is expected of the machine, so nothing is looked at.
impl Machine for Unheard {
    fn inventory(&self) -> Inventory {
        Inventory::take(Path::new("/nowhere"))
    }

    fn links(&self) -> Vec<Link> {
        Vec::new()
    }

    fn addresses(&self) -> Vec<IpAddr> {
        Vec::new()
    }

    fn clock_before_build(&self) -> Option<(String, String)> {
        None
    }
}

impl Progress for Unheard {
    fn status(&self, _line: &str) {}

    fn trouble(&self, _trouble: Trouble) {}
}
