//! What services are called and how they are spoken to, and what a node is for. Services are an open set, protocols a closed
//! one: what is done for a service follows from its protocol.

use super::ValueError;
use std::{fmt, str::FromStr};

/// The name of a service: in the configuration, in commands, markers, units and journal fields. Held in place, so that it is
/// copied like a number.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ServiceName {
    bytes: [u8; Self::LONGEST],
    length: u8,
}

impl ServiceName {
    /// The most bytes that one has.
    pub const LONGEST: usize = 31;
    /// The key-value store of the platform.
    pub const CHAINFIRE: Self = Self::of("chainfire");
    /// Its SQL store.
    pub const FLAREDB: Self = Self::of("flaredb");
    /// Its accounts and permissions.
    pub const IAM: Self = Self::of("iam");
    /// The services of a configuration that names none, in the order in which they come up.
    pub const DEFAULT: [Self; 3] = [Self::CHAINFIRE, Self::FLAREDB, Self::IAM];

    const fn of(name: &str) -> Self {
        let mut bytes = [0; Self::LONGEST];
        let (mut index, text) = (0, name.as_bytes());
        while index < text.len() {
            bytes[index] = text[index];
            index += 1;
        }
        #[expect(clippy::cast_possible_truncation, reason = "as many as there is room for, which is less than 256")]
        Self { bytes, length: index as u8 }
    }

    /// The name as it is written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        // It is made of a text.
        str::from_utf8(&self.bytes[..usize::from(self.length)]).unwrap_or_default()
    }
}

/// What commands and events have for all services, for the node's health, and for the initrd.
const TAKEN: [&str; 4] = ["all", "cluster", "health", "initrd"];

impl FromStr for ServiceName {
    type Err = ValueError;

    fn from_str(text: &str) -> Result<Self, ValueError> {
        let is_plain = text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
        let begins = text.starts_with(|first: char| first.is_ascii_lowercase());
        if !is_plain || !begins || text.len() > Self::LONGEST {
            return Err(ValueError::new(format!(
                "use at most {} lower-case letters, digits and dashes, a letter first, as in `etcd`",
                Self::LONGEST
            )));
        }
        if TAKEN.contains(&text) {
            return Err(ValueError::new(format!(
                "use another name: `{text}` means something else in commands and events"
            )));
        }
        Ok(Self::of(text))
    }
}

impl fmt::Display for ServiceName {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.pad(self.as_str())
    }
}

impl fmt::Debug for ServiceName {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{:?}", self.as_str())
    }
}

impl serde::Serialize for ServiceName {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(self.as_str())
    }
}

/// The API that a service speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Protocol {
    /// The admin API of chainfire and flaredb: a cluster with members.
    AdminV1,
    /// etcd's API, version 3.
    EtcdV3,
    /// A service that is set up once, over HTTP, as IAM is.
    HttpSetup,
}

impl Protocol {
    /// All, in the order in which they are documented.
    pub const ALL: [Self; 3] = [Self::AdminV1, Self::EtcdV3, Self::HttpSetup];

    /// The name in the configuration.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::AdminV1 => "admin-v1",
            Self::EtcdV3 => "etcd-v3",
            Self::HttpSetup => "http-setup",
        }
    }

    /// Whether the nodes of a service that speaks it are members of a cluster.
    #[must_use]
    pub const fn has_members(self) -> bool {
        match self {
            Self::AdminV1 | Self::EtcdV3 => true,
            Self::HttpSetup => false,
        }
    }
}

/// What a node is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum NodeRole {
    /// It carries the cluster's services.
    ControlPlane,
    /// It carries workloads.
    Worker,
    /// It carries everything alone.
    AllInOne,
}

impl NodeRole {
    /// Every role, in the order in which they are documented.
    pub const ALL: [Self; 3] = [Self::ControlPlane, Self::Worker, Self::AllInOne];

    /// The role as it is written in the config.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ControlPlane => "control-plane",
            Self::Worker => "worker",
            Self::AllInOne => "all-in-one",
        }
    }
}

/// Display, parsing and serialising of a closed set with `ALL` and `as_str`.
macro_rules! named_set {
    ($name:ident) => {
        impl fmt::Display for $name {
            fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.pad(self.as_str())
            }
        }

        impl FromStr for $name {
            type Err = ValueError;

            fn from_str(text: &str) -> Result<Self, ValueError> {
                let known = Self::ALL.into_iter().find(|one| one.as_str() == text);
                known.ok_or_else(|| {
                    ValueError::new(format!(
                        "write one of these as it stands: {}",
                        Self::ALL.map(Self::as_str).join(", ")
                    ))
                })
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
                to.serialize_str(self.as_str())
            }
        }
    };
}

named_set!(Protocol);
named_set!(NodeRole);
