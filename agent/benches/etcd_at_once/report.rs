//! The table, and nothing but arithmetic and text.

use std::time::Duration;

use crate::{MACHINES, VOTERS};

/// The times of each machine, from when it was its turn: added, healthy, promoted.
pub(crate) struct ByHand {
    pub(crate) machines: Vec<[Duration; 3]>,
}

impl ByHand {
    fn sum(&self) -> f64 {
        self.machines.iter().map(|[.., promoted]| promoted.as_secs_f64()).sum()
    }
}

/// What became of all that came at once.
pub(crate) struct AtOnce {
    pub(crate) took: Duration,
    /// When each of them had ended.
    pub(crate) ended: Vec<Duration>,
    /// Those that were not done in the one run of their step, with all that they said.
    pub(crate) failed: Vec<String>,
    pub(crate) voters: usize,
    pub(crate) most_learners: usize,
    pub(crate) looks: usize,
    /// How often etcd asked a client to retry later.
    pub(crate) refusals: usize,
    /// What failed otherwise.
    pub(crate) attempts: Vec<String>,
}

impl AtOnce {
    pub(crate) fn all_are_in(&self) -> bool {
        self.failed.is_empty() && self.voters == VOTERS + MACHINES && self.most_learners == 1
    }
}

/// Both ways beside each other.
pub(crate) fn table(by_hand: &ByHand, at_once: &AtOnce) -> String {
    let (sum, took) = (by_hand.sum(), at_once.took.as_secs_f64());
    let median = |column: usize| {
        let mut times: Vec<f64> = by_hand.machines.iter().map(|times| times[column].as_secs_f64()).collect();
        times.sort_by(f64::total_cmp);
        times.get(times.len() / 2).copied().unwrap_or_default()
    };
    let mut ended: Vec<f64> = at_once.ended.iter().map(Duration::as_secs_f64).collect();
    ended.sort_by(f64::total_cmp);
    let ended: Vec<String> = ended.iter().map(|after| format!("{after:.1}")).collect();
    let mut lines = vec![
        format!(
            "{MACHINES} machines join one etcd of {VOTERS} voters (real servers on loopback, the agent's own policies)"
        ),
        format!("  s, all at once, by the agent:           {took:6.1}"),
        format!("  s, one after the other, by hand:        {sum:6.1}   (the sum of what etcd itself needs for each)"),
        format!("  ratio:                                  {:6.2}", took / sum),
        format!(
            "  by hand, medians: {:.1} s until the add is taken, {:.1} s until the learner is healthy, {:.1} s until it votes",
            median(0),
            median(1),
            median(2)
        ),
        format!("  at once, voters with a marker after s: {}", ended.join(" ")),
        format!(
            "  {} of {MACHINES} done in one run of their join; {} voters in the end; at most {} learner at a time in {} looks",
            MACHINES - at_once.failed.len(),
            at_once.voters,
            at_once.most_learners,
            at_once.looks
        ),
        format!(
            "  asked to come later: {} times; failed otherwise: {} times",
            at_once.refusals,
            at_once.attempts.len()
        ),
    ];
    lines.extend(at_once.attempts.iter().map(|failed| format!("    {failed}")));
    lines.extend(at_once.failed.iter().map(|failed| format!("  FAILED {failed}")));
    lines.join("\n")
}
