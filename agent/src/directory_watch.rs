//! Tells that something in a directory has changed: inotify, as something to await.
//!
//! It does not tell what: whoever asks looks for himself. Must not decide what a change means.

use std::path::Path;
use std::sync::Arc;

use nix::sys::inotify::{AddWatchFlags, InitFlags, Inotify};
use tokio::sync::mpsc::{Receiver, channel};

/// Watched directories.
#[derive(Debug)]
pub(crate) struct DirectoryWatch {
    inotify: Arc<Inotify>,
    events: Receiver<()>,
}

impl DirectoryWatch {
    /// Waits for inotify on a thread of its own, which ends with the process: a runtime takes foreign descriptors only on
    /// somebody's unchecked word. `None` where the system has no watch to give.
    pub(crate) fn start() -> Option<Self> {
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
    pub(crate) fn include(&self, directory: &Path) {
        let events = AddWatchFlags::IN_CLOSE_WRITE
            | AddWatchFlags::IN_MOVED_TO
            | AddWatchFlags::IN_MOVED_FROM
            | AddWatchFlags::IN_CREATE
            | AddWatchFlags::IN_DELETE
            | AddWatchFlags::IN_ATTRIB;
        let _ = self.inotify.add_watch(directory, events);
    }

    /// Watches a directory for what appears in it alone.
    pub(crate) fn include_new(&self, directory: &Path) {
        let _ = self.inotify.add_watch(directory, AddWatchFlags::IN_CREATE | AddWatchFlags::IN_MOVED_TO);
    }

    /// Returns at the next change; `false` where there will be none. Cancel-safe.
    pub(crate) async fn next(&mut self) -> bool {
        self.events.recv().await.is_some()
    }
}
