//! Many nodes join at once (M10): the storm that `make bench` measures, small enough for every run of the tests.
//!
//! Its pieces live with the benchmark; the clock jumps, so nothing here takes the time it speaks of.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

#[path = "../benches/storm/leader.rs"]
mod leader;
#[path = "../benches/storm/node.rs"]
mod node;
#[path = "../benches/storm/seed.rs"]
mod seed;
#[path = "../benches/storm/trial.rs"]
mod trial;

use std::time::Duration;

use trial::{Figures, Joiner, Storm};

fn all_are_in(figures: &Figures) -> bool {
    let wrong = [figures.gave_up, figures.not_once, figures.wrong_markers, figures.surplus];
    wrong == [0; 4]
}

#[test]
fn m10_in_a_storm_nobody_gives_up_and_each_is_in_once_with_its_marker() {
    for nodes in [10, 100] {
        for admits in [true, false] {
            let storm = Storm { nodes, admits, loses_leader: true, order: 1 };
            let figures = storm.run(Joiner::Agent).unwrap();
            assert!(all_are_in(&figures), "{storm:?} {figures:?}");
            // Whatever the pauses were, the machine behind the unit waited far less than its half hour.
            assert!(figures.worst_wait < Duration::from_mins(5), "{storm:?} {figures:?}");
        }
    }
}

#[test]
fn m10_a_leader_that_names_times_is_never_idle_and_asked_little() {
    let alone = Storm { nodes: 1, admits: true, loses_leader: false, order: 1 }.run(Joiner::Agent).unwrap();
    let storm = Storm { nodes: 250, admits: true, loses_leader: false, order: 1 };
    let figures = storm.run(Joiner::Agent).unwrap();
    assert!(all_are_in(&figures), "{figures:?}");
    let times = figures.whole.div_duration_f64(storm.bound());
    assert!(times <= 1.15, "{times} times the bound, {figures:?}");
    assert!(figures.requests <= (alone.requests + 4) * 250, "{figures:?}, alone {}", alone.requests);
}

#[test]
fn m10_the_storm_is_one_in_which_a_fixed_number_of_attempts_gives_up() {
    let storm = Storm { nodes: 100, admits: false, loses_leader: true, order: 1 };
    let figures = storm.run(Joiner::Seed).unwrap();
    assert!(figures.gave_up > 0 && figures.not_once == figures.gave_up, "{figures:?}");
}
