//! Reports that something in a directory has changed: inotify, as something to await.
//!
//! It does not report what has changed: callers look for themselves. Must not decide what a change means.

use std::path::Path;
use std::sync::Arc;

use nix::sys::inotify::{AddWatchFlags, InitFlags, Inotify};
use tokio::sync::mpsc::{Receiver, channel};

/// Watched directories; begins with the first of them. Where the system has no watch to give, nothing is reported.
#[derive(Debug, Default)]
pub(crate) struct DirectoryWatch {
    started: Option<(Arc<Inotify>, Receiver<()>)>,
}

impl DirectoryWatch {
    /// Watches one more directory; one that is watched already stays so. What cannot be watched is not.
    pub(crate) fn include(&mut self, directory: &Path) {
        let events = AddWatchFlags::IN_CLOSE_WRITE
            | AddWatchFlags::IN_MOVED_TO
            | AddWatchFlags::IN_MOVED_FROM
            | AddWatchFlags::IN_CREATE
            | AddWatchFlags::IN_DELETE
            | AddWatchFlags::IN_ATTRIB;
        self.add(directory, events);
    }

    /// Watches a directory for what appears in it alone.
    pub(crate) fn include_new(&mut self, directory: &Path) {
        self.add(directory, AddWatchFlags::IN_CREATE | AddWatchFlags::IN_MOVED_TO);
    }

    fn add(&mut self, directory: &Path, events: AddWatchFlags) {
        self.started = self.started.take().or_else(start);
        if let Some((inotify, _)) = &self.started {
            let _ = inotify.add_watch(directory, events);
        }
    }

    /// Returns at the next change; never, where none will be reported. Cancel-safe.
    pub(crate) async fn next(&mut self) {
        let change = async { self.started.as_mut()?.1.recv().await }.await;
        if change.is_none() {
            std::future::pending::<()>().await;
        }
    }
}

/// Waits for inotify on a thread of its own, which ends with the process: registering a foreign descriptor
/// with the runtime would need `unsafe`.
fn start() -> Option<(Arc<Inotify>, Receiver<()>)> {
    let inotify = Arc::new(Inotify::init(InitFlags::IN_CLOEXEC).ok()?);
    // One pending event is as good as many.
    let (send, events) = channel(1);
    let read = Arc::clone(&inotify);
    std::thread::spawn(move || {
        while read.read_events().is_ok() && !send.is_closed() {
            let _ = send.try_send(());
        }
    });
    Some((inotify, events))
}
