//! Finds the config: what the command line names, else the systemd credential, else what the initrd has handed over, else
//! the file in its usual place. One that is broken is not passed over for one of lower priority, which may be another
//! cluster's, unless the initrd of this boot has done just that and reported it; and never for one that would bootstrap.
//! A credential that systemd could not decrypt is broken as well, though nothing of it reaches this process.

use super::{
    Checked, Context, Problem, Quotes, SIZE_LIMIT, SyntaxError, check_quoting,
    error::{ConfigError, closed_to_others},
    source::{CREDENTIAL, Source},
};
use crate::foreign_text;
use crate::regular_file::{Links, RegularFileError, open_to_read, read_all};
use std::{
    io,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
};

/// The directory of the config and the TLS files, below the root.
pub const SECRETS: &str = "etc/nixos/secrets";

/// Where systemd keeps the encrypted credentials that the boot loader has brought, the same in the initrd and the system.
const BY_THE_BOOT_LOADER: &str = "run/credentials/@encrypted";

/// Where systemd keeps credentials that are encrypted, in the order of its search, below the root (`ImportCredential=` in
/// systemd.exec(5)).
pub const ENCRYPTED_STORES: [&str; 5] = [
    BY_THE_BOOT_LOADER,
    "etc/credstore.encrypted",
    "run/credstore.encrypted",
    "usr/local/lib/credstore.encrypted",
    "usr/lib/credstore.encrypted",
];

/// The name of the config's file, wherever it is.
pub const FILE: &str = "cluster-config.json";

/// The permission bits of those who are neither owner nor in the group.
const OTHERS: u32 = 0o007;

/// The directory in which the initrd hands things over, below the root.
pub const HAND_OVER: &str = "run/first-boot-agent";

/// What to make of a config that every user of the machine may read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Permissions {
    /// Refuse it.
    #[default]
    Refuse,
    /// Warn of it, where a config is only looked at.
    Warn,
}

/// What the initrd of this boot has come to, for those who choose after it.
#[derive(Debug, Clone, Default)]
pub struct InitrdFindings {
    /// It has found a valid config: then one that is broken was passed over by it.
    pub has_found_one: bool,
    /// It has found that in the credential, and handed it over: what the boot loader has brought may be for the initrd alone to
    /// decrypt.
    pub has_decrypted: bool,
    /// What it refused and ranks before what it has found, or before the file in its usual place; with the reasons.
    pub refused: Option<String>,
}

/// Where to look, and how strictly.
#[derive(Debug, Clone)]
pub struct Options {
    /// The file that the command line names, `-` for standard input; nothing else is tried then.
    pub explicit: Option<PathBuf>,
    /// `/`, or what stands in for it in a test.
    pub root: PathBuf,
    /// `$CREDENTIALS_DIRECTORY`: what systemd has loaded and decrypted for this process.
    pub credentials_directory: Option<PathBuf>,
    /// The machine's hostname, which a config without `node_id` uses.
    pub host_name: Option<String>,
    /// What to make of a file that everybody may read.
    pub permissions: Permissions,
    /// Whether unknown keys and other oddities are errors.
    pub strict: bool,
    /// What the initrd of this boot has come to; nothing, where it had no part in it.
    pub initrd: InitrdFindings,
    /// Whether this node is in its cluster already, as far as its markers say: then it bootstraps no other.
    pub is_member: bool,
    /// Whether problems quote nothing, whatever the source: for what is passed on.
    pub quotes_nothing: bool,
}

/// A config and how it came about.
#[derive(Debug)]
pub struct Loaded {
    /// The config, the oddities in it, and where each value came from.
    pub checked: Checked,
    /// Where it was read from.
    pub origin: Source,
    /// What is wrong with those of higher priority that were passed over.
    pub passed_over: Vec<ConfigError>,
}

/// The bytes of a config as it is in its place, not yet checked, and what is odd about its permissions.
pub type Reading = (Vec<u8>, Option<Problem>);

/// Reads and checks the config.
///
/// # Errors
/// When there is none, or the one that counts cannot be used.
pub fn load(options: &Options) -> Result<Loaded, ConfigError> {
    let mut passed_over = Vec::new();
    let places = places(options);
    for origin in &places {
        match checked_at(origin, options) {
            Ok(None) => {}
            Ok(Some(checked)) => {
                return match broken_before(origin, &passed_over, options) {
                    Some(broken) if checked.config.bootstraps() => {
                        Err(ConfigError::BootstrapsBehindBroken(origin.clone(), broken))
                    }
                    _ => Ok(Loaded { checked, origin: origin.clone(), passed_over }),
                };
            }
            Err(error) if options.initrd.has_found_one => passed_over.push(error),
            Err(error) => return Err(error),
        }
    }
    let tried = || places.iter().filter_map(Source::path).map(Path::to_owned).collect();
    Err(passed_over.into_iter().next().unwrap_or_else(|| ConfigError::NotFound(tried())))
}

/// What is broken and ranks before a place, here or where only the initrd could look: it may have said to join.
fn broken_before(origin: &Source, passed_over: &[ConfigError], options: &Options) -> Option<String> {
    if options.is_member {
        return None;
    }
    let is_after_the_initrd = matches!(origin, Source::HandedOver(_) | Source::DefaultPath(_));
    let by_the_initrd = || options.initrd.refused.clone().filter(|_| is_after_the_initrd);
    passed_over.first().map(ConfigError::summary).or_else(by_the_initrd)
}

fn checked_at(origin: &Source, options: &Options) -> Result<Option<Checked>, ConfigError> {
    let Some((bytes, warning)) = read_at(origin, options)? else {
        return Ok(None);
    };
    let mut checked = examine(&bytes, origin, options)?;
    checked.warnings.extend(warning);
    Ok(Some(checked))
}

/// The config in a place that has a path; `None` where nothing is there.
///
/// # Errors
/// It cannot be read, or others could.
pub fn read_at(origin: &Source, options: &Options) -> Result<Option<Reading>, ConfigError> {
    if let Source::Encrypted(path) = origin {
        return not_decrypted(path, options).map_or(Ok(None), Err);
    }
    if *origin == Source::StandardInput {
        return read_all(io::stdin().lock(), SIZE_LIMIT).map(|bytes| Some((bytes, None))).map_err(|source| {
            ConfigError::Unreadable(origin.clone(), source, "write the cluster config to it, as JSON".to_owned())
        });
    }
    let Some(path) = origin.path() else {
        return Ok(None);
    };
    let failed = |source: RegularFileError| match source {
        RegularFileError::NotAFile(what) => ConfigError::NotAFile(origin.clone(), what),
        source => {
            let remedy = source.remedy(path);
            ConfigError::Unreadable(origin.clone(), source, remedy)
        }
    };
    let (file, metadata) = match open_to_read(path, Links::Follow) {
        Err(error) if error.is_missing() => return Ok(None),
        opened => opened.map_err(failed)?,
    };
    if metadata.len() > SIZE_LIMIT {
        return Err(ConfigError::Syntax(origin.clone(), SyntaxError::TooLarge(metadata.len())));
    }
    let bytes = read_all(file, SIZE_LIMIT).map_err(failed)?;
    let mode = metadata.mode() & 0o7777;
    // A credential is in a directory that only its service enters.
    let is_open = mode & OTHERS != 0 && !matches!(origin, Source::Credential(_));
    if is_open && options.permissions == Permissions::Refuse {
        return Err(ConfigError::ReadableByOthers(path.to_owned(), mode));
    }
    let warning = is_open.then(|| Problem {
        path: foreign_text::path(path),
        found: format!("a file of mode {mode:04o}"),
        expected: "one that only root may read".to_owned(),
        hint: Some(format!("run `{}` before it is used", closed_to_others(path))),
    });
    Ok(Some((bytes, warning)))
}

/// Why an encrypted credential is no config: it exists, and systemd has handed over none of this name. systemd 259 and later
/// pass over what they cannot decrypt, and who does not know of it would take what comes next.
fn not_decrypted(path: &Path, options: &Options) -> Option<ConfigError> {
    let has_arrived = options.credentials_directory.iter().any(|directory| directory.join(CREDENTIAL).exists());
    let is_handed_over = options.initrd.has_decrypted
        && path.starts_with(options.root.join(BY_THE_BOOT_LOADER))
        && options.root.join(HAND_OVER).join(FILE).exists();
    match path.symlink_metadata() {
        _ if has_arrived || is_handed_over => None,
        Ok(_) => Some(ConfigError::NotDecrypted(path.to_owned())),
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => None,
        Err(error) => {
            let source = RegularFileError::Io(error);
            let remedy = source.remedy(path);
            Some(ConfigError::Unreadable(Source::Encrypted(path.to_owned()), source, remedy))
        }
    }
}

/// Checks the bytes of a config, wherever they came from.
///
/// # Errors
/// What is wrong with it.
pub fn examine(bytes: &[u8], origin: &Source, options: &Options) -> Result<Checked, ConfigError> {
    let context = Context {
        given: origin.origin(),
        host_name: options.host_name.clone(),
        secrets: options.root.join(SECRETS),
        strict: options.strict,
    };
    let tree = super::parse(bytes).map_err(|source| ConfigError::Syntax(origin.clone(), source))?;
    let quotes = if options.quotes_nothing { Quotes::Hidden } else { origin.quotes() };
    check_quoting(&tree, &context, quotes).map_err(|report| ConfigError::Invalid(origin.clone(), report))
}

/// The places where a config may lie, the one of the highest rank first.
#[must_use]
pub fn places(options: &Options) -> Vec<Source> {
    match &options.explicit {
        Some(path) if path == Path::new("-") => return vec![Source::StandardInput],
        Some(path) => return vec![Source::CommandLine(path.clone())],
        None => {}
    }
    let files = [
        Source::HandedOver(options.root.join(HAND_OVER).join(FILE)),
        Source::DefaultPath(options.root.join(SECRETS).join(FILE)),
    ];
    credentials(options).into_iter().chain(files).collect()
}

/// The places where the credential may be: where systemd hands it over, then where it is while it is encrypted.
#[must_use]
pub fn credentials(options: &Options) -> Vec<Source> {
    let decrypted =
        options.credentials_directory.iter().map(|directory| Source::Credential(directory.join(CREDENTIAL)));
    let encrypted = ENCRYPTED_STORES.map(|store| Source::Encrypted(options.root.join(store).join(CREDENTIAL)));
    decrypted.chain(encrypted).collect()
}
