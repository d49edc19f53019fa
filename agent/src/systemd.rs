//! The agent's room for systemd: the state of units, their changes, the lines that explain a failure, and `sd_notify`.
//!
//! One adapter over two transports: the system bus, and PID 1's private socket where no bus answers (the initrd, early
//! boot, a broken bus). It reports what systemd says. It must not decide what that means for a join. It changes nothing,
//! but that `reset` has a service stopped through it, and the initrd stage a boot that must not go on.

mod error;
mod follow;
pub(crate) mod header;
mod inbox;
pub mod initrd;
pub(crate) mod journal;
pub mod notify;
mod patience;
pub(crate) mod private_socket;
mod queue;
mod sandbox;
mod session;
mod unit_state;
mod units;
mod watch;

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Mutex;

pub use error::{ConnectCause, SystemdError};
pub use journal::last_journal_lines;
pub(crate) use journal::{Entry, entries_of_this_boot};
pub use sandbox::{is_unfiltered, own_unit};
pub use session::Endpoints;
pub use unit_state::{ActiveState, LoadState, UnitState};
pub use watch::UnitWatch;

use patience::patiently;
use session::Session;

/// How long a single question bears that systemd is being restarted.
const QUESTION_LIMIT: Duration = Duration::from_secs(3);

/// A connection to the systemd that runs this host. Cheap to clone; all clones share the connection.
#[derive(Clone, Debug)]
pub struct Systemd {
    endpoints: Endpoints,
    session: Arc<Mutex<Arc<Session>>>,
}

impl Systemd {
    /// Connects: the system bus first, then PID 1's private socket, one second each at the most.
    ///
    /// # Errors
    ///
    /// Where neither leads to systemd; the error says why for both.
    pub async fn connect() -> Result<Self, SystemdError> {
        Self::connect_at(Endpoints::from_environment()).await
    }

    /// Connects to a systemd elsewhere than in its usual places.
    ///
    /// # Errors
    ///
    /// As for [`Systemd::connect`].
    pub async fn connect_at(endpoints: Endpoints) -> Result<Self, SystemdError> {
        let session = Arc::new(Session::open(&endpoints).await?);
        Ok(Self { endpoints, session: Arc::new(Mutex::new(session)) })
    }

    /// The session in use; a new one where the last one has ended. One attempt, which those who ask meanwhile share: how long
    /// somebody waits for systemd is theirs to say (`Patience`).
    async fn session(&self) -> Result<Arc<Session>, SystemdError> {
        let mut session = self.session.lock().await;
        if session.is_over() {
            *session = Arc::new(Session::open(&self.endpoints).await?);
        }
        Ok(Arc::clone(&session))
    }

    /// The state of a unit now, also of one that is not loaded or does not exist (see [`LoadState::NotFound`]).
    ///
    /// # Errors
    ///
    /// Where the name is none, or systemd stays out of reach for three seconds.
    pub async fn unit(&self, unit: &str) -> Result<UnitState, SystemdError> {
        patiently(QUESTION_LIMIT, async || self.try_unit(unit).await).await
    }

    async fn try_unit(&self, unit: &str) -> Result<UnitState, SystemdError> {
        let session = self.session().await?;
        let read = async {
            let path = session.load_unit(unit).await?;
            session.read(unit, &path).await
        };
        let snapshot = read.await.inspect_err(|error| session.note(error))?;
        Ok(snapshot.state)
    }

    /// The names of the units in memory that match one of these patterns (glob(7)).
    ///
    /// # Errors
    ///
    /// Where systemd does not answer, or stays out of reach for three seconds.
    pub async fn units_like(&self, patterns: &[&str]) -> Result<Vec<String>, SystemdError> {
        patiently(QUESTION_LIMIT, async || {
            let session = self.session().await?;
            let listed = session
                .matching(patterns)
                .await
                .map_err(|source| SystemdError::of(&patterns.join(" "), "list", source));
            listed.inspect_err(|error| session.note(error))
        })
        .await
    }

    /// Stops a unit and returns when it has stopped. A unit that does not exist is stopped; one that has failed is no longer
    /// shown as failed, nor with what it said last.
    ///
    /// # Errors
    ///
    /// Where systemd refuses, or cannot be reached any more.
    pub async fn stop(&self, unit: &str) -> Result<(), SystemdError> {
        let mut watch = self.watch(unit).await?;
        let mut state = watch.next().await?;
        if state.load != LoadState::NotFound {
            self.session().await?.stop_unit(unit).await?;
        }
        // The job is queued before the call returns; the state is what shows that it is done.
        while !matches!(state.active, ActiveState::Inactive | ActiveState::Failed) {
            state = watch.next().await?;
        }
        if state.active == ActiveState::Failed {
            // systemd may have forgotten the unit meanwhile; what matters is that it is stopped.
            let _ = self.session().await?.reset_failed_unit(unit).await;
        }
        Ok(())
    }

    /// Watches a unit, from its current state on. Needs a Tokio runtime around it, as everything here does.
    ///
    /// # Errors
    ///
    /// Where systemd cannot be reached. The first [`UnitWatch::next`] reports what is wrong with the unit's name.
    pub async fn watch(&self, unit: &str) -> Result<UnitWatch, SystemdError> {
        self.session().await?;
        Ok(UnitWatch::new(self.clone(), unit))
    }
}
