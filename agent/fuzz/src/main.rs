//! The fuzzer: one target, named by `FUZZ_TARGET`, driven by libFuzzer, whose options the command line takes.
//!
//! One program for all targets, since each one more is a link of the whole agent. Must not hold what a target checks.

#![no_main]
#![allow(unsafe_code, reason = "libFuzzer finds the function it calls by an exported name")]

use std::sync::LazyLock;

use agent_fuzz::TARGETS;

static TARGET: LazyLock<fn(&[u8])> = LazyLock::new(|| {
    let wanted = std::env::var("FUZZ_TARGET").unwrap_or_default();
    let found = TARGETS.iter().find(|(name, _)| *name == wanted);
    let names: Vec<_> = TARGETS.iter().map(|(name, _)| *name).collect();
    assert!(found.is_some(), "FUZZ_TARGET is {wanted:?}; it must be one of {names:?}");
    found.map_or(|_: &[u8]| (), |(_, target)| *target)
});

libfuzzer_sys::fuzz_target!(init: { LazyLock::force(&TARGET); }, |data: &[u8]| TARGET(data));
