//! Server-side admission: a node that comes while the queue is long gets the time of its own turn.
//!
//! With one `Retry-After` for all, nodes that were refused come back together and are refused again.
//! A leader that remembers the refused nodes can give each a place, so that every one comes back
//! once, at its turn. Nothing here is durable or replicated: a new leader starts with an empty queue.
//!
//! It only says who may wait for a turn; the turn itself is a lock of the caller's.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::{Instant, timeout};

/// `Retry-After` counts these.
const SECOND: Duration = Duration::from_secs(1);
/// A node that has not come this long after its time has lost its place.
const GRACE: Duration = Duration::from_secs(30);
/// Taken for the time of a change where none has been made for this long since a node came.
const UNKNOWN_PACE: Duration = Duration::from_millis(100);
const MEASURING: Duration = Duration::from_secs(1);

/// See the head of this file.
#[derive(Debug)]
pub struct Admission {
    /// How long a request may wait for its turn.
    patience: Duration,
    line: Mutex<Line>,
    measured: Notify,
}

#[derive(Debug, Default)]
struct Line {
    /// How long a change takes, once one was made.
    pace: Option<Duration>,
    last_end: Option<Instant>,
    /// Requests that wait for their turn, or have it.
    waiting: u32,
    /// When the nodes that were sent away are to come back.
    places: HashMap<String, Instant>,
}

enum Answer {
    Wait,
    Later(Duration),
    /// Nothing is known yet of how long that would take.
    Unknown,
}

/// A request that may wait for its turn. Dropping it gives the place up.
#[derive(Debug)]
pub struct Waiting<'a> {
    admission: &'a Admission,
    came: Instant,
}

impl Admission {
    /// An empty queue, whose requests wait for their turn as long as this.
    #[must_use]
    pub fn new(patience: Duration) -> Self {
        Self { patience, line: Mutex::default(), measured: Notify::new() }
    }

    /// Whether a request for the node `id` may wait for its turn.
    ///
    /// # Errors
    /// Not now: it is to come back after this time, in whole seconds.
    pub async fn ask(&self, id: &str) -> Result<Waiting<'_>, Duration> {
        let came = Instant::now();
        loop {
            let first_change = self.measured.notified();
            match self.line().ask(id, self.patience) {
                Answer::Wait => return Ok(Waiting { admission: self, came }),
                Answer::Later(pause) => return Err(pause),
                Answer::Unknown => {}
            }
            if timeout(MEASURING, first_change).await.is_err() {
                self.line().pace.get_or_insert(UNKNOWN_PACE);
            }
        }
    }

    fn line(&self) -> MutexGuard<'_, Line> {
        self.line.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Line {
    fn ask(&mut self, id: &str, patience: Duration) -> Answer {
        let now = Instant::now();
        self.places.retain(|_, due| now < *due + GRACE);
        if let Some(due) = self.places.get(id)
            && *due > now + SECOND
        {
            return Answer::Later(whole_seconds(*due - now) + SECOND);
        }
        // A node that comes at its time has only those before it that wait already.
        let before = match self.places.remove(id) {
            Some(_) => 0,
            None => u32::try_from(self.places.len()).unwrap_or(u32::MAX),
        };
        let ahead = self.waiting.saturating_add(before);
        let Some(pace) = self.pace.or((ahead == 0).then_some(Duration::ZERO)) else {
            return Answer::Unknown;
        };
        let turn = pace.saturating_mul(ahead);
        // A quarter is left for changes that take longer: a request that times out has lost its place.
        if turn <= patience * 3 / 4 {
            self.waiting += 1;
            return Answer::Wait;
        }
        // A little early: a leader that waits for a node would be the greater loss. Not by much: the queue
        // may have grown by then, and a node that finds it too long is sent away once more.
        let pause = whole_seconds(turn.saturating_sub(patience / 4)).max(SECOND);
        self.places.insert(id.to_owned(), now + pause);
        Answer::Later(pause)
    }
}

fn whole_seconds(duration: Duration) -> Duration {
    Duration::from_secs(duration.as_secs())
}

impl Waiting<'_> {
    /// The change is made: how long it took predicts how long others will wait.
    pub fn done(self) {
        let now = Instant::now();
        let mut line = self.admission.line();
        let began = line.last_end.map_or(self.came, |end| end.max(self.came));
        let took = now - began;
        line.last_end = Some(now);
        line.pace = Some(line.pace.map_or(took, |pace| (pace * 3 + took) / 4));
        drop(line);
        self.admission.measured.notify_waiters();
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        let mut line = self.admission.line();
        line.waiting = line.waiting.saturating_sub(1);
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::sleep;

    use super::*;

    const PACE: Duration = Duration::from_millis(50);
    const PATIENCE: Duration = Duration::from_secs(5);

    /// A queue whose leader has made one change.
    async fn measured() -> Admission {
        let admission = Admission::new(PATIENCE);
        let first = admission.ask("node00").await.unwrap();
        sleep(PACE).await;
        first.done();
        admission
    }

    #[tokio::test(start_paused = true)]
    async fn m10_each_node_gets_its_own_turn_a_little_early() {
        let admission = measured().await;
        let mut waiting = Vec::new();
        for ahead in 0..1000_u32 {
            let (turn, early) = (PACE * ahead, PATIENCE / 4);
            match admission.ask(&format!("node{ahead}")).await {
                Ok(place) => waiting.push(place),
                Err(given) => {
                    assert!(given + early <= turn, "turn {turn:?}, given {given:?}");
                    assert!(given + early + SECOND > turn, "turn {turn:?}, given {given:?}");
                }
            }
        }
        assert_eq!(waiting.len(), 76, "so many have their turn within three quarters of the patience");
    }

    #[tokio::test(start_paused = true)]
    async fn m10_a_place_is_kept_for_who_comes_early_and_for_who_comes_in_time() {
        let admission = measured().await;
        let mut waiting = Vec::new();
        let (id, given) = loop {
            let id = format!("node{}", waiting.len());
            match admission.ask(&id).await {
                Ok(place) => waiting.push(place),
                Err(given) => break (id, given),
            }
        };
        sleep(Duration::from_millis(500)).await;
        assert_eq!(admission.ask(&id).await.unwrap_err(), given, "the rest, in whole seconds, rounded up");
        drop(waiting.split_off(60));
        sleep(given).await;
        assert!(admission.ask(&id).await.is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn m10_who_never_comes_back_holds_up_nobody_for_long() {
        let admission = measured().await;
        let mut places = Vec::new();
        for number in 0..400 {
            places.extend(admission.ask(&format!("node{number}")).await);
        }
        drop(places);
        assert!(admission.ask("late").await.is_err(), "the places of three hundred are kept");
        sleep(GRACE + PACE * 400).await;
        assert!(admission.ask("later").await.is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn m10_nobody_gets_a_time_before_one_change_was_measured() {
        let admission = Admission::new(Duration::ZERO);
        let first = admission.ask("first").await.unwrap();
        let began = Instant::now();
        let work = async {
            sleep(PACE).await;
            first.done();
        };
        let (second, third, ()) = tokio::join!(admission.ask("second"), admission.ask("third"), work);
        assert!((PACE..MEASURING).contains(&began.elapsed()));
        assert!(second.is_ok(), "the turn is free again");
        assert_eq!(third.unwrap_err(), SECOND);
    }
}
