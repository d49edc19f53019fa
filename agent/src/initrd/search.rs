//! Looks for the configuration, source after source in the documented order (see `delivery`): the first valid one wins,
//! a broken one is told and passed over.
//!
//! Disks appear while the search goes on, so partitions are looked at until the root file system is there: by then the
//! disks that matter are. A URL is asked from the beginning, and waited for only after that.

use std::collections::HashSet;
use std::future::ready;
use std::io;
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::time::Duration;

use futures_util::future::{Either, Fuse, FusedFuture, select};
use tokio::sync::oneshot;
use tokio::time::{Instant, sleep, timeout, timeout_at};

use crate::boot;
use crate::config::{self, CREDENTIAL, SECRETS, Source};
use crate::delivery::{self, Broken, Candidate, Delivery, Fetch};
use crate::directory_watch::DirectoryWatch;
use crate::disks;
use crate::events::{Event, Report};

use super::stage::Stage;

/// What is read off a partition that has just appeared may take so long once the boot waits for it: a dying disk may not
/// hold it for minutes.
const READING_LIMIT: Duration = Duration::from_secs(5);
/// Devices appear in swarms: one look at all of them.
const SWARM: Duration = Duration::from_millis(30);

/// One search.
pub(super) struct Search<'a> {
    pub(super) stage: &'a Stage,
    pub(super) report: &'a dyn Report,
}

impl Search<'_> {
    /// The configuration, once it is found or there is none. `root` ends when the root file system is there.
    pub(super) async fn run(&self, root: impl Future<Output = ()>) -> Option<Delivery> {
        let mut root = pin!(futures_util::FutureExt::fuse(root));
        if let Some(found) = self.in_the_initrd() {
            // Nothing is held up: the boot itself waits for its root.
            root.await;
            return Some(found);
        }
        let mut partitions = Partitions::new(self);
        let fetching = Box::pin(self.fetched());
        let (partition, fetched) = match select(pin!(partitions.until(root.as_mut())), fetching).await {
            Either::Left((found, fetching)) => (found, Either::Left(fetching)),
            Either::Right((fetched, looking)) => (looking.await, Either::Right(ready(fetched))),
        };
        if partition.is_some() {
            if !root.is_terminated() {
                root.await;
            }
            return partition;
        }
        let deadline = Instant::now() + self.stage.parameters.timeout;
        if let Ok(Some(fetched)) = timeout_at(deadline, fetched).await {
            return Some(fetched);
        }
        if let Some(installed) = self.installed() {
            return Some(installed);
        }
        if !self.stage.parameters.required {
            return None;
        }
        // It must not go on without one: a stick may still be put in.
        let never = pin!(futures_util::FutureExt::fuse(std::future::pending()));
        timeout_at(deadline, partitions.until(never)).await.ok().flatten()
    }

    /// A credential, then a file that lies in the initrd.
    fn in_the_initrd(&self) -> Option<Delivery> {
        let options = &self.stage.options;
        let credential = options.credentials_directory.as_ref().map(|directory| directory.join(CREDENTIAL));
        let file = options.root.join(SECRETS).join("cluster-config.json");
        let sources = credential.map(Source::Credential).into_iter().chain([Source::DefaultPath(file)]);
        sources.into_iter().find_map(|source| self.taken(Delivery::of_file(source, options)))
    }

    fn installed(&self) -> Option<Delivery> {
        let options = config::Options {
            root: self.stage.sysroot.clone(),
            host_name: installed_host_name(&self.stage.sysroot).or_else(|| self.stage.options.host_name.clone()),
            ..self.stage.options.clone()
        };
        let path = self.stage.sysroot.join(SECRETS).join("cluster-config.json");
        self.taken(Delivery::of_file(Source::DefaultPath(path), &options))
    }

    async fn fetched(&self) -> Option<Delivery> {
        let parameters = &self.stage.parameters;
        let fetch = Fetch {
            url: parameters.url.clone()?,
            sha256: parameters.sha256,
            ca: self.stage.options.root.join(SECRETS).join("ca.crt"),
            root: self.stage.options.root.clone(),
            boot_card: parameters.boot_card.clone(),
        };
        match fetch.run(self.report).await {
            Ok((bytes, source)) => self.taken(Delivery::of(bytes, source, &self.stage.options).map(Some)),
            Err(error) => {
                self.refuse(&fetch.url.to_string(), None, &error.to_string());
                None
            }
        }
    }

    fn taken(&self, delivered: Result<Option<Delivery>, Broken>) -> Option<Delivery> {
        match delivered {
            Ok(delivery) => delivery,
            Err(Broken { source, digest, error }) => {
                self.refuse(&source.to_string(), digest, &error.to_string());
                None
            }
        }
    }

    fn refuse(&self, source: &str, digest: Option<delivery::Digest>, error: &str) {
        let digest = digest.map_or_else(|| "unread".to_owned(), |digest| digest.to_string());
        self.report.report(Event::ConfigurationRefused { source: source.to_owned(), digest, error: error.to_owned() });
    }
}

/// The host name that the installed system will have, which a configuration without `node_id` goes by.
fn installed_host_name(sysroot: &Path) -> Option<String> {
    let text = std::fs::read_to_string(sysroot.join("etc/hostname")).ok()?;
    Some(text.trim().to_owned()).filter(|name| !name.is_empty())
}

/// The partitions that may hold a configuration, each looked at once.
struct Partitions<'a> {
    search: &'a Search<'a>,
    known: HashSet<PathBuf>,
}

/// What the partitions that were not known have given.
type Readings = Vec<(Candidate, io::Result<Option<Vec<u8>>>)>;

impl<'a> Partitions<'a> {
    fn new(search: &'a Search<'a>) -> Self {
        Self { search, known: HashSet::new() }
    }

    /// Looks at partitions as they appear, the last time when `root` is there.
    async fn until(&mut self, mut root: std::pin::Pin<&mut Fuse<impl Future<Output = ()>>>) -> Option<Delivery> {
        // Before the first look: what appears in between is not missed.
        let mut devices = DirectoryWatch::start();
        if let Some(devices) = &devices {
            devices.include(&self.search.stage.options.root.join("dev"));
        }
        let mut is_there = false;
        loop {
            let mut reading = pin!(self.read());
            let readings = tokio::select! {
                readings = &mut reading => readings,
                () = &mut root, if !is_there => {
                    is_there = true;
                    timeout(READING_LIMIT, reading).await.unwrap_or_default()
                }
            };
            if let Some(found) = self.first_of(readings) {
                return Some(found);
            }
            if is_there {
                return None;
            }
            tokio::select! {
                () = &mut root => is_there = true,
                () = next(&mut devices) => sleep(SWARM).await,
            }
        }
    }

    /// Reads the new ones on a thread of its own: a disk may keep a reader waiting.
    fn read(&self) -> impl Future<Output = Readings> + use<> {
        let (root, known) = (self.search.stage.options.root.clone(), self.known.clone());
        let (done, readings) = oneshot::channel();
        std::thread::spawn(move || {
            let place = root.join(boot::DIRECTORY).join("partition");
            let candidates = delivery::candidates(&disks::all(&root)).into_iter();
            let readings = candidates.filter(|candidate| !known.contains(&candidate.device)).map(|candidate| {
                let reading = candidate.read(&place);
                (candidate, reading)
            });
            // Nobody waits any more where this fails.
            let _ = done.send(readings.collect());
        });
        async { readings.await.unwrap_or_default() }
    }

    fn first_of(&mut self, readings: Readings) -> Option<Delivery> {
        let mut found = None;
        for (candidate, reading) in readings {
            self.known.insert(candidate.device.clone());
            match reading {
                Ok(Some(bytes)) if found.is_none() => {
                    let source = Source::Delivered(candidate.name);
                    found = self.search.taken(Delivery::of(bytes, source, &self.search.stage.options).map(Some));
                }
                // An ESP belongs to others; that it cannot be read says nothing about a configuration.
                Ok(_) => {}
                Err(_) if candidate.is_esp => {}
                Err(error) => self.search.refuse(&candidate.name, None, &format!("it cannot be read: {error}")),
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
