//! Puts the build date into the binary: the floor under a clock that nobody has set.

use std::env;
use std::time::{SystemTime, UNIX_EPOCH};

/// 2026-11-20, when this was written. Nix pretends 1980 to every build (`SOURCE_DATE_EPOCH`), which would be no floor.
const NOT_BEFORE: u64 = 1_795_132_800;

fn main() {
    println!("cargo:rerun-if-env-changed=SOURCE_DATE_EPOCH");
    println!("cargo:rerun-if-changed=build.rs");
    // https://reproducible-builds.org/specs/source-date-epoch/
    let seconds = env::var("SOURCE_DATE_EPOCH")
        .ok()
        .and_then(|text| text.parse::<u64>().ok())
        .or_else(|| SystemTime::now().duration_since(UNIX_EPOCH).ok().map(|age| age.as_secs()))
        .unwrap_or_default()
        .max(NOT_BEFORE);
    println!("cargo:rustc-env=FIRST_BOOT_BUILD_EPOCH={seconds}");
}
