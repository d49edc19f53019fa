//! The disks as the kernel tells of them in `/sys/class/block`. Where a device cannot be opened, as in the sandbox of
//! the join units, its partitions are those that the kernel and udev know. Must not open a device for writing: udev probes
//! it anew when a writer closes it.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use crate::sysfs::{Tree, plain};

use super::udev::Entry;
use super::{Disk, Partition, PartitionType, Table, TableKind, table};

const CLASS: &str = "sys/class/block";
/// sysfs counts in these, whatever the disk's own sectors are.
const UNIT: u64 = 512;
/// Drives of media that nobody installs on: CD-ROM and floppy disk.
const NO_DISKS: [&str; 2] = ["sr", "fd"];

/// The names of all whole disks with hardware behind them.
pub(super) fn names(tree: Tree<'_>) -> Vec<String> {
    let is_disk = |name: &String| {
        let at = Path::new(CLASS).join(name);
        // loop, ram, zram, dm, md and nbd have no device; a hidden one is a path to another disk that is shown.
        tree.has(at.join("device"))
            && !tree.has(at.join("partition"))
            && !tree.flag(at.join("hidden"))
            && !NO_DISKS.iter().any(|prefix| name.starts_with(prefix))
    };
    tree.names(CLASS).into_iter().filter(is_disk).collect()
}

/// The disk of this name.
pub(super) fn disk(tree: Tree<'_>, name: &str) -> Disk {
    let at = Path::new(CLASS).join(name);
    let entry = Entry::of(tree, &tree.line(at.join("dev")).unwrap_or_default());
    let first = |names: [&str; 2]| names.iter().find_map(|name| tree.line(at.join(name)));
    let logical_sector_size = tree.number(at.join("queue/logical_block_size")).unwrap_or(UNIT);
    let size = tree.number(at.join("size")).unwrap_or_default().saturating_mul(UNIT);
    let shown = partitions(tree, &at, name);
    let mut disk = Disk {
        name: name.to_owned(),
        path: node(name),
        ids: entry.ids(),
        wwid: first(["wwid", "device/wwid"]),
        serial: first(["serial", "device/serial"])
            .or_else(|| vital_product_serial(tree, &at))
            .or_else(|| entry.property("ID_SERIAL_SHORT")),
        model: tree.line(at.join("device/model")),
        size,
        logical_sector_size,
        physical_sector_size: tree.number(at.join("queue/physical_block_size")).unwrap_or(logical_sector_size),
        removable: tree.flag(at.join("removable")),
        read_only: tree.flag(at.join("ro")),
        table: Table::bare(TableKind::Unknown, Vec::new()),
    };
    disk.table = match read_table(tree, &disk) {
        Ok(mut table) => {
            for partition in &mut table.partitions {
                let same = shown.iter().find(|other| other.number == partition.number);
                partition.path = same.and_then(|other| other.path.clone());
            }
            table
        }
        Err(error) => Table {
            kind: kind_told(&entry, &shown),
            guid: entry.property("ID_PART_TABLE_UUID"),
            partitions: shown,
            ..Table::bare(TableKind::Unknown, vec![format!("cannot read {}: {error}", disk.path.display())])
        },
    };
    disk
}

fn read_table(tree: Tree<'_>, disk: &Disk) -> io::Result<Table> {
    table::read(&mut File::open(tree.path(&disk.path))?, disk.size, disk.logical_sector_size)
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
                label: entry.encoded("ID_PART_ENTRY_NAME").or_else(|| kernel_label(tree, &at)),
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

/// The kernel gives the names of a GPT, and of no other table that is in use on servers.
fn kernel_label(tree: Tree<'_>, partition: &Path) -> Option<String> {
    let bytes = tree.bytes(partition.join("uevent"))?;
    let text = String::from_utf8_lossy(&bytes);
    text.lines().find_map(|line| line.strip_prefix("PARTNAME=")).map(plain)
}

fn kind_told(entry: &Entry, shown: &[Partition]) -> TableKind {
    match entry.property("ID_PART_TABLE_TYPE").as_deref() {
        Some("gpt") => TableKind::Gpt,
        Some("dos") => TableKind::Mbr,
        _ if shown.iter().any(|partition| partition.label.is_some()) => TableKind::Gpt,
        _ => TableKind::Unknown,
    }
}

/// The serial number that SCSI and ATA drives tell: vital product data, page 0x80, behind four bytes of header.
fn vital_product_serial(tree: Tree<'_>, disk: &Path) -> Option<String> {
    let page = tree.bytes(disk.join("device/vpd_pg80"))?;
    let serial = plain(String::from_utf8_lossy(page.get(4..)?).trim_matches(|c: char| c.is_whitespace() || c == '\0'));
    Some(serial).filter(|serial| !serial.is_empty())
}

/// The device node of a kernel name, in which `!` stands for `/`.
fn node(name: &str) -> PathBuf {
    Path::new("/dev").join(name.replace('!', "/"))
}
