//! How the machine was booted, and what the initrd of this boot has left. What another boot has left counts for nothing.

use std::path::Path;

use crate::boot::{Boot, BootKind, DIRECTORY};
use crate::sysfs::Tree;

use super::Inventory;

/// What kind of boot it is: as the initrd has found, else as it looks from here.
pub(super) fn kind(root: &Path) -> Option<BootKind> {
    let tree = Tree::at(root);
    if let Some(boot) = of_this_boot(root) {
        return Some(boot.kind);
    }
    // In an initrd there is nothing to tell by yet.
    if tree.has("etc/initrd-release") {
        return None;
    }
    let mounts = String::from_utf8_lossy(&tree.bytes("proc/self/mountinfo")?).into_owned();
    Some(BootKind::of(root, Path::new("/"), &mounts)).filter(|kind| *kind != BootKind::Unknown)
}

/// The inventory that the initrd of this boot has taken.
pub(super) fn handed_over(root: &Path) -> Option<Inventory> {
    of_this_boot(root)?;
    let inventory: Inventory =
        serde_json::from_slice(&Tree::at(root).bytes(format!("{DIRECTORY}/inventory.json"))?).ok()?;
    (inventory.schema_version == Inventory::SCHEMA_VERSION).then_some(inventory)
}

fn of_this_boot(root: &Path) -> Option<Boot> {
    Boot::of_this_run(root, &Boot::run_id(root)?)
}
