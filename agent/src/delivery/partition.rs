//! A configuration on a partition: which partitions may hold one, and how it is read off without leaving a trace.
//!
//! The partition is mounted read-only in a mount namespace that ends with the thread that reads: no other process ever
//! sees the mount, and nothing is left to unmount, whatever happens. Where the boot has mounted it for writing, which rules
//! out a mount of another kind, it is read where that is; it is never mounted for writing here. Its content is
//! untrusted: no link is followed, nothing but a regular file is read, and no file system is mounted that writes
//! although it must not, or that can be set to stop the kernel, as ext4 can. All of it blocks: see `initrd` for who waits.

mod busy;
mod contents;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use nix::errno::Errno;
use nix::mount::{MsFlags, mount};
use nix::sched::{CloneFlags, unshare};

use crate::config;
use crate::disks::{Disk, Partition, PartitionType};

pub use contents::{Content, Listing};

/// The name of the type, and the label of a partition that has another type, as some tools set labels only. A label is typed
/// by hand: another spelling of it is the same one.
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
pub(crate) fn candidates(disks: &[Disk]) -> Vec<Candidate> {
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
    let spelled = |label: &str| label.trim().replace(['_', ' '], "-").eq_ignore_ascii_case(NAME);
    partition.label.as_deref().is_some_and(spelled)
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

/// The partitions of our type or label that the kernel does not show, for people: their content is unknown.
pub(crate) fn unseen(disks: &[Disk]) -> Vec<String> {
    let partitions = disks.iter().flat_map(|disk| disk.table.partitions.iter().map(move |partition| (disk, partition)));
    let hidden = partitions
        .filter(|(_, partition)| partition.path.is_none() && (is_of_type(partition) || is_of_label(partition)));
    hidden
        .map(|(disk, partition)| format!("partition {} ({NAME}) of {}", partition.number, disk.path.display()))
        .collect()
}

/// Why nothing could be read of a partition.
#[derive(Debug)]
pub enum Unreadable {
    /// It cannot be mounted, so it is unknown whether it has a configuration.
    Partition(io::Error),
    /// The configuration's file, or what is in its place.
    File(io::Error),
}

impl Candidate {
    /// What it has. `directory` is made, and is what is mounted on. The calling thread must be one that ends with this work:
    /// it gets a mount namespace of its own.
    ///
    /// # Errors
    /// The partition or the file cannot be read.
    pub fn read(&self, directory: &Path) -> Result<Content, Unreadable> {
        self.read_by(directory, mount_read_only)
    }

    /// The same with a way to mount, for tests.
    fn read_by(
        &self,
        directory: &Path,
        mount: impl Fn(&Path, &Path, &[&str]) -> io::Result<()>,
    ) -> Result<Content, Unreadable> {
        fs::create_dir_all(directory).map_err(Unreadable::Partition)?;
        let file_systems = if self.is_esp { ESP_FILE_SYSTEMS } else { FILE_SYSTEMS };
        let place = match mount(&self.device, directory, file_systems) {
            Ok(()) => Ok(directory.to_owned()),
            Err(error) if error.kind() == io::ErrorKind::ResourceBusy => busy::place_of(&self.device),
            Err(error) => Err(error),
        };
        contents::read(&place.map_err(Unreadable::Partition)?, self.is_esp).map_err(Unreadable::File)
    }
}

/// Mounts it where no other process sees it. Busy is what is mounted for writing, or what another device has.
fn mount_read_only(device: &Path, directory: &Path, file_systems: &[&str]) -> io::Result<()> {
    let private = MsFlags::MS_REC | MsFlags::MS_PRIVATE;
    unshare(CloneFlags::CLONE_NEWNS).and_then(|()| mount(NOTHING, "/", NOTHING, private, NOTHING))?;
    let flags = MsFlags::MS_RDONLY | MsFlags::MS_NOSUID | MsFlags::MS_NODEV | MsFlags::MS_NOEXEC | MsFlags::MS_SILENT;
    let mut refused = Vec::new();
    for file_system in file_systems {
        match mount(Some(device), directory, Some(*file_system), flags, NOTHING) {
            Ok(()) => return Ok(()),
            Err(Errno::EBUSY) => return Err(Errno::EBUSY.into()),
            Err(errno) => refused.push(format!("{file_system}: {}", errno.desc())),
        }
    }
    Err(io::Error::other(format!("it cannot be mounted ({})", refused.join("; "))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_busy_partition_is_never_mounted_for_writing() {
        let folder = tempfile::tempdir().unwrap();
        let candidate = Candidate { device: "/dev/null".into(), name: "a partition".to_owned(), is_esp: false };
        let place = folder.path().join("place");
        let busy = |_: &Path, _: &Path, _: &[&str]| Err(Errno::EBUSY.into());
        let error = candidate.read_by(&place, busy).unwrap_err();
        let Unreadable::Partition(error) = error else { panic!("{error:?}") };
        assert!(error.to_string().contains("in use"), "{error}");
    }

    #[test]
    fn what_is_mounted_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let candidate = Candidate { device: "/dev/null".into(), name: "a partition".to_owned(), is_esp: true };
        let place = folder.path().join("place");
        let mount = |_: &Path, place: &Path, file_systems: &[&str]| {
            assert_eq!(file_systems, ["vfat"]);
            fs::create_dir(place.join(DIRECTORY_ON_ESP)).unwrap();
            fs::write(place.join(DIRECTORY_ON_ESP).join(config::FILE), "{}").unwrap();
            Ok(())
        };
        let content = candidate.read_by(&place, mount).unwrap();
        assert_eq!(content, Content::Configuration(b"{}".to_vec()));
    }
}
