//! Puts into the binary what the source does not say: the build date, the lower bound for a clock that is not set; and for
//! `--version` the commit. Leaves out of it what only unwinding needs. Must not need git: a tarball has none.

mod build_date;

use std::env;
use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::time::{SystemTime, UNIX_EPOCH};

/// The linker script, which says what it is for.
const SCRIPT: &str = "no-unwind-tables.ld";

fn main() -> Result<(), String> {
    for variable in ["SOURCE_DATE_EPOCH", "FIRST_BOOT_COMMIT"] {
        println!("cargo:rerun-if-env-changed={variable}");
    }
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-changed=build_date.rs");
    println!("cargo:rerun-if-changed={SCRIPT}");
    let release = env::var("PROFILE").as_deref() == Ok("release");
    // Test builds name no commit: otherwise every commit would recompile them.
    let git = release.then(Git::of_this_source).flatten();
    if let Some(git) = &git {
        git.watch();
    }

    let committed = git.as_ref().and_then(|git| git.says(&["log", "-1", "--format=%ct"])?.parse().ok());
    let now = || SystemTime::now().duration_since(UNIX_EPOCH).ok().map(|age| age.as_secs());
    let source_date = env::var("SOURCE_DATE_EPOCH").ok();
    let (seconds, warning) = build_date::build_date(source_date.as_deref(), committed.or_else(now))?;
    if let Some(warning) = warning {
        println!("cargo:warning={warning}");
    }
    println!("cargo:rustc-env=FIRST_BOOT_BUILD_EPOCH={seconds}");

    let given = env::var("FIRST_BOOT_COMMIT").ok();
    let commit = given.or_else(|| git?.says(&["rev-parse", "--short=12", "HEAD"])).filter(|commit| !commit.is_empty());
    let version = env::var("CARGO_PKG_VERSION").map_err(|cause| format!("CARGO_PKG_VERSION: {cause}"))?;
    let version = commit.map_or_else(|| version.clone(), |commit| format!("{version} ({commit})"));
    println!("cargo:rustc-env=FIRST_BOOT_VERSION={version}");

    // Where panics unwind, which is in tests, the tables are needed. CARGO_CFG_PANIC knows nothing of profiles.
    if release {
        let folder = env::var("CARGO_MANIFEST_DIR").map_err(|error| error.to_string())?;
        println!("cargo:rustc-link-arg-bins=-Wl,-T,{folder}/{SCRIPT}");
        println!("cargo:rustc-link-arg-bins=-Wl,--no-eh-frame-hdr");
    }
    Ok(())
}

/// The git work tree whose root is that of the workspace.
struct Git {
    root: PathBuf,
}

impl Git {
    /// None where there is no git, or where the source was unpacked inside a work tree of something else.
    fn of_this_source() -> Option<Self> {
        let agent = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR")?);
        let git = Self { root: fs::canonicalize(agent.parent()?).ok()? };
        let top = fs::canonicalize(git.says(&["rev-parse", "--show-toplevel"])?).ok()?;
        (top == git.root).then_some(git)
    }

    fn says(&self, arguments: &[&str]) -> Option<String> {
        let answer = Command::new("git").arg("-C").arg(&self.root).args(arguments).output().ok()?;
        let text = answer.status.success().then(|| String::from_utf8(answer.stdout).ok()).flatten()?;
        Some(text.trim().to_owned())
    }

    /// Cargo runs this again when HEAD or what it names has moved. A file that is missing would have it run at every build.
    fn watch(&self) {
        let branch = self.says(&["symbolic-ref", "--quiet", "HEAD"]);
        for name in ["HEAD", "logs/HEAD", "packed-refs"].into_iter().chain(branch.as_deref()) {
            let path = self.says(&["rev-parse", "--git-path", name]).map(|path| self.root.join(path));
            if let Some(path) = path.filter(|path| path.exists()) {
                println!("cargo:rerun-if-changed={}", path.display());
            }
        }
    }
}
