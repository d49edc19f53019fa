//! Opens what must be a regular file, and refuses everything else at once: a pipe keeps its reader waiting, a terminal or a
//! device may act on being opened, and none of them has an end.
//!
//! The one place that opens what others may have put there: configurations, markers, locks, keys, certificates,
//! passwords. Must not judge permissions, nor say what the file is for; callers do.

use std::fs::{self, File, FileType, Metadata, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use first_boot_output::plain_error;
use nix::errno::Errno;
use nix::fcntl::OFlag;

use crate::foreign_text;
use crate::obstacle::{self, name_of};
use crate::shell_word::quoted;

/// What is shown of a link's target: it may be of any bytes.
const LONGEST_TARGET: usize = 300;

/// What to make of a path whose last part is a symbolic link.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Links {
    /// It is followed: secrets are often linked into their place.
    Follow,
    /// It is no file: what the agent itself has written is never a link.
    Refuse,
}

/// Why there is no regular file to work with.
#[derive(Debug, thiserror::Error)]
pub enum RegularFileError {
    /// Something else has the name.
    #[error("it is {0}, not a file")]
    NotAFile(&'static str),
    /// A symbolic link to nothing.
    #[error("it is a link to {}, which does not exist", foreign_text::shown(&.0.to_string_lossy(), LONGEST_TARGET))]
    LeadsNowhere(PathBuf),
    /// More bytes than such a file ever has.
    #[error("it has more than {0} bytes")]
    TooLarge(u64),
    /// The system refuses, or there is no such file.
    #[error("{}", plain_error(.0))]
    Io(#[from] io::Error),
}

impl RegularFileError {
    /// Whether nothing has this name, not even a link.
    #[must_use]
    pub fn is_missing(&self) -> bool {
        matches!(self, Self::Io(error) if error.kind() == io::ErrorKind::NotFound)
    }

    /// Whether this user may not read it, or not even look whether it is there.
    #[must_use]
    pub fn is_not_permitted(&self) -> bool {
        matches!(self, Self::Io(error) if error.kind() == io::ErrorKind::PermissionDenied)
    }

    /// What to do about a file that is to be read.
    #[must_use]
    pub fn remedy(&self, path: &Path) -> String {
        let object = quoted(path);
        match self {
            Self::NotAFile(_) => obstacle::in_the_way(path).unwrap_or_else(|| format!("look at it: ls -ld {object}")),
            Self::LeadsNowhere(_) => "put the file there, or link to one that exists".to_owned(),
            Self::TooLarge(_) => format!("it is something else than it should be, look at it: ls -l {object}"),
            Self::Io(error) => match error.kind() {
                io::ErrorKind::NotFound => "put the file there, mode 0600".to_owned(),
                io::ErrorKind::PermissionDenied => "run this as root; the file must belong to root".to_owned(),
                _ => obstacle::remedy(path, error),
            },
        }
    }
}

/// Opens a regular file as `how` says; never waits, whatever has the name.
///
/// # Errors
/// Something else has the name, or the system refuses.
pub fn open(path: &Path, how: &mut OpenOptions, links: Links) -> Result<File, RegularFileError> {
    // Asked before opening, since opening a device may set it going: a watchdog resets the machine once it is closed.
    let looked = match links {
        Links::Follow => fs::metadata(path),
        Links::Refuse => fs::symlink_metadata(path),
    };
    match looked {
        Ok(metadata) => refuse(metadata.file_type())?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            if let (Links::Follow, Ok(target)) = (links, fs::read_link(path)) {
                return Err(RegularFileError::LeadsNowhere(target));
            }
        }
        Err(error) => return Err(error.into()),
    }
    // open(2): a pipe is opened without waiting for its other end, a terminal does not become this process's own.
    let mut flags = OFlag::O_NONBLOCK | OFlag::O_NOCTTY;
    flags.set(OFlag::O_NOFOLLOW, links == Links::Refuse);
    let file =
        how.custom_flags(flags.bits()).open(path).map_err(|error| match error.raw_os_error().map(Errno::from_raw) {
            Some(Errno::ELOOP) if links == Links::Refuse => RegularFileError::NotAFile("a link"),
            _ => error.into(),
        })?;
    // Asked again of what is open: the name may have become another thing's meanwhile.
    refuse(file.metadata()?.file_type())?;
    Ok(file)
}

/// Opens a regular file for reading, with what the system says of it: size, owner, permission bits.
///
/// # Errors
/// As for [`open`].
pub fn open_to_read(path: &Path, links: Links) -> Result<(File, Metadata), RegularFileError> {
    let file = open(path, OpenOptions::new().read(true), links)?;
    let metadata = file.metadata()?;
    Ok((file, metadata))
}

/// All bytes of what is open and may have `limit` of them.
///
/// # Errors
/// It has more, or cannot be read.
pub fn read_all(file: impl Read, limit: u64) -> Result<Vec<u8>, RegularFileError> {
    let mut bytes = Vec::new();
    // One byte more than allowed, so that a longer one is noticed.
    file.take(limit + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > limit { Err(RegularFileError::TooLarge(limit)) } else { Ok(bytes) }
}

/// All bytes of a regular file that may have `limit` of them.
///
/// # Errors
/// As for [`open`] and [`read_all`].
pub fn read(path: &Path, links: Links, limit: u64) -> Result<Vec<u8>, RegularFileError> {
    read_all(open_to_read(path, links)?.0, limit)
}

fn refuse(kind: FileType) -> Result<(), RegularFileError> {
    if kind.is_file() { Ok(()) } else { Err(RegularFileError::NotAFile(name_of(kind))) }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;
    use std::os::unix::net::UnixListener;

    use super::*;

    /// One of each thing that is no file, by what it is called.
    pub(crate) fn no_files(directory: &Path) -> Vec<(PathBuf, &'static str)> {
        let at = |name: &str| directory.join(name);
        nix::unistd::mkfifo(&at("pipe"), nix::sys::stat::Mode::S_IRWXU).unwrap();
        UnixListener::bind(at("socket")).unwrap();
        fs::create_dir(at("directory")).unwrap();
        let named = [("pipe", "a pipe"), ("socket", "a socket"), ("directory", "a directory")];
        let mut all: Vec<_> = named.into_iter().map(|(name, what)| (at(name), what)).collect();
        all.extend(["/dev/zero", "/dev/tty", "/dev/null"].map(|device| (PathBuf::from(device), "a device")));
        all
    }

    #[test]
    fn the_target_of_a_link_is_shown_without_what_a_terminal_obeys() {
        let folder = tempfile::tempdir().unwrap();
        let link = folder.path().join("link");
        symlink("/x\u{1b}]0;title\u{7}", &link).unwrap();
        let error = read(&link, Links::Follow, 10).unwrap_err().to_string();
        assert_eq!(error, "it is a link to /x\\u{1b}]0;title\\u{7}, which does not exist");
    }

    #[test]
    fn what_is_no_file_is_refused_at_once_and_named_also_behind_a_link() {
        let keep = tempfile::tempdir().unwrap();
        for (path, what) in no_files(keep.path()) {
            let link = keep.path().join(format!("link to {}", path.file_name().unwrap().display()));
            symlink(&path, &link).unwrap();
            for (path, links, what) in [
                (&path, Links::Follow, what),
                (&path, Links::Refuse, what),
                (&link, Links::Follow, what),
                (&link, Links::Refuse, "a link"),
            ] {
                let said = read(path, links, 10).unwrap_err().to_string();
                assert_eq!(said, format!("it is {what}, not a file"), "{}", path.display());
                let mut to_write = OpenOptions::new();
                let said = open(path, to_write.write(true).create(true), links).unwrap_err().to_string();
                assert_eq!(said, format!("it is {what}, not a file"), "{}", path.display());
            }
        }
    }

    #[test]
    fn a_link_to_nothing_is_neither_missing_nor_made() {
        let keep = tempfile::tempdir().unwrap();
        let (link, target) = (keep.path().join("link"), keep.path().join("target"));
        assert!(read(&link, Links::Follow, 10).unwrap_err().is_missing());
        symlink(&target, &link).unwrap();
        let error = read(&link, Links::Follow, 10).unwrap_err();
        assert!(!error.is_missing() && error.to_string().contains("target, which does not exist"), "{error}");
        for links in [Links::Follow, Links::Refuse] {
            assert!(open(&link, OpenOptions::new().write(true).create(true), links).is_err());
        }
        assert!(!target.exists());
    }

    #[test]
    fn a_file_has_an_end() {
        let keep = tempfile::tempdir().unwrap();
        let path = keep.path().join("file");
        fs::write(&path, "0123456789").unwrap();
        assert_eq!(read(&path, Links::Refuse, 10).unwrap(), b"0123456789");
        assert_eq!(read(&path, Links::Refuse, 9).unwrap_err().to_string(), "it has more than 9 bytes");
        // A sparse file of ten gigabytes: it must be refused without reading it.
        File::create(&path).unwrap().set_len(10 << 30).unwrap();
        assert!(matches!(read(&path, Links::Refuse, 1 << 20), Err(RegularFileError::TooLarge(_))));
        // Of what the kernel makes up, the size is not known before.
        assert!(matches!(read(Path::new("/proc/self/status"), Links::Refuse, 10), Err(RegularFileError::TooLarge(10))));
    }
}
