//! Looks for the configuration, source after source in the documented order (see `delivery`): the first valid one wins,
//! a broken one is told and passed over.
//!
//! Disks appear while the search goes on, so partitions are looked at until the root file system is there: by then the
//! disks that matter are. A URL is asked from the beginning, and waited for only after that.

use std::cell::RefCell;
use std::future::{pending, ready};
use std::pin::pin;
use std::time::Duration;

use futures_util::future::{Either, FusedFuture, select};
use tokio::time::{Instant, timeout, timeout_at};

use crate::boot::{BootKind, Refusal};
use crate::config::{self, CREDENTIAL, Checked, ConfigError, FILE, Origin, SECRETS, Source};
use crate::delivery::{Broken, Delivery, Fetch};
use crate::events::{Event, Report};
use crate::sysfs::Tree;

use super::bounded::on_a_thread;
use super::partitions::Partitions;
use super::stage::Stage;

/// A file may take so long to be read: a dying disk may not hold the boot for minutes.
pub(super) const READING_LIMIT: Duration = Duration::from_secs(5);

/// The sources in their order (see `delivery`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Rank {
    Credential,
    InitrdFile,
    Partition,
    Url,
    Installed,
}

/// One search.
pub(super) struct Search<'a> {
    pub(super) stage: &'a Stage,
    report: &'a dyn Report,
    /// What was there and could not be taken: each of them may have said "join".
    refused: RefCell<Vec<(Rank, Refusal)>>,
}

/// What it came to.
pub(super) struct Found {
    pub(super) kind: BootKind,
    pub(super) delivery: Option<Delivery>,
    /// What was there before it and could not be taken. The installed file is none of these: it is read anew.
    pub(super) refused: Vec<Refusal>,
}

impl<'a> Search<'a> {
    pub(super) fn new(stage: &'a Stage, report: &'a dyn Report) -> Self {
        Self { stage, report, refused: RefCell::default() }
    }

    /// The configuration, once it is found or there is none, and the kind of boot. `root` ends when the root file system
    /// is there.
    pub(super) async fn run(self, root: impl Future<Output = ()>) -> Found {
        let (kind, delivery) = self.find(root).await;
        let refused = self.refused.into_inner().into_iter();
        let refused = refused.filter(|(rank, _)| *rank < Rank::Installed).map(|(_, refusal)| refusal).collect();
        Found { kind, delivery, refused }
    }

    async fn find(&self, root: impl Future<Output = ()>) -> (BootKind, Option<Delivery>) {
        let mut root = pin!(futures_util::FutureExt::fuse(root));
        if let Some(found) = self.in_the_initrd() {
            // Nothing is held up: the boot itself waits for its root.
            root.await;
            return (self.kind().await, Some(found));
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
        (kind, delivery)
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
            && let Some(installed) = self.installed(kind).await
        {
            return Some(installed);
        }
        // A boot that must not go on without one has time for a stick that is still to be put in.
        let never = pin!(futures_util::FutureExt::fuse(pending()));
        let required = self.stage.parameters.required;
        let mut later = pin!(async { if required { partitions.until(never).await } else { pending().await } });
        let delivered = match timeout_at(deadline, select(pin!(fetched), later.as_mut())).await {
            Ok(Either::Left((fetched, _))) => fetched,
            Ok(Either::Right((found, _))) => found,
            Err(_) => None,
        };
        if delivered.is_some() {
            return delivered;
        }
        if kind != BootKind::LaterBoot
            && let Some(installed) = self.installed(kind).await
        {
            return Some(installed);
        }
        if required { timeout_at(deadline, later).await.ok().flatten() } else { None }
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
        let credential = credential.map(|path| (Rank::Credential, Source::Credential(path)));
        let sources = credential.into_iter().chain([(Rank::InitrdFile, Source::DefaultPath(file))]);
        sources.into_iter().find_map(|(rank, source)| self.taken(rank, Delivery::of_file(source, options)))
    }

    async fn installed(&self, kind: BootKind) -> Option<Delivery> {
        let (sysroot, options) = (self.stage.sysroot.clone(), self.stage.options.clone());
        let reading = on_a_thread(move || {
            // The name that the installed system will have, which a configuration without `node_id` goes by.
            let host_name = Tree::at(&sysroot).line("etc/hostname").or_else(|| options.host_name.clone());
            let source = Source::DefaultPath(sysroot.join(SECRETS).join(FILE));
            Delivery::of_file(source, &config::Options { root: sysroot, host_name, ..options })
        });
        let read = self.answered("the configuration on the root file system", reading).await?;
        // A member is in its cluster already, and bootstraps no other.
        if kind == BootKind::LaterBoot { self.told(Rank::Installed, read) } else { self.taken(Rank::Installed, read) }
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
            Ok((bytes, source)) => self.taken(Rank::Url, Delivery::of(bytes, source, &self.stage.options).map(Some)),
            Err(error) => {
                let (source, error) = (fetch.url.to_string(), error.to_string());
                self.refuse(Rank::Url, Refusal { source, digest: None, error });
                None
            }
        }
    }

    /// What came in time; told where it did not.
    pub(super) async fn answered<T>(&self, what: &str, reading: impl Future<Output = Option<T>>) -> Option<T> {
        let read = timeout(READING_LIMIT, reading).await.ok().flatten();
        if read.is_none() {
            self.report.report(Event::HardwareSilent { error: format!("{what} could not be read") });
        }
        read
    }

    /// A delivery, if it is one and may be taken after what was refused before it; told either way.
    pub(super) fn taken(&self, rank: Rank, delivered: Result<Option<Delivery>, Broken>) -> Option<Delivery> {
        let refusals = self.refused.borrow();
        let broken = refusals.iter().find(|(before, _)| *before <= rank).map(|(_, refusal)| refusal.to_string());
        drop(refusals);
        let delivered = match (delivered, broken) {
            (Ok(Some(Delivery { source, checked, digest, .. })), Some(broken)) if checked.config.bootstraps() => {
                let error = ConfigError::BootstrapsBehindBroken { origin: source.clone(), broken };
                Err(Broken { source, digest: Some(digest), error })
            }
            (delivered, _) => delivered,
        };
        self.told(rank, delivered)
    }

    fn told(&self, rank: Rank, delivered: Result<Option<Delivery>, Broken>) -> Option<Delivery> {
        match delivered {
            Ok(Some(delivery)) => {
                self.tell(&delivery);
                Some(delivery)
            }
            Ok(None) => None,
            Err(Broken { source, digest, error }) => {
                let digest = digest.map(|digest| digest.to_string());
                self.refuse(rank, Refusal { source: source.to_string(), digest, error: error.to_string() });
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

    pub(super) fn refuse(&self, rank: Rank, refusal: Refusal) {
        let Refusal { source, digest, error } = refusal.clone();
        let digest = digest.unwrap_or_else(|| "unread".to_owned());
        self.report.report(Event::ConfigurationRefused { source, digest, error });
        self.refused.borrow_mut().push((rank, refusal));
    }
}

/// Whose configuration it is, as far as it says.
fn name_of(checked: &Checked) -> String {
    let by_host_name =
        checked.provenance.iter().any(|shown| shown.path == "$.node_id" && shown.origin == Origin::HostName);
    if by_host_name { "whoever has this host name".to_owned() } else { checked.config.node.id.to_string() }
}
