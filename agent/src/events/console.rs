//! The console of a machine, for those who cannot read its journal.
//!
//! Must not hold up a boot: whatever is waited for has a bound, and what does not fit into it is lost.

use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::os::fd::AsFd;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::libc::{O_NOCTTY, O_NONBLOCK};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

/// What every console of the kernel's command line is reached by.
const CONSOLE: &str = "/dev/console";
/// A terminal that is about to be closed, as PID 1 does after each of its lines, cannot be opened: the kernel says EIO. It is
/// asked again as often as systemd's own `open_terminal()` does it.
const PAUSE: Duration = Duration::from_millis(50);
/// How long opening it may take, and a serial line for what is to be said. If that was too short once, it is not tried again: the
/// journal's entries are waiting.
const LIMIT: Duration = Duration::from_secs(1);

/// The console, opened when there is something to say.
pub(crate) struct Console<Open = fn() -> io::Result<File>> {
    open: Open,
    file: Option<File>,
    limit: Duration,
}

impl Console {
    /// `/dev/console`: never as the controlling terminal.
    pub(crate) fn of_this_machine() -> Self {
        Self { open: || opened(Path::new(CONSOLE)), file: None, limit: LIMIT }
    }
}

fn opened(path: &Path) -> io::Result<File> {
    OpenOptions::new().write(true).custom_flags(O_NOCTTY | O_NONBLOCK).open(path)
}

impl<Open: FnMut() -> io::Result<File>> Console<Open> {
    /// Says a line, in one piece, or the lines of others would come in between.
    pub(super) fn say(&mut self, line: &str) {
        let text = format!("{line}\r\n");
        // What was hung up meanwhile is opened again, once.
        for _ in 0..2 {
            if self.file.is_none() {
                self.file = self.reopened();
            }
            let Some(file) = &self.file else { return };
            match written(file, text.as_bytes(), self.limit) {
                Ok(()) => return,
                Err(error) if error.kind() == ErrorKind::TimedOut => return self.limit = Duration::ZERO,
                Err(_) => self.file = None,
            }
        }
    }

    fn reopened(&mut self) -> Option<File> {
        let ends = Instant::now() + self.limit;
        loop {
            match (self.open)() {
                Ok(file) => return Some(file),
                Err(error) if error.raw_os_error() != Some(Errno::EIO as i32) => return None,
                Err(_) if Instant::now() < ends => std::thread::sleep(PAUSE),
                Err(_) => {
                    self.limit = Duration::ZERO;
                    return None;
                }
            }
        }
    }
}

/// Writes all of it as the other side takes it; `TimedOut` where that takes longer than the limit.
fn written(mut file: &File, mut rest: &[u8], limit: Duration) -> io::Result<()> {
    let ends = Instant::now() + limit;
    while !rest.is_empty() {
        match file.write(rest) {
            Ok(0) => return Err(ErrorKind::WriteZero.into()),
            Ok(count) => rest = rest.get(count..).unwrap_or_default(),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                let left = ends.saturating_duration_since(Instant::now());
                if left.is_zero() {
                    return Err(ErrorKind::TimedOut.into());
                }
                let time = PollTimeout::try_from(left).unwrap_or(PollTimeout::MAX);
                poll(&mut [PollFd::new(file.as_fd(), PollFlags::POLLOUT)], time)?;
            }
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use nix::sys::stat::Mode;
    use nix::unistd::mkfifo;

    use super::*;

    /// A line that is not read yet, and its other end.
    fn line(folder: &Path) -> (File, File) {
        let path = folder.join("console");
        mkfifo(&path, Mode::S_IRWXU).expect("a pipe");
        let far = OpenOptions::new().read(true).custom_flags(O_NONBLOCK).open(&path).expect("its reader");
        (opened(&path).expect("its writer"), far)
    }

    fn console(open: impl FnMut() -> io::Result<File>, limit: Duration) -> Console<impl FnMut() -> io::Result<File>> {
        Console { open, file: None, limit }
    }

    #[test]
    fn a_slow_line_gets_all_of_it() {
        let folder = tempfile::tempdir().expect("a folder");
        let (near, mut far) = line(folder.path());
        // More than a pipe holds.
        let text = "x".repeat(300_000);
        let (expected, mut got) = (text.len() + 2, Vec::new());
        std::thread::scope(|scope| {
            scope.spawn(move || console(move || near.try_clone(), Duration::from_mins(5)).say(&text));
            while got.len() < expected {
                match far.read_to_end(&mut got) {
                    Ok(_) => {}
                    Err(error) if error.kind() == ErrorKind::WouldBlock => {
                        let mut readable = [PollFd::new(far.as_fd(), PollFlags::POLLIN)];
                        poll(&mut readable, PollTimeout::NONE).expect("a look");
                    }
                    Err(error) => panic!("{error}"),
                }
            }
        });
        assert_eq!((got.len(), got.ends_with(b"x\r\n")), (expected, true));
    }

    #[test]
    fn one_that_takes_nothing_is_waited_for_once() {
        let folder = tempfile::tempdir().expect("a folder");
        let (near, _far) = line(folder.path());
        let mut console = console(move || near.try_clone(), Duration::from_millis(1));
        console.say(&"x".repeat(300_000));
        assert_eq!(console.limit, Duration::ZERO);
        console.say("and it comes back");
    }

    #[test]
    fn one_that_is_being_closed_is_opened_again() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("console");
        File::create(&path).expect("a file");
        let mut closing = 3;
        let mut console = console(
            || {
                closing -= 1;
                if closing > 0 { Err(Errno::EIO.into()) } else { opened(&path) }
            },
            LIMIT,
        );
        console.say("found");
        assert_eq!(std::fs::read_to_string(&path).expect("what was said"), "found\r\n");
    }

    #[test]
    fn one_that_stays_closed_is_waited_for_once() {
        let mut asked = 0;
        let mut console = console(
            || {
                asked += 1;
                Err(Errno::EIO.into())
            },
            Duration::from_millis(1),
        );
        console.say("nobody hears");
        assert_eq!(console.limit, Duration::ZERO);
        console.say("nor does this hold up the journal");
        drop(console);
        // Before and after the limit; then once.
        assert_eq!(asked, 3);
    }

    #[test]
    fn one_that_is_not_there_is_not_waited_for() {
        let mut asked = 0;
        let nowhere = || {
            asked += 1;
            Err(Errno::ENOENT.into())
        };
        console(nowhere, LIMIT).say("nobody hears");
        assert_eq!(asked, 1);
    }
}
