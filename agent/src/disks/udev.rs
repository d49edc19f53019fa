//! What udev found out about a block device, from its database in `/run/udev/data`. Its format is udev's own, though it
//! has not changed in ten years; whatever is not understood is passed over. Must not ask the daemon.

use crate::sysfs::{Tree, plain, unescaped};

/// udev's entry of one device; empty where there is none.
#[derive(Debug, Default)]
pub(super) struct Entry {
    lines: String,
}

impl Entry {
    /// The entry of the block device with this number, as sysfs writes it: `MAJOR:MINOR`.
    pub(super) fn of(tree: Tree<'_>, number: &str) -> Self {
        let bytes = tree.bytes(format!("run/udev/data/b{number}")).unwrap_or_default();
        Self { lines: String::from_utf8_lossy(&bytes).into_owned() }
    }

    /// A property of the device, such as `ID_PART_TABLE_TYPE`.
    pub(super) fn property(&self, name: &str) -> Option<String> {
        let value =
            self.lines.lines().find_map(|line| line.strip_prefix("E:")?.strip_prefix(name)?.strip_prefix('='))?;
        Some(plain(value.trim())).filter(|value| !value.is_empty())
    }

    /// A property in which udev has put `\xNN` for the bytes that are awkward in a file name.
    pub(super) fn encoded(&self, name: &str) -> Option<String> {
        self.property(name).map(|value| plain(&String::from_utf8_lossy(&unescaped(value.as_bytes(), br"\x", 2, 16))))
    }

    /// The links below `/dev/disk/by-id`, sorted.
    pub(super) fn ids(&self) -> Vec<String> {
        let links = self.lines.lines().filter_map(|line| line.strip_prefix("S:disk/by-id/"));
        let mut ids: Vec<String> = links.map(plain).collect();
        ids.sort_unstable();
        ids
    }
}
