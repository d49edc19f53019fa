//! How long somebody waits for systemd to come back: theirs to say, and the same way of waiting for all.

use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::SystemdError;

/// How long to wait for systemd to come back: growing delays within a limit, again after every success.
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

/// Does something with systemd, again and again while that cannot be reached.
pub(super) async fn patiently<T>(
    limit: Duration,
    work: impl AsyncFn() -> Result<T, SystemdError>,
) -> Result<T, SystemdError> {
    let mut patience = Patience::new(limit);
    loop {
        match work().await {
            Err(error) if error.is_connection_lost() && patience.wait().await => {}
            done => return done,
        }
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
