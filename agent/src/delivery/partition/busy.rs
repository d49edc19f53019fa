//! A partition that is already in use: where it is mounted, or why it cannot be read. Must not mount anything.

use std::ffi::OsString;
use std::fs;
use std::io;
use std::os::unix::ffi::OsStringExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use nix::sys::stat::{major, minor};

use crate::sysfs::unescaped;

/// The mounts that this thread sees, which has a namespace of its own.
const MOUNTS: &str = "/proc/thread-self/mountinfo";

/// The directory at which all of a device is mounted.
pub(super) fn place_of(device: &Path) -> io::Result<PathBuf> {
    let number = fs::metadata(device)?.rdev();
    let mounts = fs::read(MOUNTS)?;
    // Another mount may be over it.
    let is_seen = |place: &PathBuf| fs::metadata(place).is_ok_and(|metadata| metadata.dev() == number);
    places(number, &mounts).into_iter().find(is_seen).ok_or_else(|| io::Error::other(in_use(device)))
}

/// The places of the mounts of a device's root directory (`proc_pid_mountinfo(5)`), the last first.
fn places(number: u64, mounts: &[u8]) -> Vec<PathBuf> {
    let number = format!("{}:{}", major(number), minor(number));
    let lines = mounts.split(|byte| *byte == b'\n').rev();
    let place = |line: &[u8]| {
        let mut fields = line.split(|byte| *byte == b' ').skip(2);
        let (device, root, place) = (fields.next()?, fields.next()?, fields.next()?);
        // Blanks, tabs, line ends and backslashes are written as three octal digits behind a backslash.
        let path = || OsString::from_vec(unescaped(place, br"\", 3, 8)).into();
        (device == number.as_bytes() && root == b"/").then(path)
    };
    lines.filter_map(place).collect()
}

/// Why it cannot be read, with who has it: device-mapper, or a RAID that it is a part of.
fn in_use(device: &Path) -> String {
    let name = device.file_name().unwrap_or_default().to_string_lossy();
    let holders = fs::read_dir(format!("/sys/class/block/{name}/holders")).into_iter().flatten().flatten();
    let holders: Vec<String> = holders.map(|holder| holder.file_name().to_string_lossy().into_owned()).collect();
    match &holders[..] {
        [] => "it is in use, and not mounted where it could be read: lsblk shows by what".to_owned(),
        holders => format!("it is in use by {}, which it is a part of: lsblk shows what that is", holders.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::{fs, in_use, place_of, places};
    use nix::sys::stat::makedev;
    use std::os::unix::fs::MetadataExt;
    use std::path::{Path, PathBuf};

    #[test]
    fn the_last_mount_of_the_whole_device_is_found() {
        let mounts = b"22 1 254:2 / / rw - ext4 /dev/vda2 rw\n\
            23 22 254:1 / /boot rw - vfat /dev/vda1 rw\n\
            24 22 254:1 /EFI /run/part rw - vfat /dev/vda1 rw\n\
            25 22 254:1 / /run/with\\040blank\\134x rw shared:1 - vfat /dev/vda1 rw\n\
            26 22 254:17 / /other rw - vfat /dev/vdb1 rw\nbroken\n";
        let found = places(makedev(254, 1), mounts);
        assert_eq!(found, [PathBuf::from("/run/with blank\\x"), PathBuf::from("/boot")]);
        assert_eq!(places(makedev(254, 3), mounts), [] as [PathBuf; 0]);
    }

    #[test]
    fn a_real_mount_is_found_by_its_device() {
        // Any node whose device is mounted somewhere in whole: not every machine has one.
        let mounts = fs::read("/proc/self/mountinfo").unwrap();
        let devices = fs::read_dir("/dev").unwrap().flatten().map(|entry| entry.path());
        let is_mounted = |device: &PathBuf| {
            fs::metadata(device)
                .is_ok_and(|metadata| metadata.rdev() != 0 && !places(metadata.rdev(), &mounts).is_empty())
        };
        for device in devices.filter(is_mounted) {
            if let Ok(place) = place_of(&device) {
                assert_eq!(fs::metadata(place).unwrap().dev(), fs::metadata(&device).unwrap().rdev(), "{device:?}");
            }
        }
        assert!(place_of(Path::new("/dev/null")).unwrap_err().to_string().contains("in use"));
        assert!(place_of(Path::new("/dev/no such")).is_err());
        assert!(in_use(Path::new("/dev/no such")).contains("lsblk"));
    }
}
