//! What services are called, and what a node is for.

use super::{ValueError, named_set};
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

named_set! {
    /// What a node is for.
    NodeRole {
        /// It carries the cluster's services.
        ControlPlane = "control-plane",
        /// It carries workloads.
        Worker = "worker",
        /// It carries everything alone.
        AllInOne = "all-in-one",
    }
}
