//! The services the agent knows, and what a node is for. A closed set: what is
//! done for one service can differ from another, so a new one is a code change.

use super::ValueError;
use std::{fmt, str::FromStr};

/// A service whose nodes form a Raft group that this node joins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RaftService {
    /// The key-value store, joined first.
    Chainfire,
    /// The SQL store, joined after chainfire.
    Flaredb,
}

/// Any service that the agent brings up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Service {
    /// The key-value store.
    Chainfire,
    /// The SQL store.
    Flaredb,
    /// Accounts and permissions, stateless over flaredb.
    Iam,
}

impl RaftService {
    /// Both, in the order in which they are joined.
    pub const ALL: [Self; 2] = [Self::Chainfire, Self::Flaredb];

    /// The name used in commands, markers and journal fields.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Chainfire => "chainfire",
            Self::Flaredb => "flaredb",
        }
    }
}

impl Service {
    /// All, in the order in which they come up.
    pub const ALL: [Self; 3] = [Self::Chainfire, Self::Flaredb, Self::Iam];

    /// The name used in commands, markers and journal fields.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Chainfire => "chainfire",
            Self::Flaredb => "flaredb",
            Self::Iam => "iam",
        }
    }
}

impl From<RaftService> for Service {
    fn from(service: RaftService) -> Self {
        match service {
            RaftService::Chainfire => Self::Chainfire,
            RaftService::Flaredb => Self::Flaredb,
        }
    }
}

impl Service {
    /// The service as one with a Raft group of its own, if it is.
    #[must_use]
    pub const fn raft(self) -> Option<RaftService> {
        match self {
            Self::Chainfire => Some(RaftService::Chainfire),
            Self::Flaredb => Some(RaftService::Flaredb),
            Self::Iam => None,
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

named_set!(RaftService);
named_set!(Service);
named_set!(NodeRole);
