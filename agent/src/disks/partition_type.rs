//! What a partition is for, by its type GUID. The names are systemd's (`Type=` in repart.d(5)), so that what the agent
//! prints can be given to `systemd-repart`; the one of the configuration partition is our own.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The type of a partition: a GUID, in lower case with dashes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PartitionType(String);

/// The types that the agent knows by name.
const KNOWN: &[(&str, &str)] = &[
    ("esp", "c12a7328-f81f-11d2-ba4b-00a0c93ec93b"),
    ("xbootldr", "bc13c2ff-59e6-4262-a352-b275fd6f7172"),
    ("bios-boot", "21686148-6449-6e6f-744e-656564454649"),
    ("root-x86-64", "4f68bce3-e8cd-4db1-96e7-fbcaf984b709"),
    ("root-arm64", "b921b045-1df0-41c3-af44-4c6f280d3fae"),
    ("linux-generic", "0fc63daf-8483-4772-8e79-3d69d8477de4"),
    ("swap", "0657fd6d-a4ab-43c4-84e5-0933c84b4f4f"),
    ("home", "933ac7e1-2eb4-4f13-b844-0e14e2aef915"),
    ("srv", "3b8f8425-20e0-4f3b-907f-1a25a76f98e8"),
    ("var", "4d21b016-b534-45c2-a9fb-5c16e091fd2d"),
    ("lvm", "e6d6d379-f507-44c2-a23c-238f2a3df928"),
    ("raid", "a19d880f-05fc-4d3b-a006-743f0f84911e"),
    ("luks", "ca7d7ccb-63ed-4c53-861c-1742536059cc"),
    ("basic-data", "ebd0a0a2-b9e5-4433-87c0-68b6b72699c7"),
    ("first-boot-config", "6e328cbc-545f-4c41-9d31-5b8f86844c39"),
];

impl PartitionType {
    /// The type of a GUID, however it is written; `None` where it is no GUID.
    pub(crate) fn of_guid(guid: &str) -> Option<Self> {
        let guid = guid.trim().to_ascii_lowercase();
        let is_guid = guid.len() == 36
            && guid.bytes().enumerate().all(|(index, byte)| match index {
                8 | 13 | 18 | 23 => byte == b'-',
                _ => byte.is_ascii_hexdigit(),
            });
        is_guid.then_some(Self(guid))
    }

    /// The GUID.
    pub(crate) fn guid(&self) -> &str {
        &self.0
    }

    /// Its name, where it is a known one.
    pub(crate) fn name(&self) -> Option<&'static str> {
        KNOWN.iter().find(|(_, guid)| *guid == self.0).map(|(name, _)| *name)
    }

    /// Whether it is an EFI system partition.
    pub(crate) fn is_esp(&self) -> bool {
        self.name() == Some("esp")
    }
}

impl fmt::Display for PartitionType {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name().unwrap_or(&self.0))
    }
}

impl Serialize for PartitionType {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Written { guid: self.0.clone(), name: self.name().map(str::to_owned) }.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for PartitionType {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let written = Written::deserialize(deserializer)?;
        Self::of_guid(&written.guid).ok_or_else(|| serde::de::Error::custom("the GUID of a partition type is invalid"))
    }
}

/// How the inventory shows it: the name is for human readers.
#[derive(Serialize, Deserialize)]
struct Written {
    guid: String,
    #[serde(default)]
    name: Option<String>,
}
