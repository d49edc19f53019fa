//! What the config expects of the machine, before it may join anything. Must not look at the machine: that is compared in
//! `plan`.

use super::value::{Label, LinkChoice};

/// What a machine must have. Whatever is not said is not expected.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Expectations {
    /// The least memory, in bytes.
    pub memory: Option<u64>,
    /// The least number of CPUs that the kernel schedules on.
    pub cpus: Option<u32>,
    /// The least number of disks that are built in.
    pub disks: Option<u32>,
    /// Partitions that must be on one of them: the label of each, or the name or the GUID of its type, and the least size in
    /// bytes.
    pub partitions: Vec<(Label, u64)>,
    /// Network links that must be up.
    pub links: Vec<LinkChoice>,
    /// Whether the clock must not be earlier than the agent's build date.
    pub clock: bool,
}

impl Expectations {
    /// Whether nothing is expected, so that nothing need be looked at.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}
