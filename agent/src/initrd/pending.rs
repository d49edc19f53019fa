//! Work on disks that is under way, by the name of what it reads. What does not answer in time is reported, and its answer
//! counts whenever it comes: a machine may be slow. Nothing is asked a second time before it has answered, for each time
//! leaves a thread waiting.

use std::collections::HashSet;
use std::pin::Pin;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use tokio::time::{Instant, timeout_at};

use super::bounded::on_a_thread;

/// An answer; `None` where no thread was to be had.
type Answer<T> = (String, Option<T>);

/// Work under way.
pub(super) struct Pending<T> {
    running: FuturesUnordered<Pin<Box<dyn Future<Output = Answer<T>>>>>,
    names: HashSet<String>,
    reported: HashSet<String>,
}

impl<T: Send + 'static> Pending<T> {
    pub(super) fn new() -> Self {
        Self { running: FuturesUnordered::new(), names: HashSet::new(), reported: HashSet::new() }
    }

    /// Starts some work, unless it is in progress. `kept` is dropped when the answer arrives or the caller gives up.
    pub(super) fn start<K: 'static>(&mut self, name: &str, kept: K, work: impl FnOnce() -> T + Send + 'static) {
        if self.names.insert(name.to_owned()) {
            let name = name.to_owned();
            self.running.push(Box::pin(async move {
                let answer = on_a_thread(work).await;
                drop(kept);
                (name, answer)
            }));
        }
    }

    /// What answers within a time limit; returns early when all that have not timed out before have answered.
    pub(super) async fn within(&mut self, limit: Duration) -> Vec<Answer<T>> {
        let deadline = Instant::now() + limit;
        let mut answers = Vec::new();
        while self.names.iter().any(|name| !self.reported.contains(name)) {
            let Ok(answer) = timeout_at(deadline, self.next()).await else { break };
            answers.push(answer);
        }
        answers
    }

    /// The next answer; never, where nothing is under way. Cancel-safe.
    pub(super) async fn next(&mut self) -> Answer<T> {
        match self.running.next().await {
            Some(answer) => {
                self.names.remove(&answer.0);
                answer
            }
            None => std::future::pending().await,
        }
    }

    /// What has not answered, sorted; with `only_new`, without what an earlier call returned.
    pub(super) fn silent(&mut self, only_new: bool) -> Vec<String> {
        let mut silent: Vec<String> =
            self.names.iter().filter(|name| !only_new || !self.reported.contains(*name)).cloned().collect();
        silent.sort();
        self.reported.extend(silent.iter().cloned());
        silent
    }
}
