//! The fields under `services`: what differs from the usual, by service. Those of the platform's own services have other
//! defaults than those of their protocols.

use super::{
    kind::{
        Absent::{self, Default, Derived, Needed, Open},
        Field,
        Kind::{Flag, List, Port, Text},
        field, joined, keys,
    },
    protocols::admin_v1,
    text_kinds::{
        ADDRESS, ADMIN_PASSWORD_FILE, API_PATH, DIRECTORY, FLAREDB_ADDRESS, FLAREDB_URL, IAM_URL, PROTOCOL,
        SERVICE_NAME, UNIT, URL, USER,
    },
    value::{ApiPath, BaseUrl, HostPort, Protocol, ServiceName, UnitName, UserName},
};
use std::path::PathBuf;

/// A service that a configuration has which names none.
pub(crate) struct DefaultService {
    pub(crate) name: ServiceName,
    pub(crate) protocol: Protocol,
    pub(crate) fields: &'static [Field],
    pub(crate) about: &'static str,
    /// What it needs, where that is a service of this node.
    pub(crate) needs: Option<ServiceName>,
}

pub(crate) static DEFAULT: &[DefaultService] = &[
    DefaultService {
        name: ServiceName::CHAINFIRE,
        protocol: Protocol::AdminV1,
        fields: joined!(CHAINFIRE, admin_v1::OWN),
        about: "The key-value store.",
        needs: None,
    },
    DefaultService {
        name: ServiceName::FLAREDB,
        protocol: Protocol::AdminV1,
        fields: joined!(FLAREDB, admin_v1::OWN),
        about: "The SQL store.",
        needs: Some(ServiceName::CHAINFIRE),
    },
    DefaultService {
        name: ServiceName::IAM,
        protocol: Protocol::HttpSetup,
        fields: IAM,
        about: "Accounts and permissions.",
        needs: Some(ServiceName::FLAREDB),
    },
];

/// The default service of a name.
pub(crate) fn default_of(name: &str) -> Option<&'static DefaultService> {
    DEFAULT.iter().find(|service| service.name.as_str() == name)
}

macro_rules! declare {
    ($($protocol:ident $module:ident $name:literal $own:ident $about:literal;)+) => {
        /// The fields of a service that is none of the platform's own.
        pub(crate) fn further(protocol: Protocol) -> &'static [Field] {
            match protocol {
                $(Protocol::$protocol => joined!(FURTHER, super::protocols::$module::OWN),)+
                Protocol::HttpSetup => HTTP_SETUP,
            }
        }
    };
}

crate::protocols_with_members!(declare! {});

/// The fields of a service that speaks a protocol.
pub(crate) fn fields(name: &str, protocol: Protocol) -> &'static [Field] {
    match default_of(name) {
        Some(service) if service.protocol == protocol => service.fields,
        _ => further(protocol),
    }
}

keys!(SERVICE: ServiceKeys, any_service "" {
    needs: Vec<ServiceName>, enable: bool, unit: UnitName, data_dir: PathBuf, url: BaseUrl,
    leader_url: BaseUrl, raft_addr: HostPort, api_port: u16, raft_port: u16, initial_peers: Vec<HostPort>,
    environment_file: PathBuf, admin_user: UserName, admin_password_file: PathBuf, health_path: ApiPath,
    setup_path: ApiPath,
});

const ENABLE: &str = "Whether the agent manages this service.";
const NOT_ON_A_WORKER: &str =
    "Whether the agent manages this service. On a worker, false where `services` does not name it.";

const ADMIN_V1_BY_NAME: Absent = Derived("its name: admin-v1");
const OF_A_FURTHER_ONE: Absent = Needed("for a service that is not one of the platform's own");
const NAMED_UNIT: Absent = Derived("its name");

/// The fields that a service with members has whatever it is called; only unit, paths, ports and where addresses come from
/// differ.
macro_rules! with_members {
    ($protocol:expr, $needs:expr, $enable:expr, $unit:expr, $data:expr, $api:literal, $raft:literal,
     $url:ident: $leader:expr, $at:ident: $own:expr $(, $own_field:expr)*) => {
        &[
            field("protocol", Text(&PROTOCOL), $protocol, "The API that it speaks."),
            field("needs", List(&SERVICE_NAME), $needs, "The services that must be done before this one."),
            field("enable", Flag, Default("true"), $enable),
            field("unit", Text(&UNIT), $unit, "Its systemd unit."),
            field("data_dir", Text(&DIRECTORY), $data, "Where it keeps its data. Only `reset` changes it; a join of etcd looks \
                into it, and etcd is started with it."),
            field(
                "url",
                Text(&$url),
                Derived("raft_addr, the peers, node_fqdn, node_ip, else localhost"),
                "Its API on this node.",
            ),
            field("leader_url", Text(&$url), Derived($leader), "The member to ask first."),
            field("raft_addr", Text(&$at), Derived($own), "This node's Raft address."),
            field("api_port", Port, Default($api), "The API's port on every node."),
            field("raft_port", Port, Default($raft), "The Raft port, where an address has none."),
            $($own_field,)*
        ]
    };
}

const CHAINFIRE: &[Field] = with_members!(
    ADMIN_V1_BY_NAME,
    Open,
    ENABLE,
    Default("\"chainfire.service\""),
    Default("\"/var/lib/chainfire\""),
    "2379",
    "2380",
    URL: "leader_url",
    ADDRESS: "raft_addr"
);
const FLAREDB: &[Field] = with_members!(
    ADMIN_V1_BY_NAME,
    Derived("its name: chainfire, where that is a service of this node"),
    NOT_ON_A_WORKER,
    Default("\"flaredb.service\""),
    Default("\"/var/lib/flaredb\""),
    "2479",
    "2480",
    FLAREDB_URL: "the host of chainfire's leader_url with api_port",
    FLAREDB_ADDRESS: "the host of chainfire's raft_addr with raft_port"
);
/// The fields of a service with members that is none of the platform's own, whatever it speaks.
pub(crate) const FURTHER: &[Field] = with_members!(
    OF_A_FURTHER_ONE,
    Open,
    ENABLE,
    NAMED_UNIT,
    Derived("its name, below /var/lib"),
    "2379",
    "2380",
    URL: LEADER,
    ADDRESS: OWN,
    FIRST_NODES
);

const LEADER: &str = "leader_url; of a service that is not the first, its host with api_port";
const OWN: &str = "raft_addr; of a service that is not the first, its host with raft_port";
const FIRST_NODES: Field = field(
    "initial_peers",
    List(&ADDRESS),
    Derived("initial_peers; of a service that is not the first, its hosts with raft_port"),
    "The Raft addresses of its first nodes, in the same order on each.",
);

/// The fields of a service that is set up once.
macro_rules! set_up_once {
    ($protocol:expr, $needs:expr, $enable:expr, $unit:expr, $url:literal) => {
        &[
            field("protocol", Text(&PROTOCOL), $protocol, "The API that it speaks."),
            field("needs", List(&SERVICE_NAME), $needs, "The services that must be done before this one."),
            field("enable", Flag, Default("true"), $enable),
            field("unit", Text(&UNIT), $unit, "Its systemd unit."),
            field("url", Text(&IAM_URL), Derived($url), "Its API on this node."),
            field("api_port", Port, Default("8080"), "The API's port."),
            field("admin_user", Text(&USER), Default("\"admin\""), "The first administrator's account."),
            field(
                "admin_password_file",
                Text(&ADMIN_PASSWORD_FILE),
                Open,
                "A file of mode 0600 with the account's password.",
            ),
            field("health_path", Text(&API_PATH), Default("\"/health\""), "`GET`: 200 when healthy."),
            field("setup_path", Text(&API_PATH), Default("\"/admin/setup\""), "`POST`: creates the account."),
        ]
    };
}

static IAM: &[Field] = set_up_once!(
    Derived("its name: http-setup"),
    Derived("its name: flaredb, where that is a service of this node"),
    NOT_ON_A_WORKER,
    Default("\"iam.service\""),
    "chainfire's url with api_port"
);
pub(crate) static HTTP_SETUP: &[Field] =
    set_up_once!(OF_A_FURTHER_ONE, Open, ENABLE, NAMED_UNIT, "the url of the first service with api_port");
