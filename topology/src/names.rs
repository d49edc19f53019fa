//! What names, places, hardware addresses and disks may look like. Must not know where they are used.

use first_boot_config::{ClusterName, hardware_address::HardwareAddress, value::Label};

/// As the agent takes it.
pub(super) fn is_cluster_name(text: &str) -> bool {
    text.parse::<ClusterName>().is_ok()
}

/// As the agent takes it.
pub(super) fn is_place(text: &str) -> bool {
    text.parse::<Label>().is_ok()
}

/// One label of a name in DNS.
pub(super) fn is_node_name(text: &str) -> bool {
    let ends_well = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    (1..=63).contains(&text.len())
        && text.starts_with(ends_well)
        && text.ends_with(ends_well)
        && text.chars().all(|c| ends_well(c) || c == '-')
}

/// Whether resolvers take a name for an address: `10` is 0.0.0.10 to them, and `0x1f` 0.0.0.31 (`inet_aton(3)`).
pub(super) fn is_number(text: &str) -> bool {
    let is_hex = |digits: &str| digits.chars().all(|c| c.is_ascii_hexdigit());
    !text.is_empty() && text.chars().all(|c| c.is_ascii_digit()) || text.strip_prefix("0x").is_some_and(is_hex)
}

/// What ends in a number is an address to every resolver. 253 bytes with the name of a node.
pub(super) fn is_domain(text: &str) -> bool {
    let last = text.rsplit('.').next().unwrap_or_default();
    text.len() <= 189 && text.split('.').all(is_node_name) && last.starts_with(|c: char| c.is_ascii_lowercase())
}

/// Of one machine, in the one form that every tool reads: as the Nix library takes it.
pub(super) fn is_hardware_address(text: &str) -> bool {
    let is_one = |address: HardwareAddress| !address.is_group() && address.bytes() != [0; 6];
    text.split(':').count() == 6 && text.parse().is_ok_and(is_one)
}

/// A whole disk by a name that stays.
pub(super) fn is_stable_disk(text: &str) -> bool {
    let Some(name) = text.strip_prefix("/dev/disk/by-id/") else { return false };
    let digits_cut = name.trim_end_matches(|c: char| c.is_ascii_digit());
    let is_partition = digits_cut.len() < name.len() && digits_cut.ends_with("-part");
    name.starts_with(|c: char| c.is_ascii_alphanumeric())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || "#+.:=@_-".contains(c))
        && !is_partition
}

/// What identifies a disk, whichever of its names is written: its worldwide number, else its model and
/// serial number. None for a virtual disk, whose name the creator of the
/// virtual machine chose.
pub(super) fn disk_identity(text: &str) -> Option<String> {
    let name = text.strip_prefix("/dev/disk/by-id/").filter(|_| is_stable_disk(text))?;
    let numbered = ["wwn-0x", "wwn-eui.", "nvme-eui.", "scsi-2", "scsi-3", "dm-uuid-mpath-2", "dm-uuid-mpath-3"];
    let number = numbered.iter().find_map(|prefix| name.strip_prefix(prefix)).map(str::to_ascii_lowercase);
    let is_number = |number: &String| [16, 32].contains(&number.len()) && number.chars().all(|c| c.is_ascii_hexdigit());
    if let Some(number) = number.filter(is_number) {
        return Some(number);
    }
    let is_made_up = ["virtio-", "google-", "scsi-0"].iter().any(|prefix| name.starts_with(prefix))
        || ["QEMU", "VBOX", "VMware"].iter().any(|maker| name.contains(maker));
    let serial = ["ata-", "scsi-SATA_"].iter().find_map(|prefix| name.strip_prefix(prefix));
    // The kernel's later names of an NVMe disk end with its namespace.
    let namespace = name.strip_suffix("_1").filter(|name| name.starts_with("nvme-"));
    (!is_made_up).then(|| serial.or(namespace).unwrap_or(name).to_owned())
}

/// An absolute path of plain names, outside the Nix store.
pub(super) fn is_secrets_directory(text: &str) -> bool {
    let is_plain = |name: &str| {
        !name.is_empty()
            && !name.starts_with('.')
            && name.chars().all(|c| c.is_ascii_alphanumeric() || "._@:+,-".contains(c))
    };
    let Some(names) = text.strip_prefix('/') else { return false };
    names.split('/').all(is_plain) && text != "/nix/store" && !text.starts_with("/nix/store/")
}
