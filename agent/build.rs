//! Puts the build date into the binary: the floor under a clock that nobody has set.

mod build_date;

use std::env;
use std::time::{SystemTime, UNIX_EPOCH};

fn main() -> Result<(), String> {
    println!("cargo:rerun-if-env-changed=SOURCE_DATE_EPOCH");
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-changed=build_date.rs");
    let now = SystemTime::now().duration_since(UNIX_EPOCH).ok().map(|age| age.as_secs());
    let (seconds, warning) = build_date::build_date(env::var("SOURCE_DATE_EPOCH").ok().as_deref(), now)?;
    if let Some(warning) = warning {
        println!("cargo:warning={warning}");
    }
    println!("cargo:rustc-env=FIRST_BOOT_BUILD_EPOCH={seconds}");
    Ok(())
}
