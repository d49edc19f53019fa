//! systemd in the initrd: when the root file system is there, and how a boot is stopped.
//!
//! PID 1 is there, but may be busy: it reads all units again when the root file system appears, and an emulated or a slow
//! machine takes seconds for it. So it is asked again, as nowhere else.

mod root_units;

use std::io;
use std::path::Path;
use std::time::Duration;

use super::patience::patiently;
use super::{ActiveState, Systemd, SystemdError};
use crate::initrd::SYSROOT;
use crate::mount_watch::mounted_within;
use crate::sysfs::Tree;

use root_units::RootUnits;

/// How often PID 1 is asked while nothing is mounted there.
const ASK_AGAIN: Duration = Duration::from_secs(30);
/// Reached when the root file system is mounted, however it is (bootup(7)).
const ROOT_IS_THERE: &str = "initrd-root-fs.target";
/// Reached when all is mounted in it that the initrd mounts (bootup(7)).
const ALL_IS_THERE: &str = "initrd-fs.target";
/// Where the root file system asks for some of its own (systemd.mount(5): `x-initrd.mount`).
const FSTAB: &str = "sysroot/etc/fstab";
/// How long PID 1 may be too busy to answer.
const BUSY: Duration = Duration::from_secs(30);

/// Returns when the root file system is mounted, and with it all that the initrd mounts. It may wait for a passphrase, as long
/// as it takes a person to come.
///
/// PID 1 signals every unit and every device to every new listener, which costs the boot more than all that this stage does. So
/// the kernel reports the mount, and PID 1 is asked only what follows from no mount.
///
/// # Errors
/// systemd cannot be reached: nothing would report the end of a wait.
pub async fn root_is_there() -> Result<(), SystemdError> {
    let units = RootUnits::of(Path::new("/"));
    root_is_ready(units, async || mounted_within(ASK_AGAIN, SYSROOT.into()).await, is_active, until_active).await?;
    if units.holds_mounts || fstab_holds_mounts(Path::new("/")) {
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

/// The root file system is mounted, and nothing more is to be done to it. `is_mounted` waits as long as it likes.
async fn root_is_ready<E>(
    units: RootUnits,
    is_mounted: impl AsyncFn() -> io::Result<bool>,
    is_active: impl AsyncFn(&'static str) -> Result<bool, E>,
    until_active: impl AsyncFn(&'static str) -> Result<(), E>,
) -> Result<(), E> {
    loop {
        match is_mounted().await {
            Ok(true) if !units.is_changed => return Ok(()),
            // Where the kernel cannot be asked, PID 1 is.
            Ok(true) | Err(_) => return until_active(ROOT_IS_THERE).await,
            // There may never be a mount.
            Ok(false) if is_active(ROOT_IS_THERE).await? => return Ok(()),
            Ok(false) => {}
        }
    }
}

async fn is_active(unit: &'static str) -> Result<bool, SystemdError> {
    Ok(connected().await?.watch(unit).await?.next().await?.active == ActiveState::Active)
}

async fn until_active(unit: &'static str) -> Result<(), SystemdError> {
    let mut watch = connected().await?.watch(unit).await?;
    while watch.next().await?.active != ActiveState::Active {}
    Ok(())
}

/// Whether the root file system asks for mounts of its own in the initrd.
fn fstab_holds_mounts(root: &Path) -> bool {
    Tree::at(root).bytes(FSTAB).is_some_and(|text| String::from_utf8_lossy(&text).contains("x-initrd.mount"))
}

async fn connected() -> Result<Systemd, SystemdError> {
    patiently(BUSY, Systemd::connect).await
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::fs;
    use std::io;

    use super::{ROOT_IS_THERE, RootUnits, fstab_holds_mounts, root_is_ready};

    /// What PID 1 is asked, where the kernel answers so.
    async fn asked(is_changed: bool, kernel: &[Option<bool>], target_is_active: bool) -> Vec<String> {
        let (answers, asked) = (RefCell::new(kernel.iter()), RefCell::new(Vec::new()));
        let units = RootUnits { is_changed, holds_mounts: false };
        let is_mounted = async || answers.borrow_mut().next().unwrap().ok_or_else(|| io::Error::other("no list"));
        let note = |what: &str, unit: &str| asked.borrow_mut().push(format!("{what} {unit}"));
        let is_active = async |unit: &'static str| {
            note("is", unit);
            Ok::<_, ()>(target_is_active)
        };
        let until_active = async |unit: &'static str| {
            note("until", unit);
            Ok(())
        };
        root_is_ready(units, is_mounted, is_active, until_active).await.unwrap();
        asked.into_inner()
    }

    #[tokio::test]
    async fn the_kernel_is_believed_where_the_mount_is_all_there_is_to_the_root() {
        let (is, until) = (format!("is {ROOT_IS_THERE}"), format!("until {ROOT_IS_THERE}"));
        assert_eq!(asked(false, &[Some(true)], false).await, [""; 0]);
        assert_eq!(asked(true, &[Some(true)], false).await, [until.as_str()]);
        // The kernel cannot be asked: the root is not taken to be there.
        assert_eq!(asked(false, &[None], false).await, [until.as_str()]);
        assert_eq!(asked(false, &[Some(false), None], false).await, [is.as_str(), until.as_str()]);
        assert_eq!(asked(false, &[Some(false), Some(true)], false).await, [is.as_str()]);
        assert_eq!(asked(false, &[Some(false)], true).await, [is.as_str()]);
    }

    #[test]
    fn what_the_root_mounts_of_its_own_in_the_initrd_is_seen() {
        for (text, expected) in
            [("LABEL=var /var ext4 x-initrd.mount 0 2\n", true), ("LABEL=root / ext4 defaults 0 1\n", false)]
        {
            let root = tempfile::tempdir().unwrap();
            assert!(!fstab_holds_mounts(root.path()));
            fs::create_dir_all(root.path().join("sysroot/etc")).unwrap();
            fs::write(root.path().join("sysroot/etc/fstab"), text).unwrap();
            assert_eq!(fstab_holds_mounts(root.path()), expected, "{text}");
        }
    }
}
