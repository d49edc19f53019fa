//! What can go wrong between the agent and systemd, in words for an operator.
//!
//! Every text names the object, the cause and the next action. It must not decide what follows from an error.

use std::time::Duration;

use first_boot_output::plain_error;

use super::Endpoints;

/// An error of the systemd module.
#[derive(Clone, Debug, thiserror::Error)]
pub enum SystemdError {
    /// Neither transport leads to systemd.
    #[error(
        "systemd cannot be reached: the system bus ({}): {bus}; its private socket ({}): {private}; \
         check that this runs as root on a host booted with systemd (systemctl is-system-running)",
        endpoints.bus, endpoints.private.display()
    )]
    Unreachable {
        /// Where both were looked for.
        endpoints: Endpoints,
        /// Why the bus did not lead there.
        #[source]
        bus: ConnectCause,
        /// Why the private socket did not lead there.
        private: ConnectCause,
    },
    /// The unit name is none.
    #[error("{unit:?} is not the name of a unit: {cause}; write it in full, with its type, such as chainfire.service")]
    InvalidName {
        /// The name that was given.
        unit: String,
        /// What systemd said to it.
        cause: String,
    },
    /// systemd was reached and refused or failed the request.
    #[error(
        "systemd did not {request} {unit}: {}; look at systemctl status {unit} and journalctl -b _PID=1",
        plain_error(source)
    )]
    Call {
        /// The unit that was asked about.
        unit: String,
        /// What was asked for, such as `report the state of`.
        request: &'static str,
        /// What came back.
        #[source]
        source: zbus::Error,
    },
    /// The connection was lost again and again.
    #[error(
        "the connection to systemd broke: {} while asking about {unit}; look at journalctl -b _PID=1",
        plain_error(source)
    )]
    Lost {
        /// The unit that was asked about.
        unit: String,
        /// How the last connection ended.
        #[source]
        source: zbus::Error,
    },
}

/// Why one transport did not lead to systemd.
#[derive(Clone, Debug, thiserror::Error)]
pub enum ConnectCause {
    /// It failed.
    #[error("{}", plain_error(.0))]
    Failed(#[source] Box<zbus::Error>),
    /// It did not answer.
    #[error("no answer within {} ms", .0.as_millis())]
    TimedOut(Duration),
}

impl SystemdError {
    /// Puts a failed request in words.
    pub(super) fn of(unit: &str, request: &'static str, source: zbus::Error) -> Self {
        let unit = unit.to_owned();
        match source {
            source if is_connection_lost(&source) => Self::Lost { unit, source },
            zbus::Error::FDO(reply) if matches!(*reply, zbus::fdo::Error::InvalidArgs(_)) => {
                Self::InvalidName { unit, cause: reply.to_string() }
            }
            source => Self::Call { unit, request, source },
        }
    }

    /// Whether a new connection may help.
    pub(super) fn is_connection_lost(&self) -> bool {
        matches!(self, Self::Unreachable { .. } | Self::Lost { .. })
    }
}

/// Whether an error says that the connection is lost, or that systemd has left it, rather than that systemd said no.
fn is_connection_lost(error: &zbus::Error) -> bool {
    use zbus::fdo::Error as Reply;
    match error {
        zbus::Error::InputOutput(_) | zbus::Error::Connection(..) => true,
        zbus::Error::FDO(reply) => matches!(
            **reply,
            Reply::NoReply(_)
                | Reply::ServiceUnknown(_)
                | Reply::NameHasNoOwner(_)
                | Reply::Disconnected(_)
                | Reply::NoServer(_)
                | Reply::Timeout(_)
                | Reply::TimedOut(_)
                | Reply::IOError(_)
        ),
        _ => false,
    }
}
