//! The machine as it is found: who it is, what is in it, how it was booted. The same bytes on every run, as long as the
//! machine is the same: no time, nothing free or used, everything sorted.
//!
//! What cannot be read, without root or without the hardware, is `None`; nothing here fails. Must not judge: what a
//! configuration expects is compared in `plan`.

mod firmware;
mod link_order;
mod links;
mod machine;
mod processor;
#[cfg(test)]
pub(crate) mod tests;

use std::net::IpAddr;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::boot::{Boot, BootKind, DIRECTORY};
use crate::disks::{self, Disk};
use crate::sysfs::Tree;

pub use firmware::{Firmware, FirmwareKind};
pub use links::{Link, links};
pub use machine::{Machine, machine};
pub use processor::{Memory, Processor};

/// Everything there is to know of a machine before it is a node.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Inventory {
    /// 1. A field may be added without changing it; a reader passes over what it does not know.
    pub schema_version: u32,
    /// Of the agent that has looked.
    pub agent_version: String,
    /// What kind of boot this is, as the initrd has found; else as it looks from here.
    pub boot: Option<BootKind>,
    /// Who it is.
    pub machine: Machine,
    /// What it starts with.
    pub firmware: Firmware,
    /// Its processors.
    pub processor: Processor,
    /// Its memory.
    pub memory: Memory,
    /// Its network links, the one by which the machine is known best first.
    pub links: Vec<Link>,
    /// Its disks, by what each is called at every boot.
    pub disks: Vec<Disk>,
}

impl Inventory {
    /// The schema of this version.
    pub const SCHEMA_VERSION: u32 = 1;

    /// Looks at the machine, which takes milliseconds, or as long as a dying disk keeps its reader waiting.
    ///
    /// `root` is `/`, or a fixture; processor and usable memory are always those of the running machine.
    #[must_use]
    pub fn take(root: &Path) -> Self {
        let tree = Tree::at(root);
        Self {
            schema_version: Self::SCHEMA_VERSION,
            agent_version: env!("CARGO_PKG_VERSION").to_owned(),
            boot: kind_of_boot(root),
            machine: machine(root),
            firmware: firmware::of(tree),
            processor: Processor::of_this_machine(),
            memory: Memory::of(tree),
            links: links(root),
            disks: disks::all(root),
        }
    }

    /// The same, with the partition tables that the initrd of this very boot has read where this process cannot read them
    /// itself, as in the sandbox of the join units.
    #[must_use]
    pub fn take_with_hand_over(root: &Path) -> Self {
        let mut inventory = Self::take(root);
        if let Some(earlier) = handed_over(root) {
            // What udev reports is newer: a partition may have been created since.
            for disk in inventory.disks.iter_mut().filter(|disk| !disk.is_table_read() && !disk.is_reported_by_udev()) {
                // Within one boot a name is the same disk, unless one was exchanged.
                let known = |disk: &Disk| (disk.name.clone(), disk.size, disk.serial.clone(), disk.wwid.clone());
                let same = |other: &&Disk| known(other) == known(disk) && other.is_table_read();
                if let Some(earlier) = earlier.disks.iter().find(same) {
                    disk.table = earlier.table.clone();
                }
            }
        }
        inventory
    }
}

/// What kind of boot it is: as the initrd has found, else as it looks from here. What another boot has left counts for nothing.
fn kind_of_boot(root: &Path) -> Option<BootKind> {
    let tree = Tree::at(root);
    if let Some(boot) = of_this_boot(root) {
        return Some(boot.kind);
    }
    // In an initrd nothing shows it yet.
    if tree.has("etc/initrd-release") {
        return None;
    }
    let mounts = String::from_utf8_lossy(&tree.bytes("proc/self/mountinfo")?).into_owned();
    Some(BootKind::of(root, Path::new("/"), &mounts)).filter(|kind| *kind != BootKind::Unknown)
}

/// The inventory that the initrd of this boot has taken.
fn handed_over(root: &Path) -> Option<Inventory> {
    of_this_boot(root)?;
    let bytes = Tree::at(root).bytes(format!("{DIRECTORY}/inventory.json"))?;
    let inventory: Inventory = serde_json::from_slice(&bytes).ok()?;
    (inventory.schema_version == Inventory::SCHEMA_VERSION).then_some(inventory)
}

fn of_this_boot(root: &Path) -> Option<Boot> {
    Boot::of_this_run(root, &Boot::run_id(root)?)
}

/// The addresses of this machine's network interfaces, but for those of loopback, which every machine has; none, where the
/// kernel does not say.
#[must_use]
pub fn addresses() -> Vec<IpAddr> {
    let interfaces = nix::ifaddrs::getifaddrs().into_iter().flatten();
    interfaces
        .filter_map(|interface| {
            let address = interface.address?;
            let v4 = address.as_sockaddr_in().map(|own| IpAddr::from(own.ip()));
            v4.or_else(|| address.as_sockaddr_in6().map(|own| IpAddr::from(own.ip())))
        })
        .filter(|address| !address.is_loopback())
        .collect()
}
