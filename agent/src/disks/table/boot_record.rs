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
        // Each has a status at 0, a kind at 4 and a length in sectors at 12.
        let mut records = records.chunks_exact(RECORD);
        if records.clone().any(|record| record[4] == PROTECTIVE) {
            Self::Protective
        } else if records.clone().all(|record| record[0] & 0x7f == 0)
            // The code of a file system's boot sector is here too: what is no status is no record.
            && records.any(|record| record[4] != 0 && record[12..] != [0; 4])
        {
            Self::Partitions
        } else {
            Self::Nothing
        }
    }
}
