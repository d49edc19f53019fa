//! The partitions that may hold a configuration: each is looked at once, as it appears, until the root file system is there.

use std::collections::HashSet;
use std::io;
use std::path::{Path, PathBuf};
use std::pin::{Pin, pin};
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::{Fuse, FusedFuture, join_all};
use tokio::time::sleep;

use crate::boot::{self, Refusal};
use crate::config::Source;
use crate::delivery::{self, Candidate, Delivery, Unreadable};
use crate::directory_watch::DirectoryWatch;
use crate::disks::{self, Disk};

use super::bounded::on_a_thread;
use super::search::{READING_LIMIT, Rank, Search};

/// Devices appear in swarms: one look at all of them.
const SWARM: Duration = Duration::from_millis(30);

/// The partitions that may hold a configuration, each looked at once while it is there.
pub(super) struct Partitions<'a> {
    search: &'a Search<'a>,
    known: HashSet<PathBuf>,
    /// Disks that did not answer: they are not asked again, for each time leaves a thread waiting.
    silent: HashSet<String>,
}

/// What a partition has given.
type Reading = (Candidate, Result<Option<Vec<u8>>, Unreadable>);

impl<'a> Partitions<'a> {
    pub(super) fn new(search: &'a Search<'a>) -> Self {
        Self { search, known: HashSet::new(), silent: HashSet::new() }
    }

    /// Looks at partitions that appear when the root file system is there already, without an end.
    pub(super) async fn of_late(&mut self) -> Option<Delivery> {
        self.until(pin!(std::future::pending().fuse())).await
    }

    /// Looks at partitions as they appear, the last time when `root` is there.
    pub(super) async fn until(&mut self, mut root: Pin<&mut Fuse<impl Future<Output = ()>>>) -> Option<Delivery> {
        // Before the first look: what appears in between is not missed.
        let mut devices = DirectoryWatch::start();
        if let Some(devices) = &devices {
            devices.include_new(&self.search.stage.options.root.join("dev"));
        }
        loop {
            let is_last = root.is_terminated();
            let readings = self.read().await;
            if let Some(found) = self.first_of(readings) {
                return Some(found);
            }
            if is_last {
                return None;
            }
            tokio::select! {
                () = &mut root => {}
                () = next(&mut devices) => sleep(SWARM).await,
            }
        }
    }

    /// Reads the new ones, each on a thread of its own: a disk may keep its reader waiting, and the others must not.
    async fn read(&mut self) -> Vec<Reading> {
        let listed = delivery::candidates(&self.disks().await);
        // What was pulled out may come back mended, under the same name.
        self.known.retain(|device| listed.iter().any(|candidate| candidate.device == *device));
        let unknown = listed.into_iter().filter(|candidate| !self.known.contains(&candidate.device));
        join_all(unknown.map(|candidate| self.read_one(candidate))).await
    }

    /// The disks that answer.
    async fn disks(&mut self) -> Vec<Disk> {
        let search = self.search;
        let root = search.stage.options.root.as_path();
        let reading = |name: String| async move {
            let (root, of) = (root.to_owned(), name.clone());
            let read = on_a_thread(move || disks::one(&root, &of));
            let disk = search.answered(&format!("the partition table of {name}"), read).await;
            (name, disk)
        };
        let asked = disks::names(root).into_iter().filter(|name| !self.silent.contains(name));
        let read = join_all(asked.map(reading)).await;
        let silent = read.iter().filter(|(_, disk)| disk.is_none()).map(|(name, _)| name.clone());
        self.silent.extend(silent.collect::<Vec<_>>());
        disks::in_order(read.into_iter().filter_map(|(_, disk)| disk))
    }

    async fn read_one(&self, candidate: Candidate) -> Reading {
        let name = candidate.device.file_name().unwrap_or_default();
        let place = self.search.stage.options.root.join(boot::DIRECTORY).join(Path::new(name));
        let reading = {
            let (candidate, place) = (candidate.clone(), place.clone());
            on_a_thread(move || candidate.read(&place))
        };
        let silent = || io::Error::other(format!("it did not answer within {} s", READING_LIMIT.as_secs()));
        let read = self.search.answered(&candidate.name, reading).await;
        let read = read.unwrap_or_else(|| Err(Unreadable::Partition(silent())));
        // Only the reader has ever seen the mount.
        let _ = std::fs::remove_dir(&place);
        (candidate, read)
    }

    fn first_of(&mut self, readings: Vec<Reading>) -> Option<Delivery> {
        let mut found = None;
        for (candidate, reading) in readings {
            self.known.insert(candidate.device.clone());
            match reading {
                Ok(Some(bytes)) if found.is_none() => {
                    let source = Source::Delivered(candidate.name);
                    let delivered = Delivery::of(bytes, source, &self.search.stage.options).map(Some);
                    found = self.search.valid(Rank::Partition, delivered);
                }
                // An ESP belongs to others; that it cannot be mounted says nothing about a configuration.
                Ok(_) => {}
                Err(Unreadable::Partition(_)) if candidate.is_esp => {}
                Err(Unreadable::Partition(error) | Unreadable::File(error)) => {
                    let error = format!("it cannot be read: {error}");
                    self.search.refuse(Rank::Partition, Refusal { source: candidate.name, digest: None, error });
                }
            }
        }
        found
    }
}

/// The next change among the devices; never, where they cannot be watched.
async fn next(devices: &mut Option<DirectoryWatch>) {
    let told = match devices {
        Some(devices) => devices.next().await,
        None => false,
    };
    if !told {
        std::future::pending::<()>().await;
    }
}
