//! Waits until the clock is set, by NTP or an operator.
//!
//! The kernel reports it: a timer that is cancelled when the clock jumps (`timerfd_create(2)`, `TFD_TIMER_CANCEL_ON_SET`).

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use nix::sys::time::TimeSpec;
use nix::sys::timerfd::{ClockId, Expiration, TimerFd, TimerFlags, TimerSetTimeFlags};
use tokio::sync::mpsc::{Receiver, channel};
use tokio::time::{sleep, timeout};

use super::before_build;

/// A clock that is set in small steps, each behind the build date still, is looked at again after each; a day holds more
/// than any of them needs.
const TIMER: Duration = Duration::from_hours(24);

/// Between two looks at a clock whose jumps the kernel does not report.
const LOOK_AGAIN: Duration = Duration::from_secs(1);

/// Returns when the clock is no longer before the build date, at the latest after `limit`. Reports whether it was set.
pub(crate) async fn until_set(limit: Duration) -> bool {
    let mut jumps = jumps();
    let set = async {
        while before_build().is_some() {
            let jump = async { jumps.as_mut()?.recv().await }.await;
            if jump.is_none() {
                // The kernel does not report, as where a sandbox takes its timers away.
                sleep(LOOK_AGAIN).await;
            }
        }
    };
    timeout(limit, set).await.is_ok()
}

/// Waits for jumps on a thread of its own, which ends with the process, as `config::Changes` does.
fn jumps() -> Option<Receiver<()>> {
    let timer = TimerFd::new(ClockId::CLOCK_REALTIME, TimerFlags::TFD_CLOEXEC).ok()?;
    arm(&timer)?;
    let (send, receive) = channel(1);
    std::thread::spawn(move || {
        while timer.wait().is_ok() && !send.is_closed() {
            // Armed again before the caller looks, so that no jump is missed.
            if arm(&timer).is_none() {
                return;
            }
            let _ = send.try_send(());
        }
    });
    Some(receive)
}

fn arm(timer: &TimerFd) -> Option<()> {
    let end = SystemTime::now() + TIMER;
    let end = TimeSpec::from_duration(end.duration_since(UNIX_EPOCH).ok()?);
    let flags = TimerSetTimeFlags::TFD_TIMER_ABSTIME | TimerSetTimeFlags::TFD_TIMER_CANCEL_ON_SET;
    timer.set(Expiration::OneShot(end), flags).ok()
}
