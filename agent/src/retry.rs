//! How long to wait before the next try: the only module that knows `backoff`.
//!
//! Three kinds of waiting exist. *Polling* asks a healthy peer again soon (is the service
//! healthy yet, is the learner a voter yet): short, growing delays within a total limit.
//! *Attempts* repeat something that failed: full jitter over an exponentially growing
//! range, so that a thousand nodes that failed together do not come back together. *Turns*
//! wait for a service that is there and asks to come later: without an end, and close to
//! the time it named, since a leader that names times has given each node its own.
//!
//! `backoff` is unmaintained (RUSTSEC-2025-0012); it is confined to this file, where it
//! does arithmetic and nothing else. Time is tokio's clock: monotonic, so a step of the
//! wall clock changes nothing, and paused in tests, so no test sleeps.

mod rounds;

use std::time::{Duration, Instant};

use backoff::backoff::Backoff;
use backoff::exponential::ExponentialBackoff;

use crate::config::{Limits, Retry};

pub use rounds::{Again, MOST_HINTS, Pause, Round, Rounds};

/// Where there is no last pause, none is shorter, whatever the policy says.
pub const SHORTEST_PAUSE: Duration = Duration::from_millis(100);
/// Growth of a polling delay from one question to the next.
const POLLING_GROWTH: f64 = 1.3;
/// Spread of a polling delay, so that nodes that boot together drift apart.
const POLLING_SPREAD: f64 = 0.2;

/// A named time is in whole seconds: nodes that were given the same one spread over that second.
const NAMED_SPREAD: Duration = Duration::from_secs(1);
/// Growth of that spread with each further refusal: the time was no place in a queue, then.
const NAMED_GROWTH: u32 = 4;
/// The widest spread around a named time. Wider costs a storm of a thousand nodes more at
/// its end, when the last ones sleep and the leader is idle, than it saves in requests.
const NAMED_SPREAD_MOST: Duration = Duration::from_secs(16);
/// The same where no more than a dozen can be waiting.
const NAMED_SPREAD_OF_FEW: Duration = Duration::from_secs(5);
/// A leader that let a request wait before it refused has at least that much work queued.
const HELD_SPREAD: u32 = 3;

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
        let delays = ExponentialBackoff {
            initial_interval: policy.first_delay,
            randomization_factor: POLLING_SPREAD,
            multiplier: POLLING_GROWTH,
            max_interval: policy.max_delay,
            max_elapsed_time: Some(policy.limit),
            ..ExponentialBackoff::default()
        };
        Self::new(delays, None)
    }

    /// The same delays for a number of looks, whatever time passes between them.
    fn looks(policy: &Limits, count: u32) -> Self {
        let mut looks = Self { tries_left: Some(count), ..Self::polling(policy) };
        looks.delays.max_elapsed_time = None;
        looks
    }

    /// Full jitter (uniform between zero and the current range) for a number of attempts.
    ///
    /// `backoff` spreads a delay by a factor around its middle; a factor of one around half
    /// the range is the uniform distribution from zero to the range.
    #[must_use]
    pub fn attempts(policy: &Retry) -> Self {
        let delays = ExponentialBackoff {
            initial_interval: policy.scale / 2,
            randomization_factor: 1.0,
            multiplier: 2.0,
            max_interval: policy.max_delay / 2,
            max_elapsed_time: None,
            ..ExponentialBackoff::default()
        };
        Self::new(delays, Some(policy.attempts.saturating_sub(1)))
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

/// The pauses of a node that a busy service has asked to come later; there is no last one.
#[derive(Debug)]
pub struct Turns {
    /// For a service that names no time: full jitter.
    unnamed: Schedule,
    spread: Duration,
    widest: Duration,
    max_delay: Duration,
}

impl Turns {
    /// Pauses within the policy's, save that their number has no limit.
    #[must_use]
    pub fn new(policy: &Retry) -> Self {
        let unnamed = Schedule { tries_left: None, ..Schedule::attempts(policy) };
        Self { unnamed, spread: NAMED_SPREAD, widest: NAMED_SPREAD_MOST, max_delay: policy.max_delay }
    }

    /// The same for one of a few.
    #[must_use]
    pub fn of_few(self) -> Self {
        Self { widest: NAMED_SPREAD_OF_FEW, ..self }
    }

    /// The pause before the next try: after the `named` time (`Retry-After`) where there is one,
    /// spread the wider the longer this request was `held` before it was refused.
    pub fn next_delay(&mut self, named: Option<Duration>, held: Duration) -> Duration {
        let Some(named) = named else {
            return self.unnamed.next_delay(None).unwrap_or(self.max_delay);
        };
        let spread = self.spread.max(held.saturating_mul(HELD_SPREAD)).min(self.widest).min(self.max_delay);
        self.spread = (self.spread * NAMED_GROWTH).min(self.widest);
        named.saturating_add(uniform(spread))
    }
}

/// A random duration between zero and `most`.
fn uniform(most: Duration) -> Duration {
    let once = Retry { attempts: 2, scale: most, max_delay: most };
    Schedule::attempts(&once).next_delay(None).unwrap_or(most)
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
        fn m10_a_retry_after_is_never_undercut(floor in 0u64..100_000) {
            let floor = Duration::from_millis(floor);
            let mut schedule = Schedule::attempts(&attempts(3, 10_000, 60_000));
            prop_assert!(schedule.next_delay(Some(floor)).is_some_and(|delay| delay >= floor));
        }
    }

    proptest! {
        #[test]
        fn m10_a_named_time_is_kept_to_within_a_second_and_then_ever_wider(
            named in 0u64..300, held in 0u64..10_000, refusals in 1usize..50, is_of_few: bool,
        ) {
            let (named, held) = (Duration::from_secs(named), Duration::from_millis(held));
            let turns = Turns::new(&attempts(1, 10_000, 60_000));
            let (mut turns, most) = if is_of_few { (turns.of_few(), 5) } else { (turns, 16) };
            let mut spread = Duration::from_secs(1);
            for _ in 0..refusals {
                let delay = turns.next_delay(Some(named), held);
                prop_assert!(delay >= named);
                let widest = spread.max(held * 3).min(Duration::from_secs(most));
                prop_assert!(delay <= named + widest + Duration::from_nanos(2), "{delay:?}");
                spread = (spread * 4).min(Duration::from_secs(most));
            }
        }

        #[test]
        fn m10_without_a_named_time_the_pauses_are_full_jitter_without_an_end(refusals in 1usize..50) {
            let mut turns = Turns::new(&attempts(1, 10_000, 60_000));
            let mut range = Duration::from_secs(10);
            for _ in 0..refusals {
                let delay = turns.next_delay(None, Duration::ZERO);
                prop_assert!(delay <= range + Duration::from_nanos(2));
                range = (range * 2).min(Duration::from_mins(1));
            }
        }
    }

    #[test]
    fn m10_nodes_that_were_given_the_same_time_do_not_come_back_together() {
        let policy = attempts(1, 10_000, 60_000);
        let retry_after = Some(Duration::from_secs(7));
        let delays: Vec<_> =
            (0..400).map(|_| Turns::new(&policy).next_delay(retry_after, Duration::ZERO).as_millis() - 7_000).collect();
        for tenth in 0..10 {
            let there = delays.iter().filter(|delay| **delay / 100 == tenth).count();
            assert!((10..90).contains(&there), "{there} of 400 nodes in tenth {tenth} of the second");
        }
    }

    /// Full jitter is uniform (Pearson's test: 19 degrees of freedom, 43.8 is passed by one in a thousand; of five tries one
    /// has to hold, so that chance fails it once in 10^15 runs).
    fn assert_uniform(what: &str, most: Duration, sample: impl Fn() -> Duration) {
        const BINS: u32 = 20;
        const EACH: u32 = 200;
        let statistic = || {
            let mut bins = [0_u32; BINS as usize];
            for _ in 0..BINS * EACH {
                let share = sample().as_secs_f64() / most.as_secs_f64() * f64::from(BINS);
                #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a share of 20 bins")]
                let bin = share.clamp(0.0, f64::from(BINS) - 1.0) as usize;
                bins[bin] += 1;
            }
            bins.iter().map(|count| (f64::from(*count) - f64::from(EACH)).powi(2) / f64::from(EACH)).sum::<f64>()
        };
        let statistics: Vec<f64> = (0..5).map(|_| statistic()).collect();
        assert!(statistics.iter().any(|statistic| *statistic < 43.8), "{what} is not uniform: {statistics:?}");
    }

    #[test]
    fn m10_jitter_is_uniform_over_its_whole_range() {
        let policy = attempts(9, 10_000, 60_000);
        for (index, seconds) in [10, 20, 40, 60, 60].into_iter().enumerate() {
            let nth = || {
                let mut schedule = Schedule::attempts(&policy);
                for _ in 0..index {
                    let _ = schedule.next_delay(None);
                }
                schedule.next_delay(None).unwrap()
            };
            assert_uniform(&format!("pause {index}"), Duration::from_secs(seconds), nth);
        }
        let first = || Turns::new(&policy).next_delay(None, Duration::ZERO);
        assert_uniform("the first turn", Duration::from_secs(10), first);
        let named = || Turns::new(&policy).next_delay(Some(Duration::from_secs(7)), Duration::ZERO);
        assert_uniform("around a named time", Duration::from_secs(1), || {
            named().saturating_sub(Duration::from_secs(7))
        });
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
