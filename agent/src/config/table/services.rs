//! The fields under `services`: what differs from the usual, by service.

use super::{
    super::text_kinds::{ADDRESS, API_PATH, DIRECTORY, FILE, FLAREDB_ADDRESS, FLAREDB_URL, IAM_URL, UNIT, URL, USER},
    Absent::{Default, Derived, Inner, Open},
    Field,
    Kind::{Flag, Object, Port, Text},
    field,
};

/// The fields of a Raft service; only unit and ports differ between the two.
macro_rules! raft_service {
    ($unit:literal, $data:literal, $api:literal, $raft:literal, $url:ident: $leader:literal, $at:ident: $own:literal) => {
        &[
            field("enable", Flag, Default("true"), "Whether the agent takes care of this service."),
            field("unit", Text(&UNIT), Default($unit), "The unit it runs as."),
            field("data_dir", Text(&DIRECTORY), Default($data), "Where it keeps its data; only `reset` touches it."),
            field(
                "url",
                Text(&$url),
                Derived("raft_addr, the peers, node_fqdn, node_ip, else localhost"),
                "Its API on this node.",
            ),
            field("leader_url", Text(&$url), Derived($leader), "The member to ask first."),
            field("raft_addr", Text(&$at), Derived($own), "This node's Raft address."),
            field("api_port", Port, Default($api), "The API's port on every node."),
            field("raft_port", Port, Default($raft), "The Raft port where an address does not say."),
            field("paths", Object(PATHS), Inner, "Where its calls are."),
        ]
    };
}

pub(super) static SERVICES: &[Field] = &[
    field("chainfire", Object(CHAINFIRE), Inner, "The key-value store."),
    field("flaredb", Object(FLAREDB), Inner, "The SQL store."),
    field("iam", Object(IAM), Inner, "Accounts and permissions."),
];

static CHAINFIRE: &[Field] = raft_service!(
    "\"chainfire.service\"",
    "\"/var/lib/chainfire\"",
    "2379",
    "2380",
    URL: "leader_url",
    ADDRESS: "raft_addr"
);
static FLAREDB: &[Field] = raft_service!(
    "\"flaredb.service\"",
    "\"/var/lib/flaredb\"",
    "2479",
    "2480",
    FLAREDB_URL: "the host of chainfire's leader_url with api_port",
    FLAREDB_ADDRESS: "the host of chainfire's raft_addr with raft_port"
);

static PATHS: &[Field] = &[
    field("health", Text(&API_PATH), Default("\"/health\""), "`GET`: 200 when healthy."),
    field("members", Text(&API_PATH), Default("\"/admin/cluster/members\""), "`GET`: the member list."),
    field("add", Text(&API_PATH), Default("\"/admin/member/add\""), "`POST`: adds a member."),
    field("member", Text(&API_PATH), Default("\"/admin/member\""), "`DELETE`, with `/ID` appended: removes a member."),
    field(
        "kv",
        Text(&API_PATH),
        Default("\"/v1/kv\""),
        "`PUT` and `GET`, with `/KEY` appended: the health check's probe.",
    ),
];

static IAM: &[Field] = &[
    field("enable", Flag, Default("true"), "Whether the agent takes care of IAM."),
    field("unit", Text(&UNIT), Default("\"iam.service\""), "The unit it runs as."),
    field("url", Text(&IAM_URL), Derived("chainfire's url with api_port"), "Its API on this node."),
    field("api_port", Port, Default("8080"), "The API's port."),
    field("admin_user", Text(&USER), Default("\"admin\""), "The first administrator's account."),
    field("admin_password_file", Text(&FILE), Open, "A file of mode 0600 with the account's password."),
    field("health_path", Text(&API_PATH), Default("\"/health\""), "`GET`: 200 when healthy."),
    field("setup_path", Text(&API_PATH), Default("\"/admin/setup\""), "`POST`: creates the account."),
];
