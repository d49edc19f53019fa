//! The rounds of questions of one run of a step: asking or changing a cluster requires a [`Round`], and
//! the only way to the next one is a pause from a schedule here.
//!
//! Each kind of trouble has one schedule for the whole run. It does not begin again when trouble comes back, so that members
//! which disagree, or a service that keeps dying, cannot make a run endless or fast.

use std::time::Duration;

use tokio::time::{Instant, sleep};

use crate::config::{Limits, Retry};

use super::{SHORTEST_PAUSE, Schedule, Turns};

/// Most elections are over by then, and the cluster can be asked again.
const ELECTION: Duration = Duration::from_secs(1);

/// Hints followed in a row before it counts as a failure: a leader may change, a loop must not.
pub const MOST_HINTS: u32 = 3;

/// The right to ask every known endpoint once, and then to send one change, which uses it up.
#[derive(Debug)]
#[must_use]
pub struct Round(());

/// A pause. At its end, and nowhere else, there is another round.
#[derive(Debug)]
#[must_use]
pub struct Pause(Duration);

impl Pause {
    /// How long it is.
    #[must_use]
    pub fn length(&self) -> Duration {
        self.0
    }

    /// Sits it out.
    pub async fn over(self) -> Round {
        sleep(self.0).await;
        Round(())
    }
}

/// Why another round is needed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Again {
    /// Something failed: this uses up an attempt. `floor` is what a `Retry-After` asked for.
    Failed {
        /// The least pause.
        floor: Option<Duration>,
    },
    /// No leader is known: an attempt as well, with the pause of an election.
    Election,
    /// The service asks to come later; there is no last time.
    Busy {
        /// The time that it named.
        named: Option<Duration>,
        /// How long the request was held before.
        held: Duration,
    },
    /// Another member is the leader.
    Hint,
    /// A change was sent, and what became of it is to be seen.
    Look,
    /// The quorum would not bear a change.
    Quorum,
    /// A removed entry is still listed.
    Removal,
    /// The entry is not that of a full member yet.
    Promotion,
}

/// All schedules of one run.
#[derive(Debug)]
pub struct Rounds {
    attempts: Schedule,
    elections: Turns,
    busy: Turns,
    hints: u32,
    looks: Schedule,
    quorum: Wait,
    removal: Wait,
    promotion: Wait,
    /// What the last pause was for.
    last: Option<Again>,
    first_delay: Duration,
}

/// A kind of waiting within a limit. Only the time that was spent with it counts: what a service takes that asks to come later
/// is not taken from what the leader has for a promotion.
#[derive(Debug)]
struct Wait {
    delays: Schedule,
    limit: Duration,
    spent: Duration,
    /// Up to when it is counted.
    counted: Instant,
}

impl Wait {
    fn new(waits: &Limits) -> Self {
        let delays = Schedule::looks(waits, u32::MAX);
        Self { delays, limit: waits.limit, spent: Duration::ZERO, counted: Instant::now() }
    }

    /// `goes_on` where nothing else was waited for since the last pause.
    fn next_delay(&mut self, goes_on: bool) -> Option<Duration> {
        if goes_on {
            self.spent += self.counted.elapsed();
        }
        if self.spent >= self.limit {
            return None;
        }
        let delay = self.delays.next_delay(None)?;
        self.spent += delay;
        self.counted = Instant::now() + delay;
        Some(delay)
    }
}

impl Rounds {
    /// The schedules, and the first round. `waits` bounds the time that is spent with each kind of waiting.
    pub fn begin(attempts: &Retry, waits: &Limits) -> (Self, Round) {
        let rounds = Self {
            attempts: Schedule::attempts(attempts),
            elections: Turns::new(attempts),
            busy: Turns::new(attempts),
            hints: 0,
            // An attempt changes two things at the most: an old entry goes, and a new one comes.
            looks: Schedule::looks(waits, attempts.attempts.saturating_mul(2).saturating_add(1)),
            quorum: Wait::new(waits),
            removal: Wait::new(waits),
            promotion: Wait::new(waits),
            last: None,
            first_delay: waits.first_delay,
        };
        (rounds, Round(()))
    }

    /// The same where few are waiting: for a service that has voters alone, of which a cluster has no more than a dozen.
    #[must_use]
    pub fn of_few(self) -> Self {
        Self { busy: self.busy.of_few(), ..self }
    }

    /// The number of the attempt that is under way, counted from one.
    #[must_use]
    pub fn attempt(&self) -> u32 {
        self.attempts.attempt()
    }

    /// The pause before the next round; `None` where there is none left of this kind.
    pub fn after(&mut self, why: Again) -> Option<Pause> {
        if why != Again::Hint {
            self.hints = 0;
        }
        let goes_on = self.last.replace(why) == Some(why);
        let delay = match why {
            Again::Failed { floor } => self.attempts.next_delay(floor),
            Again::Election => {
                let is_left = self.attempts.next_delay(None).is_some();
                is_left.then(|| self.elections.next_delay(Some(ELECTION), Duration::ZERO))
            }
            Again::Busy { named, held } => Some(self.busy.next_delay(named, held).max(SHORTEST_PAUSE)),
            Again::Hint => {
                self.hints += 1;
                (self.hints <= MOST_HINTS).then_some(self.first_delay)
            }
            Again::Look => self.looks.next_delay(None),
            Again::Quorum => self.quorum.next_delay(goes_on),
            Again::Removal => self.removal.next_delay(goes_on),
            Again::Promotion => self.promotion.next_delay(goes_on),
        };
        delay.map(Pause)
    }
}

#[cfg(test)]
mod tests {
    use super::{Again, Duration, Limits, MOST_HINTS, Retry, Rounds};

    fn begin() -> Rounds {
        let attempts = Retry { attempts: 5, scale: Duration::from_secs(10), max_delay: Duration::from_mins(1) };
        let waits = Limits {
            limit: Duration::from_mins(2),
            first_delay: Duration::from_millis(3),
            max_delay: Duration::from_secs(1),
        };
        Rounds::begin(&attempts, &waits).0
    }

    #[tokio::test(start_paused = true)]
    async fn each_kind_has_one_schedule_for_the_whole_run() {
        let mut rounds = begin();
        let began = tokio::time::Instant::now();
        let mut count = 0_u64;
        // Two kinds in turn, as where members disagree.
        while let (Some(one), Some(other)) = (rounds.after(Again::Removal), rounds.after(Again::Quorum)) {
            drop(one.over().await);
            drop(other.over().await);
            count += 1;
        }
        for kind in [Again::Removal, Again::Quorum] {
            while let Some(pause) = rounds.after(kind) {
                drop(pause.over().await);
            }
        }
        let seconds = began.elapsed().as_secs();
        assert!((200..=250).contains(&seconds), "{seconds} s");
        assert!(count <= seconds + 40, "{count} rounds in {seconds} s");
        assert!(rounds.after(Again::Removal).is_none(), "and it does not begin anew");
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_waited_for_in_between_is_not_taken_from_the_limit() {
        let mut rounds = begin();
        drop(rounds.after(Again::Promotion).unwrap().over().await);
        for _ in 0..30 {
            let busy = Again::Busy { named: Some(Duration::from_secs(20)), held: Duration::ZERO };
            drop(rounds.after(busy).unwrap().over().await);
        }
        let began = tokio::time::Instant::now();
        // A round that takes long counts, in the kind that goes on.
        while let Some(pause) = rounds.after(Again::Promotion) {
            drop(pause.over().await);
            tokio::time::sleep(Duration::from_secs(9)).await;
        }
        let seconds = began.elapsed().as_secs();
        assert!((115..=140).contains(&seconds), "{seconds} s");
    }

    #[tokio::test(start_paused = true)]
    async fn hints_in_a_row_come_to_an_end_and_failures_do() {
        let mut rounds = begin();
        for _ in 0..MOST_HINTS {
            assert!(rounds.after(Again::Hint).is_some());
        }
        assert!(rounds.after(Again::Hint).is_none());
        for _ in 0..2 {
            assert!(rounds.after(Again::Failed { floor: None }).is_some());
            assert!(rounds.after(Again::Hint).is_some(), "a failure is followed by other hints");
            assert!(rounds.after(Again::Election).is_some());
        }
        assert_eq!(rounds.attempt(), 5);
        assert!(rounds.after(Again::Election).is_none() && rounds.after(Again::Failed { floor: None }).is_none());
        let busy = Again::Busy { named: None, held: Duration::ZERO };
        assert!(rounds.after(busy).is_some(), "who is asked to come later does");
    }
}
