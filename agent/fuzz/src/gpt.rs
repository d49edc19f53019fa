//! The two ends of a disk: whatever is there is a table or is reported; nothing beyond a bound is read. No partition is
//! reported that is not within the disk, and nothing that a terminal would obey. The types ensure that nothing is written.

use std::io::{Cursor, Read, Result, Seek, SeekFrom};

use first_boot_agent::disks::{Table, TableCopy, TableKind, read_table};

use crate::assert_plain;

/// The most that may be read of any disk.
const MOST: u64 = 300 << 10;

/// Takes a byte of what is to be done first, then the bytes of a disk.
pub fn gpt(data: &[u8]) {
    let Some((how, disk)) = data.split_first() else {
        return;
    };
    let sector: usize = if how & 1 == 0 { 512 } else { 4096 };
    let mut disk = disk.to_vec();
    if how & 2 != 0 {
        // No fuzzer guesses a checksum: what comes after it is to be tried too.
        sum(&mut disk, sector, sector);
    }
    if how & 4 != 0 {
        let last = disk.len().saturating_sub(sector);
        sum(&mut disk, last, sector);
    }
    let size = if how & 8 == 0 { disk.len() as u64 } else { u64::MAX };
    let mut device = Counted { disk: Cursor::new(&disk), read: 0 };
    let Ok(table) = read_table(&mut device, size, sector as u64) else {
        return;
    };
    assert!(device.read <= MOST, "{} bytes were read", device.read);
    assert_table(&table, size);
    let again = read_table(&mut Cursor::new(&disk), size, sector as u64).ok();
    assert_eq!(again.as_ref(), Some(&table), "a second read gives another table");
    let written = serde_json::to_string(&table).unwrap_or_default();
    assert_eq!(serde_json::from_str::<Table>(&written).ok(), Some(table), "it does not read back");
}

fn assert_table(table: &Table, size: u64) {
    let is_good = |copy: Option<TableCopy>| copy == Some(TableCopy::Good);
    for partition in &table.partitions {
        assert!(is_good(table.primary) || is_good(table.backup), "partitions of a table that is not whole");
        let end = partition.start.checked_add(partition.size);
        assert!(partition.size > 0 && end.is_some_and(|end| end <= size), "{partition:?}");
        assert!(partition.number > 0 && partition.kind.is_some(), "{partition:?}");
        assert_plain(partition.label.as_deref().unwrap_or_default());
    }
    let is_whole = is_good(table.primary) && is_good(table.backup);
    assert!(table.kind != TableKind::Gpt || is_whole || !table.problems.is_empty(), "a flaw is not reported");
    table.problems.iter().for_each(|problem| assert_plain(problem));
}

/// A disk that counts what is read of it.
struct Counted<'a> {
    disk: Cursor<&'a Vec<u8>>,
    read: u64,
}

impl Read for Counted<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize> {
        let read = self.disk.read(buffer)?;
        self.read += read as u64;
        Ok(read)
    }
}

impl Seek for Counted<'_> {
    fn seek(&mut self, to: SeekFrom) -> Result<u64> {
        self.disk.seek(to)
    }
}

/// Puts the right checksums into the header that begins here, where there is one and the disk has its entries.
fn sum(disk: &mut [u8], at: usize, sector: usize) {
    let number = |disk: &[u8], field: usize, length: usize| {
        let bytes = disk.get(at + field..at + field + length)?;
        let value = bytes.iter().rev().fold(0_u64, |value, byte| value << 8 | u64::from(*byte));
        usize::try_from(value).ok()
    };
    let entries = (|| {
        let begin = number(disk, 72, 8)?.checked_mul(sector)?;
        let length = number(disk, 80, 4)?.checked_mul(128)?;
        disk.get(begin..begin.checked_add(length)?).map(crc32)
    })();
    if let (Some(sum), Some(field)) = (entries, disk.get_mut(at + 88..at + 92)) {
        field.copy_from_slice(&sum.to_le_bytes());
    }
    if let Some(field) = disk.get_mut(at + 16..at + 20) {
        field.fill(0);
    }
    let header = disk.get(at..at + 92).map(crc32);
    if let (Some(sum), Some(field)) = (header, disk.get_mut(at + 16..at + 20)) {
        field.copy_from_slice(&sum.to_le_bytes());
    }
}

fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0_u32, |sum, byte| {
        (0..8).fold(sum ^ u32::from(*byte), |sum, _| if sum & 1 == 1 { (sum >> 1) ^ 0xedb8_8320 } else { sum >> 1 })
    })
}
