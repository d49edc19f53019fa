//! Looks for the configuration, source after source in the documented order (see `delivery`): the first valid one wins,
//! a broken one is told and passed over.
//!
//! Disks appear while the search goes on, so partitions are looked at until the root file system is there: by then the
//! disks that matter are. A URL is asked from the beginning, and waited for only after that.

use std::cell::Cell;
use std::collections::HashSet;
use std::future::ready;
use std::io;
use std::path::{Path, PathBuf};
use std::pin::{Pin, pin};
use std::time::Duration;

use futures_util::future::{Either, Fuse, FusedFuture, join_all, select};
use tokio::time::{Instant, sleep, timeout, timeout_at};

use crate::boot::{self, BootKind};
use crate::config::{self, CREDENTIAL, Checked, FILE, Origin, SECRETS, Source};
use crate::delivery::{self, Broken, Candidate, Delivery, Fetch};
use crate::directory_watch::DirectoryWatch;
use crate::disks;
use crate::events::{Event, Report};
use crate::sysfs::Tree;

use super::bounded::on_a_thread;
use super::stage::Stage;

/// A file may take so long to be read: a dying disk may not hold the boot for minutes.
pub(super) const READING_LIMIT: Duration = Duration::from_secs(5);
/// Devices appear in swarms: one look at all of them.
const SWARM: Duration = Duration::from_millis(30);

/// One search.
pub(super) struct Search<'a> {
    stage: &'a Stage,
    report: &'a dyn Report,
    /// Whether a source of higher rank was broken: it may have said "join".
    has_refused: Cell<bool>,
}

/// What it came to.
pub(super) struct Found {
    pub(super) kind: BootKind,
    pub(super) delivery: Option<Delivery>,
}

impl<'a> Search<'a> {
    pub(super) fn new(stage: &'a Stage, report: &'a dyn Report) -> Self {
        Self { stage, report, has_refused: Cell::new(false) }
    }

    /// The configuration, once it is found or there is none, and the kind of boot. `root` ends when the root file system
    /// is there.
    pub(super) async fn run(&self, root: impl Future<Output = ()>) -> Found {
        let mut root = pin!(futures_util::FutureExt::fuse(root));
        if let Some(found) = self.in_the_initrd() {
            // Nothing is held up: the boot itself waits for its root.
            root.await;
            return Found { kind: self.kind().await, delivery: Some(found) };
        }
        let mut partitions = Partitions::new(self);
        let fetching = Box::pin(self.fetched());
        let (partition, fetched) = match select(pin!(partitions.until(root.as_mut())), fetching).await {
            Either::Left((found, fetching)) => (found, Either::Left(fetching)),
            Either::Right((fetched, looking)) => (looking.await, Either::Right(ready(fetched))),
        };
        if !root.is_terminated() {
            root.await;
        }
        let kind = self.kind().await;
        let delivery = match partition {
            Some(found) => Some(found),
            None => self.after_the_root(kind, &mut partitions, fetched).await,
        };
        Found { kind, delivery }
    }

    /// What the boot is held for.
    async fn after_the_root(
        &self,
        kind: BootKind,
        partitions: &mut Partitions<'_>,
        fetched: impl Future<Output = Option<Delivery>>,
    ) -> Option<Delivery> {
        let deadline = Instant::now() + self.stage.parameters.timeout;
        // A member that has its configuration does not wait for a server.
        if kind == BootKind::LaterBoot
            && let Some(installed) = self.installed().await
        {
            return Some(installed);
        }
        if let Ok(Some(fetched)) = timeout_at(deadline, fetched).await {
            return Some(fetched);
        }
        if kind != BootKind::LaterBoot
            && let Some(installed) = self.installed().await
        {
            return Some(installed);
        }
        if !self.stage.parameters.required {
            return None;
        }
        // It must not go on without one: a stick may still be put in.
        let never = pin!(futures_util::FutureExt::fuse(std::future::pending()));
        timeout_at(deadline, partitions.until(never)).await.ok().flatten()
    }

    async fn kind(&self) -> BootKind {
        let (root, sysroot) = (self.stage.options.root.clone(), self.stage.sysroot.clone());
        let look = on_a_thread(move || {
            let mounts = std::fs::read_to_string(root.join("proc/self/mountinfo")).unwrap_or_default();
            BootKind::of(&sysroot, &sysroot, &mounts)
        });
        self.answered("the root file system", look).await.unwrap_or(BootKind::Unknown)
    }

    /// A credential, then a file that lies in the initrd.
    fn in_the_initrd(&self) -> Option<Delivery> {
        let options = &self.stage.options;
        let credential = options.credentials_directory.as_ref().map(|directory| directory.join(CREDENTIAL));
        let file = options.root.join(SECRETS).join(FILE);
        let sources = credential.map(Source::Credential).into_iter().chain([Source::DefaultPath(file)]);
        sources.into_iter().find_map(|source| self.taken(Delivery::of_file(source, options)))
    }

    async fn installed(&self) -> Option<Delivery> {
        let (sysroot, options) = (self.stage.sysroot.clone(), self.stage.options.clone());
        let reading = on_a_thread(move || {
            // The name that the installed system will have, which a configuration without `node_id` goes by.
            let host_name = Tree::at(&sysroot).line("etc/hostname").or_else(|| options.host_name.clone());
            let source = Source::DefaultPath(sysroot.join(SECRETS).join(FILE));
            Delivery::of_file(source, &config::Options { root: sysroot, host_name, ..options })
        });
        let read = self.answered("the configuration on the root file system", reading).await?;
        self.taken(read)
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

    /// What came in time; told where it did not.
    async fn answered<T>(&self, what: &str, reading: impl Future<Output = Option<T>>) -> Option<T> {
        let read = timeout(READING_LIMIT, reading).await.ok().flatten();
        if read.is_none() {
            self.report.report(Event::HardwareSilent { error: format!("{what} could not be read") });
        }
        read
    }

    fn taken(&self, delivered: Result<Option<Delivery>, Broken>) -> Option<Delivery> {
        match delivered {
            Ok(Some(Delivery { source, checked, digest, .. }))
                if self.has_refused.get() && checked.config.bootstraps() =>
            {
                let error = "it would bootstrap a cluster, and a source of higher rank is broken, which may have said to \
                             join one; mend or remove that one";
                self.refuse(&source.to_string(), Some(digest), error);
                None
            }
            Ok(Some(delivery)) => {
                self.tell(&delivery);
                Some(delivery)
            }
            Ok(None) => None,
            Err(Broken { source, digest, error }) => {
                self.refuse(&source.to_string(), digest, &error.to_string());
                None
            }
        }
    }

    /// At once, not when the root file system is there.
    fn tell(&self, Delivery { source, checked, digest, .. }: &Delivery) {
        self.report.report(Event::ConfigurationDelivered {
            source: source.to_string(),
            digest: digest.to_string(),
            node: name_of(checked),
        });
        for warning in &checked.warnings {
            self.report.report(Event::ConfigurationWarning { warning: warning.to_string() });
        }
    }

    fn refuse(&self, source: &str, digest: Option<delivery::Digest>, error: &str) {
        self.has_refused.set(true);
        let digest = digest.map_or_else(|| "unread".to_owned(), |digest| digest.to_string());
        self.report.report(Event::ConfigurationRefused { source: source.to_owned(), digest, error: error.to_owned() });
    }
}

/// Whose configuration it is, as far as it says.
fn name_of(checked: &Checked) -> String {
    let by_host_name =
        checked.provenance.iter().any(|shown| shown.path == "$.node_id" && shown.origin == Origin::HostName);
    if by_host_name { "whoever has this host name".to_owned() } else { checked.config.node.id.to_string() }
}

/// The partitions that may hold a configuration, each looked at once.
struct Partitions<'a> {
    search: &'a Search<'a>,
    known: HashSet<PathBuf>,
}

/// What a partition has given.
type Reading = (Candidate, io::Result<Option<Vec<u8>>>);

impl<'a> Partitions<'a> {
    fn new(search: &'a Search<'a>) -> Self {
        Self { search, known: HashSet::new() }
    }

    /// Looks at partitions as they appear, the last time when `root` is there.
    async fn until(&mut self, mut root: Pin<&mut Fuse<impl Future<Output = ()>>>) -> Option<Delivery> {
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
    async fn read(&self) -> Vec<Reading> {
        let root = self.search.stage.options.root.clone();
        let listing = on_a_thread(move || delivery::candidates(&disks::all(&root)));
        let listed = self.search.answered("a partition table", listing).await.unwrap_or_default();
        let unknown = listed.into_iter().filter(|candidate| !self.known.contains(&candidate.device));
        join_all(unknown.map(|candidate| self.read_one(candidate))).await
    }

    async fn read_one(&self, candidate: Candidate) -> Reading {
        let name = candidate.device.file_name().unwrap_or_default();
        let place = self.search.stage.options.root.join(boot::DIRECTORY).join(Path::new(name));
        let reading = {
            let (candidate, place) = (candidate.clone(), place.clone());
            on_a_thread(move || candidate.read(&place))
        };
        let silent = || io::Error::other(format!("it did not answer within {} s", READING_LIMIT.as_secs()));
        let read = timeout(READING_LIMIT, reading).await.ok().flatten().unwrap_or_else(|| Err(silent()));
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
