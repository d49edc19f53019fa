//! The same answers from each version of etcd: 3.4 has them from its first gateway, 3.6 from the second one, with other HTTP
//! statuses, with `details`, and with the text only once. Texts and codes are those of `rpctypes/error.go` and the gateways'
//! tables of statuses.

use serde_json::json;

use super::*;
use crate::config::Endpoint;
use crate::http::HeaderMap;

/// gRPC's codes, and what the two gateways make of them.
const CODES: [(i64, u16, u16); 10] = [
    (1, 408, 499),  // canceled
    (2, 500, 500),  // unknown
    (3, 400, 400),  // invalid argument
    (4, 504, 504),  // deadline exceeded
    (5, 404, 404),  // not found
    (7, 403, 403),  // permission denied
    (8, 403, 429),  // resource exhausted
    (9, 412, 400),  // failed precondition
    (14, 503, 503), // unavailable
    (16, 401, 401), // unauthenticated
];

fn etcd() -> ServiceName {
    "etcd".parse().unwrap()
}

fn answered(status: u16, body: &Value) -> Said {
    let at = Endpoint::at("10.0.1.10:2379".parse().unwrap()).unwrap();
    let headers = HeaderMap::from_iter([(crate::http::CONTENT_TYPE, "application/json".parse().unwrap())]);
    Said::of(Answer::of(status, &at, &headers, body.to_string().into_bytes()), etcd())
}

/// An error as 3.4 and as 3.6 answers it.
fn refused(code: i64, text: &str) -> [Said; 2] {
    let (_, first, second) = CODES.into_iter().find(|(known, ..)| *known == code).unwrap();
    [
        answered(first, &json!({"error": text, "message": text, "code": code})),
        answered(second, &json!({"code": code, "message": text, "details": []})),
    ]
}

fn class(said: &Said) -> Class {
    said.done().unwrap_err().class
}

#[test]
fn what_passes_by_itself_does_so_in_every_version() {
    let (busy, turn) = (Class::Busy { retry_after: None }, Class::Busy { retry_after: Some(YOUNG) });
    let transient = Class::Transient { retry_after: None };
    for (code, text, expected) in [
        (14, "etcdserver: unhealthy cluster", &busy),
        (9, "etcdserver: too many learner members in cluster", &turn),
        (9, "etcdserver: re-configuration failed due to not enough started members", &busy),
        (8, "etcdserver: too many requests", &busy),
        (14, "etcdserver: no leader", &Class::Leaderless),
        (14, "etcdserver: leader changed", &Class::Leaderless),
        // Unavailable in 3.4 and 3.5, a failed precondition in 3.6.
        (14, "etcdserver: rpc not supported for learner", &Class::NotLeader(None)),
        (9, "etcdserver: rpc not supported for learner", &Class::NotLeader(None)),
        (9, "etcdserver: not leader", &Class::NotLeader(None)),
        (14, "etcdserver: not capable", &transient),
        (9, "etcdserver: not capable", &transient),
        (14, "etcdserver: request timed out", &transient),
        (14, "etcdserver: request timed out, possibly due to previous leader failure", &transient),
        (14, "etcdserver: request timed out, waiting for the applied index took too long", &transient),
        (14, "etcdserver: server stopped", &transient),
        (4, "etcdserver: context deadline exceeded", &transient),
        (2, "context deadline exceeded", &transient),
        (1, "etcdserver: request canceled", &transient),
        (5, "etcdserver: member not found", &transient),
    ] {
        for said in refused(code, text) {
            assert_eq!(class(&said), *expected, "HTTP {}, code {code}: {text}", said.answer.status);
        }
    }
}

#[test]
fn who_may_not_ask_gets_advice_in_every_version() {
    for (code, text, advice) in [
        (3, "etcdserver: user name is empty", "give services.etcd.user and services.etcd.password_file"),
        (9, "etcdserver: user name not found", "give services.etcd.user and services.etcd.password_file"),
        (9, "etcdserver: authentication is not enabled", "leave them out where authentication is off"),
        (3, "etcdserver: authentication failed, invalid user ID or password", "correct services.etcd.user"),
        (16, "etcdserver: invalid auth token", "correct services.etcd.user"),
        (7, "etcdserver: permission denied", "the role root"),
    ] {
        for said in refused(code, text) {
            let fault = said.done().unwrap_err();
            assert_eq!(fault.class, Class::Permanent(Cause::Refused), "{text}");
            assert!(fault.message.contains(advice) && fault.message.contains(text), "{}", fault.message);
            let login = said.of_login(fault, "/file").message;
            assert!(login.contains(advice) && !login.contains("etcdserver"), "{login}");
        }
    }
}

#[test]
fn what_no_version_says_to_a_right_request_is_refused() {
    for (code, text) in [(3, "etcdserver: given member URLs are invalid"), (9, "etcdserver: cluster ID mismatch")] {
        for said in refused(code, text) {
            assert_eq!(class(&said), Class::Permanent(Cause::Refused), "{text}");
        }
    }
}

#[test]
fn a_list_of_the_second_gateway_is_read_as_one_of_the_first() {
    // `UseProtoNames` and no fields of their default value: as it was before; ids are text in both.
    let members = json!([
        {"ID": "5376934900671172134", "name": "node01", "peerURLs": ["https://10.0.1.10:2380"], "clientURLs": ["https://10.0.1.10:2379"]},
        {"ID": "9878357526949392216", "peerURLs": ["https://10.0.1.13:2380"], "isLearner": true},
    ]);
    let header = json!({"cluster_id": "14841639068965178418", "member_id": "5376934900671172134", "raft_term": "2"});
    let status = json!({"header": header, "version": "3.6.6", "dbSize": "20480", "leader": "5376934900671172134", "raftIndex": "8",
        "raftTerm": "2", "raftAppliedIndex": "8", "dbSizeInUse": "16384", "storageVersion": "3.6.0", "dbSizeQuota": "2147483648",
        "downgradeInfo": {}});
    let leader = leader(&status);
    let said = answered(200, &json!({"header": header, "members": members}));
    let list_at = |own: &str| {
        said.read("a member list", |body| list(body, leader.as_ref(), Answered::Here, &[own.parse().unwrap()])).unwrap()
    };
    assert_eq!(list_at("10.0.1.10").answered, Answered::Here);
    let list = list_at("10.0.1.13");
    assert_eq!(list.answered, Answered::Elsewhere, "another member, behind a balancer on this machine");
    let [first, second] = &list.members[..] else { panic!("{list}") };
    assert_eq!((list.leader, list.cluster_id), (Leader::Known("node01".into()), Some("cdf818194e3a8c32".into())));
    assert_eq!((first.key.as_str(), first.is_full()), ("4a9eb5cdcee7ce26", true));
    assert_eq!((second.key.as_str(), second.is_full(), second.incarnation.as_ref()), ("8916f9d53e1fef58", false, None));
}

#[test]
fn without_a_quorum_a_status_has_no_leader() {
    let status = json!({"header": {"member_id": "1"}, "version": "3.6.6", "errors": ["etcdserver: no leader"]});
    assert_eq!((leader(&status), leader(&json!({"leader": "0"}))), (None, None));
}
