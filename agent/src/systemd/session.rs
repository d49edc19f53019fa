//! One connection to systemd: opening it over either transport, and the few calls that the agent makes.
//!
//! A session is used until it breaks; it must not heal itself (see `Systemd`), and it keeps no state about units.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use serde::Serialize;
use tokio::sync::{Mutex, OnceCell};
use tokio::time::timeout;
use zbus::connection::{Builder, Connection};
use zbus::message::{Message, Sequence};
use zbus::names::OwnedUniqueName;
use zbus::{DynamicType, OwnedObjectPath, Variant};

use super::error::{ConnectCause, SystemdError};
use super::private_socket::PrivateSocket;
use super::unit_state::UnitState;

/// How long one transport may take until it counts as silent.
const CONNECT_LIMIT: Duration = Duration::from_secs(1);

/// How long one call may take: PID 1 answers nothing while it reads all units again, which takes seconds on big hosts.
const CALL_LIMIT: Duration = Duration::from_secs(10);

const SYSTEMD: &str = "org.freedesktop.systemd1";
const MANAGER_PATH: &str = "/org/freedesktop/systemd1";
pub(super) const MANAGER: &str = "org.freedesktop.systemd1.Manager";
pub(super) const UNIT: &str = "org.freedesktop.systemd1.Unit";
pub(super) const SERVICE: &str = "org.freedesktop.systemd1.Service";
pub(super) const PROPERTIES: &str = "org.freedesktop.DBus.Properties";
pub(super) const BUS: &str = "org.freedesktop.DBus";

/// Where systemd is looked for.
#[derive(Clone, Debug)]
pub struct Endpoints {
    /// The address of the system bus.
    pub bus: String,
    /// PID 1's own socket.
    pub private: PathBuf,
}

impl Endpoints {
    /// The places that every systemd host has; `DBUS_SYSTEM_BUS_ADDRESS` names another bus.
    #[must_use]
    pub fn from_environment() -> Self {
        let bus = std::env::var("DBUS_SYSTEM_BUS_ADDRESS").ok().filter(|address| !address.is_empty());
        Self {
            bus: bus.unwrap_or_else(|| "unix:path=/run/dbus/system_bus_socket".to_owned()),
            private: PathBuf::from("/run/systemd/private"),
        }
    }
}

/// The state of a unit, and what is needed to follow it from there.
pub(super) struct Snapshot {
    pub(super) state: UnitState,
    /// Where the answers are in the order of messages: signals before them are older news.
    pub(super) unit_position: Sequence,
    pub(super) service_position: Option<Sequence>,
}

/// One open connection.
#[derive(Debug)]
pub(super) struct Session {
    pub(super) connection: Connection,
    /// systemd's own name on the bus, so that nobody else's signals are believed; nothing where there is no bus.
    pub(super) owner: Option<OwnedUniqueName>,
    subscribed: OnceCell<()>,
    /// What the bus was asked to pass on. It counts repeated rules, and refuses more than 512 of a connection.
    rules: Mutex<HashSet<String>>,
    /// Set when systemd has left a connection that still stands, as it does on the bus when PID 1 is executed again.
    ended: AtomicBool,
}

impl Session {
    /// Opens a session: the bus first, then the private socket.
    pub(super) async fn open(endpoints: &Endpoints) -> Result<Self, SystemdError> {
        let bus = match within_limit(Self::over_bus(&endpoints.bus)).await {
            Ok(session) => return Ok(session),
            Err(cause) => cause,
        };
        within_limit(Self::over_private_socket(&endpoints.private)).await.map_err(|private| SystemdError::Unreachable {
            endpoints: endpoints.clone(),
            bus,
            private,
        })
    }

    fn new(connection: Connection, owner: Option<OwnedUniqueName>) -> Self {
        Self { connection, owner, subscribed: OnceCell::new(), rules: Mutex::default(), ended: AtomicBool::new(false) }
    }

    /// Whether this session leads nowhere any more.
    pub(super) fn is_over(&self) -> bool {
        self.ended.load(Ordering::Relaxed) || self.connection.is_closed()
    }

    /// Marks the session as over where an error says so, so that the next one who asks opens a new one.
    pub(super) fn note(&self, error: &SystemdError) {
        if error.is_connection_lost() {
            self.ended.store(true, Ordering::Relaxed);
        }
    }

    async fn over_bus(address: &str) -> zbus::Result<Self> {
        let connection = Builder::address(address).method_timeout(CALL_LIMIT).build().await?;
        // A bus without systemd (in many a container) is no way to systemd; the name also shows whose signals to believe.
        let reply =
            connection.call_method(Some(BUS), "/org/freedesktop/DBus", Some(BUS), "GetNameOwner", &(SYSTEMD,)).await?;
        let owner: OwnedUniqueName = reply.body().deserialize()?;
        Ok(Self::new(connection, Some(owner)))
    }

    async fn over_private_socket(path: &Path) -> zbus::Result<Self> {
        let socket = PrivateSocket::connect(path).await?;
        let guid = socket.guid.clone();
        let connection = Builder::authenticated_socket(socket, guid).p2p().method_timeout(CALL_LIMIT).build().await?;
        Ok(Self::new(connection, None))
    }
}

/// The calls.
impl Session {
    /// Makes systemd load a unit, which works for a unit that is not running and for one that does not exist.
    pub(super) async fn load_unit(&self, unit: &str) -> Result<OwnedObjectPath, SystemdError> {
        let loaded = self.manager("LoadUnit", &(unit,)).await.and_then(|reply| reply.body().deserialize());
        loaded.map_err(|source| SystemdError::of(unit, "load", source))
    }

    /// Has systemd start a unit, in a mode of systemctl(1)'s `--job-mode=`.
    pub(super) async fn start_unit(&self, unit: &str, mode: &str) -> Result<(), SystemdError> {
        self.manager("StartUnit", &(unit, mode)).await.map(drop).map_err(|error| SystemdError::of(unit, "start", error))
    }

    /// Has systemd stop a unit: what `systemctl stop` asks for.
    pub(super) async fn stop_unit(&self, unit: &str) -> Result<(), SystemdError> {
        let stopped = self.manager("StopUnit", &(unit, "replace")).await;
        stopped.map(drop).map_err(|error| SystemdError::of(unit, "stop", error))
    }

    /// Has systemd forget that a unit has failed: what `systemctl reset-failed` asks for.
    pub(super) async fn reset_failed_unit(&self, unit: &str) -> zbus::Result<()> {
        self.manager("ResetFailedUnit", &(unit,)).await.map(drop)
    }

    /// Whether systemd holds the unit in memory. Asking does not load it.
    pub(super) async fn is_loaded(&self, unit: &str) -> zbus::Result<bool> {
        match self.manager("GetUnit", &(unit,)).await {
            Ok(_) => Ok(true),
            Err(zbus::Error::MethodError(..)) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// The units in memory whose names match one of these patterns (glob(7)); what another one pulls in is in memory as well.
    pub(super) async fn matching(&self, patterns: &[&str]) -> zbus::Result<Vec<String>> {
        const STATES: [&str; 0] = [];
        type Listed = (String, String, String, String, String, String, OwnedObjectPath, u32, String, OwnedObjectPath);
        let reply = self.manager("ListUnitsByPatterns", &(&STATES[..], patterns)).await?;
        let listed: Vec<Listed> = reply.body().deserialize()?;
        Ok(listed.into_iter().map(|unit| unit.0).collect())
    }

    /// The name of the unit that an object stands for; for an alias, that is another one than was asked for.
    pub(super) async fn id(&self, path: &OwnedObjectPath) -> zbus::Result<String> {
        let reply =
            self.connection.call_method(self.owner.as_deref(), path, Some(PROPERTIES), "Get", &(UNIT, "Id")).await?;
        let body = reply.body();
        match body.deserialize()? {
            Variant::Str(id) => Ok(id.to_string()),
            _ => Err(zbus::Error::IncorrectType),
        }
    }

    /// The whole state of a loaded unit: the properties of the unit and of the service at once.
    pub(super) async fn read(&self, unit: &str, path: &OwnedObjectPath) -> Result<Snapshot, SystemdError> {
        let read = async {
            let service = async {
                // Other types of units have no such properties.
                if unit.ends_with(".service") { self.properties(path, SERVICE).await.map(Some) } else { Ok(None) }
            };
            let (unit, service) = tokio::try_join!(self.properties(path, UNIT), service)?;
            let mut state = UnitState::default();
            if let Some(service) = &service {
                state.apply(&service.body().deserialize()?);
            }
            state.apply(&unit.body().deserialize()?);
            let service_position = service.map(|message| message.recv_position());
            Ok(Snapshot { state, unit_position: unit.recv_position(), service_position })
        };
        read.await.map_err(|source| SystemdError::of(unit, "report the state of", source))
    }

    /// All properties of one interface, as the message that holds them: its position shows which signals are older.
    async fn properties(&self, path: &OwnedObjectPath, interface: &str) -> zbus::Result<Message> {
        self.connection.call_method(self.owner.as_deref(), path, Some(PROPERTIES), "GetAll", &(interface,)).await
    }

    /// Has the changes of a unit announced on this connection.
    pub(super) async fn announce(&self, id: &str, path: &OwnedObjectPath) -> zbus::Result<()> {
        self.subscribed.get_or_try_init(|| self.subscribe()).await?;
        if let Some(owner) = &self.owner {
            self.add_match(&format!(
                "type='signal',sender='{owner}',path='{path}',interface='{PROPERTIES}',member='PropertiesChanged'"
            ))
            .await?;
            self.add_match(&format!(
                "type='signal',sender='{owner}',interface='{MANAGER}',member='UnitNew',arg0='{id}'"
            ))
            .await?;
        }
        Ok(())
    }

    /// What every watch needs once per connection.
    async fn subscribe(&self) -> zbus::Result<()> {
        if let Some(owner) = &self.owner {
            self.add_match(&format!(
                "type='signal',sender='{BUS}',interface='{BUS}',member='NameOwnerChanged',arg0='{SYSTEMD}'"
            ))
            .await?;
            self.add_match(&format!("type='signal',sender='{owner}',interface='{MANAGER}',member='Reloading'")).await?;
        }
        match self.manager("Subscribe", &()).await {
            // "Already subscribed": what was asked for.
            Ok(_) | Err(zbus::Error::MethodError(..)) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Asks the bus once for each rule: a wait of hours begins many watches on a unit.
    async fn add_match(&self, rule: &str) -> zbus::Result<()> {
        let mut rules = self.rules.lock().await;
        if !rules.contains(rule) {
            self.connection.call_method(Some(BUS), "/org/freedesktop/DBus", Some(BUS), "AddMatch", &(rule,)).await?;
            rules.insert(rule.to_owned());
        }
        Ok(())
    }

    async fn manager<B: Serialize + DynamicType>(&self, method: &str, body: &B) -> zbus::Result<Message> {
        self.connection.call_method(self.owner.as_deref(), MANAGER_PATH, Some(MANAGER), method, body).await
    }
}

/// Bounds the opening of a transport; the limit for calls does not cover it.
async fn within_limit(opening: impl Future<Output = zbus::Result<Session>>) -> Result<Session, ConnectCause> {
    match timeout(CONNECT_LIMIT, opening).await {
        Ok(result) => result.map_err(|error| ConnectCause::Failed(Box::new(error))),
        Err(_) => Err(ConnectCause::TimedOut(CONNECT_LIMIT)),
    }
}
