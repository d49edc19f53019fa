//! What an error or a status means for the next try: transient, busy, permanent, or not the
//! leader. Everything that is not known to be permanent is transient.

use std::time::Duration;

use rustls::{Error, InvalidMessage};
use serde_json::Value;
use url::Url;

use crate::config::{Endpoint, Request, value::show_duration};
use crate::plan::Cause;
use crate::run::ports::{Class, Fault};

use super::words;

/// A service that asks for a longer pause is asked again after this many seconds.
pub(super) const MAX_RETRY_AFTER_S: u64 = 300;

/// The time that `Retry-After` names, in seconds (RFC 9110, 10.2.3), and as much as the agent waits of it. The form with a
/// date would need a clock that both sides trust.
pub(super) fn retry_after(text: &str) -> Option<Duration> {
    let digits = text.trim();
    let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    // A number that no integer holds is a long time all the same.
    is_number.then(|| Duration::from_secs(digits.parse().unwrap_or(u64::MAX).min(MAX_RETRY_AFTER_S)))
}

/// The class of an HTTP status that is not the one hoped for.
pub(super) fn status(status: u16, leader: Option<Endpoint>, retry_after: Option<Duration>) -> Class {
    match status {
        307 | 308 | 421 => Class::NotLeader(leader),
        503 if leader.is_some() => Class::NotLeader(leader),
        // Without `Retry-After`, a 503 is as much a broken proxy as a busy service.
        503 if retry_after.is_some() => Class::Busy { retry_after },
        429 => Class::Busy { retry_after },
        408 | 425 | 500..=599 => Class::Transient { retry_after },
        400..=499 => Class::Permanent(Cause::Refused),
        _ => Class::Transient { retry_after: None },
    }
}

/// The leader that an answer names: `{"leader": {"url": URL}}`, `{"leader": URL}`,
/// `{"leader_url": URL}`, or the `Location` header.
pub(super) fn leader_hint(body: &Value, location: Option<&str>) -> Option<Endpoint> {
    [body.pointer("/leader/url"), body.get("leader"), body.get("leader_url")]
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .chain(location)
        .find_map(origin)
}

/// Whether the host of a URL reference, where it has one, is plain: hostnames here are ASCII, and what the library makes
/// of others is cut out of this build (`idna_adapter` in Cargo.toml).
pub(crate) fn has_plain_host(reference: &str) -> bool {
    // As the URL standard reads it: blanks within count for nothing, and a backslash is a slash.
    let text: String =
        reference.chars().filter(|c| !c.is_ascii_control()).map(|c| if c == '\\' { '/' } else { c }).collect();
    let text = text.trim();
    let (scheme, rest) =
        text.split_once(':').filter(|(scheme, _)| !scheme.contains(['/', '?', '#'])).unwrap_or(("", text));
    let has_host = !scheme.is_empty() || rest.starts_with("//");
    let host = rest.trim_start_matches('/').split(['/', '?', '#']).next().unwrap_or_default();
    !has_host || (host.is_ascii() && !host.contains('%'))
}

/// The endpoint in front of a URL's path.
fn origin(text: &str) -> Option<Endpoint> {
    let text = Some(text).filter(|text| has_plain_host(text))?;
    let url = Url::parse(text).ok().filter(|url| url.scheme() == "https")?;
    let host_and_port = format!("{}:{}", url.host_str()?, url.port_or_known_default()?);
    Endpoint::at(host_and_port.parse().ok()?).ok()
}

/// The fault behind an exchange that brought no answer.
pub(super) fn failure(error: &reqwest::Error, at: &Endpoint, request: &Request) -> Fault {
    if let Some(tls) = words::sources(error).find_map(|source| source.downcast_ref()) {
        return handshake(tls, at);
    }
    let cause = words::cause(error);
    let (fault, message): (fn(Endpoint, String) -> Fault, _) = match (error.is_connect(), error.is_timeout()) {
        (true, true) => {
            (Fault::unreachable, format!("connection error: no connection within {}", show_duration(request.connect)))
        }
        (true, false) => (Fault::unreachable, format!("connection error: {cause}")),
        (false, true) => {
            (Fault::transient, format!("timeout: no whole answer within {}", show_duration(request.total)))
        }
        (false, false) => (Fault::transient, format!("connection error: the exchange broke off: {cause}")),
    };
    fault(at.clone(), message)
}

/// The fault that a failed handshake is.
pub(super) fn handshake(error: &Error, at: &Endpoint) -> Fault {
    let message = match (words::handshake(error), error) {
        ((Some(cause), message), _) => return Fault::permanent(cause, at.clone(), message),
        (_, Error::InvalidCertificate(reason)) => {
            format!("its certificate is not valid yet, is this node's clock set? {}", words::certificate(reason))
        }
        // Something else has the port, and may leave it again.
        (
            (_, words),
            Error::InvalidMessage(InvalidMessage::InvalidContentType | InvalidMessage::UnknownProtocolVersion),
        ) => return Fault::unreachable(at.clone(), words),
        ((_, words), _) => format!("connection error: TLS: {words}"),
    };
    Fault::transient(at.clone(), message)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn statuses_fall_into_their_classes() {
        let transient = |seconds: Option<u64>| Class::Transient { retry_after: seconds.map(Duration::from_secs) };
        let busy = |seconds: Option<u64>| Class::Busy { retry_after: seconds.map(Duration::from_secs) };
        let hint = || Some(Endpoint::at("node02:2379".parse().unwrap()).unwrap());
        for (code, leader, retry_after, expected) in [
            (421, hint(), None, Class::NotLeader(hint())),
            (421, None, None, Class::NotLeader(None)),
            (307, hint(), None, Class::NotLeader(hint())),
            (503, hint(), Some(1), Class::NotLeader(hint())),
            (503, None, Some(1), busy(Some(1))),
            (503, None, None, transient(None)),
            (429, None, Some(7), busy(Some(7))),
            (429, None, None, busy(None)),
            (500, None, None, transient(None)),
            (500, None, Some(7), transient(Some(7))),
            (302, None, None, transient(None)),
            (400, None, None, Class::Permanent(Cause::Refused)),
            (403, None, None, Class::Permanent(Cause::Refused)),
        ] {
            let found = status(code, leader, retry_after.map(Duration::from_secs));
            assert_eq!(found, expected, "HTTP {code}");
        }
    }

    #[test]
    fn m10_a_retry_after_of_any_length_is_at_most_five_minutes() {
        for (text, seconds) in [
            ("0", Some(0)),
            (" 7 ", Some(7)),
            ("007", Some(7)),
            ("300", Some(300)),
            ("301", Some(300)),
            ("18446744073709551616", Some(300)),
            (&"9".repeat(1000), Some(300)),
            ("", None),
            ("-1", None),
            ("+7", None),
            ("1.5", None),
            ("Fri, 31 Dec 1999 23:59:59 GMT", None),
        ] {
            assert_eq!(retry_after(text), seconds.map(Duration::from_secs), "{text}");
        }
    }

    #[test]
    fn a_leader_hint_is_found_in_every_form() {
        let expected = Some(Endpoint::at("node02:2379".parse().unwrap()).unwrap());
        for (body, location) in [
            (json!({"leader": {"id": "node02", "url": "https://node02:2379"}}), None),
            (json!({"leader": "https://node02:2379/"}), None),
            (json!({"leader_url": "https://node02:2379"}), None),
            (Value::Null, Some("https://node02:2379/admin/member/add")),
        ] {
            assert_eq!(leader_hint(&body, location), expected, "{body} {location:?}");
        }
        for nothing in ["/admin/member/add", "http://node02:2379", "node02"] {
            assert_eq!(leader_hint(&json!({"leader": nothing}), Some(nothing)), None);
        }
    }
}
