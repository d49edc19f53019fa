//! Looks for the configuration, source after source in the documented order (see `delivery`): the first valid one wins,
//! a broken one is told and passed over.
//!
//! Disks appear while the search goes on, so partitions are looked at until the root file system is there: by then the
//! disks that matter are. A URL is asked from the beginning, and waited for only after that.

use std::cell::RefCell;
use std::future::{pending, ready};
use std::path::Path;
use std::pin::pin;
use std::time::Duration;

use futures_util::future::{Either, FusedFuture, select};
use tokio::time::{Instant, sleep, timeout, timeout_at};

use crate::boot::{self, BootKind, Refusal};
use crate::config::{self, ConfigError, FILE, SECRETS, Source};
use crate::delivery::{Broken, Candidate, Content, Delivery, Digest, Fetch, Unreadable};
use crate::events::{Event, Report};
use crate::sysfs::Tree;

use super::bounded::on_a_thread;
use super::partitions::Partitions;
use super::stage::Stage;

/// A file may take so long to be read: a dying disk may not hold the boot for minutes.
pub(super) const READING_LIMIT: Duration = Duration::from_secs(5);

/// How long before a URL that was refused is asked again, where the boot is held for it.
const AGAIN: Duration = Duration::from_secs(10);

/// The sources in their order (see `delivery`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Rank {
    Credential,
    InitrdFile,
    Partition,
    Url,
    Installed,
}

impl Rank {
    /// Whether the one comes before the other. Of two partitions either may be meant to.
    fn is_before(self, other: Self) -> bool {
        self < other || (self, other) == (Self::Partition, Self::Partition)
    }
}

/// One search.
pub(super) struct Search<'a> {
    pub(super) stage: &'a Stage,
    report: &'a dyn Report,
    /// How a partition is read; tests have their own way.
    pub(super) read: Reader,
    /// What was there and could not be taken: each of them may have said "join".
    refused: RefCell<Vec<(Rank, Refusal)>>,
    /// What was last said to be found.
    told: RefCell<Option<(Source, Digest)>>,
}

/// Reads a partition, which it mounts at a place.
pub(super) type Reader = fn(&Candidate, &Path) -> Result<Content, Unreadable>;

/// What it came to.
pub(super) struct Found {
    pub(super) kind: BootKind,
    pub(super) delivery: Option<Delivery>,
    /// What ranks before it and could not be taken. The installed file is none of these: it is read anew.
    pub(super) refused: Vec<Refusal>,
}

/// A valid configuration, and how its source ranks.
type Ranked = (Rank, Delivery);

impl<'a> Search<'a> {
    pub(super) fn new(stage: &'a Stage, report: &'a dyn Report) -> Self {
        Self { stage, report, read: Candidate::read, refused: RefCell::default(), told: RefCell::default() }
    }

    /// The configuration, once it is found or there is none, and the kind of boot. `root` ends when the root file system
    /// is there.
    pub(super) async fn run(self, root: impl Future<Output = ()>) -> Found {
        let (kind, found) = self.find(root).await;
        let before = found.as_ref().map_or(Rank::Installed, |(rank, _)| *rank);
        let refused = self.refused.into_inner().into_iter();
        let refused = refused.filter(|(rank, _)| rank.is_before(before));
        Found { kind, delivery: found.map(|(_, delivery)| delivery), refused: refused.map(|(_, it)| it).collect() }
    }

    async fn find(&self, root: impl Future<Output = ()>) -> (BootKind, Option<Ranked>) {
        let mut root = pin!(futures_util::FutureExt::fuse(root));
        let mut doubtful = Vec::new();
        if let Some(found) = self.in_the_initrd() {
            if self.is_taken_at_once(&found) {
                // Nothing is held up: the boot itself waits for its root.
                root.await;
                return (self.kind().await, Some(found));
            }
            doubtful.push(found);
        }
        let mut partitions = Partitions::new(self);
        let fetching = Box::pin(self.fetched());
        let (partition, fetched) = match select(pin!(partitions.until(root.as_mut())), fetching).await {
            Either::Left((found, fetching)) => (found, Either::Left(fetching)),
            Either::Right((fetched, looking)) => (looking.await, Either::Right(ready(fetched))),
        };
        if let Some(found) = partition {
            // Said at once; what appears until the root is there may still speak against it.
            self.is_taken_at_once(&(Rank::Partition, found));
            partitions.look_on(root.as_mut()).await;
            partitions.report_unread();
        }
        let mut taken = None;
        if let Some(found) = partitions.chosen().map(|delivery| (Rank::Partition, delivery)) {
            if self.is_taken_at_once(&found) {
                taken = Some(found);
            } else {
                doubtful.push(found);
            }
        }
        if !root.is_terminated() {
            root.await;
        }
        let kind = self.kind().await;
        if taken.is_none() {
            taken = doubtful.into_iter().find_map(|found| self.taken(kind, found));
        }
        if taken.is_none() {
            taken = self.after_the_root(kind, &mut partitions, fetched).await;
        }
        (kind, taken)
    }

    /// What the boot is held for.
    async fn after_the_root(
        &self,
        kind: BootKind,
        partitions: &mut Partitions<'_>,
        fetched: impl Future<Output = Option<Delivery>>,
    ) -> Option<Ranked> {
        let deadline = Instant::now() + self.stage.parameters.timeout;
        // A member that has its configuration does not wait for a server.
        if kind == BootKind::LaterBoot
            && let Some(installed) = self.installed(kind).await
        {
            return Some(installed);
        }
        // A boot that must not go on without one has time for a stick that is still to be put in.
        let required = self.stage.parameters.required;
        let found = {
            let late = async { if required { partitions.of_late().await } else { pending().await } };
            match timeout_at(deadline, select(pin!(fetched), pin!(late))).await {
                Ok(Either::Left((fetched, _))) => fetched.map(|delivery| (Rank::Url, delivery)),
                Ok(Either::Right((found, _))) => found.map(|delivery| (Rank::Partition, delivery)),
                Err(_) => None,
            }
        };
        if let Some(taken) = found.and_then(|found| self.taken(kind, found)) {
            return Some(taken);
        }
        if kind != BootKind::LaterBoot
            && let Some(installed) = self.installed(kind).await
        {
            return Some(installed);
        }
        if !required {
            return None;
        }
        // Somebody may put another USB drive in, or correct what the server has.
        let late = select(Box::pin(partitions.of_late()), Box::pin(self.fetched_again()));
        let found = match timeout_at(deadline, late).await.ok()? {
            Either::Left((found, _)) => (Rank::Partition, found?),
            Either::Right((fetched, _)) => (Rank::Url, fetched),
        };
        self.taken(kind, found)
    }

    /// What the URL gives in the end, after it was refused.
    async fn fetched_again(&self) -> Delivery {
        loop {
            sleep(AGAIN).await;
            if let Some(fetched) = self.fetched().await {
                return fetched;
            }
        }
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
    fn in_the_initrd(&self) -> Option<Ranked> {
        let options = &self.stage.options;
        let credentials = config::credentials(options).into_iter().map(|source| (Rank::Credential, source));
        let file = (Rank::InitrdFile, Source::InitrdFile(options.root.join(SECRETS).join(FILE)));
        let valid = |(rank, source)| Some((rank, self.valid(rank, Delivery::of_file(source, options))?));
        credentials.chain([file]).find_map(valid)
    }

    async fn installed(&self, kind: BootKind) -> Option<Ranked> {
        let (sysroot, options) = (self.stage.sysroot.clone(), self.stage.options.clone());
        let reading = on_a_thread(move || {
            // The name that the installed system will have, which a configuration without `node_id` goes by.
            let host_name = host_name(&sysroot).or_else(|| options.host_name.clone());
            let source = Source::Installed(boot::within(&sysroot, Path::new(SECRETS).join(FILE)));
            Delivery::of_file(source, &config::Options { root: sysroot, host_name, ..options })
        });
        let read = self.answered("the configuration on the root file system", reading).await?;
        self.taken(kind, (Rank::Installed, self.valid(Rank::Installed, read)?))
    }

    /// What the URL gives; told when it is taken, for a partition comes before it.
    async fn fetched(&self) -> Option<Delivery> {
        let parameters = &self.stage.parameters;
        if let Some(error) = parameters.url_problem.clone() {
            let source = "the URL of the kernel's command line".to_owned();
            self.refuse(Rank::Url, Refusal { source, digest: None, error });
        }
        let fetch = Fetch {
            url: parameters.url.clone()?,
            sha256: parameters.sha256,
            ca: self.stage.options.root.join(SECRETS).join("ca.crt"),
            root: self.stage.options.root.clone(),
            boot_card: parameters.boot_card.clone(),
        };
        match fetch.run(self.report).await {
            Ok((bytes, source)) => self.valid(Rank::Url, Delivery::of(bytes, source, &self.stage.options).map(Some)),
            Err(error) => {
                let digest = error.digest.map(|digest| digest.to_string());
                let refusal = Refusal { source: fetch.url.to_string(), digest, error: error.to_string() };
                self.refuse(Rank::Url, refusal);
                None
            }
        }
    }

    /// What came in time; told where it did not.
    pub(super) async fn answered<T>(&self, what: &str, reading: impl Future<Output = Option<T>>) -> Option<T> {
        let read = timeout(READING_LIMIT, reading).await.ok().flatten();
        if read.is_none() {
            self.report_silent(what);
        }
        read
    }

    pub(super) fn report_silent(&self, what: &str) {
        self.report.report(Event::HardwareSilent { error: format!("{what} could not be read") });
    }

    /// A delivery that is valid by itself; told where it is not.
    pub(super) fn valid(&self, rank: Rank, delivered: Result<Option<Delivery>, Broken>) -> Option<Delivery> {
        match delivered {
            Ok(delivery) => delivery,
            Err(Broken { source, digest, error }) => {
                let digest = digest.map(|digest| digest.to_string());
                // Every problem is for the journal; whoever comes later has room for a line.
                let refusal = Refusal { source: source.to_string(), digest, error: error.to_string() };
                let short = Refusal { error: error.summary(), ..refusal.clone() };
                if !self.refused.borrow().contains(&(rank, short.clone())) {
                    self.tell_refusal(&refusal);
                    self.remember(rank, short);
                }
                None
            }
        }
    }

    /// Whether it is taken whatever kind of boot this is; told if so.
    fn is_taken_at_once(&self, (rank, delivery): &Ranked) -> bool {
        let sure = !delivery.checked.config.bootstraps() || self.broken_before(*rank).is_none();
        if sure {
            self.tell(delivery);
        }
        sure
    }

    /// What is taken in this kind of boot, told either way. What is broken and ranks before a configuration that bootstraps
    /// may have said to join; a member is in its cluster already.
    pub(super) fn taken(&self, kind: BootKind, found: Ranked) -> Option<Ranked> {
        if self.is_taken_at_once(&found) {
            return Some(found);
        }
        let (rank, delivery) = found;
        if kind == BootKind::LaterBoot {
            self.tell(&delivery);
            return Some((rank, delivery));
        }
        let Delivery { source, digest, .. } = delivery;
        let broken = self.broken_before(rank).unwrap_or_default();
        let error = ConfigError::BootstrapsBehindBroken(source.clone(), broken);
        self.valid(rank, Err(Broken { source, digest: Some(digest), error }));
        None
    }

    /// Something that is no reason to refuse a source, and that somebody may want to know.
    pub(super) fn report(&self, event: Event) {
        self.report.report(event);
    }

    /// What was refused and ranks before a source, for people.
    fn broken_before(&self, rank: Rank) -> Option<String> {
        let refused = self.refused.borrow();
        let before = refused.iter().filter(|(other, _)| other.is_before(rank));
        let told: Vec<String> = before.map(|(_, refusal)| refusal.to_string()).collect();
        (!told.is_empty()).then(|| told.join("; "))
    }

    /// At once, not when the root file system is there; and once.
    fn tell(&self, delivery: &Delivery) {
        let Delivery { source, checked, digest, .. } = delivery;
        if self.told.replace(Some((source.clone(), *digest))) == Some((source.clone(), *digest)) {
            return;
        }
        self.report.report(Event::ConfigurationDelivered {
            source: source.to_string(),
            digest: digest.to_string(),
            node: delivery.node(),
        });
        for warning in &checked.warnings {
            self.report.report(Event::ConfigurationWarning { warning: warning.to_string() });
        }
    }

    /// Something that is there and cannot be taken; reported once, however often it is met.
    pub(super) fn refuse(&self, rank: Rank, refusal: Refusal) {
        if !self.refused.borrow().contains(&(rank, refusal.clone())) {
            self.tell_refusal(&refusal);
            self.remember(rank, refusal);
        }
    }

    fn tell_refusal(&self, Refusal { source, digest, error }: &Refusal) {
        let digest = digest.clone().unwrap_or_else(|| "unread".to_owned());
        self.report.report(Event::ConfigurationRefused { source: source.clone(), digest, error: error.clone() });
    }

    fn remember(&self, rank: Rank, refusal: Refusal) {
        self.refused.borrow_mut().push((rank, refusal));
    }
}

/// The name in a system's `/etc/hostname` (hostname(5)), where that says one: its first line that is no comment. `None` for a
/// pattern, which systemd makes a name of with the system's machine-id: `?` from version 258 on, `$` from 262 on.
fn host_name(root: &Path) -> Option<String> {
    let text = Tree::at(Path::new("/")).bytes(boot::within(root, "etc/hostname"))?;
    let text = String::from_utf8_lossy(&text);
    let name = text.lines().map(str::trim).find(|line| !line.is_empty() && !line.starts_with('#'))?;
    (!name.contains(['?', '$', '*'])).then(|| name.to_owned())
}
