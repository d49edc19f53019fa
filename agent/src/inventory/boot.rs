//! How the machine was booted, and what the initrd of this boot has left in `/run/first-boot-agent`. What another boot has
//! left there counts for nothing.

use serde::Deserialize;

use crate::sysfs::Tree;

use super::Inventory;

const HAND_OVER: &str = "run/first-boot-agent";
/// File systems of a root that lies in memory.
const IN_MEMORY: [&str; 5] = ["rootfs", "tmpfs", "ramfs", "overlay", "squashfs"];
const MARKERS: &str = "var/lib/first-boot-automation";

/// What is needed of `boot.json`.
#[derive(Deserialize)]
struct Boot {
    run_id: String,
    kind: String,
}

/// What kind of boot it is, in the words of `boot.json`: `netboot`, `first-boot` or `later-boot`.
pub(super) fn mode(tree: Tree<'_>) -> Option<String> {
    if let Some(boot) = of_this_boot(tree) {
        return Some(boot.kind);
    }
    // In an initrd there is nothing to tell by yet.
    if tree.has("etc/initrd-release") {
        return None;
    }
    let mounts = String::from_utf8_lossy(&tree.bytes("proc/self/mountinfo")?).into_owned();
    let file_system = mounts.lines().rev().find_map(root_file_system)?;
    let has_marker = || tree.names(MARKERS).iter().any(|name| name.ends_with("-joined") || name.ends_with("ialized"));
    Some(if IN_MEMORY.contains(&file_system) {
        "netboot".to_owned()
    } else if has_marker() {
        "later-boot".to_owned()
    } else {
        "first-boot".to_owned()
    })
}

/// The type of the file system of a line of `mountinfo` (proc(5)), where it is mounted at the root.
fn root_file_system(line: &str) -> Option<&str> {
    let (mount, file_system) = line.split_once(" - ")?;
    (mount.split(' ').nth(4)? == "/").then(|| file_system.split(' ').next())?
}

/// The inventory that the initrd of this boot has taken.
pub(super) fn handed_over(tree: Tree<'_>) -> Option<Inventory> {
    of_this_boot(tree)?;
    let inventory: Inventory = serde_json::from_slice(&tree.bytes(format!("{HAND_OVER}/inventory.json"))?).ok()?;
    (inventory.schema_version == Inventory::SCHEMA_VERSION).then_some(inventory)
}

fn of_this_boot(tree: Tree<'_>) -> Option<Boot> {
    let boot: Boot = serde_json::from_slice(&tree.bytes(format!("{HAND_OVER}/boot.json"))?).ok()?;
    let boot_id = tree.line("proc/sys/kernel/random/boot_id")?.replace('-', "");
    (boot.run_id == boot_id).then_some(boot)
}
