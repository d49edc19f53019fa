//! The first sector of a disk: whether it says that there is a GPT, or has partitions of its own. Must not read those.

/// Where the four records of a master boot record begin, and how long each is.
const RECORDS: usize = 446;
const RECORD: usize = 16;
/// The kind of a record that says: this disk has a GPT.
const PROTECTIVE: u8 = 0xee;

/// What a first sector says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum BootRecord {
    /// That there is a GPT.
    Protective,
    /// That there are partitions of the old kind.
    Partitions,
    /// Neither: nothing, or the beginning of a file system.
    Nothing,
}

impl BootRecord {
    /// Reads a first sector.
    pub(super) fn of(sector: &[u8]) -> Self {
        let Some((records, [0x55, 0xaa])) = sector.get(RECORDS..512).and_then(|end| end.split_last_chunk::<2>()) else {
            return Self::Nothing;
        };
        let records: Vec<Record> = records.chunks_exact(RECORD).filter_map(Record::of).collect();
        if records.iter().any(|record| record.kind == PROTECTIVE) {
            Self::Protective
        } else if records.iter().all(|record| record.status & 0x7f == 0)
            // The code of a file system's boot sector lies here too: what is no status is no record.
            && records.iter().any(|record| record.kind != 0 && record.length != 0)
        {
            Self::Partitions
        } else {
            Self::Nothing
        }
    }
}

struct Record {
    status: u8,
    kind: u8,
    /// In sectors.
    length: u32,
}

impl Record {
    fn of(bytes: &[u8]) -> Option<Self> {
        let length = bytes.last_chunk::<4>().map(|bytes| u32::from_le_bytes(*bytes))?;
        Some(Self { status: *bytes.first()?, kind: *bytes.get(4)?, length })
    }
}
