//! Runs work that a slow disk may block on a thread of its own, so that the caller can stop waiting.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::time::timeout;

use crate::events::{Event, Report};

/// Reading may take so long: a dying disk may not hold the boot for minutes.
pub(super) const READING_LIMIT: Duration = Duration::from_secs(5);

/// The threads that have not come to their end.
static RUNNING: AtomicUsize = AtomicUsize::new(0);

/// The result of the work; `None` if no thread can be started. A thread whose caller has given up ends with its work.
pub(super) async fn on_a_thread<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Option<T> {
    let (done, result) = oneshot::channel();
    RUNNING.fetch_add(1, Ordering::SeqCst);
    let thread = std::thread::Builder::new().spawn(move || {
        let worked = work();
        RUNNING.fetch_sub(1, Ordering::SeqCst);
        // Fails if the caller has given up.
        let _ = done.send(worked);
    });
    if thread.is_err() {
        RUNNING.fetch_sub(1, Ordering::SeqCst);
        return None;
    }
    result.await.ok()
}

/// The same within the limit; reported where it does not come to its end by then.
pub(super) async fn in_time<T: Send + 'static>(
    report: &dyn Report,
    error: &str,
    work: impl FnOnce() -> T + Send + 'static,
) -> Option<T> {
    let worked = timeout(READING_LIMIT, on_a_thread(work)).await.ok().flatten();
    if worked.is_none() {
        report.report(Event::HardwareSilent { error: error.to_owned() });
    }
    worked
}

/// Whether a thread still waits for a disk. It may keep the whole process from ending, for the kernel does not let it go.
#[must_use]
pub fn is_held() -> bool {
    RUNNING.load(Ordering::SeqCst) > 0
}
