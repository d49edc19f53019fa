//! What is taken of what the sources give and what is refused, each reported once. Must not look for anything itself.

use std::cell::RefCell;

use crate::boot::{BootKind, Refusal};
use crate::config::{ConfigError, Options, Source};
use crate::delivery::{Broken, Delivery, Digest};
use crate::events::{Event, Report};

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

/// A valid configuration, and how its source ranks.
pub(super) type Ranked = (Rank, Delivery);

/// The judge of one search.
pub(super) struct Judge<'a> {
    /// How a configuration is checked.
    pub(super) options: &'a Options,
    pub(super) report: &'a dyn Report,
    /// What was there and could not be taken: each of them may have said "join".
    refused: RefCell<Vec<(Rank, Refusal)>>,
    /// The last one reported as found.
    announced: RefCell<Option<(Source, Digest)>>,
}

impl<'a> Judge<'a> {
    pub(super) fn new(options: &'a Options, report: &'a dyn Report) -> Self {
        Self { options, report, refused: RefCell::default(), announced: RefCell::default() }
    }

    /// A delivery that is valid by itself; reported where it is not.
    pub(super) fn valid(&self, rank: Rank, delivered: Result<Option<Delivery>, Broken>) -> Option<Delivery> {
        delivered.unwrap_or_else(|Broken { source, digest, error }| {
            // The journal gets every problem; later readers have room for one line.
            self.refuse_as(rank, source.to_string(), digest, error.summary(), error.to_string());
            None
        })
    }

    /// Whether it is taken whatever kind of boot this is; reported if so.
    pub(super) fn is_taken_at_once(&self, (rank, delivery): &Ranked) -> bool {
        let sure = !delivery.checked.config.bootstraps() || self.broken_before(*rank).is_none();
        if sure {
            self.announce(delivery);
        }
        sure
    }

    /// What is taken in this kind of boot, reported either way. What is broken and has priority over a configuration that
    /// bootstraps may have said to join; a member is in its cluster already.
    pub(super) fn taken(&self, kind: BootKind, found: Ranked) -> Option<Ranked> {
        if self.is_taken_at_once(&found) || kind == BootKind::LaterBoot {
            self.announce(&found.1);
            return Some(found);
        }
        let (rank, Delivery { source, digest, .. }) = found;
        let broken = self.broken_before(rank).unwrap_or_default();
        let error = ConfigError::BootstrapsBehindBroken(source.clone(), broken);
        self.valid(rank, Err(Broken { source, digest: Some(digest), error }));
        None
    }

    /// Something that is there and cannot be taken; reported once, however often it is met.
    pub(super) fn refuse(&self, rank: Rank, source: String, digest: Option<Digest>, error: String) {
        self.refuse_as(rank, source, digest, error.clone(), error);
    }

    fn refuse_as(&self, rank: Rank, source: String, digest: Option<Digest>, summary: String, error: String) {
        let digest = digest.map(|digest| digest.to_string());
        let refusal = (rank, Refusal { source: source.clone(), digest: digest.clone(), error: summary });
        if !self.refused.borrow().contains(&refusal) {
            let digest = digest.unwrap_or_else(|| "unread".to_owned());
            self.report.report(Event::ConfigurationRefused { source, digest, error });
            self.refused.borrow_mut().push(refusal);
        }
    }

    /// What was refused and ranks before a source.
    pub(super) fn refused_before(&self, rank: Rank) -> Vec<Refusal> {
        let refused = self.refused.borrow();
        refused.iter().filter(|(other, _)| other.is_before(rank)).map(|(_, refusal)| refusal.clone()).collect()
    }

    /// The same for people; `None` where there is none.
    fn broken_before(&self, rank: Rank) -> Option<String> {
        let refused: Vec<String> = self.refused_before(rank).iter().map(ToString::to_string).collect();
        (!refused.is_empty()).then(|| refused.join("; "))
    }

    /// At once, not when the root file system is there; and once.
    fn announce(&self, delivery: &Delivery) {
        let Delivery { source, checked, digest, .. } = delivery;
        if self.announced.replace(Some((source.clone(), *digest))) == Some((source.clone(), *digest)) {
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
}
