//! How long to wait before the next try: the only room that knows `backoff`.
//!
//! Two kinds of waiting exist. *Polling* asks a healthy peer again soon (is the service
//! healthy yet, is the learner a voter yet): short, growing delays within a total limit.
//! *Attempts* repeat something that failed: full jitter over an exponentially growing
//! range, so that a thousand nodes that failed together do not come back together.
//!
//! `backoff` is unmaintained (RUSTSEC-2025-0012); it is confined to this file, where it
//! does arithmetic and nothing else. Time is tokio's clock: monotonic, so a step of the
//! wall clock changes nothing, and paused in tests, so no test sleeps.

use std::time::{Duration, Instant};

use backoff::backoff::Backoff;
use backoff::exponential::ExponentialBackoff;

use crate::config::{Limits, Retry};

/// Growth of a polling delay from one question to the next.
const POLLING_GROWTH: f64 = 1.3;
/// Spread of a polling delay, so that nodes that boot together drift apart.
const POLLING_SPREAD: f64 = 0.2;

/// tokio's clock, as `backoff` wants it.
#[derive(Debug, Default, Clone, Copy)]
struct TokioClock;

impl backoff::Clock for TokioClock {
    fn now(&self) -> Instant {
        tokio::time::Instant::now().into_std()
    }
}

/// The delays of one bounded series of tries.
#[derive(Debug)]
pub struct Schedule {
    delays: ExponentialBackoff<TokioClock>,
    tries_left: Option<u32>,
    tries_made: u32,
}

impl Schedule {
    /// Short, growing delays until the policy's limit has passed.
    #[must_use]
    pub fn polling(policy: &Limits) -> Self {
        Self::new(
            ExponentialBackoff {
                initial_interval: policy.first_delay,
                randomization_factor: POLLING_SPREAD,
                multiplier: POLLING_GROWTH,
                max_interval: policy.max_delay,
                max_elapsed_time: Some(policy.limit),
                ..ExponentialBackoff::default()
            },
            None,
        )
    }

    /// Full jitter (uniform between zero and the current range) for a number of attempts.
    ///
    /// `backoff` spreads a delay by a factor around its middle; a factor of one around half
    /// the range is the uniform distribution from zero to the range.
    #[must_use]
    pub fn attempts(policy: &Retry) -> Self {
        Self::new(
            ExponentialBackoff {
                initial_interval: policy.scale / 2,
                randomization_factor: 1.0,
                multiplier: 2.0,
                max_interval: policy.max_delay / 2,
                max_elapsed_time: None,
                ..ExponentialBackoff::default()
            },
            Some(policy.attempts.saturating_sub(1)),
        )
    }

    fn new(mut delays: ExponentialBackoff<TokioClock>, tries_left: Option<u32>) -> Self {
        delays.reset();
        Self { delays, tries_left, tries_made: 1 }
    }

    /// The number of the try that is under way, counted from one.
    #[must_use]
    pub fn attempt(&self) -> u32 {
        self.tries_made
    }

    /// Time since the series began.
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        self.delays.get_elapsed_time()
    }

    /// The delay before the next try, at least `floor` (what a `Retry-After` asked for);
    /// `None` when the series is over.
    pub fn next_delay(&mut self, floor: Option<Duration>) -> Option<Duration> {
        if self.tries_left == Some(0) {
            return None;
        }
        let delay = self.delays.next_backoff()?;
        self.tries_left = self.tries_left.map(|left| left - 1);
        self.tries_made = self.tries_made.saturating_add(1);
        Some(floor.map_or(delay, |floor| floor.saturating_add(delay)))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn attempts(attempts: u32, scale_ms: u64, max_ms: u64) -> Retry {
        Retry { attempts, scale: Duration::from_millis(scale_ms), max_delay: Duration::from_millis(max_ms) }
    }

    proptest! {
        #[test]
        fn attempts_stay_within_the_range_and_the_count(
            count in 1u32..20, scale in 2u64..20_000, factor in 1u64..10,
        ) {
            let policy = attempts(count, scale, scale * factor);
            let mut schedule = Schedule::attempts(&policy);
            let mut tries = 1;
            let mut range = policy.scale;
            while let Some(delay) = schedule.next_delay(None) {
                // One nanosecond of rounding is backoff's own.
                prop_assert!(delay <= range + Duration::from_nanos(2));
                range = (range * 2).min(policy.max_delay.max(policy.scale));
                tries += 1;
            }
            prop_assert_eq!(tries, count);
            prop_assert_eq!(schedule.attempt(), count);
        }

        #[test]
        fn a_retry_after_is_never_undercut(floor in 0u64..100_000) {
            let floor = Duration::from_millis(floor);
            let mut schedule = Schedule::attempts(&attempts(3, 10_000, 60_000));
            prop_assert!(schedule.next_delay(Some(floor)).is_some_and(|delay| delay >= floor));
        }
    }

    #[tokio::test(start_paused = true)]
    async fn polling_ends_at_its_limit_on_the_injected_clock() {
        let policy = Limits {
            limit: Duration::from_mins(2),
            first_delay: Duration::from_millis(20),
            max_delay: Duration::from_secs(2),
        };
        let mut schedule = Schedule::polling(&policy);
        let began = tokio::time::Instant::now();
        while let Some(delay) = schedule.next_delay(None) {
            assert!(delay <= policy.max_delay.mul_f64(1.0 + POLLING_SPREAD));
            tokio::time::sleep(delay).await;
        }
        assert!(began.elapsed() <= policy.limit);
        assert!(began.elapsed() > policy.limit / 2);
    }
}
