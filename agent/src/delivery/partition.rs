//! A configuration on a partition: which partitions may hold one, and how it is read off without leaving a trace.
//!
//! The partition is mounted read-only in a mount namespace that ends with the thread that reads: no other process ever
//! sees the mount, and nothing is left to unmount, whatever happens. All of it blocks: see `Search` for who waits.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use nix::mount::{MsFlags, mount};
use nix::sched::{CloneFlags, unshare};

use crate::config::SIZE_LIMIT;
use crate::disks::{Disk, Partition};

/// The GPT type of a partition that is there for the configuration alone.
pub const TYPE: &str = "first-boot-config";
/// The label of one that has another type, as some tools set labels only.
pub const LABEL: &str = "first-boot-config";

/// The file on a partition of its own, and on an EFI system partition, which belongs to others as well.
const FILE: &str = "cluster-config.json";
const FILE_ON_ESP: &str = "first-boot/cluster-config.json";

/// The file systems that such a partition may have, most likely first: each has its magic, so a wrong one is refused.
const FILE_SYSTEMS: [(&str, Option<&str>); 5] =
    [("vfat", None), ("ext4", Some("norecovery")), ("iso9660", None), ("erofs", None), ("squashfs", None)];
const ESP_FILE_SYSTEMS: [(&str, Option<&str>); 1] = [("vfat", None)];

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
    partition.kind.as_ref().is_some_and(|kind| kind.name() == Some(TYPE))
}

fn is_of_label(partition: &Partition) -> bool {
    partition.label.as_deref() == Some(LABEL)
}

fn is_esp(partition: &Partition) -> bool {
    partition.kind.as_ref().is_some_and(crate::disks::PartitionType::is_esp)
}

fn candidate(partition: &Partition) -> Option<Candidate> {
    // A partition that the kernel does not show cannot be mounted.
    let device = partition.path.clone()?;
    let is_esp = is_esp(partition) && !is_of_label(partition);
    let file = if is_esp { FILE_ON_ESP } else { FILE };
    let what = if is_esp { "EFI system partition" } else { "partition first-boot-config" };
    Some(Candidate { name: format!("/{file} on the {what} {}", device.display()), device, is_esp })
}

impl Candidate {
    /// The bytes of its configuration; `None` where it holds none. `directory` is made, and is what is mounted on.
    ///
    /// # Errors
    /// The partition or the file cannot be read.
    pub fn read(&self, directory: &Path) -> io::Result<Option<Vec<u8>>> {
        let (device, directory, is_esp) = (self.device.clone(), directory.to_owned(), self.is_esp);
        // The namespace is the thread's own and ends with it.
        let reading = std::thread::spawn(move || read_off(&device, &directory, is_esp));
        reading.join().unwrap_or_else(|_| Err(io::Error::other("reading the partition was aborted")))
    }
}

fn read_off(device: &Path, directory: &Path, is_esp: bool) -> io::Result<Option<Vec<u8>>> {
    const NOTHING: Option<&str> = None;
    fs::create_dir_all(directory)?;
    unshare(CloneFlags::CLONE_NEWNS)?;
    mount(NOTHING, "/", NOTHING, MsFlags::MS_REC | MsFlags::MS_PRIVATE, NOTHING)?;
    mount_read_only(device, directory, is_esp)?;
    let file = match File::open(directory.join(if is_esp { FILE_ON_ESP } else { FILE })) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    if !file.metadata()?.is_file() {
        return Err(io::Error::other("it is not a regular file"));
    }
    let mut bytes = Vec::new();
    // One byte more than a configuration may have: the check then says what is wrong.
    file.take(SIZE_LIMIT + 1).read_to_end(&mut bytes)?;
    Ok(Some(bytes))
}

fn mount_read_only(device: &Path, directory: &Path, is_esp: bool) -> io::Result<()> {
    let flags = MsFlags::MS_RDONLY | MsFlags::MS_NOSUID | MsFlags::MS_NODEV | MsFlags::MS_NOEXEC | MsFlags::MS_SILENT;
    let file_systems: &[(&str, Option<&str>)] = if is_esp { &ESP_FILE_SYSTEMS } else { &FILE_SYSTEMS };
    let mut refused = Vec::new();
    for (file_system, options) in file_systems {
        match mount(Some(device), directory, Some(*file_system), flags, *options) {
            Ok(()) => return Ok(()),
            Err(errno) => refused.push(format!("{file_system}: {}", errno.desc())),
        }
    }
    Err(io::Error::other(format!("it cannot be mounted ({})", refused.join("; "))))
}
