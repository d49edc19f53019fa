//! The lines of a file that anybody may have edited: bytes, whatever they are. Must not wait on what is no regular file,
//! and must not read without an end.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufRead, BufReader, Read};
use std::os::unix::fs::{FileTypeExt, OpenOptionsExt};
use std::path::Path;

use nix::fcntl::OFlag;

/// Calls `each` with every line, without its end. Bytes after `limit` are not read; a line that they cut is left out.
///
/// # Errors
/// Why there is nothing to read, naming the file.
pub(super) fn lines(path: &Path, limit: u64, mut each: impl FnMut(&[u8])) -> Result<(), String> {
    let file = open(path)?;
    let mut reader = BufReader::new(file.take(limit));
    let mut line = Vec::new();
    loop {
        line.clear();
        match reader.read_until(b'\n', &mut line) {
            Ok(0) => return Ok(()),
            Ok(_) => {}
            Err(error) => return Err(format!("{} cannot be read: {error}", path.display())),
        }
        let is_whole = line.pop_if(|last| *last == b'\n').is_some();
        if !is_whole && reader.get_ref().limit() == 0 {
            return Ok(());
        }
        // Some editors put a byte order mark first; it carries no meaning.
        each(line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&line));
    }
}

fn open(path: &Path) -> Result<File, String> {
    let shown = path.display();
    // Opening a pipe would wait for a writer.
    let opened = OpenOptions::new().read(true).custom_flags(OFlag::O_NONBLOCK.bits()).open(path);
    let file = opened.map_err(|error| missing(path, &error))?;
    let kind = file.metadata().map_err(|error| format!("{shown} cannot be read: {error}"))?.file_type();
    match kind {
        kind if kind.is_file() => Ok(file),
        kind if kind.is_dir() => Err(format!("{shown} is a directory")),
        kind if kind.is_fifo() => Err(format!("{shown} is a pipe")),
        _ => Err(format!("{shown} is a device")),
    }
}

fn missing(path: &Path, error: &io::Error) -> String {
    let shown = path.display();
    match (error.kind(), fs::read_link(path)) {
        (io::ErrorKind::NotFound, Ok(target)) => {
            format!("{shown} is a link to {}, which does not exist", target.display())
        }
        (io::ErrorKind::NotFound, Err(_)) => format!("{shown} does not exist"),
        _ => format!("{shown} cannot be read: {error}"),
    }
}
