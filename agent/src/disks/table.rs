//! Judges the partition table of a disk: both copies of a GPT, and the boot record before them.
//!
//! Must hold for any bytes: no panic, no read beyond the disk, 300 KiB in all.

mod boot_record;
mod copy;
mod header;

use std::io::{self, Read, Seek};

use gpt::disk::LogicalBlockSize;

use crate::sysfs::plain;

use super::{Partition, PartitionType, Table, TableCopy, TableKind};

use boot_record::BootRecord;
use copy::{Copy, Flaw, Sectors};
use header::decode;

/// The sizes that a disk may be addressed in, in bytes.
const SECTOR_SIZES: [u64; 4] = [512, 1024, 2048, 4096];

/// The table of a disk of `size` bytes with sectors of `sector_size` bytes.
///
/// # Errors
/// The first sector cannot be read. Whatever else is wrong is reported in the table.
pub fn read<D: Read + Seek>(device: &mut D, size: u64, sector_size: u64) -> io::Result<Table> {
    let Ok(sector) = LogicalBlockSize::try_from(sector_size) else {
        return Ok(Table::bare(TableKind::Unknown, vec![format!("sectors of {sector_size} bytes are not read")]));
    };
    let Some(last) = (size / sector_size).checked_sub(1) else {
        return Ok(Table::bare(TableKind::None, vec!["there is no medium in it".to_owned()]));
    };
    let mut sectors = Sectors { device, sector, last };
    let boot_record = BootRecord::of(&sectors.read(0, sector_size)?);
    let primary = sectors.copy(1);
    // On a disk that has grown the backup is where the end was.
    let backup_at = primary.as_ref().map_or(last, |copy| copy.header.backup_lba);
    let backup = sectors.copy(backup_at);
    if primary.is_err()
        && backup.is_err()
        && boot_record != BootRecord::Partitions
        && let Some(size) = made_for(&mut sectors)
    {
        return Ok(of_another_size(size, sector_size));
    }
    Ok(judge(boot_record, &primary, &backup, &sectors))
}

/// The size of sector for which there is a whole header, at the beginning of the disk or at its end: an image of one disk was
/// written to another, or the drive's adapter was exchanged. Its partitions are not read: no kernel shows them.
fn made_for<D: Read + Seek>(disk: &mut Sectors<'_, D>) -> Option<u64> {
    let own = disk.sector.as_u64();
    let end = disk.last.saturating_add(1).saturating_mul(own);
    SECTOR_SIZES.into_iter().filter(|size| *size != own).find(|size| {
        let last = (end / size).saturating_sub(1);
        [1, last].into_iter().any(|at| {
            let header = disk.bytes(at.saturating_mul(*size), *size).ok().and_then(|sector| decode(&sector).ok());
            header.is_some_and(|header| header.current_lba == at)
        })
    })
}

/// A table that is whole, on a disk whose sectors have another size. Nothing in it is damaged, and to build it again would lose
/// what it says.
fn of_another_size(made_for: u64, sector_size: u64) -> Table {
    Table {
        primary: Some(TableCopy::Missing),
        backup: Some(TableCopy::Missing),
        ..Table::bare(
            TableKind::Gpt,
            vec![format!(
                "the table was made for sectors of {made_for} bytes, and those of this disk have {sector_size}: the kernel shows \
                 no partition; do not create a new one, write the image that is for {sector_size} bytes"
            )],
        )
    }
}

fn judge<D>(
    boot_record: BootRecord,
    primary: &Result<Copy, Flaw>,
    backup: &Result<Copy, Flaw>,
    disk: &Sectors<'_, D>,
) -> Table {
    let whole = primary.as_ref().or(backup.as_ref()).ok();
    let mut problems = Vec::new();
    let kind = match (boot_record, whole) {
        (BootRecord::Protective, _) => TableKind::Gpt,
        (BootRecord::Partitions, None) => TableKind::Mbr,
        (BootRecord::Partitions, Some(_)) => {
            problems.push("there is also a GPT, which its boot record does not protect: it is ignored".to_owned());
            TableKind::Mbr
        }
        (BootRecord::Nothing, None) => TableKind::None,
        (BootRecord::Nothing, Some(_)) => {
            problems.push("its boot record does not protect the GPT, so the kernel does not show it".to_owned());
            TableKind::Gpt
        }
    };
    if kind != TableKind::Gpt {
        return Table::bare(kind, problems);
    }
    problems.extend(primary.as_ref().err().map(|flaw| format!("the primary table {flaw}")));
    problems.extend(backup.as_ref().err().map(|flaw| format!("the backup table {flaw}")));
    problems.extend(disagreement(primary, backup, disk.last));
    let partitions = whole.map(|copy| partitions(copy, disk, &mut problems)).unwrap_or_default();
    Table {
        kind,
        guid: whole.map(|copy| copy.header.disk_guid.to_string()),
        primary: Some(state(primary)),
        backup: Some(state(backup)),
        partitions,
        problems,
    }
}

fn state(copy: &Result<Copy, Flaw>) -> TableCopy {
    match copy {
        Ok(_) => TableCopy::Good,
        Err(Flaw::Missing) => TableCopy::Missing,
        Err(Flaw::Damaged(_)) => TableCopy::Damaged,
    }
}

/// What does not fit between two copies that are both whole.
fn disagreement(primary: &Result<Copy, Flaw>, backup: &Result<Copy, Flaw>, last: u64) -> Option<String> {
    let (primary, backup) = (&primary.as_ref().ok()?.header, &backup.as_ref().ok()?.header);
    if primary.disk_guid != backup.disk_guid || primary.crc32_parts != backup.crc32_parts {
        return Some("the backup table lists other partitions than the primary, which is used".to_owned());
    }
    (backup.current_lba != last).then(|| "the backup table is not at the end of the disk".to_owned())
}

fn partitions<D>(copy: &Copy, disk: &Sectors<'_, D>, problems: &mut Vec<String>) -> Vec<Partition> {
    let sector = disk.sector.as_u64();
    let mut partitions = Vec::new();
    for (number, entry) in copy.partitions.iter().filter(|(_, entry)| entry.is_used()) {
        if entry.first_lba > entry.last_lba || entry.last_lba > disk.last {
            problems.push(format!("partition {number} is not within the disk"));
            continue;
        }
        partitions.push(Partition {
            number: *number,
            path: None,
            label: Some(plain(&entry.name)).filter(|label| !label.is_empty()),
            kind: PartitionType::of_guid(&entry.part_type_guid.guid.to_string()),
            guid: Some(entry.part_guid.to_string()),
            // Within the disk, whose size in bytes is a u64.
            start: entry.first_lba * sector,
            size: (entry.last_lba - entry.first_lba + 1) * sector,
        });
    }
    partitions
}
