//! Work that a disk may keep waiting, on a thread of its own: whoever awaits it can stop waiting.

use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::oneshot;

/// The threads that have not come to their end.
static RUNNING: AtomicUsize = AtomicUsize::new(0);

/// What the work comes to; `None` where no thread is to be had. A thread that nobody waits for any more ends with its work.
pub(super) async fn on_a_thread<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Option<T> {
    let (done, result) = oneshot::channel();
    RUNNING.fetch_add(1, Ordering::SeqCst);
    let thread = std::thread::Builder::new().spawn(move || {
        let worked = work();
        RUNNING.fetch_sub(1, Ordering::SeqCst);
        // Nobody waits any more where this fails.
        let _ = done.send(worked);
    });
    if thread.is_err() {
        RUNNING.fetch_sub(1, Ordering::SeqCst);
        return None;
    }
    result.await.ok()
}

/// Whether a thread still waits for a disk. It may keep the whole process from ending, for the kernel does not let it go.
#[must_use]
pub fn is_held() -> bool {
    RUNNING.load(Ordering::SeqCst) > 0
}
