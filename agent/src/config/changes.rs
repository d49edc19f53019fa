//! Notices that the configuration, or a TLS file beside it, has become another one.
//!
//! A run that waits for minutes must not act on what an operator has meanwhile corrected. It must not start over for a file
//! that has nothing to do with it, though: the directory may be a busy one.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use nix::sys::inotify::{AddWatchFlags, InitFlags, Inotify};
use tokio::sync::mpsc::{Receiver, channel};

/// A watch on some files of one directory.
#[derive(Debug)]
pub struct Changes {
    directory: Option<PathBuf>,
    events: Option<Receiver<()>>,
    files: Vec<(PathBuf, Option<Print>)>,
}

/// By what a file is recognised: device and inode, size, permission bits, time of the last change of any of them.
type Print = (u64, u64, u64, u32, i64, i64);

impl Changes {
    /// Changes in the directory of `config`. Nothing is watched before somebody waits: the end of a watch costs a process
    /// some milliseconds, which one that finds everything done need not pay.
    #[must_use]
    pub fn beside(config: &Path) -> Self {
        Self { directory: config.parent().map(Path::to_owned), events: None, files: Vec::new() }
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

    /// Returns when one of the files is another one than it was; never, where the directory cannot be watched.
    /// Cancel-safe.
    pub async fn next(&mut self) {
        if self.events.is_none() {
            // Before the files are looked at: a change in between is not missed.
            self.events = self.directory.as_deref().and_then(watch);
        }
        while !self.have_happened() {
            // What the events say does not matter: the files are looked at.
            let told = match &mut self.events {
                Some(events) => events.recv().await,
                None => None,
            };
            if told.is_none() {
                return std::future::pending().await;
            }
        }
    }
}

/// Waits for inotify on a thread of its own, which ends with the process: a runtime takes foreign descriptors only on
/// somebody's unchecked word.
fn watch(directory: &Path) -> Option<Receiver<()>> {
    let inotify = Inotify::init(InitFlags::IN_CLOEXEC).ok()?;
    let events = AddWatchFlags::IN_CLOSE_WRITE
        | AddWatchFlags::IN_MOVED_TO
        | AddWatchFlags::IN_MOVED_FROM
        | AddWatchFlags::IN_CREATE
        | AddWatchFlags::IN_DELETE
        | AddWatchFlags::IN_ATTRIB;
    inotify.add_watch(directory, events).ok()?;
    // One pending event is as good as many.
    let (send, receive) = channel(1);
    std::thread::spawn(move || {
        while inotify.read_events().is_ok() && !send.is_closed() {
            let _ = send.try_send(());
        }
    });
    Some(receive)
}

fn print_of(file: &Path) -> Option<Print> {
    let found = fs::metadata(file).ok()?;
    Some((found.dev(), found.ino(), found.size(), found.mode(), found.ctime(), found.ctime_nsec()))
}
