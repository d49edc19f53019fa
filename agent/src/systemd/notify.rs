//! Reports to systemd how the agent is doing (`sd_notify`): the status line, that a unit is ready, that it needs more time.
//!
//! It must never hold the agent up: a status that PID 1 cannot take at once is dropped. The crate `sd-notify` does not fit
//! because its socket blocks.

use std::ffi::OsString;
use std::io;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::pin::pin;
use std::time::Duration;

use tokio::time::timeout;

use crate::foreign_text;

/// How many characters of a status are sent; PID 1 drops messages over 4096 bytes as a whole.
const STATUS_LENGTH: usize = 900;
/// PID 1 may be busy for so long before it takes the one message that is not said again.
const READY_LIMIT: Duration = Duration::from_secs(10);
/// More time is asked for so often,
const EXTENSION_EVERY: Duration = Duration::from_mins(10);
/// and so much: what comes after the wait has two thirds of it at least.
const EXTENSION: Duration = Duration::from_mins(30);

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
        // A newline would begin another assignment, such as a false `READY=1`.
        self.send_or_drop(&format!("STATUS={}\n", foreign_text::shown(text, STATUS_LENGTH)));
    }

    /// Reports that the unit has started, for a unit of `Type=notify`. Unlike a status it is sent once, so a busy PID 1 is
    /// given time to take it.
    pub fn ready(&self) {
        if let Some(socket) = &self.socket {
            let waits = socket.set_nonblocking(false).and_then(|()| socket.set_write_timeout(Some(READY_LIMIT)));
            let _ = waits.and_then(|()| socket.send(b"READY=1\n"));
            let _ = socket.set_nonblocking(true);
        }
    }

    /// Waits for something that may take any time, such as a person, and keeps the unit's `TimeoutStartSec=` from ending it
    /// meanwhile (`EXTEND_TIMEOUT_USEC=`, `man 3 sd_notify`).
    pub async fn extending<T>(&self, wait: impl Future<Output = T>) -> T {
        let mut wait = pin!(wait);
        loop {
            if let Ok(waited) = timeout(EXTENSION_EVERY, wait.as_mut()).await {
                return waited;
            }
            self.send_or_drop(&format!("EXTEND_TIMEOUT_USEC={}\n", EXTENSION.as_micros()));
        }
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

#[cfg(test)]
#[path = "notify_tests.rs"]
mod tests;
