//! What must hold of every series of waits, for any policy that a configuration can set: delays within their bounds, the
//! budget respected however long the questions between them take, and an end.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::time::Duration;

use first_boot_agent::config::{Limits, Retry};
use first_boot_agent::retry::Schedule;
use proptest::prelude::*;
use tokio::time::{Instant, sleep};

/// A polling delay is spread by a fifth around its middle.
const SPREAD: f64 = 1.2;

fn milliseconds(range: std::ops::Range<u64>) -> impl Strategy<Value = Duration> {
    range.prop_map(Duration::from_millis)
}

/// Runs on a clock that jumps to the next event.
fn on_a_paused_clock<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap().block_on(work)
}

proptest! {
    #[test]
    fn polling_keeps_its_bounds_and_its_budget_however_long_a_question_takes(
        limit in milliseconds(1..600_000),
        (first_delay, max_delay) in (1_u64..5_000, 1_u64..10)
            .prop_map(|(first, times)| (Duration::from_millis(first), Duration::from_millis(first * times))),
        questions in prop::collection::vec(0_u64..20_000, 1..8),
    ) {
        let policy = Limits { limit, first_delay: first_delay.min(limit), max_delay: max_delay.max(first_delay.min(limit)) };
        on_a_paused_clock(async {
            let began = Instant::now();
            let mut schedule = Schedule::polling(&policy);
            let mut questions = questions.iter().copied().cycle();
            let mut looks = 1_u32;
            loop {
                let asked = Duration::from_millis(questions.next().unwrap_or_default());
                sleep(asked).await;
                let waited = began.elapsed();
                let Some(delay) = schedule.next_delay(None) else {
                    // A delay that would not fit may be left out, so the end may come that much early, never late.
                    prop_assert!(waited + policy.max_delay.mul_f64(SPREAD) >= policy.limit, "given up after {waited:?}");
                    break;
                };
                looks += 1;
                prop_assert_eq!(schedule.attempt(), looks);
                prop_assert!(delay <= policy.max_delay.mul_f64(SPREAD) + Duration::from_nanos(2), "{delay:?}");
                prop_assert!(waited + delay <= policy.limit + Duration::from_millis(1), "{waited:?} and {delay:?}");
                sleep(delay).await;
                prop_assert!(looks < 1_000_000, "no end");
            }
            Ok(())
        })?;
    }

    #[test]
    fn attempts_end_after_their_number_within_the_sum_of_their_ranges(
        count in 1_u32..40, scale in milliseconds(2..20_000), times in 1_u32..20,
        floors in prop::collection::vec(prop::option::of(milliseconds(0..300_000)), 1..6),
    ) {
        let policy = Retry { attempts: count, scale, max_delay: scale * times };
        on_a_paused_clock(async {
            let mut schedule = Schedule::attempts(&policy);
            let mut floors = floors.iter().copied().cycle();
            let (mut tries, mut range) = (1, policy.scale);
            loop {
                let floor = floors.next().flatten();
                let Some(delay) = schedule.next_delay(floor) else { break };
                let floor = floor.unwrap_or_default();
                prop_assert!(delay >= floor, "{delay:?} undercuts {floor:?}");
                prop_assert!(delay <= floor + range + Duration::from_nanos(2), "{delay:?} beyond {range:?}");
                range = (range * 2).min(policy.max_delay);
                tries += 1;
                sleep(delay).await;
            }
            prop_assert_eq!((tries, schedule.attempt()), (count, count));
            prop_assert_eq!(schedule.next_delay(None), None, "over is over");
            Ok(())
        })?;
    }

    /// Two series of the same policy do not keep step: that is what jitter is for.
    #[test]
    fn m10_series_that_begin_together_drift_apart(scale in milliseconds(1_000..20_000)) {
        let policy = Retry { attempts: 12, scale, max_delay: scale * 8 };
        let series = || {
            let mut schedule = Schedule::attempts(&policy);
            std::iter::from_fn(|| schedule.next_delay(None)).collect::<Vec<_>>()
        };
        prop_assert_ne!(series(), series());
    }
}
