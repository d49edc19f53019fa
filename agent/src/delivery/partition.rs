//! A configuration on a partition: which partitions may hold one, and how it is read off without leaving a trace.
//!
//! The partition is mounted read-only in a mount namespace that ends with the thread that reads: no other process ever
//! sees the mount, and nothing is left to unmount, whatever happens. What is on it is somebody's whom nobody knows: no link
//! is followed, nothing but a regular file is read, and no file system is mounted that writes although it must not, or that
//! can be told to stop the kernel, as ext4 can. All of it blocks: see `initrd` for who waits.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use nix::errno::Errno;
use nix::fcntl::{OFlag, OpenHow, ResolveFlag, open, openat2};
use nix::mount::{MsFlags, mount};
use nix::sched::{CloneFlags, unshare};
use nix::sys::stat::Mode;

use crate::config::{self, SIZE_LIMIT};
use crate::disks::{Disk, Partition, PartitionType};

/// The name of the type, and the label of a partition that has another type, as some tools set labels only.
pub const NAME: &str = "first-boot-config";

/// The directory on an EFI system partition, which belongs to others as well.
pub const DIRECTORY_ON_ESP: &str = "first-boot";

/// The file systems that such a partition may have, most likely first: each has its magic, so a wrong one is refused.
const FILE_SYSTEMS: &[&str] = &["vfat", "iso9660", "erofs", "squashfs"];
const ESP_FILE_SYSTEMS: &[&str] = &["vfat"];

const NOTHING: Option<&str> = None;

/// A partition that may hold a configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// Its device node.
    pub device: PathBuf,
    /// What it is called in messages.
    pub name: String,
    /// Whether it is an ESP, which need not have anything to do with us.
    pub is_esp: bool,
}

/// The partitions that may hold a configuration: those of our type, those of our label, then ESPs.
#[must_use]
pub fn candidates(disks: &[Disk]) -> Vec<Candidate> {
    let partitions = || disks.iter().flat_map(|disk| &disk.table.partitions);
    let of_type = partitions().filter(|partition| is_of_type(partition));
    let of_label = partitions().filter(|partition| !is_of_type(partition) && is_of_label(partition));
    let esps = partitions().filter(|partition| is_esp(partition) && !is_of_label(partition));
    of_type.chain(of_label).chain(esps).filter_map(candidate).collect()
}

fn is_of_type(partition: &Partition) -> bool {
    partition.kind.as_ref().is_some_and(|kind| kind.name() == Some(NAME))
}

fn is_of_label(partition: &Partition) -> bool {
    partition.label.as_deref() == Some(NAME)
}

fn is_esp(partition: &Partition) -> bool {
    partition.kind.as_ref().is_some_and(PartitionType::is_esp)
}

fn candidate(partition: &Partition) -> Option<Candidate> {
    // A partition that the kernel does not show cannot be mounted.
    let device = partition.path.clone()?;
    let is_esp = is_esp(partition) && !is_of_label(partition);
    let what = if is_esp { "EFI system partition".to_owned() } else { format!("partition {NAME}") };
    let name = format!("/{} on the {what} {}", file(is_esp).display(), device.display());
    Some(Candidate { device, name, is_esp })
}

/// Where the configuration is on such a partition.
fn file(is_esp: bool) -> PathBuf {
    if is_esp { Path::new(DIRECTORY_ON_ESP).join(config::FILE) } else { PathBuf::from(config::FILE) }
}

/// Why nothing could be read of a partition.
#[derive(Debug)]
pub enum Unreadable {
    /// It cannot be mounted: whether there is a configuration on it nobody can say.
    Partition(io::Error),
    /// The configuration's file, or what stands in its place.
    File(io::Error),
}

impl Candidate {
    /// The bytes of its configuration; `None` where it holds none. `directory` is made, and is what is mounted on. The
    /// calling thread must be one that ends with this work: it gets a mount namespace of its own.
    ///
    /// # Errors
    /// The partition or the file cannot be read.
    pub fn read(&self, directory: &Path) -> Result<Option<Vec<u8>>, Unreadable> {
        self.mount(directory).map_err(Unreadable::Partition)?;
        read_beneath(directory, &file(self.is_esp)).map_err(Unreadable::File)
    }

    fn mount(&self, directory: &Path) -> io::Result<()> {
        fs::create_dir_all(directory)?;
        unshare(CloneFlags::CLONE_NEWNS)?;
        mount(NOTHING, "/", NOTHING, MsFlags::MS_REC | MsFlags::MS_PRIVATE, NOTHING)?;
        mount_read_only(&self.device, directory, if self.is_esp { ESP_FILE_SYSTEMS } else { FILE_SYSTEMS })
    }
}

fn mount_read_only(device: &Path, directory: &Path, file_systems: &[&str]) -> io::Result<()> {
    let flags = MsFlags::MS_NOSUID | MsFlags::MS_NODEV | MsFlags::MS_NOEXEC | MsFlags::MS_SILENT;
    let mut refused = Vec::new();
    for file_system in file_systems {
        let attempt = |flags| mount(Some(device), directory, Some(*file_system), flags, NOTHING);
        // What the boot itself has mounted for writing cannot be mounted otherwise; it is read all the same.
        let mounted = attempt(flags | MsFlags::MS_RDONLY).or_else(|errno| match errno {
            Errno::EBUSY => attempt(flags),
            other => Err(other),
        });
        match mounted {
            Ok(()) => return Ok(()),
            Err(errno) => refused.push(format!("{file_system}: {}", errno.desc())),
        }
    }
    Err(io::Error::other(format!("it cannot be mounted ({})", refused.join("; "))))
}

/// A regular file below a directory, reached without a link: one could lead to a watchdog, a secret, or nowhere.
fn read_beneath(directory: &Path, file: &Path) -> io::Result<Option<Vec<u8>>> {
    let flags = OFlag::O_CLOEXEC | OFlag::O_NONBLOCK | OFlag::O_NOCTTY;
    let directory = open(directory, OFlag::O_DIRECTORY | OFlag::O_CLOEXEC, Mode::empty())?;
    let how = OpenHow::new().flags(flags).resolve(ResolveFlag::RESOLVE_BENEATH | ResolveFlag::RESOLVE_NO_SYMLINKS);
    let file = match openat2(&directory, file, how) {
        Ok(descriptor) => File::from(descriptor),
        Err(Errno::ENOENT) => return Ok(None),
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

#[cfg(test)]
mod tests {
    use super::{Path, config, fs, read_beneath};
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
}
