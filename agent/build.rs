//! Puts the build date into the binary, the floor under a clock that nobody has set, and leaves out of it what only unwinding needs.

mod build_date;

use std::env;
use std::time::{SystemTime, UNIX_EPOCH};

/// The linker script, which says what it is for.
const SCRIPT: &str = "no-unwind-tables.ld";

fn main() -> Result<(), String> {
    println!("cargo:rerun-if-env-changed=SOURCE_DATE_EPOCH");
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-changed=build_date.rs");
    println!("cargo:rerun-if-changed={SCRIPT}");
    let now = SystemTime::now().duration_since(UNIX_EPOCH).ok().map(|age| age.as_secs());
    let (seconds, warning) = build_date::build_date(env::var("SOURCE_DATE_EPOCH").ok().as_deref(), now)?;
    if let Some(warning) = warning {
        println!("cargo:warning={warning}");
    }
    println!("cargo:rustc-env=FIRST_BOOT_BUILD_EPOCH={seconds}");
    // Where panics unwind, which is in tests, the tables are needed. CARGO_CFG_PANIC knows nothing of profiles.
    if env::var("PROFILE").as_deref() == Ok("release") {
        let folder = env::var("CARGO_MANIFEST_DIR").map_err(|error| error.to_string())?;
        println!("cargo:rustc-link-arg-bins=-Wl,-T,{folder}/{SCRIPT}");
        println!("cargo:rustc-link-arg-bins=-Wl,--no-eh-frame-hdr");
    }
    Ok(())
}
