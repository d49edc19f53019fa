//! What a partition has, mounted at a directory: the configuration's file, or what is there instead. What is on it is
//! foreign: names are bounded and escaped, and no link is followed.

use std::fmt;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use nix::errno::Errno;
use nix::fcntl::{OFlag, OpenHow, ResolveFlag, open, openat2};
use nix::sys::stat::Mode;

use crate::config::{self, SIZE_LIMIT};

use super::{DIRECTORY_ON_ESP, file};

/// What a partition has.
#[derive(Debug, PartialEq, Eq)]
pub enum Content {
    /// The bytes of the configuration's file.
    Configuration(Vec<u8>),
    /// No such file.
    Otherwise(Listing),
}

/// What is there instead of the configuration's file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Listing {
    /// The names that are shown, escaped; what looks like the file comes first.
    pub names: Vec<String>,
    /// How many more there are.
    pub more: usize,
    /// Whether one of them looks as if it were meant to be the file.
    pub resembles: bool,
    /// Whether the directory is there that is looked into; that of an ESP may not be.
    pub is_ours: bool,
}

/// How many names are shown, and how many are read of a directory.
const SHOWN: usize = 8;
const READ: usize = 4096;
/// How many directories are looked into for a file that is in the wrong one.
const DIRECTORIES: usize = 16;
/// The characters of a name that are shown.
const WIDTH: usize = 60;

/// Looks at a mounted partition.
pub(super) fn read(directory: &Path, is_esp: bool) -> io::Result<Content> {
    Ok(match read_beneath(directory, &file(is_esp))? {
        Some(bytes) => Content::Configuration(bytes),
        None => Content::Otherwise(list(directory, is_esp)),
    })
}

/// A regular file below a directory, reached without a link: one could lead to a watchdog, a secret, or nowhere.
fn read_beneath(directory: &Path, file: &Path) -> io::Result<Option<Vec<u8>>> {
    let flags = OFlag::O_CLOEXEC | OFlag::O_NONBLOCK | OFlag::O_NOCTTY;
    let directory = open(directory, OFlag::O_DIRECTORY | OFlag::O_CLOEXEC, Mode::empty())?;
    let how = OpenHow::new().flags(flags).resolve(ResolveFlag::RESOLVE_BENEATH | ResolveFlag::RESOLVE_NO_SYMLINKS);
    let file = match openat2(&directory, file, how) {
        Ok(descriptor) => File::from(descriptor),
        // Where the directory should be, there is a file: that is listed.
        Err(Errno::ENOENT | Errno::ENOTDIR) => return Ok(None),
        Err(Errno::ELOOP | Errno::EXDEV) => return Err(io::Error::other("it is a link, and no link is followed")),
        Err(errno) => return Err(errno.into()),
    };
    if !file.metadata()?.is_file() {
        return Err(io::Error::other("it is not a regular file"));
    }
    let mut bytes = Vec::new();
    // One byte more than a configuration may have: the check then says what is wrong.
    file.take(SIZE_LIMIT + 1).read_to_end(&mut bytes)?;
    Ok(Some(bytes))
}

/// What is there instead. Of an ESP, which belongs to others, only what may be meant for us.
fn list(directory: &Path, is_esp: bool) -> Listing {
    let top = entries(directory);
    let mut found: Vec<Entry> = Vec::new();
    if is_esp {
        let ours = directory.join(DIRECTORY_ON_ESP);
        let is_ours = fs::symlink_metadata(&ours).is_ok_and(|metadata| metadata.is_dir());
        if is_ours {
            found.extend(entries(&ours).into_iter().map(|entry| entry.below(DIRECTORY_ON_ESP)));
        }
        found.extend(top.into_iter().filter(|entry| !entry.is_directory && is_nearly(&entry.name)));
        return listing(found, is_ours, is_nearly);
    }
    for directory_entry in top.iter().filter(|entry| entry.is_directory).take(DIRECTORIES) {
        let inside = entries(&directory.join(&directory_entry.path));
        let meant = inside.into_iter().filter(|entry| !entry.is_directory && is_nearly(&entry.name));
        found.extend(meant.map(|entry| entry.below(&directory_entry.name)));
    }
    found.extend(top);
    listing(found, true, |name| is_nearly(name) || is_json(name))
}

fn listing(mut found: Vec<Entry>, is_ours: bool, resembles: impl Fn(&str) -> bool) -> Listing {
    let is_meant = |entry: &Entry| !entry.is_directory && resembles(&entry.name);
    found.sort_by(|one, other| (!is_meant(one), &one.name).cmp(&(!is_meant(other), &other.name)));
    Listing {
        names: found.iter().take(SHOWN).map(Entry::shown).collect(),
        more: found.len().saturating_sub(SHOWN),
        resembles: found.iter().any(is_meant),
        is_ours,
    }
}

/// `Cluster-Config.json`, `cluster-config.json.txt`, `cluster_config (1).json`, as people and their programs call it.
fn is_nearly(name: &str) -> bool {
    let plain: String = name.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect();
    plain.contains("clusterconfig")
}

fn is_json(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    [".json", ".json.txt", ".jsn", ".jso"].iter().any(|ending| name.ends_with(ending))
}

/// Something in a directory.
struct Entry {
    name: String,
    path: PathBuf,
    is_directory: bool,
}

impl Entry {
    fn below(self, directory: &str) -> Self {
        Self { name: format!("{directory}/{}", self.name), ..self }
    }

    fn shown(&self) -> String {
        let name: String = self.name.chars().take(WIDTH).collect();
        let more = if name.len() < self.name.len() { "…" } else { "" };
        let slash = if self.is_directory { "/" } else { "" };
        format!("{:?}", format!("{name}{more}{slash}"))
    }
}

/// What is in a directory, without following a link.
fn entries(directory: &Path) -> Vec<Entry> {
    let read = fs::read_dir(directory).into_iter().flatten().flatten().take(READ);
    read.map(|entry| Entry {
        name: entry.file_name().to_string_lossy().into_owned(),
        path: PathBuf::from(entry.file_name()),
        is_directory: entry.file_type().is_ok_and(|kind| kind.is_dir()),
    })
    .collect()
}

/// `it holds "a", "b" and 3 more, and no cluster-config.json`.
impl fmt::Display for Listing {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let more = if self.more > 0 { format!(" and {} more", self.more) } else { String::new() };
        match &self.names[..] {
            [] => formatter.write_str("it is empty"),
            names => write!(formatter, "it holds {}{more}, and no {}", names.join(", "), config::FILE),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Content, Listing, Path, config, fs, read, read_beneath};
    use std::os::unix::fs::symlink;

    #[test]
    fn nothing_but_a_regular_file_is_read_and_no_link_is_followed() {
        let folder = tempfile::tempdir().unwrap();
        let (partition, file) = (folder.path().join("partition"), Path::new(config::FILE));
        fs::create_dir(&partition).unwrap();
        let secret = folder.path().join("secret");
        fs::write(&secret, "secret").unwrap();
        let read = || read_beneath(&partition, file);
        assert_eq!(read().unwrap(), None);
        for target in [secret.as_path(), Path::new("../secret"), Path::new("/dev/zero"), Path::new("elsewhere")] {
            symlink(target, partition.join(file)).unwrap();
            assert!(read().unwrap_err().to_string().contains("link"), "{target:?}");
            fs::remove_file(partition.join(file)).unwrap();
        }
        nix::unistd::mkfifo(&partition.join(file), nix::sys::stat::Mode::S_IRWXU).unwrap();
        assert!(read().unwrap_err().to_string().contains("regular"), "a FIFO without a writer must not block");
        fs::remove_file(partition.join(file)).unwrap();
        fs::write(partition.join(file), "{}").unwrap();
        assert_eq!(read().unwrap().unwrap(), b"{}");
    }

    /// What is found on a partition with these files; what ends in a slash is a directory.
    fn listed(files: &[&str], is_esp: bool) -> Listing {
        let folder = tempfile::tempdir().unwrap();
        for file in files {
            let path = folder.path().join(file);
            fs::create_dir_all(if file.ends_with('/') { path.as_path() } else { path.parent().unwrap() }).unwrap();
            if !file.ends_with('/') {
                fs::write(path, "secret").unwrap();
            }
        }
        match read(folder.path(), is_esp).unwrap() {
            Content::Otherwise(listing) => listing,
            Content::Configuration(_) => panic!("{files:?}"),
        }
    }

    #[test]
    fn f52_a_file_of_another_name_is_named() {
        for name in [
            "cluster-config.json.txt",
            "Cluster-Config.json",
            "CLUSTER-CONFIG.JSON",
            "cluster-config (1).json",
            "cluster_config.json",
            "cluster-config",
            "clusterconfig.json",
            "cluster-config.json.bak",
            "._cluster-config.json",
            "node04.json",
            "configs/cluster-config.json",
            "first-boot/cluster-config.json",
        ] {
            let listing = listed(&[name, "System Volume Information/", "aaa.txt"], false);
            assert!(listing.resembles && listing.names[0] == format!("{name:?}"), "{name}: {listing:?}");
            let said = listing.to_string();
            assert!(said.starts_with("it holds ") && said.ends_with(", and no cluster-config.json"), "{said}");
        }
        for names in [&["README.txt", "photos/"][..], &["System Volume Information/"]] {
            let listing = listed(names, false);
            assert!(!listing.resembles && listing.names.len() == names.len(), "{listing:?}");
        }
        assert_eq!(listed(&[], false).to_string(), "it is empty");
    }

    #[test]
    fn f52_an_esp_is_other_peoples_but_for_what_is_meant_for_us() {
        for (names, is_ours, resembles) in [
            (&["EFI/BOOT/BOOTX64.EFI", "loader/loader.conf", "startup.json"][..], false, false),
            (&["EFI/", "cluster-config.json"], false, true),
            (&["EFI/", "first-boot/"], true, false),
            (&["EFI/", "first-boot/cluster-config.json.txt"], true, true),
            (&["EFI/", "first-boot/other"], true, false),
            (&["first-boot"], false, false),
        ] {
            let listing = listed(names, true);
            assert_eq!((listing.is_ours, listing.resembles), (is_ours, resembles), "{names:?}: {listing:?}");
            assert!(listing.names.iter().all(|name| !name.contains("EFI")), "{listing:?}");
        }
    }

    #[test]
    fn f52_names_are_bounded_and_escaped_and_contents_are_not_shown() {
        let mut names: Vec<String> = (0..600).map(|number| format!("file{number:03}")).collect();
        names.push(format!("\u{1b}[2J\u{202e}{}.json", "x".repeat(200)));
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let said = listed(&names, false).to_string();
        assert!(said.len() < 800 && said.contains(" more, and no "), "{said}");
        assert!(!said.contains('\u{1b}') && !said.contains('\u{202e}') && !said.contains("secret"), "{said}");
    }
}
