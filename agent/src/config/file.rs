//! Reads one config file, and minds who else may. Must not read more than a
//! config can have, nor wait on anything that is no regular file.

use super::{
    Problem, SIZE_LIMIT, SyntaxError,
    error::ConfigError,
    source::{Permissions, Source},
};
use crate::{
    regular_file::{Links, RegularFileError, open_to_read, read_all},
    shell_word::quoted,
};
use std::{os::unix::fs::MetadataExt, path::Path};

/// The permission bits of those who are neither owner nor in the group.
const OTHERS: u32 = 0o007;

/// The bytes of a file of bounded size, and its permission bits; `None` where there is none.
pub(crate) fn read(origin: &Source, path: &Path) -> Result<Option<(Vec<u8>, u32)>, ConfigError> {
    let failed = |source: RegularFileError| match source {
        RegularFileError::NotAFile(what) => ConfigError::NotAFile { origin: origin.clone(), what },
        source => ConfigError::Unreadable { origin: origin.clone(), remedy: source.remedy(path), source },
    };
    let (file, metadata) = match open_to_read(path, Links::Follow) {
        Err(error) if error.is_missing() => return Ok(None),
        opened => opened.map_err(failed)?,
    };
    if metadata.len() > SIZE_LIMIT {
        let source = SyntaxError::TooLarge(metadata.len());
        return Err(ConfigError::Syntax { origin: origin.clone(), source });
    }
    let bytes = read_all(file, SIZE_LIMIT).map_err(failed)?;
    Ok(Some((bytes, metadata.mode() & 0o7777)))
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
    let remedy = format!("chmod 600 {}", quoted(path));
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
