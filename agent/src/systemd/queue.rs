//! Holds the states that a watch has seen until somebody takes them.
//!
//! It never makes the watch wait: a reader that stays away too long loses the oldest states, never the newest.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use super::error::SystemdError;
use super::unit_state::UnitState;

/// How many states are kept: a few restarts of a service, each of which takes some five states. What a unit says of itself
/// (`STATUS=`) takes no further place, however often it says it.
const CAPACITY: usize = 32;

/// A queue between the task that follows a unit and the watch.
#[derive(Debug, Default)]
pub(super) struct Queue {
    inner: Mutex<Inner>,
    arrived: Notify,
}

#[derive(Debug, Default)]
struct Inner {
    states: VecDeque<UnitState>,
    last: Option<UnitState>,
    end: Option<SystemdError>,
}

impl Queue {
    /// Adds a state, unless it is the one before it.
    pub(super) fn push(&self, state: &UnitState) {
        let mut inner = self.inner();
        if inner.last.as_ref() == Some(state) {
            return;
        }
        if inner.states.back().is_some_and(|newest| newest.differs_in_words_only(state)) {
            inner.states.pop_back();
        } else if inner.states.len() == CAPACITY {
            inner.states.pop_front();
        }
        inner.states.push_back(state.clone());
        inner.last = Some(state.clone());
        self.arrived.notify_one();
    }

    /// Says that no more states come, and why.
    pub(super) fn end(&self, error: SystemdError) {
        self.inner().end = Some(error);
        self.arrived.notify_one();
    }

    /// Waits for the next state, or for the end; the end is reported once. May be given up at any time without a loss.
    pub(super) async fn next(&self) -> Result<UnitState, SystemdError> {
        loop {
            if let Some(next) = self.take() {
                return next;
            }
            self.arrived.notified().await;
        }
    }

    fn take(&self) -> Option<Result<UnitState, SystemdError>> {
        let mut inner = self.inner();
        let state = inner.states.pop_front().map(Ok);
        state.or_else(|| inner.end.take().map(Err))
    }

    /// No code that holds this lock can fail half-way, so a poisoned one holds good data.
    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::{CAPACITY, Queue};
    use crate::systemd::{ActiveState, UnitState};

    fn state(n_restarts: u32) -> UnitState {
        UnitState { n_restarts, active: ActiveState::Activating, ..UnitState::default() }
    }

    #[tokio::test]
    async fn what_a_unit_says_of_itself_displaces_no_state() {
        let queue = Queue::default();
        queue.push(&UnitState { active: ActiveState::Failed, ..state(0) });
        for number in 0..100 {
            queue.push(&UnitState { status_text: format!("{number} requests"), ..state(1) });
        }
        assert_eq!(queue.next().await.unwrap().active, ActiveState::Failed);
        assert_eq!(queue.next().await.unwrap().status_text, "99 requests");
        assert!(queue.take().is_none());
    }

    #[tokio::test]
    async fn an_absent_reader_loses_the_oldest_states_only() {
        let queue = Queue::default();
        for number in 0..100 {
            queue.push(&state(number));
            queue.push(&state(number));
        }
        let mut seen = Vec::new();
        for _ in 0..CAPACITY {
            seen.push(queue.next().await.unwrap().n_restarts);
        }
        assert_eq!(seen, (68..100).collect::<Vec<_>>());
        assert!(queue.take().is_none());
    }
}
