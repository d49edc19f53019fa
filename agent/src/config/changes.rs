//! Notices that the configuration, or a TLS file, has become another one.
//!
//! A run that waits for minutes must not act on what an operator has meanwhile corrected. It must not start over for a file
//! that has nothing to do with it, though: a directory may be a busy one.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use crate::directory_watch::DirectoryWatch;

/// A watch on some files, wherever they lie.
#[derive(Debug, Default)]
pub struct Changes {
    watch: Option<DirectoryWatch>,
    files: Vec<(PathBuf, Option<Print>)>,
}

/// By what a file is recognised: device and inode, size, permission bits, time of the last change of any of them.
type Print = (u64, u64, u64, u32, i64, i64);

impl Changes {
    /// Changes of no file yet. Nothing is watched before somebody waits: the end of a watch costs a process some
    /// milliseconds, which one that finds everything done need not pay.
    #[must_use]
    pub fn none() -> Self {
        Self::default()
    }

    /// Takes these files, as they are now, for what is known; a later call adds to it.
    pub fn include(&mut self, files: &[&Path]) {
        self.files.extend(files.iter().map(|file| ((*file).to_owned(), print_of(file))));
    }

    /// Forgets all files.
    pub fn forget(&mut self) {
        self.files.clear();
    }

    /// Whether one of the files is another one than it was.
    #[must_use]
    pub fn have_happened(&self) -> bool {
        self.files.iter().any(|(file, known)| print_of(file) != *known)
    }

    /// Returns when one of the files is another one than it was; never, where their directories cannot be watched.
    /// Cancel-safe.
    pub async fn next(&mut self) {
        // Before the files are looked at: a change in between is not missed.
        self.watch = self.watch.take().or_else(DirectoryWatch::start);
        if let Some(watch) = &self.watch {
            self.files.iter().filter_map(|(file, _)| file.parent()).for_each(|directory| watch.include(directory));
        }
        while !self.have_happened() {
            // What the events say does not matter: the files are looked at.
            let told = match &mut self.watch {
                Some(watch) => watch.next().await,
                None => false,
            };
            if !told {
                return std::future::pending().await;
            }
        }
    }
}

fn print_of(file: &Path) -> Option<Print> {
    let found = fs::metadata(file).ok()?;
    Some((found.dev(), found.ino(), found.size(), found.mode(), found.ctime(), found.ctime_nsec()))
}
