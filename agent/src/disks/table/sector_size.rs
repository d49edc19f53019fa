//! Whether a table was made for sectors of another size: an image of one disk was written to another, or the drive's adapter
//! was exchanged. Nothing in it is damaged, and to build it anew would lose what it says. Must not read its partitions: no
//! kernel shows them.

use std::io::{Read, Seek};

use super::copy::Sectors;
use super::header::decode;

/// The sizes that a disk may be addressed in, in bytes.
const SIZES: [u64; 4] = [512, 1024, 2048, 4096];

/// The size of sector for which there is a whole header, at the beginning of the disk or at its end.
pub(super) fn made_for<D: Read + Seek>(disk: &mut Sectors<'_, D>) -> Option<u64> {
    let own = disk.sector.as_u64();
    let end = disk.last.saturating_add(1).saturating_mul(own);
    SIZES.into_iter().filter(|size| *size != own).find(|size| {
        let last = (end / size).saturating_sub(1);
        [1, last].into_iter().any(|at| {
            let header = disk.bytes(at.saturating_mul(*size), *size).ok().and_then(|sector| decode(&sector).ok());
            header.is_some_and(|header| header.current_lba == at)
        })
    })
}
