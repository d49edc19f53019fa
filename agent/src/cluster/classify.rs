//! What an error or a status means for the next try: transient, busy, permanent, or not the
//! leader. Everything that is not known to be permanent is transient.

use std::error::Error;
use std::io;
use std::time::Duration;

use rustls::{AlertDescription, CertificateError, InvalidMessage};
use serde_json::Value;
use url::Url;

use crate::config::{Endpoint, Request};
use crate::plan::Cause;
use crate::run::ports::{Class, Fault};

/// A service that asks for a longer pause is asked again after this many seconds.
pub(super) const MAX_RETRY_AFTER_S: u64 = 300;

/// A fault that may pass.
pub(super) fn transient(at: &Endpoint, message: String) -> Fault {
    Fault { class: Class::Transient { retry_after: None }, endpoint: at.clone(), message }
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

/// The endpoint in front of a URL's path.
fn origin(text: &str) -> Option<Endpoint> {
    // Host names here are ASCII; what the library makes of others is cut out of this build (idna_adapter in Cargo.toml).
    let authority = text.split_once("://")?.1.split(['/', '?', '#', '\\']).next()?;
    if !authority.is_ascii() || authority.contains('%') {
        return None;
    }
    let url = Url::parse(text).ok().filter(|url| url.scheme() == "https")?;
    let host_and_port = format!("{}:{}", url.host_str()?, url.port_or_known_default()?);
    Endpoint::at(host_and_port.parse().ok()?).ok()
}

/// The fault behind an exchange that brought no answer.
pub(super) fn failure(error: &reqwest::Error, at: &Endpoint, request: &Request) -> Fault {
    if let Some(tls) = sources(error).find_map(tls_error) {
        return tls_failure(tls, at);
    }
    let cause = innermost(error);
    transient(
        at,
        match (error.is_connect(), error.is_timeout()) {
            (true, true) => format!("connection error: no connection within {:?}", request.connect),
            (true, false) => format!("connection error: {cause}"),
            (false, true) => format!("timeout: no whole answer within {:?}", request.total),
            (false, false) => format!("connection error: the exchange broke off: {cause}"),
        },
    )
}

fn tls_failure(error: &rustls::Error, at: &Endpoint) -> Fault {
    let (cause, message) = match error {
        rustls::Error::InvalidCertificate(reason) => match reason {
            // Time will mend it, or NTP.
            CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
                let message = format!("its certificate is not valid yet, is this node's clock set? {reason}");
                return transient(at, message);
            }
            CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
                (Cause::PeerExpired, format!("its certificate was not accepted: {reason}"))
            }
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
                (Cause::PeerName, format!("its certificate was not accepted: {reason}"))
            }
            CertificateError::UnknownIssuer => (
                Cause::Trust,
                "its certificate was not accepted: it is signed by an authority that is not in tls.ca".to_owned(),
            ),
            _ => (Cause::Trust, format!("its certificate was not accepted: {reason}")),
        },
        rustls::Error::AlertReceived(AlertDescription::CertificateRequired) => {
            (Cause::NoCertificate, "it wants a certificate of this node, and none is configured".to_owned())
        }
        rustls::Error::AlertReceived(alert) if rejects_our_certificate(*alert) => {
            (Cause::OwnCertificate, format!("it did not accept this node's certificate: {alert:?}"))
        }
        rustls::Error::AlertReceived(AlertDescription::ProtocolVersion) | rustls::Error::PeerIncompatible(_) => {
            (Cause::OldTls, format!("it speaks no TLS 1.2 or 1.3: {error}"))
        }
        // Something else has the port, and may leave it again.
        rustls::Error::InvalidMessage(InvalidMessage::InvalidContentType | InvalidMessage::UnknownProtocolVersion) => {
            let message = "it answers, but not in TLS: plain HTTP, or another program has the port";
            return transient(at, message.to_owned());
        }
        other => return transient(at, format!("connection error: TLS: {other}")),
    };
    Fault { class: Class::Permanent(cause), endpoint: at.clone(), message }
}

fn rejects_our_certificate(alert: AlertDescription) -> bool {
    matches!(
        alert,
        AlertDescription::BadCertificate
            | AlertDescription::UnsupportedCertificate
            | AlertDescription::CertificateRevoked
            | AlertDescription::CertificateExpired
            | AlertDescription::CertificateUnknown
            | AlertDescription::UnknownCA
            | AlertDescription::AccessDenied
    )
}

/// The text of the last error in the chain: the one that names the cause.
pub(super) fn innermost(error: &(dyn Error + 'static)) -> String {
    let mut last = error.to_string();
    for source in sources(error) {
        last = source.to_string();
    }
    last
}

fn sources<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |error| source_of(*error))
}

/// The next error of the chain. An `io::Error` hides the error that it was made from: its `source` is that one's.
fn source_of<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a (dyn Error + 'static)> {
    match error.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
        Some(inner) => Some(inner),
        None => error.source(),
    }
}

fn tls_error<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a rustls::Error> {
    error.downcast_ref()
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
