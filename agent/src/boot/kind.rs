//! What kind of boot this is: the initrd is the same in all of them.

use std::fmt;
use std::fs;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::markers;
use crate::mount_watch::file_system_at;

use super::within;

/// Root file systems that are not on a disk of this machine.
const NOT_ON_A_DISK: [&str; 9] = ["tmpfs", "ramfs", "rootfs", "overlay", "squashfs", "nfs", "nfs4", "9p", "virtiofs"];

/// What kind of boot this is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum BootKind {
    /// From the network or a USB drive, all in memory: an installer, or a machine without a disk.
    Netboot,
    /// From the disk, and no step of the first boot is done.
    FirstBoot,
    /// From the disk, on a node that has a marker.
    LaterBoot,
    /// Without a root file system nothing shows which it is.
    Unknown,
}

impl fmt::Display for BootKind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Netboot => "a boot from memory (network or installer)",
            Self::FirstBoot => "a first boot from disk",
            Self::LaterBoot => "a later boot from disk",
            Self::Unknown => "a boot of unknown kind",
        })
    }
}

impl BootKind {
    /// By the root file system whose tree is at `root`, and which is mounted at `place`; `mounts` is
    /// `/proc/self/mountinfo`.
    ///
    /// Markers on a file system that the initrd does not mount are not seen; the join units see them.
    #[must_use]
    pub fn of(root: &Path, place: &Path, mounts: &str) -> Self {
        let Some(file_system) = file_system_at(place, mounts) else {
            return Self::Unknown;
        };
        let installer = fs::read_to_string(within(root, "etc/os-release")).is_ok_and(|text| {
            text.lines().any(|line| line.trim_matches('"').replace('"', "") == "VARIANT_ID=installer")
        });
        if NOT_ON_A_DISK.contains(&file_system) || installer {
            return Self::Netboot;
        }
        let markers = markers::Markers::new(within(root, markers::DEFAULT_DIRECTORY));
        let marked = !markers.services().is_empty();
        if marked { Self::LaterBoot } else { Self::FirstBoot }
    }
}

#[cfg(test)]
mod tests {
    use super::{BootKind, Path, fs};

    fn mounts(place: &Path, file_system: &str) -> String {
        let place = place.display();
        format!(
            "1 1 0:2 / / rw - rootfs rootfs rw\n30 1 8:1 / {place} rw,relatime shared:1 - {file_system} /dev/vda rw\n\
             31 1 0:22 / /run rw - tmpfs tmpfs rw\n"
        )
    }

    fn kind(root: &Path, file_system: &str) -> BootKind {
        BootKind::of(root, root, &mounts(root, file_system))
    }

    #[test]
    fn the_root_file_system_and_the_markers_decide() {
        let root = tempfile::tempdir().unwrap();
        assert_eq!(kind(root.path(), "ext4"), BootKind::FirstBoot);
        assert_eq!(kind(root.path(), "tmpfs"), BootKind::Netboot);
        assert_eq!(kind(root.path(), "overlay"), BootKind::Netboot);
        assert_eq!(BootKind::of(root.path(), root.path(), "1 1 0:2 / / rw - rootfs rootfs rw\n"), BootKind::Unknown);

        fs::create_dir_all(root.path().join("etc")).unwrap();
        fs::write(root.path().join("etc/os-release"), "ID=nixos\nVARIANT_ID=\"installer\"\n").unwrap();
        assert_eq!(kind(root.path(), "ext4"), BootKind::Netboot);
        fs::write(root.path().join("etc/os-release"), "ID=nixos\n").unwrap();

        let markers = root.path().join("var/lib/first-boot-automation");
        fs::create_dir_all(&markers).unwrap();
        assert_eq!(kind(root.path(), "ext4"), BootKind::FirstBoot);
        fs::write(markers.join(".chainfire-joined"), "2025-12-10T10:30:45+00:00\n").unwrap();
        assert_eq!(kind(root.path(), "ext4"), BootKind::LaterBoot);
    }
}
