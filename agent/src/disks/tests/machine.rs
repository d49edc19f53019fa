//! A machine in a folder: the files of sysfs and udev, and images for device nodes.

use std::fs;
use std::io::{Cursor, Write};
use std::path::{Path, PathBuf};

use gpt::disk::LogicalBlockSize;
use gpt::mbr::ProtectiveMBR;
use gpt::partition_types::{EFI, LINUX_ROOT_X64, Type};
use tempfile::TempDir;

pub(crate) const MIB: u64 = 1 << 20;

pub(crate) struct Machine {
    folder: TempDir,
    disks: u32,
}

impl Machine {
    pub(crate) fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap(), disks: 0 }
    }

    pub(crate) fn root(&self) -> &Path {
        self.folder.path()
    }

    /// Writes a file, and the folders that it is in.
    pub(crate) fn write(&self, path: impl AsRef<Path>, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.root().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, content).unwrap();
        path
    }

    /// A disk with these bytes; gives the path of its image.
    pub(crate) fn disk(&mut self, name: &str, serial: &str, sector: u64, image: &[u8]) -> PathBuf {
        let at = Path::new("sys/class/block").join(name);
        let minor = self.disks * 16;
        self.disks += 1;
        for (attribute, value) in [
            ("dev", format!("254:{minor}")),
            ("size", (image.len() / 512).to_string()),
            ("removable", "0".to_owned()),
            ("ro", "0".to_owned()),
            ("queue/logical_block_size", sector.to_string()),
            ("queue/physical_block_size", sector.to_string()),
            ("serial", serial.to_owned()),
            ("device/vendor", "0x1af4".to_owned()),
        ] {
            self.write(at.join(attribute), format!("{value}\n"));
        }
        self.write(
            format!("run/udev/data/b254:{minor}"),
            format!("S:disk/by-id/virtio-{serial}\nE:ID_SERIAL={serial}\nE:ID_PART_TABLE_TYPE=gpt\n"),
        );
        self.write(Path::new("dev").join(name), image)
    }

    /// A partition as the kernel and udev show it, of the disk that was made last.
    pub(crate) fn partition(&self, disk: &str, number: u32, label: &str, kind: &str, mib: (u64, u64)) {
        let at = format!("sys/class/block/{disk}/{disk}{number}");
        let minor = (self.disks - 1) * 16 + number;
        self.write(format!("{at}/partition"), format!("{number}\n"));
        self.write(format!("{at}/dev"), format!("254:{minor}\n"));
        self.write(format!("{at}/start"), format!("{}\n", mib.0 * 2048));
        self.write(format!("{at}/size"), format!("{}\n", mib.1 * 2048));
        self.write(format!("{at}/uevent"), format!("DEVTYPE=partition\nPARTN={number}\nPARTNAME={label}\n"));
        let encoded = label.replace(' ', "\\x20");
        self.write(
            format!("run/udev/data/b254:{minor}"),
            format!("E:ID_PART_ENTRY_NAME={encoded}\nE:ID_PART_ENTRY_TYPE={kind}\n"),
        );
    }
}

/// A disk of 64 MiB with an ESP of 8 MiB and a root partition of 16 MiB, as `gpt` itself writes it.
pub(crate) fn image(sector: u64) -> Vec<u8> {
    with_partitions(sector, 64 * MIB, &[("esp", EFI, 8), ("root disk", LINUX_ROOT_X64, 16)])
}

/// An image with partitions of so many MiB.
pub(crate) fn with_partitions(sector: u64, bytes: u64, partitions: &[(&str, Type, u64)]) -> Vec<u8> {
    let mut image = Cursor::new(vec![0_u8; usize::try_from(bytes).unwrap()]);
    ProtectiveMBR::with_lb_size(u32::try_from(bytes / sector - 1).unwrap()).overwrite_lba0(&mut image).unwrap();
    let mut disk = gpt::GptConfig::new()
        .writable(true)
        .logical_block_size(LogicalBlockSize::try_from(sector).unwrap())
        .create_from_device(image, None)
        .unwrap();
    for (label, kind, mib) in partitions {
        disk.add_partition(label, mib * MIB, kind.clone(), 0, Some(MIB / sector)).unwrap();
    }
    disk.write().unwrap().into_inner()
}

/// Breaks the header in the second sector, or in the last.
pub(crate) fn break_header(image: &mut [u8], sector: u64, backup: bool) {
    let at = if backup { image.len() as u64 - sector } else { sector };
    image[usize::try_from(at).unwrap() + 60] ^= 0xff;
}

/// A disk with a master boot record and one partition of Linux.
pub(crate) fn mbr(bytes: u64) -> Vec<u8> {
    let mut image = vec![0_u8; usize::try_from(bytes).unwrap()];
    let mut record = &mut image[446..462];
    record.write_all(&[0x80, 0, 0, 0, 0x83, 0, 0, 0]).unwrap();
    record.write_all(&2048_u32.to_le_bytes()).unwrap();
    record.write_all(&2048_u32.to_le_bytes()).unwrap();
    image[510..512].copy_from_slice(&[0x55, 0xaa]);
    image
}
