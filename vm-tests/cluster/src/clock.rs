//! The time at which certificates are judged on a machine whose clock is not set.
//!
//! As the agent does: not before the program itself came to be, here by the time of its file. Without
//! it a machine whose clock is at 1980 would turn away the leader that wants to reach it.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rustls::pki_types::UnixTime;
use rustls::time_provider::TimeProvider;

/// The later of the clock and the day on which this program was installed.
#[derive(Debug)]
pub(crate) struct NotBeforeInstalled(Duration);

impl NotBeforeInstalled {
    /// Looks at the program's file once; if it cannot be seen, only the clock counts.
    pub(crate) fn new() -> Self {
        let installed = std::env::current_exe().and_then(|program| program.metadata()?.modified());
        Self(installed.map_or(Duration::ZERO, since_epoch))
    }
}

impl TimeProvider for NotBeforeInstalled {
    fn current_time(&self) -> Option<UnixTime> {
        Some(UnixTime::since_unix_epoch(since_epoch(SystemTime::now()).max(self.0)))
    }
}

fn since_epoch(time: SystemTime) -> Duration {
    time.duration_since(UNIX_EPOCH).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_was_never_set_is_read_as_the_day_of_installation() {
        let tomorrow = since_epoch(SystemTime::now()) + Duration::from_hours(24);
        let judged = NotBeforeInstalled(tomorrow).current_time();
        assert_eq!(judged, Some(UnixTime::since_unix_epoch(tomorrow)));
    }

    #[test]
    fn a_clock_that_is_right_counts() {
        let before = UnixTime::since_unix_epoch(since_epoch(SystemTime::now()));
        assert!(NotBeforeInstalled::new().current_time() >= Some(before));
    }
}
