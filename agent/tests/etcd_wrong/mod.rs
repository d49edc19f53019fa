//! The ways in which an answer of etcd can be wrong, in kinds that mean the same for a join.

use std::collections::BTreeMap;

use cluster_standin::Fault;
use serde_json::{Value, json};

/// What follows of it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Kind {
    /// Odd, but right: carried out, and the answer arrives whole and in time.
    Harmless,
    /// Carried out; the answer is lost, wholly or in part.
    Lost,
    /// Not carried out; it may pass.
    Broken,
    /// Not carried out, and asked to come later: that may last for ever.
    Busy,
    /// Not carried out, and refused for good.
    Refused,
    /// Not carried out; 200 with something that is not the answer.
    Believable,
    /// Not carried out; a well-formed answer of another cluster.
    Foreign,
}

/// One fault.
pub(crate) struct Wrong {
    pub(crate) name: &'static str,
    pub(crate) kind: Kind,
    pub(crate) make: fn() -> Fault,
}

/// The agent's own deadline is shorter.
const BEYOND_THE_DEADLINE_MS: u64 = 1200;

/// Every fault of the suite.
pub(crate) const WRONGS: &[Wrong] = &[
    wrong("sent twice", Kind::Harmless, || Fault::Double),
    wrong("a short delay", Kind::Harmless, || Fault::Delay { ms: 30 }),
    wrong("a lost answer", Kind::Lost, || Fault::LoseAnswer),
    wrong("half an answer", Kind::Lost, || Fault::Truncate),
    wrong("carried out after the deadline", Kind::Lost, || Fault::Late { ms: BEYOND_THE_DEADLINE_MS }),
    wrong("a lost request", Kind::Broken, || Fault::Reset),
    wrong("no answer", Kind::Broken, || Fault::Stall),
    wrong("an endless body", Kind::Broken, || Fault::Endless),
    wrong("a huge body", Kind::Broken, || body(200, "application/json", &format!("[\"{}\"]", "x".repeat(100_000)))),
    wrong("500", Kind::Broken, || answer(500, &json!({"error": "disk on fire"}))),
    wrong("502 of a proxy", Kind::Broken, || body(502, "text/html", "<!doctype html><title>Bad gateway</title>")),
    wrong("500 without a leader", Kind::Broken, || refused(503, 14, "etcdserver: no leader")),
    wrong("a request that timed out", Kind::Broken, || refused(503, 14, "etcdserver: request timed out")),
    wrong("a canceled request of 3.6", Kind::Broken, || refused(499, 1, "etcdserver: request canceled")),
    wrong("302 to a login", Kind::Broken, || moved(302, "https://127.0.0.1:9/login")),
    wrong("307 to a dead address", Kind::Broken, || moved(307, "https://127.0.0.1:9/v3")),
    wrong("503 with Retry-After", Kind::Busy, || status(503, &[("Retry-After", "0")], "{}")),
    wrong("429 with Retry-After", Kind::Busy, || status(429, &[("Retry-After", "0")], "{}")),
    wrong("400", Kind::Refused, || answer(400, &json!({"error": "no"}))),
    wrong("403 of a proxy", Kind::Refused, || status(403, &[], "forbidden")),
    wrong("404", Kind::Refused, || status(404, &[], "404 page not found")),
    wrong("200 with a page", Kind::Broken, || body(200, "text/html", "<!doctype html><title>Log in</title>")),
    wrong("200 with nothing", Kind::Believable, || body(200, "application/json", "")),
    wrong("200 with garbage", Kind::Believable, || body(200, "application/json", "\u{1}{not json")),
    wrong("200 with other types", Kind::Believable, || {
        answer(200, &json!({"header": 7, "members": {"ID": []}, "leader": [], "member": "yes"}))
    }),
    wrong("200 of another cluster", Kind::Foreign, || {
        answer(
            200,
            &json!({"header": {"cluster_id": "77", "member_id": "7", "raft_term": "2"}, "leader": "7",
            "members": [{"ID": "7", "name": "stranger", "peerURLs": ["https://10.9.9.9:2380"]}]}),
        )
    }),
];

const fn wrong(name: &'static str, kind: Kind, make: fn() -> Fault) -> Wrong {
    Wrong { name, kind, make }
}

/// This status with these headers.
fn status(status: u16, headers: &[(&str, &str)], body: &str) -> Fault {
    let headers: BTreeMap<_, _> =
        headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    Fault::Status { status, headers, body: body.to_owned() }
}

fn moved(code: u16, location: &str) -> Fault {
    status(code, &[("Location", location)], "")
}

fn body(status: u16, content_type: &str, body: &str) -> Fault {
    Fault::Garbage { body: body.to_owned(), content_type: content_type.to_owned(), status }
}

fn answer(status: u16, value: &Value) -> Fault {
    body(status, "application/json", &value.to_string())
}

fn refused(status: u16, code: i64, text: &str) -> Fault {
    answer(status, &json!({"code": code, "message": text, "details": []}))
}
