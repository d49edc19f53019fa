//! Tells systemd how the agent is doing (`sd_notify`): the status line, readiness, and that it needs longer.
//!
//! It must never hold the agent up: a status that PID 1 cannot take at once is dropped. The crate `sd-notify` does not fit
//! because its socket blocks.

use std::ffi::OsString;
use std::io;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::time::Duration;

/// How many characters of a status are sent; PID 1 drops messages over 4096 bytes as a whole.
const STATUS_LENGTH: usize = 900;

/// How long readiness, which must not be dropped, may wait for PID 1.
const READY_LIMIT: Duration = Duration::from_secs(1);

/// The line to the service manager; silent where the agent was not started as a unit.
#[derive(Debug)]
pub struct Notifier {
    socket: Option<UnixDatagram>,
}

impl Notifier {
    /// Uses the socket that systemd names in `NOTIFY_SOCKET`.
    #[must_use]
    pub fn from_environment() -> Self {
        Self::at(std::env::var_os("NOTIFY_SOCKET"))
    }

    /// Uses a given socket: a path, or `@` and an abstract name. Silent without one, and where it cannot be reached.
    #[must_use]
    pub fn at(socket: Option<OsString>) -> Self {
        Self { socket: socket.and_then(|address| open(&address).ok()) }
    }

    /// Sets the line that `systemctl status` shows.
    pub fn status(&self, text: &str) {
        let line: String = text.chars().take(STATUS_LENGTH).flat_map(on_one_line).collect();
        self.send_or_drop(&format!("STATUS={line}\n"));
    }

    /// Asks for this much time from now on, for a unit that starts or stops.
    pub fn extend_timeout(&self, time: Duration) {
        self.send_or_drop(&format!("EXTEND_TIMEOUT_USEC={}\n", time.as_micros()));
    }

    /// Says that the service is ready.
    ///
    /// # Errors
    ///
    /// Where systemd does not take the message within a second; the unit then stays `activating`.
    pub fn ready(&self) -> io::Result<()> {
        let Some(socket) = &self.socket else {
            return Ok(());
        };
        socket.set_nonblocking(false)?;
        let sent = socket.set_write_timeout(Some(READY_LIMIT)).and_then(|()| socket.send(b"READY=1\n"));
        socket.set_nonblocking(true)?;
        sent.map(drop).map_err(|error| {
            io::Error::new(
                error.kind(),
                format!("systemd did not take READY=1 ({error}); look at journalctl -b _PID=1"),
            )
        })
    }

    /// Status lines come again, so a full socket costs nothing worth reporting.
    fn send_or_drop(&self, message: &str) {
        if let Some(socket) = &self.socket {
            let _ = socket.send(message.as_bytes());
        }
    }
}

fn open(address: &OsString) -> io::Result<UnixDatagram> {
    let socket = UnixDatagram::unbound()?;
    match address.as_bytes() {
        [b'@', name @ ..] => socket.connect_addr(&SocketAddr::from_abstract_name(name)?)?,
        _ => socket.connect(address)?,
    }
    socket.set_nonblocking(true)?;
    Ok(socket)
}

/// A newline would begin another assignment, such as a false `READY=1`.
fn on_one_line(character: char) -> impl Iterator<Item = char> {
    let escaped = character.is_control().then(|| character.escape_default());
    let plain = (!character.is_control()).then_some(character);
    escaped.into_iter().flatten().chain(plain)
}

#[cfg(test)]
#[path = "notify_tests.rs"]
mod tests;
