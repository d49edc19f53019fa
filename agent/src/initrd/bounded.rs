//! Work that a disk may keep waiting, on a thread of its own: whoever awaits it can stop waiting.

use tokio::sync::oneshot;

/// What the work comes to; `None` where no thread is to be had. A thread that nobody waits for any more ends with its work.
pub(super) async fn on_a_thread<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Option<T> {
    let (done, result) = oneshot::channel();
    let thread = std::thread::Builder::new().spawn(move || {
        // Nobody waits any more where this fails.
        let _ = done.send(work());
    });
    thread.ok()?;
    result.await.ok()
}
