//! The bytes of a GPT header: whether they are whole, and what the crate `gpt` makes of them. It takes the size of a header
//! to be 92 bytes; UEFI 2.10, 5.3.2 allows every size from there to that of a sector, and the checksum is over so many.

use std::io::Cursor;

use crc::{CRC_32_ISO_HDLC, Crc, NoTable};
use gpt::disk::LogicalBlockSize;
use gpt::header::{self, Header};

use super::copy::Flaw;

/// The size of the fields that there are, in bytes.
const LEAST: usize = 92;
const SIGNATURE: &[u8] = b"EFI PART";
/// Where its size is, and its checksum.
const SIZE: std::ops::Range<usize> = 12..16;
const SUM: std::ops::Range<usize> = 16..20;

/// Reads the header that a sector begins with.
pub(super) fn decode(sector: &[u8]) -> Result<Header, Flaw> {
    let damaged = |how: &str| Flaw::Damaged(how.to_owned());
    if !sector.starts_with(SIGNATURE) {
        return Err(Flaw::Missing);
    }
    let size = usize::try_from(number(sector, SIZE)).unwrap_or(usize::MAX);
    if !(LEAST..=sector.len()).contains(&size) {
        return Err(damaged(&format!("its header is {size} bytes long, and 92 to {} are allowed", sector.len())));
    }
    let mut bytes = sector.to_vec();
    bytes.truncate(size);
    if sum(&mut bytes) != number(sector, SUM) {
        return Err(damaged("the checksum of its header is wrong"));
    }
    // The same fields, as the crate wants them: in the second sector, with a sum over 92 bytes.
    bytes.truncate(LEAST);
    let sum = sum(&mut bytes);
    let mut disk = vec![0; LogicalBlockSize::Lb512.as_usize()];
    disk.append(&mut bytes);
    disk[512..][SUM].copy_from_slice(&sum.to_le_bytes());
    header::read_header_from_arbitrary_device(&mut Cursor::new(disk), LogicalBlockSize::Lb512)
        .map_err(|error| damaged(&error.to_string()))
}

/// The checksum of a header of at least those fields, for which its own place counts as zeros; it is left as zeros.
fn sum(header: &mut [u8]) -> u32 {
    header[SUM].fill(0);
    Crc::<u32, NoTable>::new(&CRC_32_ISO_HDLC).checksum(header)
}

fn number(bytes: &[u8], place: std::ops::Range<usize>) -> u32 {
    bytes.get(place).and_then(<[u8]>::first_chunk).map_or(0, |bytes| u32::from_le_bytes(*bytes))
}
