//! The disks as the kernel reports them in `/sys/class/block`. Where a device cannot be opened, as in the sandbox of
//! the join units, its partitions are those that the kernel and udev know. Must not open a device for writing: udev probes
//! it again when a writer closes it.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};

use first_boot_output::plain_error;

use crate::filler;
use crate::sysfs::{Tree, plain};

use super::udev::Entry;
use super::{Disk, Partition, PartitionType, Table, TableKind, table};

const CLASS: &str = "sys/class/block";
/// sysfs counts in these, whatever the disk's own sectors are.
const UNIT: u64 = 512;
/// What is never an installation target: CD-ROM, floppy disk, bare flash memory, as that of the firmware, and what has no hardware.
const NO_DISKS: [&str; 10] = ["sr", "fd", "mtdblock", "ubiblock", "loop", "ram", "zram", "dm-", "md", "nbd"];

/// The kernel's names of all whole disks with hardware behind them; no disk is asked for it.
pub(crate) fn names(root: &Path) -> Vec<String> {
    let tree = Tree::at(root);
    let is_disk = |name: &String| {
        let at = Path::new(CLASS).join(name);
        // loop, ram, zram, dm and md have no device; a hidden one is a path to another disk that is shown.
        tree.has(at.join("device"))
            && !tree.has(at.join("partition"))
            && !tree.flag(at.join("hidden"))
            && !NO_DISKS.iter().any(|prefix| after_number(name, prefix) == Some(""))
            && !is_area_of_emmc(name)
            && !is_path_of_nvme(name)
            // What has another block device as its hardware is a part of that one.
            && !tree.has(at.join("device/queue"))
    };
    tree.names(CLASS).into_iter().filter(is_disk).collect()
}

/// What follows the number behind a prefix.
fn after_number<'a>(name: &'a str, prefix: &str) -> Option<&'a str> {
    Some(name.strip_prefix(prefix)?.trim_start_matches(|character: char| character.is_ascii_digit()))
}

/// The areas of an eMMC beside its user area (JESD84-B51, 6.2): two for a boot loader, one for secrets, up to four more.
/// They are a few MiB, and go with the chip: `mmcblk0boot0`, `mmcblk0boot1`, `mmcblk0rpmb`, `mmcblk0gp0`.
fn is_area_of_emmc(name: &str) -> bool {
    after_number(name, "mmcblk").is_some_and(|area| ["boot", "rpmb", "gp"].iter().any(|kind| area.starts_with(kind)))
}

/// A path to a namespace that several controllers have: `nvme0c1n1` beside `nvme0n1`.
fn is_path_of_nvme(name: &str) -> bool {
    after_number(name, "nvme").is_some_and(|rest| rest.starts_with('c'))
}

/// What device-mapper calls the disk that it has made of several paths, this one among them: for a drive without an
/// identifier, multipathd has found another.
fn multipath_id(tree: Tree<'_>, disk: &Path) -> Option<String> {
    let holders = disk.join("holders");
    tree.names(&holders).iter().find_map(|holder| {
        let uuid = tree.line(holders.join(holder).join("dm/uuid"))?;
        uuid.strip_prefix("mpath-").map(str::to_owned)
    })
}

/// The disk of this name. It is read, and may keep the caller waiting.
pub(crate) fn one(root: &Path, name: &str) -> Disk {
    let tree = Tree::at(root);
    let at = Path::new(CLASS).join(name);
    let entry = Entry::of(tree, &tree.line(at.join("dev")).unwrap_or_default());
    let first = |names: [&str; 2]| names.iter().find_map(|name| tree.line(at.join(name)));
    let logical_sector_size = tree.number(at.join("queue/logical_block_size")).unwrap_or(UNIT);
    let size = tree.number(at.join("size")).unwrap_or_default().saturating_mul(UNIT);
    let shown = partitions(tree, &at, name);
    let mut placeholders = BTreeMap::new();
    let wwid = filler::own("wwid", first(["wwid", "device/wwid"]), filler::is_wwid, &mut placeholders);
    let serial = first(["serial", "device/serial"])
        .or_else(|| vital_product_serial(tree, &at))
        .or_else(|| entry.property("ID_SERIAL_SHORT"));
    let serial = filler::own("serial", serial, filler::is_drive_serial, &mut placeholders);
    let path = node(name);
    let read = File::open(tree.path(&path)).and_then(|mut device| table::read(&mut device, size, logical_sector_size));
    let table = match read {
        Ok(mut table) => {
            for partition in &mut table.partitions {
                let same = shown.iter().find(|other| other.number == partition.number);
                partition.path = same.and_then(|other| other.path.clone());
            }
            table
        }
        Err(error) => Table {
            kind: reported_kind(&entry, &shown),
            guid: entry.property("ID_PART_TABLE_UUID"),
            partitions: shown,
            ..Table::bare(TableKind::Unknown, vec![format!("cannot read {}: {}", path.display(), plain_error(&error))])
        },
    };
    Disk {
        name: name.to_owned(),
        path,
        ids: entry.ids(),
        wwid: wwid.or_else(|| multipath_id(tree, &at)),
        serial,
        placeholders,
        other_names: Vec::new(),
        model: tree.line(at.join("device/model")),
        size,
        logical_sector_size,
        physical_sector_size: tree.number(at.join("queue/physical_block_size")).unwrap_or(logical_sector_size),
        removable: tree.flag(at.join("removable")),
        read_only: tree.flag(at.join("ro")),
        table,
    }
}

/// The partitions that the kernel shows, with what it and udev know of them.
fn partitions(tree: Tree<'_>, disk: &Path, disk_name: &str) -> Vec<Partition> {
    let names = tree.names(disk).into_iter().filter(|name| name.starts_with(disk_name));
    let mut partitions: Vec<Partition> = names
        .filter_map(|name| {
            let at = disk.join(&name);
            let number = u32::try_from(tree.number(at.join("partition"))?).ok()?;
            let entry = Entry::of(tree, &tree.line(at.join("dev")).unwrap_or_default());
            let bytes = |attribute| tree.number(at.join(attribute)).unwrap_or_default().saturating_mul(UNIT);
            Some(Partition {
                number,
                path: Some(node(&name)),
                // The kernel gives the names of a GPT, and of no other table that is in use on servers.
                label: entry.encoded("ID_PART_ENTRY_NAME").or_else(|| tree.uevent(&at, "PARTNAME")),
                kind: entry.property("ID_PART_ENTRY_TYPE").and_then(|guid| PartitionType::of_guid(&guid)),
                guid: entry.property("ID_PART_ENTRY_UUID"),
                start: bytes("start"),
                size: bytes("size"),
            })
        })
        .collect();
    partitions.sort_by_key(|partition| partition.number);
    partitions
}

fn reported_kind(entry: &Entry, shown: &[Partition]) -> TableKind {
    match entry.property("ID_PART_TABLE_TYPE").as_deref() {
        Some("gpt") => TableKind::Gpt,
        Some("dos") => TableKind::Mbr,
        _ if shown.iter().any(|partition| partition.label.is_some()) => TableKind::Gpt,
        _ => TableKind::Unknown,
    }
}

/// The serial number that SCSI and ATA drives report: vital product data, page 0x80, behind four bytes of header.
fn vital_product_serial(tree: Tree<'_>, disk: &Path) -> Option<String> {
    let page = tree.bytes(disk.join("device/vpd_pg80"))?;
    let serial = plain(String::from_utf8_lossy(page.get(4..)?).trim_matches(|c: char| c.is_whitespace() || c == '\0'));
    Some(serial).filter(|serial| !serial.is_empty())
}

/// The device node of a kernel name, in which `!` stands for `/`.
fn node(name: &str) -> PathBuf {
    Path::new("/dev").join(name.replace('!', "/"))
}
