//! What is in the way where a file cannot be written, moved or removed, and the command that helps with that very thing.
//!
//! Looks and changes nothing. No remedy here deletes what may be needed: directories are removed empty, else moved aside.

use std::fs::{self, FileType};
use std::io;
use std::os::unix::fs::FileTypeExt;
use std::path::{Path, PathBuf};

use nix::errno::Errno;

use crate::shell_word::quoted;

/// What to do about an operation on `path` that has failed like this.
pub(crate) fn remedy(path: &Path, error: &io::Error) -> String {
    let (object, place) = (quoted(path), existing_parent(path));
    let directory = quoted(&place);
    match error.raw_os_error().map_or(Errno::UnknownErrno, Errno::from_raw) {
        Errno::ENOSPC if has_no_inodes(&place) => {
            format!("it has no free inodes, remove files that nobody needs: df -i {directory}")
        }
        Errno::ENOSPC => format!("free some space: df -h {directory}"),
        Errno::EDQUOT => format!("the quota is used up, raise it or remove files: df -h {directory}"),
        Errno::EROFS => format!(
            "make it writable: findmnt --target {directory}; where that shows rw, it is the unit that must not write there \
             (ReadWritePaths=)"
        ),
        // Root is refused only what is marked so, or what a sandbox forbids.
        Errno::EPERM => format!(
            "it may be immutable: lsattr -d {directory} {object}; where that shows i or a for one of them: chattr -ia THAT"
        ),
        Errno::EACCES => format!("it must be writable by root, and this must run as root: ls -ld {directory} {object}"),
        Errno::ENAMETOOLONG => "choose a shorter path: 255 bytes a name, 4095 in all".to_owned(),
        Errno::ELOOP => format!("links form a loop: namei -l {object}"),
        Errno::ENOTDIR if path.as_os_str().as_encoded_bytes().ends_with(b"/") && whole(path).is_file() => {
            "it is a file: leave out the slash at the end".to_owned()
        }
        Errno::EIO => format!("the disk has failed: journalctl -k -b, findmnt --target {directory}"),
        _ => in_the_way(path).unwrap_or_else(|| format!("look at the directory: ls -la {directory}")),
    }
}

/// What has the name of a file or of one of its directories and is neither.
pub(crate) fn in_the_way(path: &Path) -> Option<String> {
    let parents: Vec<&Path> = path.ancestors().skip(1).filter(|parent| !parent.as_os_str().is_empty()).collect();
    if let Some(remedy) = parents.into_iter().rev().find_map(no_directory) {
        return Some(remedy);
    }
    let kind = fs::symlink_metadata(path).ok()?.file_type();
    let object = quoted(path);
    if kind.is_dir() {
        let is_empty = fs::read_dir(path).is_ok_and(|mut entries| entries.next().is_none());
        return Some(if is_empty {
            format!("remove the empty directory: rmdir {object}")
        } else {
            format!("a directory with something in it has this name, move it aside: mv {object} {}", aside(path))
        });
    }
    (!kind.is_file()).then(|| format!("{} has this name, move it aside: mv {object} {}", name_of(kind), aside(path)))
}

/// What to do about something that should be a directory.
fn no_directory(parent: &Path) -> Option<String> {
    let object = quoted(parent);
    match (fs::symlink_metadata(parent), fs::metadata(parent)) {
        (_, Ok(found)) if found.is_dir() => None,
        (Ok(_), Ok(found)) => {
            let what = if found.is_file() { "a file" } else { name_of(found.file_type()) };
            Some(format!("{object} is {what} and must be a directory, move it aside: mv {object} {}", aside(parent)))
        }
        (Ok(found), Err(_)) if found.is_symlink() => {
            let target = fs::read_link(parent).unwrap_or_default();
            Some(format!(
                "{object} is a link to {}, which cannot be reached: make that, or mv {object} {}",
                quoted(&target),
                aside(parent)
            ))
        }
        _ => None,
    }
}

fn aside(path: &Path) -> String {
    let mut name = path.as_os_str().to_owned();
    name.push(".aside");
    quoted(Path::new(&name))
}

/// The nearest directory above a path that exists.
fn existing_parent(path: &Path) -> PathBuf {
    let parents =
        path.ancestors().skip(1).map(|parent| if parent.as_os_str().is_empty() { Path::new(".") } else { parent });
    parents.into_iter().find(|parent| parent.is_dir()).unwrap_or(Path::new("/")).to_owned()
}

/// The path without a slash at its end.
fn whole(path: &Path) -> PathBuf {
    path.components().collect()
}

fn has_no_inodes(directory: &Path) -> bool {
    // A file system without a fixed number of them says 0 of 0 (statvfs(3)).
    nix::sys::statvfs::statvfs(directory).is_ok_and(|found| found.files() > 0 && found.files_available() == 0)
}

/// What something is that is no regular file.
pub(crate) fn name_of(kind: FileType) -> &'static str {
    match kind {
        kind if kind.is_dir() => "a directory",
        kind if kind.is_symlink() => "a link",
        kind if kind.is_fifo() => "a pipe",
        kind if kind.is_socket() => "a socket",
        _ => "a device",
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    fn said(path: &Path, errno: Errno) -> String {
        remedy(path, &errno.into())
    }

    #[test]
    fn a_remedy_fits_what_is_in_the_way() {
        let keep = tempfile::tempdir().unwrap();
        let at = |name: &str| keep.path().join(name);
        let path = at("marker");
        let shown = path.display().to_string();
        assert!(said(&path, Errno::EINVAL).contains("ls -la"), "nothing is in the way");
        fs::create_dir(&path).unwrap();
        assert_eq!(said(&path, Errno::EISDIR), format!("remove the empty directory: rmdir {shown}"));
        fs::write(path.join("precious"), "").unwrap();
        let moved = format!("mv {shown} {shown}.aside");
        assert!(said(&path, Errno::EISDIR).ends_with(&moved), "{}", said(&path, Errno::EISDIR));

        fs::write(at("file"), "").unwrap();
        let below = said(&at("file/below/marker"), Errno::ENOTDIR);
        assert!(below.contains("/file is a file and must be a directory"), "{below}");
        symlink(at("nowhere"), at("link")).unwrap();
        let below = said(&at("link/marker"), Errno::EEXIST);
        assert!(below.contains("/link is a link to") && below.contains("nowhere, which cannot be reached"), "{below}");
        nix::unistd::mkfifo(&at("pipe"), nix::sys::stat::Mode::S_IRWXU).unwrap();
        assert!(said(&at("pipe"), Errno::ENXIO).starts_with("a pipe has this name"));
    }

    #[test]
    fn each_refusal_of_the_system_has_its_own_remedy() {
        for (errno, expected) in [
            (Errno::ENOSPC, "df -h /"),
            (Errno::EDQUOT, "quota"),
            (Errno::EROFS, "findmnt --target /"),
            (Errno::EPERM, "lsattr -d /"),
            (Errno::EACCES, "ls -ld /"),
            (Errno::ENAMETOOLONG, "shorter"),
            (Errno::ELOOP, "namei -l /nowhere"),
            (Errno::EIO, "journalctl -k"),
        ] {
            let said = said(Path::new("/nowhere/at/all"), errno);
            assert!(said.contains(expected), "{errno}: {said}");
        }
        // A relative path begins here.
        assert_eq!(said(Path::new("nowhere"), Errno::ENOSPC), "free some space: df -h .");
        let keep = tempfile::NamedTempFile::new().unwrap();
        let with_slash = said(&keep.path().join(""), Errno::ENOTDIR);
        assert_eq!(with_slash, "it is a file: leave out the slash at the end");
    }
}
