//! One agent at a time changes a service: a lock on a file beside the markers, which the kernel releases with its holder.
//!
//! Who holds it stands in the file, for whoever meets it. The lock is also the right to write or remove the service's
//! markers: both ask for it.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Seek, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;

use tokio::sync::oneshot;

use crate::config::Service;

use super::{MarkerError, Markers};

/// What is read of a holder's own words.
const MAX_HOLDER: u64 = 512;

/// The right to change a service's membership and markers; ends when it is dropped, and with the process.
#[derive(Debug)]
pub struct Lock {
    service: Service,
    _file: File,
}

impl Lock {
    /// The service whose state this is the right to change.
    #[must_use]
    pub fn service(&self) -> Service {
        self.service
    }
}

/// What an attempt to take the lock came to.
#[derive(Debug)]
pub enum Attempt {
    /// Taken.
    Taken(Lock),
    /// Somebody else has it.
    Held(Held),
}

/// A lock that somebody else has.
#[derive(Debug)]
pub struct Held {
    /// Who, in the holder's own words, and the file.
    pub holder: String,
    service: Service,
    file: File,
    who: String,
}

impl Held {
    /// Waits until the lock is free, and takes it. `None` where the system refuses to wait.
    pub async fn released(self) -> Option<Lock> {
        let Self { service, file, who, .. } = self;
        let (send, receive) = oneshot::channel();
        // The kernel wakes a waiter at once; a thread of its own, since the wait cannot be called off.
        std::thread::spawn(move || send.send(file.lock().is_ok().then_some(file)));
        let file = receive.await.ok().flatten()?;
        Some(taken(service, file, &who))
    }
}

impl Markers {
    /// Tries to take a service's lock for `who`, for example `first-boot-agent join chainfire (PID 123)`.
    ///
    /// # Errors
    /// The state directory cannot be used, with the path and what to do.
    pub fn try_lock(&self, service: Service, who: &str) -> Result<Attempt, MarkerError> {
        let path = self.lock_path(service);
        let failed = |source| MarkerError::new("lock", &path, source);
        std::fs::create_dir_all(&self.directory).map_err(failed)?;
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(&path)
            .map_err(failed)?;
        match file.try_lock() {
            Ok(()) => Ok(Attempt::Taken(taken(service, file, who))),
            Err(TryLockError::WouldBlock) => {
                let holder = format!("{} holds {}", holder(&file), path.display());
                Ok(Attempt::Held(Held { holder, service, file, who: who.to_owned() }))
            }
            Err(TryLockError::Error(source)) => Err(failed(source)),
        }
    }

    fn lock_path(&self, service: Service) -> PathBuf {
        // Not `.SERVICE-…`: the first-boot seed removes markers by that pattern.
        self.directory.join(format!("{service}.lock"))
    }
}

fn taken(service: Service, mut file: File, who: &str) -> Lock {
    // Who it is helps others, no more: a full disk must not stop a holder.
    let _ = file.set_len(0).and_then(|()| file.rewind()).and_then(|()| writeln!(file, "{who}"));
    Lock { service, _file: file }
}

fn holder(file: &File) -> String {
    let mut text = String::new();
    let read = file.take(MAX_HOLDER).read_to_string(&mut text);
    let line: String = text.lines().next().unwrap_or_default().chars().filter(|letter| !letter.is_control()).collect();
    if read.is_err() || line.is_empty() { "another process".to_owned() } else { line }
}
