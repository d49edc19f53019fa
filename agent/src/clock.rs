//! The wall clock: how it is written down, and what to believe when it is not set.
//!
//! Delays never use it; they run on the monotonic clock (see `retry`).

use std::time::{Duration, SystemTime, UNIX_EPOCH};

mod setting;

use rustls::pki_types::UnixTime;
use rustls::time_provider::TimeProvider;

pub(crate) use setting::until_set;

/// The time now, as the first-boot specification writes it: RFC 3339 in UTC, as `date -Iseconds` prints it.
pub(crate) fn now() -> String {
    written(SystemTime::now())
}

/// The time of day after a delay, for people who wait: `10:30:45 UTC`.
pub(crate) fn time_after(delay: Duration) -> String {
    let time = written(SystemTime::now().checked_add(delay).unwrap_or(UNIX_EPOCH));
    format!("{} UTC", time.get(11..19).unwrap_or_default())
}

/// When this binary was built.
pub(crate) fn build_date() -> SystemTime {
    let seconds = env!("FIRST_BOOT_BUILD_EPOCH").parse().unwrap_or_default();
    UNIX_EPOCH + Duration::from_secs(seconds)
}

/// The clock and the build date, as text, where the clock is before the build date.
pub(crate) fn before_build() -> Option<(String, String)> {
    let now = SystemTime::now();
    (now < build_date()).then(|| (written(now), written(build_date())))
}

/// A time as text: RFC 3339 in UTC.
pub(crate) fn written(time: SystemTime) -> String {
    let seconds = jiff::Timestamp::try_from(time).unwrap_or_default().as_second();
    let time = jiff::Timestamp::from_second(seconds).unwrap_or_default().to_string();
    format!("{}+00:00", time.trim_end_matches('Z'))
}

/// A date of a certificate as text: RFC 3339 in UTC.
pub(crate) fn written_at(time: UnixTime) -> String {
    written(UNIX_EPOCH.checked_add(Duration::from_secs(time.as_secs())).unwrap_or(UNIX_EPOCH))
}

/// The time at which certificates are judged: the later of the clock and the build date, so
/// that a machine without an RTC can reach its cluster before NTP has.
#[derive(Debug)]
pub(crate) struct NotBeforeBuild;

impl TimeProvider for NotBeforeBuild {
    fn current_time(&self) -> Option<UnixTime> {
        let time = SystemTime::now().max(build_date());
        time.duration_since(UNIX_EPOCH).ok().map(UnixTime::since_unix_epoch)
    }
}
