//! Several paths to one disk, as with two cables to one drive or array: each is a device of its own to the kernel, and they
//! are one disk. Must not take two disks for one: what they have in common must be an identity.

use super::{Disk, Table};

/// The disks, each once, in the order in which the first path to each came.
pub(super) fn merged(disks: impl Iterator<Item = Disk>) -> Vec<Disk> {
    let mut merged: Vec<Disk> = Vec::new();
    for disk in disks {
        match merged.iter_mut().find(|other| is_same(other, &disk)) {
            Some(other) => merge(other, disk),
            None => merged.push(disk),
        }
    }
    merged
}

/// Makers give one identifier to a whole batch (AnalogJ/scrutiny#435), so nothing else may speak against it.
fn is_same(one: &Disk, other: &Disk) -> bool {
    let agree = |one: &Option<String>, other: &Option<String>| one.is_none() || other.is_none() || one == other;
    one.wwid.is_some()
        && one.wwid == other.wwid
        && one.size == other.size
        && one.logical_sector_size == other.logical_sector_size
        && agree(&one.serial, &other.serial)
        && agree(&one.model, &other.model)
}

/// Keeps the first path, and the table that could be read by any.
fn merge(disk: &mut Disk, path: Disk) {
    if path.is_table_read() && !disk.is_table_read() {
        disk.table = path.table;
    } else {
        fill_in_paths(&mut disk.table, &path.table);
    }
    disk.serial = disk.serial.take().or(path.serial);
    disk.model = disk.model.take().or(path.model);
    disk.ids.extend(path.ids);
    disk.ids.sort();
    disk.ids.dedup();
    disk.other_names.push(path.name);
    disk.other_names.extend(path.other_names);
    disk.other_names.sort();
}

/// The kernel may show a partition by one path alone.
fn fill_in_paths(table: &mut Table, other: &Table) {
    for partition in table.partitions.iter_mut().filter(|partition| partition.path.is_none()) {
        let same = other.partitions.iter().find(|same| same.number == partition.number && same.guid == partition.guid);
        partition.path = same.and_then(|same| same.path.clone());
    }
}
