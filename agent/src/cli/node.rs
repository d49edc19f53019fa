//! What this process finds out about the machine it runs on.

use std::env;
use std::path::{Path, PathBuf};

use crate::boot::Boot;
use crate::config::{self, Config, ConfigError, InitrdFindings, Loaded, Permissions, ServiceName};
use crate::markers::{Holder, Identity, MarkerState, Markers};
use crate::plan::{Blocker, Step};
use crate::protocols::HttpCluster;
use crate::regular_file::{self, Links};
use crate::run::Credential;
use crate::systemd::{is_unfiltered, own_unit};

use super::Options;

/// 32 digits and a line feed (machine-id(5)), and some room.
const LONGEST_MACHINE_ID: u64 = 4096;

/// The same for every process of one boot, also across initrd and system.
pub(super) fn run_id() -> String {
    Boot::run_id(Path::new("/")).unwrap_or_default()
}

/// This node, as its markers name it.
pub(super) fn identity(config: &Config) -> Identity {
    Identity::of_this_node(config, machine_id().as_deref())
}

/// This machine, as far as markers name it; which node it is only the configuration says.
pub(super) fn this_machine() -> Identity {
    Identity::of_this_machine(machine_id().as_deref())
}

/// The machine's name, where it has one.
pub(super) fn host_name() -> Option<String> {
    nix::unistd::gethostname().ok().and_then(|name| name.into_string().ok())
}

fn machine_id() -> Option<String> {
    let bytes = regular_file::read(Path::new("/etc/machine-id"), Links::Follow, LONGEST_MACHINE_ID).ok()?;
    String::from_utf8(bytes).ok()
}

/// The commands that change something, and so may hold a lock.
const CHANGING: [&str; 6] = ["join", "setup", "health-check", "run", "leave", "reset"];

/// This process, for another that meets its lock: its command, number and unit, and since when.
pub(super) fn who() -> Holder {
    // A path among them may be of any bytes.
    let words = env::args_os().map(|word| word.to_string_lossy().into_owned());
    let words: Vec<String> = words.skip_while(|word| !CHANGING.contains(&word.as_str())).collect();
    let unit = own_unit(Path::new("/"));
    let of_unit = unit.as_ref().map_or_else(String::new, |unit| format!(", {unit}"));
    let (command, process, now) = (words.join(" "), std::process::id(), crate::clock::now());
    Holder { words: format!("first-boot-agent {command} (PID {process}{of_unit}) since {now}"), unit }
}

/// The run of a unit that this process is, where systemd has started it as one (systemd.exec(5), `$INVOCATION_ID`).
pub(super) fn invocation_id() -> Option<String> {
    env::var("INVOCATION_ID").ok().filter(|_| env::var_os("NOTIFY_SOCKET").is_some())
}

/// Whether this process is one of the agent's units, and systemd has left its system call filters out.
pub(super) fn lacks_filters() -> bool {
    let root = Path::new("/");
    own_unit(root).is_some_and(|unit| Step::is_run_by(&unit)) && is_unfiltered(root)
}

/// Where systemd takes a credential from that a unit asks for by name alone (`LoadCredential=` in systemd.exec(5)).
const CREDENTIAL_STORES: [&str; 5] =
    ["/run/credentials/@system", "/etc/credstore", "/run/credstore", "/usr/local/lib/credstore", "/usr/lib/credstore"];

/// The directory that holds a credential: systemd's own for a unit; for a command that an operator types, the store that
/// a unit would get it from, so that both see the same.
fn store_of(credential: &str) -> Option<PathBuf> {
    match env::var_os("CREDENTIALS_DIRECTORY") {
        Some(directory) => Some(PathBuf::from(directory)),
        None => CREDENTIAL_STORES.into_iter().map(PathBuf::from).find(|store| store.join(credential).exists()),
    }
}

/// The credential of a name, where there is one.
pub(super) fn find_credential(name: &str) -> Option<Credential> {
    let arrived = store_of(name).map(|store| store.join(name)).filter(|path| path.exists());
    let encrypted = || {
        let mut paths = config::ENCRYPTED_STORES.iter().map(|store| Path::new("/").join(store).join(name));
        paths.find(|path| path.symlink_metadata().is_ok())
    };
    arrived.map(Credential::Readable).or_else(|| encrypted().map(Credential::Encrypted))
}

/// The services' APIs, with the TLS files and logins of a configuration.
///
/// # Errors
/// A TLS file cannot be used.
pub(super) fn cluster(config: &Config) -> Result<HttpCluster, Blocker> {
    HttpCluster::new(&config.tls, config.policies.request, find_readable)
}

/// A credential that this process can read: as systemd has passed it on, or from where systemd takes it.
fn find_readable(name: &str) -> Option<PathBuf> {
    let passed = env::var_os("CREDENTIALS_DIRECTORY").map(PathBuf::from);
    let stores = passed.into_iter().chain(CREDENTIAL_STORES.map(PathBuf::from));
    stores.map(|store| store.join(name)).find(|path| path.exists())
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
        host_name: host_name(),
        permissions,
        strict,
        initrd: Boot::of_this_run(Path::new("/"), &run_id()).as_ref().map(findings).unwrap_or_default(),
        is_member: is_member(options),
        quotes_nothing: options.quotes_nothing,
    }
}

/// What the initrd has found, as far as it bears on the choice of a configuration.
fn findings(boot: &Boot) -> InitrdFindings {
    let refused: Vec<String> = boot.refused.iter().map(ToString::to_string).collect();
    let credential = format!("credential {}", config::CREDENTIAL);
    InitrdFindings {
        has_found_one: boot.config.is_some(),
        has_decrypted: boot.config.as_ref().is_some_and(|config| config.source.starts_with(&credential)),
        refused: (!refused.is_empty()).then(|| refused.join("; ")),
    }
}

/// Whether a marker of this machine says that it is in a cluster. Only the configuration would say which node it is.
fn is_member(options: &Options) -> bool {
    let markers = Markers::new(options.state_dir.clone());
    let this_machine = this_machine();
    let is_marked = |service| match markers.read(service) {
        MarkerState::Present { identity, .. } => identity.mismatch(&this_machine).is_none(),
        MarkerState::Absent | MarkerState::Damaged { .. } | MarkerState::NotPermitted { .. } => false,
    };
    // IAM has no members.
    markers.services().into_iter().any(|service| service != ServiceName::IAM && is_marked(service))
}
