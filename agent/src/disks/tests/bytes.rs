//! Any bytes at all: no panic, and nothing reported that is not within the disk.

use std::io::Cursor;

use gpt::partition_types::{EFI, LINUX_ROOT_X64};
use proptest::prelude::*;

use super::machine::{MIB, mbr, with_partitions};
use crate::disks::{Table, TableKind, read_table};

/// A small disk with two partitions.
fn image(sector: u64) -> Vec<u8> {
    with_partitions(sector, 4 * MIB, &[("esp", EFI, 1), ("root", LINUX_ROOT_X64, 1)])
}

fn read(bytes: &[u8], sector: u64) -> Table {
    let table = read_table(&mut Cursor::new(bytes), bytes.len() as u64, sector).unwrap();
    for partition in &table.partitions {
        assert!(partition.size > 0 && partition.start + partition.size <= bytes.len() as u64, "{partition:?}");
    }
    table
}

#[test]
fn any_byte_of_header_and_entries_may_be_wrong() {
    let whole = image(512);
    let end = whole.len();
    let mut bytes = whole.clone();
    // Boot record, header and the entries in use, at both ends.
    for at in (440..1024 + 256).chain(end - 512..end - 512 + 96) {
        bytes[at] ^= 0xff;
        let table = read(&bytes, 512);
        let is_reported = !table.problems.is_empty() || table.kind != TableKind::Gpt;
        // The last byte that is summed is the 92nd of a header, the first of a record that matters is its kind.
        if (512..604).contains(&at) || (1024..1280).contains(&at) || (end - 512..end - 420).contains(&at) {
            assert!(is_reported, "byte {at}");
            assert_eq!(table.partitions.len(), 2, "byte {at}: the other copy is read");
        }
        bytes[at] = whole[at];
    }
}

proptest! {
    #[test]
    fn nothing_panics(
        sector in prop_oneof![Just(512_u64), Just(4096), Just(520), Just(0)],
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..8),
        is_summed in any::<bool>(),
    ) {
        let written = if sector == 4096 { 4096 } else { 512 };
        let mut bytes = image(written);
        let header = usize::try_from(written).unwrap();
        for (index, value) in changes {
            // Header and first entries: most of the disk means nothing.
            bytes[header + index.index(header + 256)] = value;
        }
        if is_summed {
            sum(&mut bytes, header);
        }
        let table = read_table(&mut Cursor::new(&bytes), bytes.len() as u64, sector);
        prop_assert!(table.is_ok());
    }

    #[test]
    fn nor_do_bytes_of_chance(bytes in prop::collection::vec(any::<u8>(), 0..3000), size in any::<u64>()) {
        let _ = read_table(&mut Cursor::new(&bytes), size, 512);
    }
}

/// Puts the right checksum into a header, so that what it says is believed.
fn sum(bytes: &mut [u8], at: usize) {
    bytes[at + 16..at + 20].fill(0);
    let sum = crc32(&bytes[at..at + 92]);
    bytes[at + 16..at + 20].copy_from_slice(&sum.to_le_bytes());
}

pub(super) fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0_u32, |sum, byte| {
        (0..8).fold(sum ^ u32::from(*byte), |sum, _| if sum & 1 == 1 { sum >> 1 ^ 0xedb8_8320 } else { sum >> 1 })
    })
}

/// What `gpt` 4.1 would panic at, run out of memory with, or read for hours.
#[test]
fn a_header_that_asks_for_too_much_is_damaged() {
    for (at, value) in [(84, 64_u32), (84, u32::MAX), (80, u32::MAX), (80, 1025), (72, u32::MAX), (48, u32::MAX)] {
        let mut bytes = image(512);
        bytes[512 + at..512 + at + 4].copy_from_slice(&value.to_le_bytes());
        sum(&mut bytes, 512);
        let table = read(&bytes, 512);
        assert_eq!(table.problems.len(), 1, "{at} {value}: {table:?}");
        assert!(table.problems[0].starts_with("the primary table is damaged: "), "{table:?}");
        assert_eq!(table.partitions.len(), 2);
    }
}

#[test]
fn an_entry_outside_the_disk_is_left_out_and_reported() {
    let mut bytes = image(512);
    let entries = 1024..1024 + 128 * 128;
    bytes[1024 + 40..1024 + 48].copy_from_slice(&u64::MAX.to_le_bytes());
    let entries_sum = crc32(&bytes[entries]);
    bytes[512 + 88..512 + 92].copy_from_slice(&entries_sum.to_le_bytes());
    sum(&mut bytes, 512);
    let table = read(&bytes, 512);
    assert_eq!(table.partitions.len(), 1);
    assert!(table.problems.contains(&"partition 1 is not within the disk".to_owned()), "{table:?}");
    assert!(table.problems.iter().any(|problem| problem.contains("other partitions")), "{table:?}");
}

#[test]
fn a_device_shorter_than_it_says_is_an_error_or_a_damaged_copy() {
    assert!(read_table(&mut Cursor::new(&mbr(512)[..100]), 1 << 30, 512).is_err());
    let bytes = image(512);
    let table = read_table(&mut Cursor::new(&bytes[..1 << 21]), bytes.len() as u64, 512).unwrap();
    assert_eq!(table.partitions.len(), 2);
    assert_eq!(table.problems, ["the backup table is damaged: it is beyond the end of the disk"]);
}
