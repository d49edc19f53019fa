//! What this process finds out about the machine it runs on.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use crate::config::{self, Config, ConfigError, Loaded, Permissions};
use crate::markers::Identity;

use super::Options;

/// The same for every process of one boot, also across initrd and system: the kernel's boot id (random(4)).
pub(super) fn run_id() -> String {
    fs::read_to_string("/proc/sys/kernel/random/boot_id").map(|id| id.trim().replace('-', "")).unwrap_or_default()
}

/// This node, as its markers name it.
pub(super) fn identity(config: &Config) -> Identity {
    Identity::of_this_node(config, fs::read_to_string("/etc/machine-id").ok().as_deref())
}

/// Where systemd takes a credential from that a unit asks for by name alone (`LoadCredential=` in systemd.exec(5)).
const CREDENTIAL_STORES: [&str; 4] =
    ["/run/credentials/@system", "/etc/credstore", "/run/credstore", "/usr/lib/credstore"];

/// systemd's directory of credentials; for a command that an operator types, the store that a unit would get the
/// configuration from, so that both see the same.
pub(super) fn credentials_directory() -> Option<PathBuf> {
    env::var_os("CREDENTIALS_DIRECTORY").map(PathBuf::from).or_else(|| {
        CREDENTIAL_STORES.into_iter().map(PathBuf::from).find(|store| store.join(config::CREDENTIAL).exists())
    })
}

/// The configuration, from wherever it is.
pub(super) fn load(options: &Options, permissions: Permissions, strict: bool) -> Result<Loaded, ConfigError> {
    config::load(&config::Options {
        explicit: options.config.clone(),
        root: Path::new("/").to_owned(),
        credentials_directory: credentials_directory(),
        host_name: nix::unistd::gethostname().ok().and_then(|name| name.into_string().ok()),
        permissions,
        strict,
    })
}
