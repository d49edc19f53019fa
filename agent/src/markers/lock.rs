//! One agent at a time changes a service: a lock on a file beside the markers, which the kernel releases with its holder.
//!
//! The file names the holder. The lock is also the right to write or remove the service's
//! markers: both ask for it.

use std::fmt;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Seek, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;

use tokio::sync::oneshot;

use crate::config::ServiceName;
use crate::durable::{self, StateError};
use crate::foreign_text;
use crate::regular_file::{self, Links, RegularFileError};

use super::Markers;

/// What is read of a holder's own words.
const MAX_HOLDER: u64 = 1024;
/// Characters of a line of it.
const LONGEST_LINE: usize = 300;

/// Who holds a lock: a process, and the unit that it runs as.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Holder {
    /// For people: its command, number, unit, and since when.
    pub words: String,
    /// Its unit, where it runs as one.
    pub unit: Option<String>,
}

/// The right to change a service's membership and markers; ends when it is dropped, and with the process.
#[derive(Debug)]
pub struct Lock {
    /// The service whose state this is the right to change.
    pub(super) service: ServiceName,
    _file: File,
}

/// A lock that another process holds.
#[derive(Debug)]
pub struct Held {
    /// Who.
    pub holder: Holder,
    path: PathBuf,
    service: ServiceName,
    file: File,
    who: Holder,
}

/// Who holds what.
impl fmt::Display for Held {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} holds {}", self.holder.words, self.path.display())
    }
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
    /// Tries to take a service's lock for `who`, or reports that another process holds it.
    ///
    /// # Errors
    /// The state directory cannot be used, with the path and what to do.
    pub fn try_lock(&self, service: ServiceName, who: &Holder) -> Result<Result<Lock, Held>, StateError> {
        let path = self.lock_path(service);
        let failed = |source: RegularFileError| StateError::new("lock", &path, source);
        std::fs::create_dir_all(&self.directory).map_err(|source| failed(source.into()))?;
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false).mode(0o600);
        // The holder is written into the file, so a link to another file must not be followed.
        let file = regular_file::open(&path, &mut options, Links::Refuse).map_err(failed)?;
        match file.try_lock() {
            Ok(()) => Ok(Ok(taken(service, file, who))),
            Err(TryLockError::WouldBlock) => {
                Ok(Err(Held { holder: holder(&file), path, service, file, who: who.clone() }))
            }
            Err(TryLockError::Error(source)) => Err(failed(source.into())),
        }
    }

    /// The holder of a service's lock, if it is held; neither takes the lock nor creates its file.
    ///
    /// # Errors
    /// The lock could not be taken either: something else has its name, or the system refuses.
    pub fn held(&self, service: ServiceName) -> Result<Option<Held>, StateError> {
        let path = self.lock_path(service);
        let failed = |source: RegularFileError| StateError::new("lock", &path, source);
        let file = match regular_file::open(&path, OpenOptions::new().read(true).write(true), Links::Refuse) {
            Ok(file) => file,
            Err(error) if error.is_missing() => {
                let can_be_made = durable::can_make_files(&self.directory);
                return can_be_made.map(|()| None).map_err(|source| failed(source.into()));
            }
            Err(error) => return Err(failed(error)),
        };
        match file.try_lock_shared() {
            Ok(()) => Ok(None),
            Err(TryLockError::WouldBlock) => {
                Ok(Some(Held { holder: holder(&file), path, service, file, who: Holder::default() }))
            }
            Err(TryLockError::Error(source)) => Err(StateError::new("lock", &path, source)),
        }
    }

    fn lock_path(&self, service: ServiceName) -> PathBuf {
        // Not `.SERVICE-…`: the first-boot specification removes markers by that pattern.
        self.directory.join(format!("{service}.lock"))
    }
}

fn taken(service: ServiceName, mut file: File, who: &Holder) -> Lock {
    // Who it is helps others, no more: a full disk must not stop a holder.
    let Holder { words, unit } = who;
    let unit = unit.as_deref().unwrap_or_default();
    let _ = file.set_len(0).and_then(|()| file.rewind()).and_then(|()| write!(file, "{words}\n{unit}\n"));
    Lock { service, _file: file }
}

fn holder(file: &File) -> Holder {
    let mut text = String::new();
    let read = file.take(MAX_HOLDER).read_to_string(&mut text);
    let mut lines = text.lines().map(|line| foreign_text::shown(line, LONGEST_LINE));
    let words = lines.next().filter(|line| read.is_ok() && !line.is_empty());
    let unit = lines.next().filter(|unit| !unit.is_empty());
    Holder { words: words.unwrap_or_else(|| "another process".to_owned()), unit }
}
