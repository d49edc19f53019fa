//! The machine's disks and what their partition tables say.
//!
//! What the kernel and udev report comes from sysfs and udev's database; the table itself is read from the device, with
//! the crate `gpt`, in a few bounded reads. Must not write to a device, mount one, or decide anything: who looks for a
//! partition says by what.

mod partition_type;
mod same;
mod sysfs;
mod table;
#[cfg(test)]
pub(crate) mod tests;
mod udev;

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::filler;

pub use partition_type::PartitionType;
pub(crate) use sysfs::{names, one};
pub use table::read as read_table;

/// A whole disk with hardware behind it: no loop device, no RAM disk, nothing stacked on other disks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Disk {
    /// The kernel's name, such as `vda`; it may be another at the next boot.
    pub name: String,
    /// The device node.
    pub path: PathBuf,
    /// The kernel's names of further paths to the same disk, sorted; none but on machines with several cables to a disk.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub other_names: Vec<String>,
    /// Its names below `/dev/disk/by-id`, as udev gave them; sorted.
    pub ids: Vec<String>,
    /// The world-wide identifier that the drive has.
    pub wwid: Option<String>,
    /// The drive's serial number.
    pub serial: Option<String>,
    /// The drive's model.
    pub model: Option<String>,
    /// In bytes.
    pub size: u64,
    /// What it is addressed in, in bytes; the partition table counts in these.
    pub logical_sector_size: u64,
    /// What it writes at once, in bytes.
    pub physical_sector_size: u64,
    /// Whether its medium can be taken out.
    pub removable: bool,
    /// Whether it refuses writes.
    pub read_only: bool,
    /// What it has in the place of an identifier or a serial number and is filler, by the field.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub placeholders: BTreeMap<String, String>,
    /// What it is divided into.
    pub table: Table,
}

impl Disk {
    /// What it is called by that does not change with the boot: a name by id, else what the drive itself reports.
    pub(crate) fn stable_id(&self) -> &str {
        // A name that is made of a filler is that of one of several disks.
        let is_own = |id: &&String| !filler::is_wwid(id.split_once('-').map_or(id.as_str(), |(_, id)| id));
        let id = self.ids.iter().find(is_own).or(self.wwid.as_ref()).or(self.serial.as_ref());
        id.unwrap_or(&self.name)
    }

    /// Whether its partition table was read from the device, whatever was found; else it is what kernel and udev report.
    pub(crate) fn is_table_read(&self) -> bool {
        match self.table.kind {
            TableKind::Gpt => self.table.primary.is_some(),
            TableKind::Mbr | TableKind::None => true,
            TableKind::Unknown => false,
        }
    }

    /// Whether udev has reported the type of each of its partitions.
    pub(crate) fn is_reported_by_udev(&self) -> bool {
        let partitions = &self.table.partitions;
        !partitions.is_empty() && partitions.iter().all(|partition| partition.kind.is_some())
    }
}

/// What a disk is divided into.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Table {
    /// What kind of table it is.
    pub kind: TableKind,
    /// The disk's GUID.
    pub guid: Option<String>,
    /// The header and the entries at the beginning of the disk; where it is a GPT that was read.
    pub primary: Option<TableCopy>,
    /// The header and the entries at the end of the disk.
    pub backup: Option<TableCopy>,
    /// The partitions in use, by number. Those of an MBR are not read.
    pub partitions: Vec<Partition>,
    /// What is wrong with the table, for people.
    pub problems: Vec<String>,
}

impl Table {
    /// A table without partitions.
    pub(crate) fn bare(kind: TableKind, problems: Vec<String>) -> Self {
        Self { kind, guid: None, primary: None, backup: None, partitions: Vec::new(), problems }
    }
}

/// The kind of a partition table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TableKind {
    /// A GUID partition table, be it damaged.
    Gpt,
    /// A master boot record with partitions of its own.
    Mbr,
    /// None: an empty disk, or a file system on the whole of it.
    None,
    /// It could not be read.
    Unknown,
}

impl fmt::Display for TableKind {
    /// As it is in the inventory.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.serialize(formatter)
    }
}

/// In what state one of the two copies of a GPT is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TableCopy {
    /// Header and entries are whole.
    Good,
    /// A checksum is wrong, or what it says cannot be.
    Damaged,
    /// There is no header at its place.
    Missing,
}

/// A partition of a GPT.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Partition {
    /// Its number, from 1.
    pub number: u32,
    /// Its device node. `None` where the kernel does not show it, as on a disk whose primary header is damaged.
    pub path: Option<PathBuf>,
    /// Its name in the table; `None` where that is empty or could not be read.
    pub label: Option<String>,
    /// What it is for. `None` where that could not be read.
    #[serde(rename = "type")]
    pub kind: Option<PartitionType>,
    /// The GUID that is its own.
    pub guid: Option<String>,
    /// Where it begins, in bytes.
    pub start: u64,
    /// In bytes.
    pub size: u64,
}

/// Every disk of the machine, by what each is called at every boot.
///
/// `root` is `/`, or a fixture: a tree with the same files of sysfs and udev, and disk images for device nodes.
pub(crate) fn all(root: &Path) -> Vec<Disk> {
    in_order(names(root).iter().map(|name| one(root, name)))
}

/// Disks, each once, by what each is called at every boot.
pub(crate) fn in_order(disks: impl Iterator<Item = Disk>) -> Vec<Disk> {
    let mut disks = same::merged(disks);
    disks.sort_by(|one, other| (one.stable_id(), &one.name).cmp(&(other.stable_id(), &other.name)));
    disks
}
