//! What a cluster config means to the rest of the agent: validated values, with
//! every default and derived value filled in. Must not hold raw text, read
//! files, or know the JSON form.

use super::expectations::Expectations;
use super::protocols::Api;
use super::value::{
    ApiPath, Cidr, ClusterName, DnsName, Endpoint, Host, HostPort, Label, NodeId, RaftAddr, ServiceName, TlsPaths,
    UnitName, UserName,
};
use std::{net::IpAddr, path::PathBuf, time::Duration};

/// Everything the agent knows about this node and its cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// Who this node is.
    pub node: Node,
    /// The cluster's name, where the config gives one.
    pub cluster_name: Option<ClusterName>,
    /// Whether a dead member of this node's id gives way to this node.
    pub replace: bool,
    /// The services of this node, those that are turned off too, each after what it needs.
    pub services: Vec<Service>,
    /// What the machine must have.
    pub expect: Expectations,
    /// Where the TLS files are.
    pub tls: TlsPaths,
    /// How long to wait and how often to try.
    pub policies: Policies,
    /// Whether the boot stops in the initrd where something that is needed is missing.
    pub initrd_required: bool,
    /// Whether the health check writes one key and reads it back.
    pub health_check_probes: bool,
    /// The address ranges that the config lists, by name.
    pub networks: Vec<(Label, Cidr)>,
}

impl Config {
    /// The service of a name.
    #[must_use]
    pub fn service(&self, name: ServiceName) -> Option<&Service> {
        self.services.iter().find(|service| service.name() == name)
    }

    /// The services that have members, those that are turned off too.
    pub fn with_members(&self) -> impl DoubleEndedIterator<Item = &MemberService> {
        self.services.iter().filter_map(Service::members)
    }

    /// The services that are set up once, those that are turned off too.
    pub fn set_up_once(&self) -> impl Iterator<Item = &SetupService> {
        self.services.iter().filter_map(|service| match service {
            Service::Setup(service) => Some(service),
            Service::Members(_) => None,
        })
    }

    /// The service of a name, where it has members.
    #[must_use]
    pub fn member_service(&self, name: ServiceName) -> Option<&MemberService> {
        self.service(name).and_then(Service::members)
    }

    /// Whether this node forms a cluster instead of joining one.
    #[must_use]
    pub fn bootstraps(&self) -> bool {
        self.with_members().any(|service| service.mode.is_bootstrap())
    }
}

/// A service on this node: one row of `services`.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(clippy::large_enum_variant, reason = "a node has a handful of them")]
pub enum Service {
    /// One whose nodes are members of a cluster.
    Members(MemberService),
    /// One that is set up once.
    Setup(SetupService),
}

impl Service {
    /// What it is called.
    #[must_use]
    pub fn name(&self) -> ServiceName {
        match self {
            Self::Members(service) => service.name,
            Self::Setup(service) => service.name,
        }
    }

    /// Whether the agent takes care of it.
    #[must_use]
    pub fn is_enabled(&self) -> bool {
        match self {
            Self::Members(service) => service.enable,
            Self::Setup(service) => service.enable,
        }
    }

    /// The services that must be done first; each is one of this node's.
    #[must_use]
    pub fn needs(&self) -> &[ServiceName] {
        match self {
            Self::Members(service) => &service.needs,
            Self::Setup(service) => &service.needs,
        }
    }

    /// The unit it runs as.
    #[must_use]
    pub fn unit(&self) -> &UnitName {
        match self {
            Self::Members(service) => &service.unit,
            Self::Setup(service) => &service.unit,
        }
    }

    /// Its API on this node.
    #[must_use]
    pub fn url(&self) -> &Endpoint {
        match self {
            Self::Members(service) => &service.url,
            Self::Setup(service) => &service.url,
        }
    }

    /// It, where it has members.
    #[must_use]
    pub fn members(&self) -> Option<&MemberService> {
        match self {
            Self::Members(service) => Some(service),
            Self::Setup(_) => None,
        }
    }
}

/// Who this node is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    /// Its id in every member list.
    pub id: NodeId,
    /// Its primary address, where the config gives one.
    pub ip: Option<IpAddr>,
    /// Its full name in DNS, where the config gives one.
    pub fqdn: Option<DnsName>,
}

/// How a node becomes a member of a service's cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Mode {
    /// It forms the cluster together with the other initial peers.
    Bootstrap {
        /// This node's address, where it is known: without, the node is recognised by its id alone.
        address: Option<RaftAddr>,
    },
    /// It is added to a cluster that exists.
    Join {
        /// The member to ask first.
        leader: Endpoint,
        /// This node's address, under which it is added.
        address: RaftAddr,
    },
}

impl Mode {
    /// Whether this node forms the cluster.
    #[must_use]
    pub fn is_bootstrap(&self) -> bool {
        matches!(self, Self::Bootstrap { .. })
    }
}

/// A service whose nodes are members of a cluster, as it is on this node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MemberService {
    /// What it is called.
    pub name: ServiceName,
    /// The services that must be done before this one.
    pub needs: Vec<ServiceName>,
    /// Whether the agent takes care of it.
    pub enable: bool,
    /// The unit it runs as.
    pub unit: UnitName,
    /// Where it keeps its data.
    pub data_dir: PathBuf,
    /// Its API on this node.
    pub url: Endpoint,
    /// The port of a member's API where nothing else is said.
    pub api_port: u16,
    /// How this node becomes a member.
    pub mode: Mode,
    /// The Raft port of a member whose address names none.
    pub raft_port: u16,
    /// Every Raft address that means this node.
    pub own_addresses: Vec<RaftAddr>,
    /// This node's address as its initial members list it: the spelling that all of them have.
    pub listed_as: Option<RaftAddr>,
    /// The other initial members.
    pub peers: Vec<Peer>,
    /// What it speaks.
    pub api: Api,
}

impl MemberService {
    /// This node's address, where it is known; always, where it joins.
    #[must_use]
    pub fn raft_addr(&self) -> Option<&RaftAddr> {
        match &self.mode {
            Mode::Bootstrap { address } => address.as_ref(),
            Mode::Join { address, .. } => Some(address),
        }
    }

    /// Whether an address is one of this node's.
    #[must_use]
    pub fn is_own(&self, address: &HostPort) -> bool {
        self.own_addresses.contains(address)
    }

    /// Whether an endpoint is this node's own service, by the names and addresses that mean this node.
    #[must_use]
    pub fn is_own_api(&self, endpoint: &Endpoint) -> bool {
        let own = self.url.host();
        // In a lab on loopback each node has its own such address, or its own ports; the name means the usual one.
        let is_own_host = |host: &Host| {
            host == own
                || (host.is_this_machine() && !own.is_this_machine())
                || (host.is_usual_loopback() && own.is_usual_loopback() && (host.is_name() || own.is_name()))
                || self.own_addresses.iter().any(|address| address.host() == host)
        };
        endpoint.port() == self.url.port() && is_own_host(endpoint.host())
    }

    /// Whom to ask for a change of membership: the leader, then the peers, each
    /// once; never this node itself.
    #[must_use]
    pub fn endpoints_for_change(&self) -> Vec<Endpoint> {
        let mut asked = Vec::new();
        let leader = match &self.mode {
            Mode::Join { leader, .. } => Some(leader),
            Mode::Bootstrap { .. } => None,
        };
        for endpoint in leader.into_iter().chain(self.peers.iter().map(|peer| &peer.url)) {
            if !asked.contains(endpoint) && !self.is_own_api(endpoint) {
                asked.push(endpoint.clone());
            }
        }
        asked
    }
}

/// Another member of a Raft group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Peer {
    /// Its Raft address.
    pub raft: RaftAddr,
    /// Its API: the same host, with the API's port.
    pub url: Endpoint,
}

/// A service that is set up once, as it is on this node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SetupService {
    /// What it is called.
    pub name: ServiceName,
    /// The services that must be done before this one.
    pub needs: Vec<ServiceName>,
    /// Whether the agent takes care of it.
    pub enable: bool,
    /// The unit it runs as.
    pub unit: UnitName,
    /// Its API on this node.
    pub url: Endpoint,
    /// The account to create.
    pub admin_user: UserName,
    /// The file with the account's password, where the config names one.
    pub admin_password_file: Option<PathBuf>,
    /// Whether this node makes up the password when none is given: true on the
    /// first host of `initial_peers` only.
    pub generates_password: bool,
    /// `GET`: 200 when healthy.
    pub health_path: ApiPath,
    /// `POST`: creates the account.
    pub setup_path: ApiPath,
}

/// How long to wait and how often to try.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policies {
    /// For a service on this node: its unit active, its health endpoint answering 200.
    pub health: Limits,
    /// For the member list to show this node as a full member.
    pub promotion: Limits,
    /// For another node's IAM setup to appear.
    pub iam_setup: Limits,
    /// For a clock before the build date to be set.
    pub clock_limit: Duration,
    /// For the network links that are expected.
    pub link: Limits,
    /// For faults that have to be fixed elsewhere: the pauses between two looks.
    pub blocked: Limits,
    /// For one attempt to join, and the pause before the next.
    pub join: Retry,
    /// For a single request.
    pub request: Request,
}

/// Waiting for something to come true, looking ever less often.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// How long in all.
    pub limit: Duration,
    /// The delay before the second check.
    pub first_delay: Duration,
    /// The longest delay between two checks.
    pub max_delay: Duration,
}

/// Trying something that others take part in, with random pauses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retry {
    /// How often in one run of the unit.
    pub attempts: u32,
    /// The upper bound of the first pause; it doubles with each.
    pub scale: Duration,
    /// The longest pause.
    pub max_delay: Duration,
}

/// Bounds of a single request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Request {
    /// Until the connection is established, TLS included.
    pub connect: Duration,
    /// Until the answer is read.
    pub total: Duration,
    /// The most bytes of an answer that are read.
    pub max_body: u64,
}
