//! Looks for the configuration, source after source in the documented order (see `delivery`): the first valid one wins,
//! a broken one is reported and passed over.
//!
//! Disks appear while the search goes on, so partitions are looked at until the root file system is there: by then the
//! disks that matter are. A URL is asked from the beginning, and waited for only after that.

use std::future::{pending, ready};
use std::path::Path;
use std::pin::pin;
use std::time::Duration;

use futures_util::future::{Either, select};
use tokio::time::{Instant, sleep, timeout_at};

use crate::boot::{self, BootKind, Refusal};
use crate::config::{self, FILE, Options, SECRETS, Source};
use crate::delivery::{Candidate, Delivery, Fetch, Parameters};
use crate::events::Report;
use crate::mount_watch;
use crate::sysfs::Tree;

use super::bounded::in_time;
use super::judge::{Judge, Rank, Ranked};
use super::partitions::{Partitions, Reader};

/// How long before a URL that was refused is asked again, where the boot is held for it.
const AGAIN: Duration = Duration::from_secs(10);

/// How long the boot is held for what was asked for, once the root file system is there.
const USUAL_TIMEOUT: Duration = Duration::from_mins(1);

/// One search.
pub(super) struct Search<'a> {
    pub(super) judge: Judge<'a>,
    sysroot: &'a Path,
    parameters: &'a Parameters,
    /// How a partition is read; tests have their own way.
    pub(super) read: Reader,
}

/// What it came to.
pub(super) struct Found {
    pub(super) kind: BootKind,
    pub(super) delivery: Option<Delivery>,
    /// What ranks before it and could not be taken. The installed file is none of these: it is read again.
    pub(super) refused: Vec<Refusal>,
}

impl<'a> Search<'a> {
    pub(super) fn new(
        options: &'a Options,
        sysroot: &'a Path,
        parameters: &'a Parameters,
        report: &'a dyn Report,
    ) -> Self {
        Self { judge: Judge::new(options, report), sysroot, parameters, read: Candidate::read }
    }

    /// The configuration, once it is found or there is none, and the kind of boot. `root` ends when the root file system
    /// is there.
    pub(super) async fn run(self, root: impl Future<Output = ()>) -> Found {
        let (kind, found) = self.find(root).await;
        let refused = self.judge.refused_before(found.as_ref().map_or(Rank::Installed, |(rank, _)| *rank));
        Found { kind, delivery: found.map(|(_, delivery)| delivery), refused }
    }

    async fn find(&self, root: impl Future<Output = ()>) -> (BootKind, Option<Ranked>) {
        let mut root = pin!(futures_util::FutureExt::fuse(root));
        let mut doubtful = Vec::new();
        if let Some(found) = self.in_the_initrd() {
            if self.judge.is_taken_at_once(&found) {
                // Nothing is held up: the boot itself waits for its root.
                root.await;
                return (self.kind().await, Some(found));
            }
            doubtful.push(found);
        }
        let mut partitions = Partitions::new(&self.judge, self.read);
        let fetching = Box::pin(self.fetched());
        let (partition, fetched) = match select(pin!(partitions.until(root.as_mut())), fetching).await {
            Either::Left((found, fetching)) => (found, Either::Left(fetching)),
            Either::Right((fetched, looking)) => (looking.await, Either::Right(ready(fetched))),
        };
        if let Some(found) = partition {
            // Said at once; what appears until the root is there may still speak against it.
            self.judge.is_taken_at_once(&(Rank::Partition, found));
            partitions.look_on(root.as_mut()).await;
            partitions.report_unread();
        }
        let found = partitions.chosen().map(|delivery| (Rank::Partition, delivery));
        let (sure, unsure): (Vec<_>, Vec<_>) = found.into_iter().partition(|found| self.judge.is_taken_at_once(found));
        doubtful.extend(unsure);
        let kind = self.kind().await;
        let mut taken = sure.into_iter().next();
        taken = taken.or_else(|| doubtful.into_iter().find_map(|found| self.judge.taken(kind, found)));
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
        let deadline = Instant::now() + self.parameters.timeout.unwrap_or(USUAL_TIMEOUT);
        // A member that has its configuration does not wait for a server.
        let is_member = kind == BootKind::LaterBoot;
        if is_member && let Some(installed) = self.installed(kind).await {
            return Some(installed);
        }
        // A boot that must not go on without one has time for a USB drive that is still to be plugged in.
        let required = self.parameters.required;
        let found = {
            let late = async { if required { partitions.of_late().await } else { pending().await } };
            match timeout_at(deadline, select(pin!(fetched), pin!(late))).await {
                Ok(Either::Left((fetched, _))) => fetched.map(|delivery| (Rank::Url, delivery)),
                Ok(Either::Right((found, _))) => found.map(|delivery| (Rank::Partition, delivery)),
                Err(_) => None,
            }
        };
        if let Some(taken) = found.and_then(|found| self.judge.taken(kind, found)) {
            return Some(taken);
        }
        if !is_member && let Some(installed) = self.installed(kind).await {
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
        self.judge.taken(kind, found)
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
        let (root, sysroot) = (self.judge.options.root.clone(), self.sysroot.to_owned());
        let kind = in_time(self.judge.report, "the root file system could not be read", move || {
            let mounts = mount_watch::listed(&root.join("proc/self/mountinfo")).unwrap_or_default();
            BootKind::of(&sysroot, &sysroot, &mounts)
        });
        kind.await.unwrap_or(BootKind::Unknown)
    }

    /// A credential, then a file that is in the initrd.
    fn in_the_initrd(&self) -> Option<Ranked> {
        let options = self.judge.options;
        let credentials = config::credentials(options).into_iter().map(|source| (Rank::Credential, source));
        let file = (Rank::InitrdFile, Source::InitrdFile(options.root.join(SECRETS).join(FILE)));
        let valid = |(rank, source)| Some((rank, self.judge.valid(rank, Delivery::of_file(source, options))?));
        credentials.chain([file]).find_map(valid)
    }

    async fn installed(&self, kind: BootKind) -> Option<Ranked> {
        let (sysroot, options) = (self.sysroot.to_owned(), self.judge.options.clone());
        let silent = "the configuration on the root file system could not be read";
        let read = in_time(self.judge.report, silent, move || {
            // The name that the installed system will have, which a configuration without `node_id` uses.
            let host_name = host_name(&sysroot).or_else(|| options.host_name.clone());
            let source = Source::Installed(boot::within(&sysroot, Path::new(SECRETS).join(FILE)));
            Delivery::of_file(source, &Options { root: sysroot, host_name, ..options })
        });
        self.judge.taken(kind, (Rank::Installed, self.judge.valid(Rank::Installed, read.await?)?))
    }

    /// What the URL gives; reported when it is taken, for a partition comes before it.
    async fn fetched(&self) -> Option<Delivery> {
        let (parameters, judge, options) = (self.parameters, &self.judge, self.judge.options);
        if let Some(error) = parameters.url_problem.clone() {
            judge.refuse(Rank::Url, "the URL of the kernel's command line".to_owned(), None, error);
        }
        let fetch = Fetch {
            url: parameters.url.clone()?,
            sha256: parameters.sha256,
            ca: options.root.join(SECRETS).join("ca.crt"),
            root: options.root.clone(),
            boot_card: parameters.boot_card.clone(),
        };
        match fetch.run(judge.report).await {
            Ok((bytes, source)) => judge.valid(Rank::Url, Delivery::of(bytes, source, options).map(Some)),
            Err(error) => {
                judge.refuse(Rank::Url, fetch.url.to_string(), error.digest, error.to_string());
                None
            }
        }
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
