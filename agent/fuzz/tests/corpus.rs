//! Plays the named files of every target's corpus in plain `cargo test`. What searches find beyond them is not in git.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::collections::BTreeSet;
use std::fs;
use std::panic::catch_unwind;
use std::path::{Path, PathBuf};

use agent_fuzz::{TARGETS, Target};

/// The corpus in git stays small enough to read.
const LARGEST: u64 = 40 * 1024;

fn corpus() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus")
}

fn cases(name: &str) -> Vec<PathBuf> {
    let folder = corpus().join(name);
    let entries = fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    entries.map(|entry| entry.unwrap().path()).collect()
}

fn play(name: &str, target: Target) {
    let cases = cases(name);
    assert!(!cases.is_empty(), "{name} has no corpus");
    let failed: Vec<_> =
        cases.iter().filter(|case| catch_unwind(|| target(&fs::read(case).unwrap())).is_err()).collect();
    assert!(failed.is_empty(), "{name}: {failed:?} lead to the failures above");
}

/// A test for each target, so that the one that fails is named.
macro_rules! played {
    ($($name:ident),+ $(,)?) => {
        $(#[test]
        fn $name() {
            play(stringify!($name), agent_fuzz::$name);
        })+

        #[test]
        fn every_target_has_its_corpus_and_its_test() {
            let played = BTreeSet::from([$(stringify!($name).to_owned()),+]);
            let targets: BTreeSet<_> = TARGETS.iter().map(|(name, _)| (*name).to_owned()).collect();
            let folders: BTreeSet<_> = fs::read_dir(corpus())
                .unwrap()
                .map(|entry| entry.unwrap().file_name().into_string().unwrap())
                .collect();
            assert_eq!((&played, &targets), (&targets, &folders));
        }
    };
}

played!(answers, config, gpt, journal, markers, members, messages, names);

#[test]
fn the_corpus_stays_small() {
    let size: u64 =
        TARGETS.iter().flat_map(|(name, _)| cases(name)).map(|case| fs::metadata(case).unwrap().len()).sum();
    assert!(size <= LARGEST, "{size} bytes: name only what shows something new, and keep it short");
}
