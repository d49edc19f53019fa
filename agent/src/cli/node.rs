//! What this process finds out about the machine it runs on.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use crate::boot::Boot;
use crate::config::{self, Config, ConfigError, InitrdFindings, Loaded, Permissions, Service};
use crate::markers::{Identity, MarkerState, Markers};

use super::Options;

/// The same for every process of one boot, also across initrd and system.
pub(super) fn run_id() -> String {
    Boot::run_id(Path::new("/")).unwrap_or_default()
}

/// This node, as its markers name it.
pub(super) fn identity(config: &Config) -> Identity {
    Identity::of_this_node(config, machine_id().as_deref())
}

fn machine_id() -> Option<String> {
    fs::read_to_string("/etc/machine-id").ok()
}

/// The commands that change something, and so may hold a lock.
const CHANGING: [&str; 6] = ["join", "setup", "health-check", "run", "leave", "reset"];

/// This process, for whoever meets its lock: its command, number and unit, and since when.
pub(super) fn who() -> String {
    let words: Vec<String> = env::args().skip_while(|word| !CHANGING.contains(&word.as_str())).collect();
    let group = fs::read_to_string("/proc/self/cgroup").unwrap_or_default();
    let unit = group.trim_end().rsplit('/').next().filter(|name| name.ends_with(".service"));
    let unit = unit.map_or_else(String::new, |unit| format!(", {unit}"));
    format!("first-boot-agent {} (PID {}{unit}) since {}", words.join(" "), std::process::id(), crate::clock::now())
}

/// The name of the credential with IAM's admin password (design.md, section 3).
const ADMIN_PASSWORD: &str = "iam-admin-password";

/// Where systemd takes a credential from that a unit asks for by name alone (`LoadCredential=` in systemd.exec(5)).
const CREDENTIAL_STORES: [&str; 4] =
    ["/run/credentials/@system", "/etc/credstore", "/run/credstore", "/usr/lib/credstore"];

/// The directory that holds a credential: systemd's own for a unit; for a command that an operator types, the store that
/// a unit would get it from, so that both see the same.
fn store_of(credential: &str) -> Option<PathBuf> {
    match env::var_os("CREDENTIALS_DIRECTORY") {
        Some(directory) => Some(PathBuf::from(directory)),
        None => CREDENTIAL_STORES.into_iter().map(PathBuf::from).find(|store| store.join(credential).exists()),
    }
}

/// The credential with IAM's admin password, where there is one.
pub(super) fn admin_password_credential() -> Option<PathBuf> {
    store_of(ADMIN_PASSWORD).map(|store| store.join(ADMIN_PASSWORD)).filter(|path| path.exists())
}

/// The configuration, from wherever it is.
pub(super) fn load(options: &Options, permissions: Permissions, strict: bool) -> Result<Loaded, ConfigError> {
    config::load(&sources(options, permissions, strict))
}

/// Where a configuration may lie, be there a file or not.
pub(super) fn places_of_configuration(options: &Options) -> Vec<PathBuf> {
    let places = config::places(&sources(options, Permissions::Refuse, false));
    places.iter().filter_map(config::Source::path).map(Path::to_owned).collect()
}

/// Where the configuration is looked for, and how strictly.
pub(super) fn sources(options: &Options, permissions: Permissions, strict: bool) -> config::Options {
    config::Options {
        explicit: options.config.clone(),
        root: Path::new("/").to_owned(),
        credentials_directory: store_of(config::CREDENTIAL),
        host_name: nix::unistd::gethostname().ok().and_then(|name| name.into_string().ok()),
        permissions,
        strict,
        initrd: Boot::of_this_run(Path::new("/"), &run_id()).as_ref().map(findings).unwrap_or_default(),
        is_member: is_member(options),
    }
}

/// What the initrd has found, as far as it bears on the choice of a configuration.
fn findings(boot: &Boot) -> InitrdFindings {
    let refused: Vec<String> = boot.refused.iter().map(ToString::to_string).collect();
    InitrdFindings { has_found_one: boot.config.is_some(), refused: (!refused.is_empty()).then(|| refused.join("; ")) }
}

/// Whether a marker of this machine says that it is in a cluster. Which node it is only the configuration would tell.
fn is_member(options: &Options) -> bool {
    let markers = Markers::new(options.state_dir.clone());
    let this_machine = Identity::of_this_machine(machine_id().as_deref());
    let is_marked = |service| match markers.read(service) {
        MarkerState::Present { identity, .. } => identity.mismatch(&this_machine).is_none(),
        MarkerState::Absent | MarkerState::Damaged { .. } => false,
    };
    [Service::Chainfire, Service::Flaredb].into_iter().any(is_marked)
}
