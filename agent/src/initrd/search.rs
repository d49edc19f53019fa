//! Looks for the configuration, source after source in the documented order (see `delivery`): the first valid one wins,
//! a broken one is told and passed over.
//!
//! Disks appear while the search goes on, so partitions are looked at until the root file system is there: by then the
//! disks that matter are. A URL is asked from the beginning, and waited for only after that.

use std::cell::Cell;
use std::future::ready;
use std::pin::pin;
use std::time::Duration;

use futures_util::future::{Either, FusedFuture, select};
use tokio::time::{Instant, timeout, timeout_at};

use crate::boot::BootKind;
use crate::config::{self, CREDENTIAL, Checked, FILE, Origin, SECRETS, Source};
use crate::delivery::{self, Broken, Delivery, Fetch};
use crate::events::{Event, Report};
use crate::sysfs::Tree;

use super::bounded::on_a_thread;
use super::partitions::Partitions;
use super::stage::Stage;

/// A file may take so long to be read: a dying disk may not hold the boot for minutes.
pub(super) const READING_LIMIT: Duration = Duration::from_secs(5);
/// One search.
pub(super) struct Search<'a> {
    pub(super) stage: &'a Stage,
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
    pub(super) async fn answered<T>(&self, what: &str, reading: impl Future<Output = Option<T>>) -> Option<T> {
        let read = timeout(READING_LIMIT, reading).await.ok().flatten();
        if read.is_none() {
            self.report.report(Event::HardwareSilent { error: format!("{what} could not be read") });
        }
        read
    }

    pub(super) fn taken(&self, delivered: Result<Option<Delivery>, Broken>) -> Option<Delivery> {
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

    pub(super) fn refuse(&self, source: &str, digest: Option<delivery::Digest>, error: &str) {
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
