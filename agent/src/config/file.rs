//! Reads one config file, and minds who else may. Must not read more than a
//! config can have, nor wait on anything that is no regular file.

use super::{
    error::ConfigError,
    report::Problem,
    source::{Permissions, Source},
    syntax::{SIZE_LIMIT, SyntaxError},
};
use std::{
    fs::{File, FileType},
    io::{self, Read},
    os::unix::fs::{FileTypeExt, MetadataExt},
    path::Path,
};

/// The permission bits of those who are neither owner nor in the group.
const OTHERS: u32 = 0o007;

/// The bytes of a file of bounded size, and its permission bits; `None` where there is none.
pub(crate) fn read(origin: &Source, path: &Path) -> Result<Option<(Vec<u8>, u32)>, ConfigError> {
    let failed = |source: io::Error| ConfigError::Unreadable { origin: origin.clone(), source };
    // Asked before opening, because opening a pipe waits for a writer.
    let kind = match std::fs::metadata(path) {
        Ok(metadata) => metadata.file_type(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(failed(error)),
    };
    if !kind.is_file() {
        return Err(ConfigError::NotAFile { origin: origin.clone(), what: what(kind) });
    }
    let file = File::open(path).map_err(failed)?;
    let metadata = file.metadata().map_err(failed)?;
    if metadata.len() > SIZE_LIMIT {
        let source = SyntaxError::TooLarge { size: metadata.len() };
        return Err(ConfigError::Syntax { origin: origin.clone(), source });
    }
    let mut bytes = Vec::new();
    // One byte more than allowed, so that a file that grows meanwhile is noticed.
    file.take(SIZE_LIMIT + 1).read_to_end(&mut bytes).map_err(failed)?;
    Ok(Some((bytes, metadata.mode() & 0o7777)))
}

fn what(kind: FileType) -> &'static str {
    match kind {
        kind if kind.is_dir() => "a directory",
        kind if kind.is_fifo() => "a pipe",
        kind if kind.is_socket() => "a socket",
        _ => "a device",
    }
}

/// Refuses or notes a file that every user of the machine may read or write. A
/// credential lies in a directory that only its service enters.
pub(crate) fn open_to_others(
    origin: &Source,
    path: &Path,
    mode: u32,
    permissions: Permissions,
) -> Result<Option<Problem>, ConfigError> {
    if mode & OTHERS == 0 || matches!(origin, Source::Credential(_)) {
        return Ok(None);
    }
    let remedy = format!("chmod 600 {}", path.display());
    match permissions {
        Permissions::Refuse => Err(ConfigError::ReadableByOthers { path: path.to_owned(), mode, remedy }),
        Permissions::Warn => Ok(Some(Problem {
            path: path.display().to_string(),
            found: format!("a file of mode {mode:04o}"),
            expected: "one that only root may read".to_owned(),
            hint: Some(format!("run `{remedy}` before it is used")),
        })),
    }
}
