//! What a member does unasked while it leads: gives a new cluster its identity, makes learners voters
//! once they have caught up, and completes what an earlier leader began. It also keeps the line for `systemctl status` up to date.
//!
//! Whatever fails here is tried again at the next look; a new leader takes over where the old one
//! stopped, because all of it is read off the current state.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::timeout;

use super::member::Member;
use super::types::Command;
use crate::tokens::random_token;

/// Most looks follow a change at once; this one is for what changes nothing that can be watched.
const LOOK_ANYWAY: Duration = Duration::from_millis(200);
/// How far a learner's log may be behind the leader's when it becomes a voter.
const CAUGHT_UP: u64 = 8;

/// Runs until the Raft library stops.
pub(crate) async fn run(member: Arc<Member>, summary: watch::Sender<String>) {
    let mut metrics = member.raft.metrics();
    loop {
        if let Ok(Err(_stopped)) = timeout(LOOK_ANYWAY, metrics.changed()).await {
            return;
        }
        summary.send_if_modified(|line| {
            let now = member.summary();
            let changed = *line != now;
            *line = now;
            changed
        });
        if !member.is_leader() {
            continue;
        }
        name_cluster(&member).await;
        if member.is_between_voter_sets() {
            let _next_look_decides = member.finish_change().await;
        }
        if let Some(learner) = learner_that_caught_up(&member) {
            // A refusal means that another change came first, or that this is no longer the leader.
            let _next_look_decides = member.promote(learner).await;
        }
    }
}

async fn name_cluster(member: &Member) {
    if member.cluster_id().is_some() {
        return;
    }
    if let Some(cluster_id) = random_token() {
        let _next_look_decides = member.write(Command::NameCluster { cluster_id }).await;
    }
}

fn learner_that_caught_up(member: &Member) -> Option<u64> {
    let metrics = member.raft.metrics();
    let metrics = metrics.borrow();
    let replication = metrics.replication.as_ref()?;
    let needed = metrics.last_log_index?.saturating_sub(CAUGHT_UP);
    let mut learners = metrics.membership_config.membership().learner_ids();
    learners.find(|learner| {
        let matched = replication.get(learner).copied().flatten();
        matched.is_some_and(|matched| matched.index >= needed)
    })
}
