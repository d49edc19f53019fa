//! Notices that the configuration, or a TLS file, has become another one.
//!
//! A run that waits for minutes must not act on what an operator has meanwhile corrected. It must not start over for what
//! changes nothing, though: another file of a busy directory, or the same bytes written once more, as a deployment does.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use ring::digest::{SHA256, digest};
use tokio::time::{sleep, timeout};

use super::SIZE_LIMIT;
use crate::directory_watch::DirectoryWatch;
use crate::regular_file::{self, Links};

/// How long a file may be empty or away that is just being written again.
const WRITING: Duration = Duration::from_millis(100);

/// A watch on some files, wherever they are; on none yet by default. Watching starts with the first wait: ending a
/// watch costs a process some milliseconds, which one that finds everything done should not pay.
#[derive(Debug, Default)]
pub struct Changes {
    watch: DirectoryWatch,
    /// Each file as it was when it was taken in.
    files: Vec<(PathBuf, Option<Content>)>,
}

/// What of a file makes a difference: its bytes, and who may read them.
#[derive(Debug, PartialEq, Eq)]
struct Content {
    /// Of a regular file of the size of a configuration, their digest; of anything else, what is known without reading it.
    bytes: Result<Vec<u8>, Print>,
    access: (u32, u32, u32),
}

/// By what a file is recognised without reading it: device and inode, size, time of the last change of any of its marks.
type Print = (u64, u64, u64, i64, i64);

impl Changes {
    /// Takes these files, as they are now, for what is known; a later call adds to it.
    pub fn include(&mut self, files: &[&Path]) {
        self.files.extend(files.iter().map(|path| ((*path).to_owned(), look(path))));
    }

    /// Forgets all files.
    pub fn forget(&mut self) {
        self.files.clear();
    }

    /// Whether one of the files is another one than it was.
    #[must_use]
    pub fn have_happened(&self) -> bool {
        self.files.iter().any(|(path, known)| look(path) != *known)
    }

    /// Whether one of the files becomes another one within this time. A file that is just being written when the time is over
    /// is another one already: a caller that ends then would not see the rest.
    pub async fn happen_within(&mut self, limit: Duration) -> bool {
        timeout(limit, self.next()).await.is_ok() || self.have_happened()
    }

    /// Returns when one of the files is another one than it was; never, where their directories cannot be watched.
    /// Cancel-safe.
    pub async fn next(&mut self) {
        // Before the files are looked at: a change in between is not missed.
        let directories = self.files.iter().filter_map(|(path, _)| path.parent());
        directories.for_each(|directory| self.watch.include(directory));
        loop {
            if self.have_happened() {
                // A writer may truncate or remove the file first, and may write the same content again.
                if self.files.iter().all(|(path, known)| is_gone(path) || look(path) == *known) {
                    sleep(WRITING).await;
                }
                if self.have_happened() {
                    return;
                }
            }
            // What the events say does not matter: the files are looked at.
            self.watch.next().await;
        }
    }
}

/// Whether there is nothing in a file now, or no file.
fn is_gone(path: &Path) -> bool {
    fs::metadata(path).map_or(true, |found| found.is_file() && found.size() == 0)
}

fn look(path: &Path) -> Option<Content> {
    let found = fs::metadata(path).ok()?;
    let bytes = regular_file::read(path, Links::Follow, SIZE_LIMIT);
    let print = (found.dev(), found.ino(), found.size(), found.ctime(), found.ctime_nsec());
    Some(Content {
        bytes: bytes.map(|bytes| digest(&SHA256, &bytes).as_ref().to_vec()).map_err(|_| print),
        access: (found.mode(), found.uid(), found.gid()),
    })
}

#[cfg(test)]
mod tests {
    use std::fs::Permissions;
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;

    fn set_mode(path: &Path, mode: u32) {
        fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
    }

    /// A file that is known, and how to change it.
    fn known(directory: &Path) -> (PathBuf, Changes) {
        let path = directory.join("cluster-config.json");
        fs::write(&path, "one").unwrap();
        set_mode(&path, 0o600);
        let mut changes = Changes::default();
        changes.include(&[&path]);
        (path, changes)
    }

    #[test]
    fn the_same_bytes_written_again_are_no_change_in_any_way() {
        let keep = tempfile::tempdir().unwrap();
        let (path, changes) = known(keep.path());
        let again: [(&str, &dyn Fn()); 4] = [
            ("in place", &|| fs::write(&path, "one").unwrap()),
            ("as a new file", &|| {
                fs::write(path.with_extension("new"), "one").unwrap();
                set_mode(&path.with_extension("new"), 0o600);
                fs::rename(path.with_extension("new"), &path).unwrap();
            }),
            ("as a link to such a file", &|| {
                fs::rename(&path, path.with_extension("elsewhere")).unwrap();
                symlink(path.with_extension("elsewhere"), &path).unwrap();
            }),
            ("by touch and a chmod that changes nothing", &|| {
                fs::File::options()
                    .write(true)
                    .open(&path)
                    .unwrap()
                    .set_modified(std::time::SystemTime::now())
                    .unwrap();
                set_mode(&path, 0o600);
            }),
        ];
        for (how, write) in again {
            write();
            assert!(!changes.have_happened(), "{how}");
        }
    }

    /// What becomes of a file, and how.
    type Way = (&'static str, fn(&Path));

    #[test]
    fn other_bytes_and_other_permissions_are_changes() {
        let keep = tempfile::tempdir().unwrap();
        let ways: &[Way] = &[
            ("other bytes of the same length", |path| fs::write(path, "two").unwrap()),
            ("nothing", |path| fs::write(path, "").unwrap()),
            ("no file", |path| fs::remove_file(path).unwrap()),
            ("another mode", |path| set_mode(path, 0o640)),
            ("a pipe", |path| {
                fs::remove_file(path).unwrap();
                nix::unistd::mkfifo(path, nix::sys::stat::Mode::S_IRWXU).unwrap();
            }),
            ("a huge file", |path| fs::File::options().write(true).open(path).unwrap().set_len(10 << 30).unwrap()),
        ];
        for &(what, change) in ways {
            let (path, changes) = known(keep.path());
            change(&path);
            assert!(changes.have_happened(), "{what}");
            fs::remove_file(&path).ok();
        }
    }

    #[tokio::test]
    async fn a_file_that_is_being_written_when_the_time_is_over_is_a_change() {
        let keep = tempfile::tempdir().unwrap();
        let (path, mut changes) = known(keep.path());
        assert!(!changes.happen_within(Duration::ZERO).await);
        fs::write(&path, "").unwrap();
        assert!(changes.happen_within(WRITING / 10).await, "its first bytes come after the time");
    }

    #[tokio::test]
    async fn a_deployment_that_writes_the_same_in_place_again_and_again_wakes_nobody() {
        let keep = tempfile::tempdir().unwrap();
        let (path, mut changes) = known(keep.path());
        let deploys = async {
            for _ in 0..50 {
                fs::write(&path, "one").unwrap();
                tokio::task::yield_now().await;
            }
            fs::write(path.with_extension("done"), "").unwrap();
            fs::write(&path, "two").unwrap();
        };
        tokio::join!(deploys, changes.next());
        assert!(keep.path().join("cluster-config.done").exists(), "woken by the same bytes");
    }
}
