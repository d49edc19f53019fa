//! The fields under `policies`: how long to wait and how often to try.

use super::super::{
    key::Key,
    kind::{
        Absent::{Default, Inner},
        Field,
        Kind::{self, Object},
        field, fields,
    },
};
use std::time::Duration;

/// The keys of a wait that looks ever less often.
pub(crate) struct Wait {
    pub(crate) limit: Key<Duration>,
    pub(crate) first_delay: Key<Duration>,
    pub(crate) max_delay: Key<Duration>,
}

const fn wait(object: &'static str) -> Wait {
    Wait {
        limit: Key::whole(object, "limit"),
        first_delay: Key::whole(object, "first_delay"),
        max_delay: Key::whole(object, "max_delay"),
    }
}

pub(crate) const HEALTH: Wait = wait("policies.health.");
pub(crate) const PROMOTION: Wait = wait("policies.promotion.");
pub(crate) const IAM_SETUP: Wait = wait("policies.iam_setup.");
pub(crate) const LINK: Wait = wait("policies.link.");
pub(crate) const BLOCKED: Wait = wait("policies.blocked.");

/// A time of at most an hour.
const HOUR: Kind = Kind::Time(Duration::from_millis(1), Duration::from_hours(1));
/// A time of at most a day.
const DAY: Kind = Kind::Time(Duration::from_millis(1), Duration::from_hours(24));

/// The fields of a wait that looks ever less often.
macro_rules! wait {
    ($limit:literal, $first:literal, $most:literal) => {
        &[
            field(HEALTH.limit.place.name, DAY, Default($limit), "The total time."),
            field(HEALTH.first_delay.place.name, HOUR, Default($first), "The delay before the second check."),
            field(HEALTH.max_delay.place.name, HOUR, Default($most), "The longest delay between two checks."),
        ]
    };
}

pub(super) static POLICIES: &[Field] = &[
    field(
        "health",
        Object(wait!("\"120s\"", "\"10ms\"", "\"2s\"")),
        Inner,
        "Waiting for a service on this node: its unit active, its health endpoint answering 200.",
    ),
    field(
        "promotion",
        Object(wait!("\"120s\"", "\"3ms\"", "\"1s\"")),
        Inner,
        "Waiting for the member list to show this node as a full member.",
    ),
    field(
        "iam_setup",
        Object(wait!("\"120s\"", "\"100ms\"", "\"5s\"")),
        Inner,
        "Waiting for another node to set IAM up.",
    ),
    field(
        "join",
        Object(JOIN_FIELDS),
        Inner,
        "Attempts to join in one run of a unit; systemd starts the unit again after the last.",
    ),
    field(
        "clock",
        Object(CLOCK_FIELDS),
        Inner,
        "Waiting for the clock to be set, if it shows a date before the agent's build date.",
    ),
    field("link", Object(wait!("\"60s\"", "\"100ms\"", "\"1s\"")), Inner, "Waiting for the network links of `expect`."),
    field(
        "blocked",
        Object(wait!("\"20min\"", "\"1min\"", "\"5min\"")),
        Inner,
        "How often a unit checks again what must be fixed elsewhere: a peer, a member list, a clock.",
    ),
    field("request", Object(REQUEST_FIELDS), Inner, "A single request."),
];

fields! {
    JOIN_FIELDS, JOIN: Join, whole "policies.join."
    attempts: u32 = Kind::Count(1, 1000), Default("5"), "Attempts in one run of the unit.";
    scale: Duration = HOUR, Default("\"10s\""), "The upper bound of the first random delay; it doubles each time.";
    max_delay: Duration = HOUR, Default("\"60s\""), "The longest delay.";
}

fields! {
    CLOCK_FIELDS, CLOCK: Clock, whole "policies.clock."
    limit: Duration = HOUR, Default("\"30s\""), "The longest wait; after it, certificates are checked against the build date.";
}

fields! {
    REQUEST_FIELDS, REQUEST: Request, whole "policies.request."
    connect: Duration = HOUR, Default("\"3s\""),
        "Until the connection is established, including TLS. Name resolution comes before.";
    total: Duration = HOUR, Default("\"10s\""), "Until the answer is read.";
    max_body: u64 = Kind::Size(1 << 10, 64 << 20), Default("\"1MiB\""), "The longest answer that is read.";
}
