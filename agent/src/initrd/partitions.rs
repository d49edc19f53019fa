//! The partitions that may hold a configuration: each is looked at once, as it appears, until the root file system is there.

use std::collections::{BTreeMap, HashSet};
use std::path::{Path, PathBuf};
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use first_boot_output::plain_error;
use futures_util::FutureExt;
use futures_util::future::{Fuse, FusedFuture};
use tokio::time::sleep;

use crate::boot;
use crate::config::{FILE, Source};
use crate::delivery::{self, Candidate, Content, DIRECTORY_ON_ESP, Delivery, Listing, Unreadable};
use crate::directory_watch::DirectoryWatch;
use crate::disks::{self, Disk};
use crate::events::Event;

use super::bounded::READING_LIMIT;
use super::judge::{Judge, Rank};
use super::pending::Pending;

/// Devices appear in swarms: one look at all of them.
const SWARM: Duration = Duration::from_millis(30);

/// The partitions that may hold a configuration, each looked at once while it is there.
pub(super) struct Partitions<'a> {
    judge: &'a Judge<'a>,
    read: Reader,
    devices: DirectoryWatch,
    /// The disks that are there, as each has answered last.
    disks: BTreeMap<String, Disk>,
    /// Their tables, under way.
    tables: Pending<Disk>,
    /// The partitions, under way.
    readings: Pending<Reading>,
    /// The partitions that were looked at, or are.
    known: HashSet<PathBuf>,
    /// What is valid, of partitions that are there.
    valid: Vec<(Candidate, Delivery)>,
    /// Partitions that the kernel does not show, as far as was seen last.
    unseen: Vec<String>,
}

/// Reads a partition, which it mounts at a place.
pub(super) type Reader = fn(&Candidate, &Path) -> Result<Content, Unreadable>;

/// What a partition has given.
type Reading = (Candidate, Result<Content, Unreadable>);

/// Each reader has a place of its own to mount at: one may still be at it when the next begins.
static PLACES: AtomicUsize = AtomicUsize::new(0);

impl<'a> Partitions<'a> {
    pub(super) fn new(judge: &'a Judge<'a>, read: Reader) -> Self {
        // Before the first look: what appears in between is not missed.
        let mut devices = DirectoryWatch::default();
        devices.include_new(&judge.options.root.join("dev"));
        Self {
            judge,
            read,
            devices,
            disks: BTreeMap::new(),
            tables: Pending::new(),
            readings: Pending::new(),
            known: HashSet::new(),
            valid: Vec::new(),
            unseen: Vec::new(),
        }
    }

    /// Looks at partitions that appear when the root file system is there already, without an end.
    pub(super) async fn of_late(&mut self) -> Option<Delivery> {
        self.until(pin!(std::future::pending().fuse())).await
    }

    /// Looks at partitions as they appear, until one has been found; the last time when `root` is there.
    pub(super) async fn until(&mut self, mut root: Pin<&mut Fuse<impl Future<Output = ()>>>) -> Option<Delivery> {
        loop {
            let is_last = root.is_terminated();
            self.look().await;
            if let Some(found) = self.chosen() {
                return Some(found);
            }
            if is_last {
                self.report_unread();
                return None;
            }
            tokio::select! {
                () = &mut root => {}
                () = self.change() => {}
            }
        }
    }

    /// Looks on until `root` is there: which of two partitions appears first means nothing.
    pub(super) async fn look_on(&mut self, root: Pin<&mut Fuse<impl Future<Output = ()>>>) {
        // What has ended once never ends again.
        if root.is_terminated() {
            return;
        }
        let looking = async {
            loop {
                self.change().await;
                self.look().await;
                // Says it where two differ.
                drop(self.chosen());
            }
        };
        tokio::select! {
            biased;
            () = root => {}
            () = looking => {}
        }
    }

    /// Returns when there is something new to look at: a device, or a late answer.
    async fn change(&mut self) {
        tokio::select! {
            () = self.devices.next() => sleep(SWARM).await,
            (name, disk) = self.tables.next() => self.disks.extend(disk.map(|disk| (name, disk))),
            (_, Some(reading)) = self.readings.next() => self.take(reading),
        }
    }

    /// What is taken of what was found: of our own partitions, else of ESPs. If two of a kind differ, it is unknown
    /// which is meant, and neither is used.
    pub(super) fn chosen(&self) -> Option<Delivery> {
        [false, true].into_iter().find_map(|is_esp| {
            let of_kind = self.valid.iter().filter(|(candidate, _)| candidate.is_esp == is_esp);
            let found: Vec<&Delivery> = of_kind.map(|(_, delivery)| delivery).collect();
            let (first, others) = found.split_first()?;
            if others.iter().all(|other| other.digest == first.digest) {
                return Some((*first).clone());
            }
            self.refuse_all(&found);
            None
        })
    }

    fn refuse_all(&self, found: &[&Delivery]) {
        let names: Vec<String> = found.iter().map(|delivery| delivery.source.to_string()).collect();
        let reported = found.iter().map(|found| format!("{} of {} has {}", found.source, found.node(), found.digest));
        let error = format!(
            "they differ, so neither is used: {}; leave the one that is meant for this machine and take the others out, or \
             make them the same",
            reported.collect::<Vec<_>>().join(", ")
        );
        self.refuse(names.join(" and "), error);
    }

    fn refuse(&self, source: String, error: String) {
        self.judge.refuse(Rank::Partition, source, None, error);
    }

    /// Reports what does not answer in time.
    fn report_silent(&self, what: &str) {
        self.judge.report.report(Event::HardwareSilent { error: format!("{what} could not be read") });
    }

    /// Looks at all disks and reads the new partitions, each on a thread of its own: a disk may keep its reader waiting, and
    /// the others must not.
    async fn look(&mut self) {
        let root = self.judge.options.root.clone();
        let names = disks::names(&root);
        self.disks.retain(|name, _| names.contains(name));
        for name in names {
            let (root, of) = (root.clone(), name.clone());
            self.tables.start(&name, (), move || disks::one(&root, &of));
        }
        for (name, disk) in self.tables.within(READING_LIMIT).await {
            self.disks.extend(disk.map(|disk| (name, disk)));
        }
        for name in self.tables.silent(true) {
            self.report_silent(&format!("the partition table of {name}"));
        }
        let disks = disks::in_order(self.disks.values().cloned());
        let listed = delivery::candidates(&disks);
        self.unseen = delivery::unseen(&disks);
        // What was pulled out may come back repaired, under the same name.
        let is_listed = |device: &Path| listed.iter().any(|candidate| candidate.device == device);
        self.known.retain(|device| is_listed(device));
        self.valid.retain(|(candidate, _)| is_listed(&candidate.device));
        for candidate in &listed {
            if self.known.insert(candidate.device.clone()) {
                self.start(candidate.clone());
            }
        }
        for (_, reading) in self.readings.within(READING_LIMIT).await {
            if let Some(reading) = reading {
                self.take(reading);
            }
        }
        for name in self.readings.silent(true) {
            self.report_silent(&name);
        }
        // In the order of the disks, however fast each was.
        self.valid.sort_by_key(|(valid, _)| listed.iter().position(|listed| listed == valid));
    }

    fn start(&mut self, candidate: Candidate) {
        let device = candidate.device.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let place = format!("{device}.{}", PLACES.fetch_add(1, Ordering::Relaxed));
        let place = Place(self.judge.options.root.join(boot::DIRECTORY).join(place));
        let (name, read, directory) = (candidate.name.clone(), self.read, place.0.clone());
        self.readings.start(&name, place, move || {
            let content = read(&candidate, &directory);
            (candidate, content)
        });
    }

    fn take(&mut self, (candidate, reading): Reading) {
        match reading {
            Ok(Content::Configuration(bytes)) => {
                let source = Source::Delivered(candidate.name.clone());
                let delivered = Delivery::of(bytes, source, self.judge.options).map(Some);
                if let Some(delivery) = self.judge.valid(Rank::Partition, delivered) {
                    self.valid.push((candidate, delivery));
                }
            }
            Ok(Content::Otherwise(listing)) => self.report_listing(candidate, &listing),
            // An ESP belongs to others; that it cannot be mounted says nothing about a configuration.
            Err(Unreadable::Partition(_)) if candidate.is_esp => {}
            Err(Unreadable::Partition(error) | Unreadable::File(error)) => {
                let error = format!("it cannot be read: {}", plain_error(&error));
                self.refuse(candidate.name, error);
            }
        }
    }

    /// What is meant to be the configuration and has another name may have said "join", so it counts as broken.
    fn report_listing(&self, Candidate { name, is_esp, .. }: Candidate, listing: &Listing) {
        let what = if is_esp { "the EFI system partition is there" } else { "the partition is there" };
        let error = format!("{what}; {listing}");
        if listing.resembles {
            let error = format!("{error}: rename the file, or put it at the place that is named first");
            self.refuse(name, error);
        } else if !is_esp || listing.is_ours {
            self.judge.report.report(Event::PartitionWithoutConfiguration { source: name, error });
        }
    }

    /// Reports partitions whose content is still unknown when the boot must no longer wait for them.
    pub(super) fn report_unread(&mut self) {
        for source in self.readings.silent(false) {
            // An ESP belongs to others, also where it does not answer.
            if !source.starts_with(&format!("/{DIRECTORY_ON_ESP}/")) {
                let error = format!("it cannot be read: it did not answer within {} s", READING_LIMIT.as_secs());
                self.refuse(source, error);
            }
        }
        for partition in &self.unseen {
            let error = "it cannot be read, because the kernel does not show the partition: the primary table of the disk may be \
                         damaged (repair it, or add gpt to the kernel's command line), or multipath may have the disk";
            let source = format!("/{FILE} on {partition}");
            self.refuse(source, error.to_owned());
        }
    }
}

/// The mount point of a partition. Only the reader sees the mount, so the directory can be removed at any time, also after the
/// caller has given up on the reader.
struct Place(PathBuf);

impl Drop for Place {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir(&self.0);
    }
}
