//! Writes a file so that after a power cut either what was there or the whole new one is. Must not know what it holds.

use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::Path;

/// For its owner alone: a configuration may hold secrets.
const MODE: u32 = 0o600;

/// Puts a text in the place of whatever file has this name.
pub(crate) fn write(path: &Path, text: &str) -> io::Result<()> {
    let mut temporary = path.as_os_str().to_owned();
    // Nobody else's: a file of this name is an earlier try's, and goes.
    temporary.push(".first-boot-topology.new");
    let temporary = Path::new(&temporary);
    let written = write_aside(temporary, text).and_then(|()| fs::rename(temporary, path));
    // The temporary file is of no use to anyone; the first error is the one to report.
    let written = written.inspect_err(|_| drop(fs::remove_file(temporary)));
    // The new name is what a power cut could still undo.
    written.and_then(|()| path.parent().map_or(Ok(()), |directory| File::open(directory)?.sync_all()))
}

fn write_aside(temporary: &Path, text: &str) -> io::Result<()> {
    // What an earlier try left is not reused: its mode may be another one, and it may be a link.
    match fs::remove_file(temporary) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut file = OpenOptions::new().write(true).create_new(true).mode(MODE).open(temporary)?;
    // The umask may have taken bits away.
    file.set_permissions(Permissions::from_mode(MODE))?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}
