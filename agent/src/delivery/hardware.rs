//! What a URL may be filled in with: the machine's own names, as its firmware and its cards tell them.

use std::path::Path;

use crate::inventory;

/// The names of a machine; what it does not tell, or not yet, is `None`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Hardware {
    /// SMBIOS' system UUID, in lower case.
    pub uuid: Option<String>,
    /// SMBIOS' serial number.
    pub serial: Option<String>,
    /// The address of the card that the machine was booted from, else of its first card, in lower case with colons.
    pub mac: Option<String>,
}

impl Hardware {
    /// This machine's, below `root`. `boot_card` is what the boot loader has told (`BOOTIF=`).
    #[must_use]
    pub fn of(root: &Path, boot_card: Option<&str>) -> Self {
        let machine = inventory::machine(root);
        let first = || inventory::links(root).into_iter().find_map(|link| link.mac);
        Self { uuid: machine.uuid, serial: machine.serial, mac: boot_card.map(str::to_owned).or_else(first) }
    }
}
