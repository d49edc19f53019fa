//! The task behind a watch: follows one unit through changes, reloads and lost connections, and queues its states.
//!
//! It gives up only when systemd has been out of reach for longer than the limit, or has refused the request; it must not
//! judge the states.

use std::sync::Arc;
use std::time::Duration;

use zbus::message::Message;

use super::Systemd;
use super::error::SystemdError;
use super::inbox::{Inbox, News};
use super::patience::Patience;
use super::queue::Queue;
use super::session::{SERVICE, Session, Snapshot, UNIT};
use super::unit_state::Properties;

/// How long a watch bears that systemd cannot be reached.
const LIMIT: Duration = Duration::from_secs(30);

/// Follows a unit for good. The error that ends it is the last thing in the queue.
pub(super) async fn follow(systemd: Systemd, unit: String, queue: Arc<Queue>) {
    let mut patience = Patience::new(LIMIT);
    loop {
        let error = match systemd.session().await {
            // Again and again: the unit may be another object than before.
            Ok(session) => loop {
                if let Err(error) = follow_object(&session, &unit, &queue, &mut patience).await {
                    session.note(&error);
                    break error;
                }
            },
            Err(error) => error,
        };
        if !error.is_connection_lost() || !patience.wait().await {
            queue.end(error);
            return;
        }
    }
}

/// Follows the object that stands for the unit. Comes back well when all units were read again.
async fn follow_object(
    session: &Session,
    unit: &str,
    queue: &Queue,
    patience: &mut Patience,
) -> Result<(), SystemdError> {
    let path = session.load_unit(unit).await?;
    // Signals bear the name of the unit itself, never an alias.
    let id = session.id(&path).await.map_err(|source| SystemdError::of(unit, "name", source))?;
    let mut inbox = Inbox::open(session, &id, path.clone());
    inbox
        .meanwhile(session.announce(&id, &path))
        .await
        .map_err(|source| SystemdError::of(unit, "announce the changes of", source))?;
    // Read after that, so that no change falls between the state and the first signal.
    let mut snapshot = inbox.meanwhile(session.read(&id, &path)).await?;
    patience.restore();
    queue.push(&snapshot.state);
    loop {
        let is_known = match inbox.next().await {
            News::Changed(message) => take_over(&message, &mut snapshot, queue),
            // Reading loads a unit, which is announced, which would be read again: so ask whether it is there to stay.
            News::Appeared => match inbox.meanwhile(session.is_loaded(&id)).await {
                Ok(is_loaded) => !is_loaded,
                Err(source) => return Err(SystemdError::of(&id, "report the state of", source)),
            },
            News::Reloaded => return Ok(()),
            News::Ended => {
                let gone = std::io::Error::new(std::io::ErrorKind::ConnectionReset, "systemd closed the connection");
                return Err(SystemdError::Lost { unit: id, source: gone.into() });
            }
        };
        if !is_known {
            snapshot = inbox.meanwhile(session.read(&id, &path)).await?;
            queue.push(&snapshot.state);
        }
    }
}

/// Takes the properties in a signal over into the state, unless the state was read later than the signal was sent, and queues
/// it once the picture is whole: systemd sends the properties of the service first, then those of the unit. `false` where it
/// has to be read.
fn take_over(message: &Message, snapshot: &mut Snapshot, queue: &Queue) -> bool {
    let body = message.body();
    let Ok((interface, properties, _)) = body.deserialize::<(&str, Properties<'_>, Vec<&str>)>() else {
        return false;
    };
    let known = match interface {
        SERVICE => snapshot.service_position,
        UNIT => Some(snapshot.unit_position),
        _ => return true,
    };
    if known.is_none_or(|position| message.recv_position() >= position) {
        snapshot.state.apply(&properties);
        if interface == UNIT {
            queue.push(&snapshot.state);
        }
    }
    true
}
