//! What a machine starts with: BIOS or UEFI, Secure Boot, TPM.

use serde::{Deserialize, Serialize};

use crate::sysfs::Tree;

/// The firmware.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Firmware {
    /// Its kind.
    pub kind: FirmwareKind,
    /// Whether Secure Boot is on; `None` where the firmware's variables cannot be read. Always off with BIOS.
    pub secure_boot: Option<bool>,
    /// Whether there is a TPM that the kernel has a driver for.
    pub tpm: bool,
    /// The version of its specification: 1 or 2.
    pub tpm_version: Option<u64>,
}

/// The kind of a firmware.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FirmwareKind {
    /// UEFI, and the kernel was started by it.
    Uefi,
    /// BIOS, or a start without either, as with `qemu -kernel`.
    Bios,
}

/// The variable by its name and the vendor GUID of the UEFI specification.
const SECURE_BOOT: &str = "sys/firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c";

pub(super) fn of(tree: Tree<'_>) -> Firmware {
    let is_uefi = tree.has("sys/firmware/efi");
    // Four bytes of attributes, then the value.
    let variable = tree.bytes(SECURE_BOOT).and_then(|bytes| bytes.get(4).map(|value| *value == 1));
    Firmware {
        kind: if is_uefi { FirmwareKind::Uefi } else { FirmwareKind::Bios },
        secure_boot: if is_uefi { variable } else { Some(false) },
        tpm: tree.has("sys/class/tpm/tpm0"),
        tpm_version: tree.number("sys/class/tpm/tpm0/tpm_version_major"),
    }
}
