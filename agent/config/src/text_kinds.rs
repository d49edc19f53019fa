//! The texts that the config knows, one constant each. Must not say where they
//! are used.

use super::{
    kind::{TextKind, Value},
    value::{Reach, ValueError, parse_size},
};
use std::{net::IpAddr, path::PathBuf};

pub(crate) static NODE_ID: TextKind = TextKind {
    name: "the id of a node",
    example: "node01",
    pattern: "^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$",
    read: |text| text.parse().map(Value::NodeId),
};

pub(crate) static ROLE: TextKind = TextKind {
    name: "control-plane, worker or all-in-one",
    example: "control-plane",
    pattern: "^(control-plane|worker|all-in-one)$",
    read: |text| text.parse().map(Value::Role),
};

pub(crate) static PROTOCOL: TextKind = TextKind {
    name: "admin-v1, etcd-v3 or http-setup",
    example: "admin-v1",
    pattern: "^(admin-v1|etcd-v3|http-setup)$",
    read: |text| text.parse().map(Value::Protocol),
};

pub(crate) static SERVICE: TextKind = TextKind {
    name: "the name of a service",
    example: "chainfire",
    pattern: "^[a-z][a-z0-9-]{0,30}$",
    read: |text| text.parse().map(Value::Service),
};

pub(crate) static CLUSTER: TextKind = TextKind {
    name: "the name of a cluster",
    example: "prod-cluster",
    pattern: "^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$",
    read: |text| text.parse().map(Value::Cluster),
};

pub(crate) static USER: TextKind = TextKind {
    name: "the name of an account",
    example: "admin",
    pattern: "^[A-Za-z0-9_][A-Za-z0-9._@+-]{0,127}$",
    read: |text| text.parse().map(Value::User),
};

pub(crate) static UNIT: TextKind = TextKind {
    name: "a systemd service unit",
    example: "chainfire.service",
    pattern: r"^[A-Za-z0-9:_.\\@-]{1,247}\.service$",
    read: |text| text.parse().map(Value::Unit),
};

pub(crate) static DNS: TextKind = TextKind {
    name: "a host name",
    example: "node01.prod.example.com",
    pattern: r"^[A-Za-z0-9_.-]{1,254}$",
    read: |text| text.parse().map(Value::Dns),
};

pub(crate) static LABEL: TextKind = TextKind {
    name: "a short text",
    example: "dc1",
    pattern: "^[^\\u0000-\\u001f\\u007f]{1,128}$",
    read: |text| text.parse().map(Value::Label),
};

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

pub(crate) static ADDRESS: TextKind = address("10.0.1.10:2380");
pub(crate) static FLAREDB_ADDRESS: TextKind = address("10.0.1.10:2480");

const fn address(example: &'static str) -> TextKind {
    TextKind {
        name: "HOST:PORT",
        example,
        pattern: r"^(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9_.-]+):[0-9]{1,5}$",
        read: |text| text.parse().map(Value::Address),
    }
}

pub(crate) static URL: TextKind = url("https://node01.prod.example.com:2379");
pub(crate) static FLAREDB_URL: TextKind = url("https://node01.prod.example.com:2479");
pub(crate) static IAM_URL: TextKind = url("https://node01.prod.example.com:8080");

const fn url(example: &'static str) -> TextKind {
    TextKind {
        name: "an HTTPS URL of host and port",
        example,
        pattern: r"^[Hh][Tt][Tt][Pp][Ss]://(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9_.-]+)(:[0-9]{1,5})?/?$",
        read: |text| text.parse().map(Value::Url),
    }
}

pub(crate) static API_PATH: TextKind = TextKind {
    name: "the path of an API call",
    example: "/health",
    pattern: "^/[A-Za-z0-9/._~-]{0,254}$",
    read: |text| text.parse().map(Value::Api),
};

pub(crate) static DIRECTORY: TextKind = TextKind {
    name: "the absolute path of a directory",
    example: "/var/lib/chainfire",
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
            Err(ValueError::new("give a path of at least two plain names, as in `/var/lib/chainfire`"))
        }
    },
};

pub(crate) static FILE: TextKind = TextKind {
    name: "the absolute path of a file",
    example: "/etc/nixos/secrets/ca.crt",
    pattern: "^/[^\\u0000-\\u001f\\u007f-\\u009f]{1,4094}$",
    read: |text| {
        if text.starts_with('/') && (2..=4095).contains(&text.len()) && !text.chars().any(char::is_control) {
            Ok(Value::File(PathBuf::from(text)))
        } else {
            Err(ValueError::new(
                "begin the path with `/`, units have no working directory to go by; use no control characters",
            ))
        }
    },
};

pub(crate) static LINK: TextKind = TextKind {
    name: "any, the name of a network link, or its address",
    example: "eth0",
    pattern: "^([A-Za-z0-9_.@-]{1,15}|([0-9A-Fa-f]{2}[:.-]){5}[0-9A-Fa-f]{2}|[0-9A-Fa-f]{4}(:[0-9A-Fa-f]{4}){2}|\
              [0-9A-Fa-f]{6}:[0-9A-Fa-f]{6})$",
    read: |text| text.parse().map(Value::Link),
};

pub(crate) static SIZE: TextKind = TextKind {
    name: "a size",
    example: "512MiB",
    pattern: "^[0-9]+ *(B|KiB|MiB|GiB)$",
    read: |text| parse_size(text).map(Value::Size),
};

pub(crate) static RANGE: TextKind = TextKind {
    name: "an address range",
    example: "10.0.1.0/24",
    pattern: "^[0-9A-Fa-f:.]+/[0-9]{1,3}$",
    read: |text| text.parse().map(Value::Range),
};
