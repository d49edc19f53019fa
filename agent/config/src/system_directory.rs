//! Which directories cannot be a service's data, by their path alone. Must not look at what is there.

use std::path::Path;

/// Directories of the system: neither they nor anything in them is a service's data.
const SYSTEM: [&str; 16] = [
    "bin", "boot", "dev", "efi", "etc", "lib", "lib32", "lib64", "libx32", "nix", "proc", "root", "run", "sbin", "sys",
    "usr",
];
/// The same with longer paths.
const OF_THE_SYSTEM: [&str; 3] = ["lost+found", "var/lib/systemd", "var/lib/first-boot-automation"];
/// Directories that many share (hier(7), file-hierarchy(7)): what is in them may be a service's, they are not.
const SHARED: [&str; 7] = ["home", "media", "mnt", "opt", "srv", "tmp", "var"];
/// The same below `/var`.
const SHARED_IN_VAR: [&str; 11] =
    ["backups", "cache", "db", "empty", "lib", "local", "log", "mail", "opt", "spool", "tmp"];

/// Why a path is no service's data, whatever is there; `None` where it may be.
#[must_use]
pub fn of_the_system(path: &Path) -> Option<String> {
    let names: Vec<_> = path.iter().skip(1).collect();
    let is_in = |names: &[&str]| names.iter().any(|name| path.starts_with(Path::new("/").join(name)));
    let is_one_of = |parent: &str, names: &[&str]| names.iter().any(|name| path == Path::new(parent).join(name));
    let is_shared = is_one_of("/", &SHARED) || is_one_of("/var", &SHARED_IN_VAR) || is_one_of("/var/lib", &["private"]);
    let is = if is_shared {
        "many services keep their files there"
    } else if names.len() < 2 || is_in(&SYSTEM) || is_in(&OF_THE_SYSTEM) {
        "it belongs to the system"
    } else if names.len() == 2 && names[0] == "home" {
        "it is somebody's home"
    } else {
        return None;
    };
    Some(is.to_owned())
}
