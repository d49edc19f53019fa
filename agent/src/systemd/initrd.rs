//! systemd in the initrd: when the root file system is there, and how a boot is stopped.
//!
//! PID 1 is there, but may be busy: it reads all units again when the root file system appears, and an emulated or a slow
//! machine takes seconds for it. So it is asked again, as nowhere else.

use std::path::Path;
use std::time::Duration;

use super::patience::patiently;
use super::{ActiveState, Systemd, SystemdError};
use crate::initrd::SYSROOT;
use crate::mount_watch::mounted_within;
use crate::sysfs::Tree;

/// How often PID 1 is asked while nothing is mounted there.
const ASK_AGAIN: Duration = Duration::from_secs(30);
/// Reached when the root file system is mounted, however it is (bootup(7)).
const ROOT_IS_THERE: &str = "initrd-root-fs.target";
/// Reached when all is mounted in it that the initrd mounts (bootup(7)).
const ALL_IS_THERE: &str = "initrd-fs.target";
/// Where the mounts of an initrd are described, by generators and by the image's builder.
const UNITS: [&str; 2] = ["run/systemd/generator", "etc/systemd/system"];
/// What else has to be done to the root file system before it is there, such as `systemd-volatile-root.service`, which mounts
/// another one in its place (systemd-volatile-root.service(8)): the links of [`ROOT_IS_THERE`].
const NEEDED_BY_ROOT: [&str; 2] = ["initrd-root-fs.target.requires", "initrd-root-fs.target.wants"];
/// The mount of the root file system itself.
const ROOT_MOUNT: &str = "sysroot.mount";
/// Where the root file system asks for some of its own (systemd.mount(5): `x-initrd.mount`).
const FSTAB: &str = "sysroot/etc/fstab";
/// How long PID 1 may be too busy to answer.
const BUSY: Duration = Duration::from_secs(30);

/// Returns when the root file system is mounted, and with it all that the initrd mounts. It may wait for a passphrase, as long
/// as it takes a person to come.
///
/// # Errors
/// systemd cannot be reached: nothing would report the end of a wait.
pub async fn root_is_there() -> Result<(), SystemdError> {
    root_is_mounted().await?;
    if mounts_more(Path::new("/")) {
        until_active(ALL_IS_THERE).await?;
    }
    Ok(())
}

/// Stops the boot where an operator can take over: what `systemctl emergency` asks for. Everything else that was about to be
/// started no longer is; units that run are stopped, the caller's among them.
///
/// # Errors
/// systemd refuses, or cannot be reached.
pub async fn stop_the_boot() -> Result<(), SystemdError> {
    const EMERGENCY: &str = "emergency.target";
    connected().await?.session().await?.start_unit(EMERGENCY, "isolate").await
}

/// PID 1 signals every unit and every device to every new listener, which costs both more than all that this stage does. So the
/// mount is waited for first, with the kernel. PID 1 is asked now and then whether there will be none, and in the end only where
/// the mount is not all that makes the root file system.
async fn root_is_mounted() -> Result<(), SystemdError> {
    // Where the kernel cannot be asked, PID 1 is.
    while let Ok(false) = mounted_within(ASK_AGAIN, SYSROOT.into()).await {
        if connected().await?.watch(ROOT_IS_THERE).await?.next().await?.active == ActiveState::Active {
            return Ok(());
        }
    }
    if takes_more_than_its_mount(Path::new("/")) { until_active(ROOT_IS_THERE).await } else { Ok(()) }
}

async fn until_active(unit: &str) -> Result<(), SystemdError> {
    let mut watch = connected().await?.watch(unit).await?;
    while watch.next().await?.active != ActiveState::Active {}
    Ok(())
}

/// Whether the initrd below `root` does more to its root file system than mount it.
fn takes_more_than_its_mount(root: &Path) -> bool {
    let folders = UNITS.iter().flat_map(|units| NEEDED_BY_ROOT.map(|needed| format!("{units}/{needed}")));
    folders.flat_map(|folder| Tree::at(root).names(&folder)).any(|name| name != ROOT_MOUNT)
}

/// Whether the initrd below `root` mounts more than the root file system and its `/usr`, such as a `/var` with the markers.
fn mounts_more(root: &Path) -> bool {
    let mut names = UNITS.iter().flat_map(|folder| Tree::at(root).names(folder));
    let is_further = |name: String| {
        let place = name.strip_prefix("sysroot-").and_then(|rest| rest.strip_suffix(".mount"));
        place.is_some_and(|place| place != "usr")
    };
    names.any(is_further)
        || Tree::at(root).bytes(FSTAB).is_some_and(|text| String::from_utf8_lossy(&text).contains("x-initrd.mount"))
}

async fn connected() -> Result<Systemd, SystemdError> {
    patiently(BUSY, Systemd::connect).await
}

#[cfg(test)]
mod tests {
    use super::{mounts_more, takes_more_than_its_mount};
    use std::fs;

    #[test]
    fn what_an_initrd_mounts_beside_the_root_is_seen() {
        let further = [
            ("run/systemd/generator/sysroot-var.mount", "", true),
            ("etc/systemd/system/sysroot-etc-nixos.mount", "", true),
            ("sysroot/etc/fstab", "LABEL=var /var ext4 x-initrd.mount 0 2\n", true),
            ("run/systemd/generator/sysroot.mount", "", false),
            ("run/systemd/generator/sysroot-usr.mount", "", false),
            ("sysroot/etc/fstab", "LABEL=root / ext4 defaults 0 1\n", false),
        ];
        for (path, text, expected) in further {
            let root = tempfile::tempdir().unwrap();
            assert!(!mounts_more(root.path()));
            let path = root.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(&path, text).unwrap();
            assert_eq!(mounts_more(root.path()), expected, "{}", path.display());
        }
    }

    #[test]
    fn what_an_initrd_does_to_its_root_beside_mounting_it_is_seen() {
        let links = [
            ("run/systemd/generator/initrd-root-fs.target.requires/sysroot.mount", false),
            ("run/systemd/generator/initrd-root-fs.target.requires/systemd-volatile-root.service", true),
            ("etc/systemd/system/initrd-root-fs.target.wants/rollback.service", true),
            ("etc/systemd/system/initrd-fs.target.requires/sysroot-var.mount", false),
        ];
        for (link, expected) in links {
            let root = tempfile::tempdir().unwrap();
            let link = root.path().join(link);
            fs::create_dir_all(link.parent().unwrap()).unwrap();
            fs::write(&link, "").unwrap();
            assert_eq!(takes_more_than_its_mount(root.path()), expected, "{}", link.display());
        }
    }
}
