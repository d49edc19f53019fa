//! The fields under `policies`: how long to wait and how often to try.

use super::{
    Absent::{Default, Inner},
    Field, Kind,
    Kind::Object,
    field,
};
use std::time::Duration;

/// A time of at most an hour.
const HOUR: Kind = Kind::Time(Duration::from_millis(1), Duration::from_hours(1));
/// A time of at most a day.
const DAY: Kind = Kind::Time(Duration::from_millis(1), Duration::from_hours(24));

/// The fields of a wait that looks ever less often.
macro_rules! wait {
    ($limit:literal, $first:literal, $most:literal) => {
        &[
            field("limit", DAY, Default($limit), "How long in all."),
            field("first_delay", HOUR, Default($first), "The pause before the second look."),
            field("max_delay", HOUR, Default($most), "The longest pause between two looks."),
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
        Object(JOIN),
        Inner,
        "Attempts to join in one run of a unit; systemd starts the unit again after the last.",
    ),
    field("clock", Object(CLOCK), Inner, "Waiting for a clock that stands before the agent's build date to be set."),
    field("link", Object(wait!("\"60s\"", "\"100ms\"", "\"1s\"")), Inner, "Waiting for the network links of `expect`."),
    field(
        "blocked",
        Object(wait!("\"20min\"", "\"1min\"", "\"5min\"")),
        Inner,
        "Looking again, in a unit, at trouble that somebody has to fix elsewhere: a peer, a member list, a clock.",
    ),
    field("request", Object(REQUEST), Inner, "A single request."),
];

static JOIN: &[Field] = &[
    field("attempts", Kind::Count(1, 1000), Default("5"), "How often in one run of the unit."),
    field("scale", HOUR, Default("\"10s\""), "The upper bound of the first random pause; it doubles with each."),
    field("max_delay", HOUR, Default("\"60s\""), "The longest pause."),
];

static CLOCK: &[Field] =
    &[field("limit", HOUR, Default("\"30s\""), "How long; after that certificates are judged as of the build date.")];

static REQUEST: &[Field] = &[
    field("connect", HOUR, Default("\"3s\""), "Until there is a connection, TLS included. A name is looked up before."),
    field("total", HOUR, Default("\"10s\""), "Until the answer is read."),
    field("max_body", Kind::Size(1 << 10, 64 << 20), Default("\"1MiB\""), "The most of an answer that is read."),
];
