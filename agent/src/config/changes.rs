//! Notices that the configuration, or a TLS file, has become another one.
//!
//! A run that waits for minutes must not act on what an operator has meanwhile corrected. It must not start over for a file
//! that has nothing to do with it, though: a directory may be a busy one.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use nix::sys::inotify::{AddWatchFlags, InitFlags, Inotify};
use tokio::sync::mpsc::{Receiver, channel};

/// A watch on some files, wherever they lie.
#[derive(Debug, Default)]
pub struct Changes {
    watch: Option<Watch>,
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
        self.watch = self.watch.take().or_else(Watch::start);
        if let Some(watch) = &self.watch {
            self.files.iter().filter_map(|(file, _)| file.parent()).for_each(|directory| watch.include(directory));
        }
        while !self.have_happened() {
            // What the events say does not matter: the files are looked at.
            let told = match &mut self.watch {
                Some(watch) => watch.events.recv().await,
                None => None,
            };
            if told.is_none() {
                return std::future::pending().await;
            }
        }
    }
}

/// Watched directories.
#[derive(Debug)]
struct Watch {
    inotify: Arc<Inotify>,
    events: Receiver<()>,
}

impl Watch {
    /// Waits for inotify on a thread of its own, which ends with the process: a runtime takes foreign descriptors only on
    /// somebody's unchecked word.
    fn start() -> Option<Self> {
        let inotify = Arc::new(Inotify::init(InitFlags::IN_CLOEXEC).ok()?);
        // One pending event is as good as many.
        let (send, events) = channel(1);
        let read = Arc::clone(&inotify);
        std::thread::spawn(move || {
            while read.read_events().is_ok() && !send.is_closed() {
                let _ = send.try_send(());
            }
        });
        Some(Self { inotify, events })
    }

    /// Watches one more directory; one that is watched already stays so. What cannot be watched is not.
    fn include(&self, directory: &Path) {
        let events = AddWatchFlags::IN_CLOSE_WRITE
            | AddWatchFlags::IN_MOVED_TO
            | AddWatchFlags::IN_MOVED_FROM
            | AddWatchFlags::IN_CREATE
            | AddWatchFlags::IN_DELETE
            | AddWatchFlags::IN_ATTRIB;
        let _ = self.inotify.add_watch(directory, events);
    }
}

fn print_of(file: &Path) -> Option<Print> {
    let found = fs::metadata(file).ok()?;
    Some((found.dev(), found.ino(), found.size(), found.mode(), found.ctime(), found.ctime_nsec()))
}
