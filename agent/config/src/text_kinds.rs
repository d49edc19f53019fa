//! The texts that the config knows, one constant each. Must not say where they
//! are used.

use super::{
    kind::{TextKind, Value},
    value::{NodeRole, Protocol, Reach, ValueError, parse_size},
};
use std::{net::IpAddr, path::PathBuf};

/// Declares texts that are read as the type of their value: its name in words, an example, and its pattern.
macro_rules! texts {
    ($($kind:ident($value:ident): $name:expr, $example:literal, $pattern:expr;)+) => {
        $(pub(crate) static $kind: TextKind = TextKind {
            name: $name,
            example: $example,
            pattern: $pattern,
            read: |text| text.parse().map(Value::$value),
        };)+
    };
}

const HOST_PORT: &str = r"^(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9_.-]+):[0-9]{1,5}$";
const SHORT_TEXT: &str = "a short text";
const SHORT_TEXT_PATTERN: &str = "^[^\\u0000-\\u001f\\u007f]{1,128}$";
const HTTPS_URL: &str = "an HTTPS URL of host and port";
const BASE_URL: &str = r"^[Hh][Tt][Tt][Pp][Ss]://(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9_.-]+)(:[0-9]{1,5})?/?$";

texts! {
    NODE_ID(NodeId): "the id of a node", "node01", "^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$";
    ROLE(Role): NodeRole::IN_WORDS, "control-plane", NodeRole::PATTERN;
    PROTOCOL(Protocol): Protocol::IN_WORDS, "admin-v1", Protocol::PATTERN;
    SERVICE_NAME(Service): "the name of a service", "chainfire", "^[a-z][a-z0-9-]{0,30}$";
    CLUSTER(Cluster): "the name of a cluster", "prod-cluster", "^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$";
    USER(User): "the name of an account", "admin", "^[A-Za-z0-9_][A-Za-z0-9._@+-]{0,127}$";
    UNIT(Unit): "a systemd service unit", "etcd.service", r"^[A-Za-z0-9:_.\\@-]{1,247}\.service$";
    DNS(Dns): "a hostname", "node01.prod.example.com", "^[A-Za-z0-9_.-]{1,254}$";
    LABEL(Label): SHORT_TEXT, "dc1", SHORT_TEXT_PATTERN;
    RACK(Label): SHORT_TEXT, "rack7", SHORT_TEXT_PATTERN;
    SCHEMA(Label): SHORT_TEXT, "cluster-config.schema.json", SHORT_TEXT_PATTERN;
    ADDRESS(Address): "HOST:PORT", "10.0.1.10:2380", HOST_PORT;
    FLAREDB_ADDRESS(Address): "HOST:PORT", "10.0.1.10:2480", HOST_PORT;
    URL(Url): HTTPS_URL, "https://node01.prod.example.com:2379", BASE_URL;
    FLAREDB_URL(Url): HTTPS_URL, "https://node01.prod.example.com:2479", BASE_URL;
    IAM_URL(Url): HTTPS_URL, "https://node01.prod.example.com:8080", BASE_URL;
    API_PATH(Api): "the path of an API call", "/health", "^/[A-Za-z0-9/._~-]{0,254}$";
    LINK(Link): "any, the name of a network link, or its address", "eth0",
        "^([A-Za-z0-9_.@-]{1,15}|([0-9A-Fa-f]{2}[:.-]){5}[0-9A-Fa-f]{2}|[0-9A-Fa-f]{4}(:[0-9A-Fa-f]{4}){2}|\
         [0-9A-Fa-f]{6}:[0-9A-Fa-f]{6})$";
    RANGE(Range): "an address range", "10.0.1.0/24", "^[0-9A-Fa-f:.]+/[0-9]{1,3}$";
}

pub(crate) static IP: TextKind = TextKind {
    name: "an IPv4 or IPv6 address",
    example: "10.0.1.10",
    pattern: "^[0-9A-Fa-f:.]+$",
    read: |text| match text.parse::<IpAddr>().map(|ip| ip.to_canonical()) {
        Ok(ip) if !Reach::is_out_of_the_question(ip) => Ok(Value::Ip(ip)),
        Ok(_) => Err(ValueError::new("use an address that other nodes can reach")),
        Err(_) => Err(ValueError::new("write the address alone, without port or prefix length")),
    },
};

pub(crate) static DIRECTORY: TextKind = TextKind {
    name: "the absolute path of a directory",
    example: "/var/lib/etcd",
    // Two names at least: what is moved away must not be a directory of the system.
    pattern: "^(/[A-Za-z0-9_@:+.,-]*[A-Za-z0-9_@:+,-][A-Za-z0-9_@:+.,-]*){2,64}$",
    read: |text| {
        let names: Vec<&str> = text.split('/').skip(1).collect();
        let is_plain = |name: &&str| {
            name.chars().any(|c| c != '.') && name.chars().all(|c| c.is_ascii_alphanumeric() || "_@:+.,-".contains(c))
        };
        if text.starts_with('/') && (2..=64).contains(&names.len()) && names.iter().all(is_plain) {
            Ok(Value::File(PathBuf::from(text)))
        } else {
            Err(ValueError::new("give a path of at least two names, each of letters, digits and `_@:+.,-`"))
        }
    },
};

/// Declares paths of files, each with an example of that very file.
macro_rules! files {
    ($($kind:ident: $example:literal;)+) => {
        $(pub(crate) static $kind: TextKind = TextKind {
            name: "the absolute path of a file",
            example: $example,
            pattern: "^/[^\\u0000-\\u001f\\u007f-\\u009f]{1,4094}$",
            read: read_file,
        };)+
    };
}

files! {
    CA_FILE: "/etc/nixos/secrets/ca.crt";
    CERTIFICATE_FILE: "/etc/nixos/secrets/node01.crt";
    KEY_FILE: "/etc/nixos/secrets/node01.key";
    ADMIN_PASSWORD_FILE: "/etc/nixos/secrets/iam-admin-password";
    PASSWORD_FILE: "/etc/nixos/secrets/etcd-password";
    ENVIRONMENT_FILE: "/var/lib/first-boot-automation/etcd.env";
}

fn read_file(text: &str) -> Result<Value, ValueError> {
    if text.starts_with('/') && (2..=4095).contains(&text.len()) && !text.chars().any(char::is_control) {
        Ok(Value::File(PathBuf::from(text)))
    } else {
        Err(ValueError::new("name a file below `/`, in at most 4095 bytes; use no control characters"))
    }
}

pub(crate) static SIZE: TextKind = TextKind {
    name: "a size",
    example: "512MiB",
    pattern: "^[0-9]+ *(B|KiB|MiB|GiB)$",
    read: |text| parse_size(text).map(Value::Size),
};
