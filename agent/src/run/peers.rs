//! Whom a bootstrap waits for: the initial peers that do not answer yet. Must not judge what is said by those that do.

use std::cell::RefCell;
use std::convert::Infallible;
use std::time::Duration;

use futures_util::stream::{self, StreamExt};
use tokio::time::sleep;

use crate::config::{Endpoint, MemberService, Peer};
use crate::events::Event;
use crate::plan::member::NAMED;

use super::ports::Cluster;
use super::service::look_further;
use super::{AT_ONCE, Work};

/// Peers that boot at the same time are not missed; and a cluster that is not there is not helped by being asked more often.
const PAUSE: Duration = Duration::from_secs(2);
/// etcd listens for its peers alone until it is in a cluster; it answers this path there.
const VERSION: &str = "/version";

/// The initial peers of a service, as they were seen last.
pub(super) struct Awaited<'a, U, C> {
    work: &'a Work<'a, U, C>,
    /// Who does not answer, in words; empty while all do.
    found: RefCell<String>,
    /// Those that did not answer, each time that it was reported.
    reported: RefCell<Vec<Vec<String>>>,
}

impl<'a, U, C: Cluster> Awaited<'a, U, C> {
    /// Nobody was looked for yet.
    pub(super) fn of(work: &'a Work<'a, U, C>) -> Self {
        Self { work, found: RefCell::default(), reported: RefCell::default() }
    }

    /// What is missing, and who does not answer.
    pub(super) fn added_to(&self, missing: &str) -> String {
        let found = self.found.borrow();
        if found.is_empty() { missing.to_owned() } else { format!("{missing}; {found}") }
    }

    /// What to do about it.
    pub(super) fn remedy(&self) -> String {
        let further = look_further(&self.work.service.unit);
        if self.found.borrow().is_empty() { further } else { format!("{START_THEM}; {further}") }
    }

    /// Forgets who did not answer: this node's own service is what is waited for.
    pub(super) fn forget(&self) {
        self.found.take();
    }

    /// Looks again and again; `looked` is called each time.
    pub(super) async fn watch(&self, looked: impl Fn()) -> Infallible {
        let pause = self.work.context.config.policies.promotion.max_delay.max(PAUSE);
        loop {
            sleep(pause).await;
            self.look().await;
            looked();
        }
    }

    async fn look(&self) {
        let Work { context, service, report } = self.work;
        let asked = stream::iter(&service.peers).map(async |peer| {
            let (at, path) = door(service, peer);
            context.cluster.silence(&at, path).await.map(|fault| (peer, fault.message))
        });
        let asked: Vec<Option<(&Peer, String)>> = asked.buffered(AT_ONCE).collect().await;
        let silent: Vec<(&Peer, String)> = asked.into_iter().flatten().collect();
        let initial = service.peers.len() + 1;
        let needed = initial / 2 + 1;
        let mut names: Vec<String> =
            silent.iter().take(NAMED).map(|(peer, why)| format!("{} ({why})", peer.raft)).collect();
        if silent.len() > NAMED {
            names.push(format!("{} more", silent.len() - NAMED));
        }
        *self.found.borrow_mut() = if silent.is_empty() {
            String::new()
        } else {
            let names = names.join(", ");
            format!("no answer from {} of {initial} initial peers, {needed} are needed: {names}", silent.len())
        };
        let peers: Vec<String> = silent.iter().map(|(peer, _)| peer.raft.to_string()).collect();
        if !peers.is_empty() && !self.reported.borrow().contains(&peers) {
            self.reported.borrow_mut().push(peers);
            let (error, remedy) = (self.found.borrow().clone(), START_THEM.to_owned());
            report.report(Event::AwaitingPeers { error, remedy });
        }
    }
}

/// What brings them here.
const START_THEM: &str =
    "start those nodes, or check that initial_peers has their right addresses and that all of them reach each other";

/// Where a peer answers before there is a cluster.
fn door<'s>(service: &'s MemberService, peer: &Peer) -> (Endpoint, &'s str) {
    match Endpoint::at(peer.raft.clone()) {
        Ok(at) if service.api.is_added_first() => (at, VERSION),
        _ => (peer.url.clone(), service.api.health_path().as_str()),
    }
}
