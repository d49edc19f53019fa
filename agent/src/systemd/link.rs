//! Keeps one session to systemd for everyone in the process, and opens the next one when it breaks.
//!
//! It must not retry by itself: how long somebody waits for systemd is theirs to say (`Patience`).

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Mutex;
use tokio::time::{Instant, sleep};

use super::error::SystemdError;
use super::session::{Endpoints, Session};

/// The shared session.
#[derive(Debug)]
pub(super) struct Link {
    endpoints: Endpoints,
    current: Mutex<Arc<Session>>,
}

impl Link {
    pub(super) async fn open(endpoints: Endpoints) -> Result<Self, SystemdError> {
        let session = Session::open(&endpoints).await?;
        Ok(Self { endpoints, current: Mutex::new(Arc::new(session)) })
    }

    /// The session in use; a new one where the last one has ended. One attempt, which those who ask meanwhile share.
    pub(super) async fn session(&self) -> Result<Arc<Session>, SystemdError> {
        let mut current = self.current.lock().await;
        if current.is_over() {
            *current = Arc::new(Session::open(&self.endpoints).await?);
        }
        Ok(Arc::clone(&current))
    }
}

/// How long to wait for systemd to come back: growing delays within a limit, anew after every success.
#[derive(Debug)]
pub(super) struct Patience {
    limit: Duration,
    since: Option<Instant>,
    delay: Duration,
}

impl Patience {
    /// The first delay is short because a re-executed PID 1 is back within 50 ms to 300 ms.
    const SHORTEST: Duration = Duration::from_millis(10);
    const LONGEST: Duration = Duration::from_secs(1);

    pub(super) fn new(limit: Duration) -> Self {
        Self { limit, since: None, delay: Self::SHORTEST }
    }

    /// Forgets the trouble so far.
    pub(super) fn restore(&mut self) {
        *self = Self::new(self.limit);
    }

    /// Waits for the next attempt, or says that the limit is reached.
    pub(super) async fn wait(&mut self) -> bool {
        let since = *self.since.get_or_insert_with(Instant::now);
        if since.elapsed() + self.delay > self.limit {
            return false;
        }
        sleep(self.delay).await;
        self.delay = (self.delay * 2).min(Self::LONGEST);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::Patience;
    use std::time::Duration;

    #[tokio::test(start_paused = true)]
    async fn the_delays_grow_and_end_at_the_limit() {
        let started = tokio::time::Instant::now();
        let mut patience = Patience::new(Duration::from_secs(10));
        let mut attempts = 0;
        while patience.wait().await {
            attempts += 1;
        }
        assert!((10..30).contains(&attempts), "{attempts} attempts");
        assert!(started.elapsed() <= Duration::from_secs(10));
        patience.restore();
        assert!(patience.wait().await, "a success gives the whole limit back");
    }
}
