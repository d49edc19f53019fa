//! Which directories cannot be a service's data, by their path alone. Must not look at what is there.

use std::path::Path;

/// Directories of the system: neither they nor anything in them is a service's data.
const SYSTEM: [&str; 17] = [
    "bin",
    "boot",
    "dev",
    "efi",
    "etc",
    "lib",
    "lib32",
    "lib64",
    "libx32",
    "lost+found",
    "nix",
    "proc",
    "root",
    "run",
    "sbin",
    "sys",
    "usr",
];
/// Directories that many share (hier(7), file-hierarchy(7)): what is in them may be a service's, they are not.
const SHARED: [&str; 19] = [
    "/home",
    "/media",
    "/mnt",
    "/opt",
    "/srv",
    "/tmp",
    "/var",
    "/var/backups",
    "/var/cache",
    "/var/db",
    "/var/empty",
    "/var/lib",
    "/var/lib/private",
    "/var/local",
    "/var/log",
    "/var/mail",
    "/var/opt",
    "/var/spool",
    "/var/tmp",
];

/// Why a path is no service's data, whatever is there; `None` where it may be.
#[must_use]
pub fn of_the_system(path: &Path) -> Option<String> {
    let names: Vec<_> = path.iter().skip(1).collect();
    let is_in = |names: &[&str]| names.iter().any(|name| path.starts_with(Path::new("/").join(name)));
    let is_home = names.len() == 2 && names[0] == "home";
    let is = if SHARED.iter().any(|shared| path == Path::new(shared)) {
        "many services keep their files there"
    } else if names.len() < 2 || is_in(&SYSTEM) || is_in(&["var/lib/systemd", "var/lib/first-boot-automation"]) {
        "it belongs to the system"
    } else if is_home {
        "it is somebody's home"
    } else {
        return None;
    };
    Some(is.to_owned())
}
