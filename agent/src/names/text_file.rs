//! The lines of a file that was edited by hand: any bytes. Must not wait on anything but a regular file, and must not read
//! without a limit.

use std::io::{BufRead, BufReader, Read};
use std::path::Path;

use first_boot_output::plain_error;

use crate::regular_file::{self, Links, RegularFileError};

/// Calls `each` with every line, without its end. Bytes after `limit` are not read; a line that they cut is left out.
///
/// # Errors
/// Why there is nothing to read, naming the file.
pub(super) fn lines(path: &Path, limit: u64, mut each: impl FnMut(&[u8])) -> Result<(), String> {
    let shown = path.display();
    let (file, _) = regular_file::open_to_read(path, Links::Follow).map_err(|error| match error {
        RegularFileError::NotAFile(what) => format!("{shown} is {what}"),
        RegularFileError::LeadsNowhere(target) => {
            format!("{shown} is a link to {}, which does not exist", target.display())
        }
        error if error.is_missing() => format!("{shown} does not exist"),
        error => format!("{shown} cannot be read: {error}"),
    })?;
    let mut reader = BufReader::new(file.take(limit));
    let mut line = Vec::new();
    loop {
        line.clear();
        match reader.read_until(b'\n', &mut line) {
            Ok(0) => return Ok(()),
            Ok(_) => {}
            Err(error) => return Err(format!("{shown} cannot be read: {}", plain_error(&error))),
        }
        let is_whole = line.pop_if(|last| *last == b'\n').is_some();
        if !is_whole && reader.get_ref().limit() == 0 {
            return Ok(());
        }
        // Some editors put a byte order mark first; it carries no meaning.
        each(line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&line));
    }
}
