//! The ways in which an answer can be wrong, in kinds that mean the same for the next step of the agent.

pub(crate) mod case;
pub(crate) mod stage;

use std::collections::BTreeMap;

use cluster_standin::Fault;

/// What a fault leaves of a request and its answer; in the order of a row's columns.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Kind {
    /// Odd, but right: applied, and the answer arrives whole and in time.
    Harmless,
    /// Applied; the right answer is called a page for people.
    Page,
    /// Applied; the answer is lost, wholly or in part.
    Lost,
    /// Not applied, and plainly so.
    Broken,
    /// Not applied, and asked to come later: that may last for ever.
    Busy,
    /// Not applied; a page with 200, as a captive portal has it.
    Portal,
    /// Not applied, refused for good.
    Refused,
    /// Not applied; there is nothing at this path.
    Absent,
    /// Not applied; it is said to exist already.
    Conflict,
    /// Not applied; 421 with a hint that leads nowhere.
    Misled,
    /// The same with another status.
    Moved,
    /// Not applied; 200 with something that is not the answer.
    Believable,
}

/// One fault. `make` is given the URL of the server that is to show it.
pub(crate) struct Wrong {
    pub(crate) name: &'static str,
    pub(crate) kind: Kind,
    pub(crate) make: fn(&str) -> Fault,
}

/// No server listens there: port 9 is reserved for the discard service.
const DEAD: &str = "https://127.0.0.1:9";
/// The agent's own deadline is a second (`limit` in `case`).
const BEYOND_THE_DEADLINE_MS: u64 = 1200;

/// Every fault of the table.
pub(crate) const FAULTS: &[Wrong] = &[
    wrong("applied twice", Kind::Harmless, |_| Fault::Double),
    wrong("a short delay", Kind::Harmless, |_| Fault::Delay { ms: 30 }),
    wrong("a slow body", Kind::Harmless, |_| Fault::Drip { ms: 5 }),
    wrong("an answer called text", Kind::Harmless, |_| Fault::Relabel { content_type: "text/plain".to_owned() }),
    wrong("an answer called a page", Kind::Page, |_| Fault::Relabel { content_type: "text/html".to_owned() }),
    wrong("a lost answer", Kind::Lost, |_| Fault::LoseAnswer),
    wrong("half an answer", Kind::Lost, |_| Fault::Truncate),
    wrong("a body slower than the deadline", Kind::Lost, |_| Fault::Drip { ms: 400 }),
    wrong("applied after the deadline", Kind::Lost, |_| Fault::Late { ms: BEYOND_THE_DEADLINE_MS }),
    wrong("a reset", Kind::Broken, |_| Fault::Reset),
    wrong("no answer", Kind::Broken, |_| Fault::Stall),
    wrong("an endless body", Kind::Broken, |_| Fault::Endless),
    wrong("500", Kind::Broken, |_| status(500, &[], "{\"error\": \"disk on fire\"}")),
    wrong("502 of a proxy", Kind::Broken, |_| page(502)),
    wrong("503 with Retry-After", Kind::Busy, |_| status(503, &[("Retry-After", "0")], "")),
    wrong("429 with Retry-After", Kind::Busy, |_| status(429, &[("Retry-After", "0")], "{}")),
    wrong("302 to a login", Kind::Broken, |_| status(302, &[("Location", "https://127.0.0.1:9/login")], "")),
    wrong("200 with a page", Kind::Portal, |_| page(200)),
    wrong("400", Kind::Refused, |_| status(400, &[], "{\"error\": \"no\"}")),
    wrong("401", Kind::Refused, |_| status(401, &[], "")),
    wrong("403", Kind::Refused, |_| status(403, &[], "forbidden")),
    wrong("404", Kind::Absent, |_| status(404, &[], "")),
    wrong("409", Kind::Conflict, |_| status(409, &[], "{\"error\": \"already there\"}")),
    wrong("421 to itself", Kind::Misled, |own| hint(421, own)),
    wrong("421 to a dead address", Kind::Misled, |_| hint(421, DEAD)),
    wrong("421 to plain HTTP", Kind::Misled, |own| hint(421, &own.replace("https", "http"))),
    wrong("421 without a hint", Kind::Misled, |_| status(421, &[], "")),
    wrong("307 to itself", Kind::Moved, |own| status(307, &[("Location", own)], "")),
    wrong("503 with a hint to a dead address", Kind::Moved, |_| hint(503, DEAD)),
    wrong("200 with garbage", Kind::Believable, |_| json_200("\u{1}{not json")),
    wrong("200 with nothing", Kind::Believable, |_| json_200("")),
    wrong("200 of another shape", Kind::Believable, |_| json_200("{\"members\": 7, \"completed\": 7}")),
];

const fn wrong(name: &'static str, kind: Kind, make: fn(&str) -> Fault) -> Wrong {
    Wrong { name, kind, make }
}

/// This status with these headers; nothing is applied.
pub(crate) fn status(status: u16, headers: &[(&str, &str)], body: &str) -> Fault {
    let headers: BTreeMap<_, _> =
        headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    Fault::Status { status, headers, body: body.to_owned() }
}

/// Not the leader, with this URL as the leader's in body and header.
pub(crate) fn hint(code: u16, leader: &str) -> Fault {
    status(code, &[("Location", leader)], &format!("{{\"leader\": {{\"id\": \"node01\", \"url\": \"{leader}\"}}}}"))
}

fn page(status: u16) -> Fault {
    let body = "<!doctype html><title>Log in</title>".to_owned();
    Fault::Garbage { body, content_type: "text/html".to_owned(), status }
}

fn json_200(body: &str) -> Fault {
    Fault::Garbage { body: body.to_owned(), content_type: "application/json".to_owned(), status: 200 }
}
