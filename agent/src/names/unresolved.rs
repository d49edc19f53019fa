//! Why a name has no addresses, in words for an operator: the name, who was asked, the result, what to do. Makes
//! no lookups.

use std::fmt;
use std::io;
use std::time::Duration;

use first_boot_output::plain_error;
use hickory_proto::op::ResponseCode;

use super::server::Server;

/// A name that does not resolve. It may later: nothing here is permanent.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, serde::Serialize)]
#[error("name {name} does not resolve: {reason}; {remedy}")]
pub(crate) struct Unresolved {
    /// The name.
    pub(crate) name: String,
    /// The name servers that were asked, as resolv.conf has them.
    pub(crate) servers: Vec<String>,
    /// What came of it.
    pub(crate) reason: String,
    /// What to do.
    pub(crate) remedy: String,
}

/// What each of the servers has done with a question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Failures {
    /// `None`: nothing.
    of_each: Vec<(String, Option<Failure>)>,
    bound: Duration,
    /// What is known of the other family of addresses.
    pub(super) known: &'static str,
}

/// Why one server has not answered a question.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Failure {
    /// It says so, in a code.
    #[error("{}", code(*.0))]
    Code(ResponseCode),
    /// It neither knows the name nor asks others.
    #[error("does not know the name and asks nobody else")]
    Lame,
    /// It did not fit; over TCP it does.
    #[error("its answer is cut off")]
    CutOff,
    /// What it sent is no answer.
    #[error("its answer cannot be read")]
    Garbled,
    /// Link-local, and resolv.conf does not say where.
    #[error("it is link-local without a network interface, write it as in fe80::53%eth0")]
    NoZone,
    /// Its network interface.
    #[error("there is no network interface {0}")]
    NoInterface(String),
    /// Anything else.
    #[error("{0}")]
    Other(String),
}

fn code(code: ResponseCode) -> String {
    match code {
        ResponseCode::ServFail => "could not find out (SERVFAIL)".to_owned(),
        ResponseCode::Refused => "does not answer this machine (REFUSED)".to_owned(),
        ResponseCode::FormErr => "does not understand the question (FORMERR)".to_owned(),
        ResponseCode::NotImp => "does not do this (NOTIMP)".to_owned(),
        other => format!("answered with code {}", u16::from(other)),
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::Other(match error.kind() {
            io::ErrorKind::ConnectionRefused => "nothing listens at its port (connection refused)".to_owned(),
            io::ErrorKind::NetworkUnreachable | io::ErrorKind::HostUnreachable => "there is no route to it".to_owned(),
            io::ErrorKind::UnexpectedEof | io::ErrorKind::ConnectionReset => "closed the connection".to_owned(),
            _ => plain_error(&error),
        })
    }
}

impl Unresolved {
    pub(super) fn new(name: &str, servers: Vec<String>, reason: String, remedy: &str) -> Self {
        Self { name: name.to_owned(), servers, reason, remedy: remedy.to_owned() }
    }
}

impl Failures {
    pub(super) fn new(servers: &[Server], failures: Vec<Option<Failure>>, bound: Duration) -> Self {
        let of_each = servers.iter().map(ToString::to_string).zip(failures).collect();
        Self { of_each, bound, known: "" }
    }

    /// Whether the name of another domain may fare better: a server was there to say something.
    pub(super) fn somebody_spoke(&self) -> bool {
        !self.known.is_empty()
            || self.of_each.iter().any(|(_, failure)| matches!(failure, Some(Failure::Code(_) | Failure::Lame)))
    }

    /// Why the name does not resolve, then.
    pub(super) fn unresolved(self, name: &str) -> Unresolved {
        let remedy = if self.known.is_empty() {
            "check the name servers in /etc/resolv.conf and the way to their port 53, or add the name to /etc/hosts"
        } else {
            "correct the name, or add it to DNS or to /etc/hosts; for a name server that never answers for IPv6 addresses, \
             add `options no-aaaa` to /etc/resolv.conf"
        };
        let reason = self.to_string();
        Unresolved::new(name, self.of_each.into_iter().map(|(server, _)| server).collect(), reason, remedy)
    }
}

impl fmt::Display for Failures {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.bound.as_secs();
        if self.of_each.iter().all(|(_, failure)| failure.is_none()) {
            let servers: Vec<&str> = self.of_each.iter().map(|(server, _)| server.as_str()).collect();
            let (plural, servers) = (if servers.len() == 1 { "" } else { "s" }, servers.join(", "));
            return write!(out, "{}no answer from DNS server{plural} {servers} within {seconds} s", self.known);
        }
        let each = self.of_each.iter().map(|(server, failure)| match failure {
            Some(failure) => format!("DNS server {server}: {failure}"),
            None => format!("no answer from DNS server {server} within {seconds} s"),
        });
        write!(out, "{}{}", self.known, each.collect::<Vec<_>>().join("; "))
    }
}
