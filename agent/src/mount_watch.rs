//! Reports when something is mounted at a place: the kernel reports every change to pollers of
//! `/proc/self/mountinfo` (`proc_pid_mountinfo(5)`).

use std::fs::{self, File};
use std::io;
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use tokio::sync::oneshot;

/// The mounts that this process sees.
const MOUNTS: &str = "/proc/self/mountinfo";

/// Whether something is mounted at a place, or comes to be within a time. Waits on a thread of its own, which ends with that
/// time: registering a foreign descriptor with the runtime would need `unsafe`.
///
/// # Errors
/// The kernel's list cannot be read or polled.
pub(crate) async fn mounted_within(limit: Duration, place: PathBuf) -> io::Result<bool> {
    let (done, result) = oneshot::channel();
    std::thread::Builder::new().spawn(move || {
        // Fails if the caller has given up.
        let _ = done.send(wait(limit, &place));
    })?;
    result.await.map_err(io::Error::other)?
}

fn wait(limit: Duration, place: &Path) -> io::Result<bool> {
    // Opened before the first look: what changes in between wakes at once.
    let changes = File::open(MOUNTS)?;
    let deadline = Instant::now() + limit;
    while file_system_at(place, &listed(Path::new(MOUNTS))?).is_none() {
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Ok(false);
        }
        let time = PollTimeout::try_from(left).unwrap_or(PollTimeout::MAX);
        match poll(&mut [PollFd::new(changes.as_fd(), PollFlags::POLLPRI)], time) {
            Ok(_) | Err(Errno::EINTR) => {}
            Err(errno) => return Err(errno.into()),
        }
    }
    Ok(true)
}

/// The kernel's list in a file. A path of a mount may be of any bytes.
///
/// # Errors
/// It cannot be read.
pub(crate) fn listed(list: &Path) -> io::Result<String> {
    fs::read(list).map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
}

/// The type of what is mounted last at a place, by the text of that list: the fifth field is the place, the first after the
/// dash the type.
pub(crate) fn file_system_at<'a>(place: &Path, mounts: &'a str) -> Option<&'a str> {
    let at_place = |line: &&str| line.split(' ').nth(4).is_some_and(|point| Path::new(point) == place);
    let line = mounts.lines().rfind(at_place)?;
    line.split_once(" - ")?.1.split(' ').next()
}

#[cfg(test)]
mod tests {
    use super::{file_system_at, listed, mounted_within};
    use std::path::Path;
    use std::time::Duration;

    #[test]
    fn a_mount_of_odd_bytes_hides_no_other() {
        let list = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(&list, b"1 0 0:1 / /a\xff rw - tmpfs a rw\n2 0 0:2 / /sysroot rw - ext4 b rw\n").unwrap();
        assert_eq!(file_system_at(Path::new("/sysroot"), &listed(list.path()).unwrap()), Some("ext4"));
    }

    #[tokio::test]
    async fn what_is_mounted_is_there_at_once_and_what_is_not_is_waited_for() {
        assert!(mounted_within(Duration::from_hours(1), "/proc".into()).await.unwrap());
        assert!(!mounted_within(Duration::from_millis(2), "/no/such/place".into()).await.unwrap());
    }
}
