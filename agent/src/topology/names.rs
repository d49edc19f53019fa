//! What names, places, hardware addresses and disks may look like. Must not know where they stand.

use crate::config::{ClusterName, value::Label};

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

/// What ends in a number is an address to every resolver. 253 bytes with the name of a node.
pub(super) fn is_domain(text: &str) -> bool {
    let last = text.rsplit('.').next().unwrap_or_default();
    text.len() <= 189 && text.split('.').all(is_node_name) && last.starts_with(|c: char| c.is_ascii_lowercase())
}

/// Of one machine: the lowest bit of the first byte stands for many.
pub(super) fn is_hardware_address(text: &str) -> bool {
    let bytes: Vec<&str> = text.split(':').collect();
    let is_byte = |byte: &&str| byte.len() == 2 && byte.chars().all(|c| c.is_ascii_hexdigit());
    let first = bytes.first().and_then(|byte| u8::from_str_radix(byte, 16).ok());
    bytes.len() == 6
        && bytes.iter().all(is_byte)
        && first.is_some_and(|first| first % 2 == 0)
        && text != "00:00:00:00:00:00"
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

/// An absolute path of plain names that everybody's store is not.
pub(super) fn is_secrets_directory(text: &str) -> bool {
    let is_plain = |name: &str| {
        !name.is_empty()
            && !name.starts_with('.')
            && name.chars().all(|c| c.is_ascii_alphanumeric() || "._@:+,-".contains(c))
    };
    let Some(names) = text.strip_prefix('/') else { return false };
    names.split('/').all(is_plain) && text != "/nix/store" && !text.starts_with("/nix/store/")
}
