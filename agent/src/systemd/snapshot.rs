//! Reads the whole state of a unit.
//!
//! Three calls: load, then the properties of the unit and of the service at once. It must not wait for changes.

use zbus::OwnedObjectPath;
use zbus::message::Sequence;

use super::error::SystemdError;
use super::session::{SERVICE, Session, UNIT};
use super::unit_state::UnitState;

/// The state of a unit, and what is needed to follow it from there.
pub(super) struct Snapshot {
    pub(super) state: UnitState,
    /// Where the answers stand in the order of messages: signals before them tell older news.
    pub(super) unit_position: Sequence,
    pub(super) service_position: Option<Sequence>,
}

/// Reads the state of a loaded unit.
pub(super) async fn read(session: &Session, unit: &str, path: &OwnedObjectPath) -> Result<Snapshot, SystemdError> {
    let read = async {
        let service = async {
            // Other types of units have no such properties.
            if unit.ends_with(".service") { session.properties(path, SERVICE).await.map(Some) } else { Ok(None) }
        };
        let (unit, service) = tokio::try_join!(session.properties(path, UNIT), service)?;
        let mut state = UnitState::default();
        if let Some(service) = &service {
            state.apply(&service.body().deserialize()?);
        }
        state.apply(&unit.body().deserialize()?);
        let service_position = service.map(|message| message.recv_position());
        Ok(Snapshot { state, unit_position: unit.recv_position(), service_position })
    };
    read.await.map_err(|source| SystemdError::of(unit, "tell the state of", source))
}
