//! One of the two copies of a GPT: its header and its entries. The crate `gpt` does the decoding and the checksums of entries. It is
//! given copies of a bounded number of bytes, and entries only where the header is one that it cannot stumble over:
//! 4.1 panics where an entry is not 128 bytes long, and reads as many entries as a header asks for.

use std::collections::BTreeMap;
use std::fmt;
use std::io::{self, Cursor, Read, Seek, SeekFrom};

use first_boot_output::plain_error;
use gpt::disk::LogicalBlockSize;
use gpt::header::Header;
use gpt::partition;

use super::header::decode;

/// The size of an entry, in bytes: the only one in use.
const ENTRY: u32 = 128;
/// Eight times what every tool makes.
const MOST_ENTRIES: u32 = 1024;

/// A copy that is whole.
#[derive(Debug)]
pub(super) struct Copy {
    pub(super) header: Header,
    /// By number.
    pub(super) partitions: BTreeMap<u32, partition::Partition>,
}

/// Why a copy cannot be used.
#[derive(Debug, thiserror::Error)]
pub(super) enum Flaw {
    #[error("is missing")]
    Missing,
    #[error("is damaged: {0}")]
    Damaged(String),
}

/// The sectors of a disk.
pub(super) struct Sectors<'a, D> {
    pub(super) device: &'a mut D,
    pub(super) sector: LogicalBlockSize,
    /// The number of the last.
    pub(super) last: u64,
}

impl<D: Read + Seek> Sectors<'_, D> {
    /// So many bytes from the beginning of a sector.
    pub(super) fn read(&mut self, sector: u64, length: u64) -> io::Result<Vec<u8>> {
        self.bytes(sector.saturating_mul(self.sector.as_u64()), length)
    }

    /// So many bytes from a place on.
    pub(super) fn bytes(&mut self, at: u64, length: u64) -> io::Result<Vec<u8>> {
        let out_of_disk = || io::Error::new(io::ErrorKind::UnexpectedEof, "it is beyond the end of the disk");
        let size = self.last.saturating_add(1).saturating_mul(self.sector.as_u64());
        if at.checked_add(length).is_none_or(|end| end > size) {
            return Err(out_of_disk());
        }
        let mut bytes = Vec::new();
        self.device.seek(SeekFrom::Start(at))?;
        self.device.by_ref().take(length).read_to_end(&mut bytes)?;
        // A device that is shorter than it says.
        if bytes.len() as u64 == length { Ok(bytes) } else { Err(out_of_disk()) }
    }

    /// The copy whose header is in this sector.
    pub(super) fn copy(&mut self, at: u64) -> Result<Copy, Flaw> {
        let damaged = |how: &dyn fmt::Display| Flaw::Damaged(how.to_string());
        let header = self.read(at, self.sector.as_u64()).map_err(|error| damaged(&plain_error(&error)))?;
        let header = decode(&header)?;
        self.check(&header, at).map_err(|how| damaged(&how))?;
        let entries = self
            .read(header.part_start, u64::from(header.num_parts) * u64::from(ENTRY))
            .map_err(|error| damaged(&format!("its entries: {}", plain_error(&error))))?;
        let from_there = Header { part_start: 0, ..header.clone() };
        let partitions = partition::file_read_partitions(&mut Cursor::new(entries), &from_there, self.sector)
            .map_err(|_| damaged(&"the checksum of its entries is wrong"))?;
        Ok(Copy { header, partitions })
    }

    /// What the kernel asks of a header too, and what `gpt` takes for granted.
    fn check(&self, header: &Header, at: u64) -> Result<(), &'static str> {
        if header.current_lba != at {
            return Err("its header was written for another sector");
        }
        if header.first_usable > header.last_usable || header.last_usable > self.last {
            return Err("it is for another size of disk");
        }
        if header.part_size != ENTRY || header.num_parts > MOST_ENTRIES {
            return Err("the number or the size of its entries is not supported");
        }
        Ok(())
    }
}
