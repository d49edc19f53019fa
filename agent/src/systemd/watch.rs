//! A watch on one unit, as its user sees it.
//!
//! The work is done by a task (see `follow`), so that nothing piles up on the connection while the user is busy elsewhere.

use std::sync::Arc;

use tokio::task::JoinSet;

use super::Systemd;
use super::error::SystemdError;
use super::follow::follow;
use super::queue::Queue;
use super::unit_state::UnitState;

/// Reports the states of one unit as they change. Dropping it ends the watch.
#[derive(Debug)]
pub struct UnitWatch {
    systemd: Systemd,
    unit: String,
    queue: Arc<Queue>,
    /// The one that follows the unit; ends with this.
    task: JoinSet<()>,
}

impl UnitWatch {
    pub(super) fn new(systemd: Systemd, unit: &str) -> Self {
        let mut watch = Self { systemd, unit: unit.to_owned(), queue: Arc::default(), task: JoinSet::new() };
        watch.begin();
        watch
    }

    /// The next state of the unit: the first call returns the current one at once, every later one waits until the state is
    /// another. States are reported in order; systemd itself may leave out one that lasts for an instant only.
    ///
    /// Reloads and restarts of systemd and of the bus are bridged over for up to 30 seconds. May be given up at any time
    /// (in a `select!`, by a timeout) without losing a state.
    ///
    /// # Errors
    ///
    /// Where systemd stays out of reach, or refuses to report on the unit. A later call begins the watch again.
    pub async fn next(&mut self) -> Result<UnitState, SystemdError> {
        if self.task.is_empty() {
            self.begin();
        }
        let next = self.queue.next().await;
        if next.is_err() {
            self.task = JoinSet::new();
        }
        next
    }

    fn begin(&mut self) {
        self.queue = Arc::default();
        self.task.spawn(follow(self.systemd.clone(), self.unit.clone(), Arc::clone(&self.queue)));
    }
}
