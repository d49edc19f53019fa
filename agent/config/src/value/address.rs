//! Where a member of a cluster is reached: a host and a port. Two spellings of
//! one address compare equal, because membership is decided by comparing.
//! Must not resolve names.

use super::{DnsName, Reach, ValueError, plain_or};
use std::{
    fmt,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    str::FromStr,
};

/// A machine, by address or by name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Host {
    /// An IPv4 or IPv6 address.
    Ip(IpAddr),
    /// A DNS name.
    Name(DnsName),
}

impl Host {
    /// Whether this is the name `other`, or begins with it as its first label.
    #[must_use]
    pub fn begins_with_label(&self, other: &str) -> bool {
        let Self::Name(name) = self else { return false };
        let other = other.to_ascii_lowercase();
        name.as_str().strip_prefix(&other).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    }

    /// Whether it means whichever machine reads it: loopback, by address or by name (RFC 6761, 6.3, and what hosts files
    /// add to it).
    #[must_use]
    pub fn is_this_machine(&self) -> bool {
        match self {
            Self::Ip(ip) => ip.is_loopback(),
            Self::Name(name) => {
                let name = name.as_str();
                ["localhost", "ip6-localhost", "ip6-loopback", "localhost.localdomain"].contains(&name)
                    || name.ends_with(".localhost")
            }
        }
    }

    /// Whether it is what `localhost` means: the name, `127.0.0.1` or `::1`, and no other address of loopback.
    #[must_use]
    pub fn is_usual_loopback(&self) -> bool {
        match self {
            Self::Ip(ip) => [IpAddr::from(Ipv4Addr::LOCALHOST), IpAddr::from(Ipv6Addr::LOCALHOST)].contains(ip),
            Self::Name(_) => self.is_this_machine(),
        }
    }

    /// Whether it is a name, and no address.
    #[must_use]
    pub fn is_name(&self) -> bool {
        matches!(self, Self::Name(_))
    }

    /// The host alone, an IPv6 address without brackets.
    #[must_use]
    pub fn bare(&self) -> String {
        match self {
            Self::Ip(ip) => ip.to_string(),
            Self::Name(name) => name.to_string(),
        }
    }
}

impl FromStr for Host {
    type Err = ValueError;

    /// Reads the host in front of a port: IPv6 only in brackets.
    fn from_str(text: &str) -> Result<Self, ValueError> {
        if let Some(inner) = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            return match inner.parse::<IpAddr>() {
                Ok(ip @ IpAddr::V6(_)) => reachable(ip),
                _ => {
                    Err(ValueError::new("write an IPv6 address without zone between the brackets, as in `[fd00::10]`"))
                }
            };
        }
        if text.contains(':') {
            return Err(ValueError::new(format!(
                "put the IPv6 address in brackets: `[{}]`",
                plain_or(text, "fd00::10")
            )));
        }
        match text.parse::<IpAddr>() {
            Ok(ip) => reachable(ip),
            Err(_) => text.parse().map(Self::Name),
        }
    }
}

fn reachable(ip: IpAddr) -> Result<Host, ValueError> {
    let ip = ip.to_canonical();
    if Reach::is_out_of_the_question(ip) {
        return Err(ValueError::new(format!("other nodes cannot reach `{ip}`; use this node's own address")));
    }
    Ok(Host::Ip(ip))
}

impl fmt::Display for Host {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ip(IpAddr::V6(ip)) => write!(out, "[{ip}]"),
            Self::Ip(ip) => write!(out, "{ip}"),
            Self::Name(name) => write!(out, "{name}"),
        }
    }
}

/// A host and a port: `10.0.1.10:2380`, `node01:2380`, `[fd00::10]:2380`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HostPort {
    host: Host,
    port: u16,
}

/// The address at which the Raft peers of a service reach a node.
pub type RaftAddr = HostPort;

impl HostPort {
    /// Puts the two together; port 0 is refused, since nothing listens there.
    ///
    /// # Errors
    /// When the port is 0.
    pub fn new(host: Host, port: u16) -> Result<Self, ValueError> {
        if port == 0 {
            return Err(ValueError::new("use a port from 1 to 65535"));
        }
        Ok(Self { host, port })
    }

    /// The machine.
    #[must_use]
    pub fn host(&self) -> &Host {
        &self.host
    }

    /// The port, never 0.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }
}

impl FromStr for HostPort {
    type Err = ValueError;

    fn from_str(text: &str) -> Result<Self, ValueError> {
        if text.contains("://") {
            return Err(ValueError::new("write the address alone, without `https://`"));
        }
        if let Ok(IpAddr::V6(_)) = text.parse::<IpAddr>() {
            // Whether its last part was meant as the port, only the writer knows.
            return Err(ValueError::new(
                "put the IPv6 address in brackets and the port behind, as in `[fd00::10]:2380`",
            ));
        }
        let (host, port) = match text.rsplit_once(':') {
            Some((host, port)) if !port.contains(']') => (host, port),
            _ => {
                return Err(ValueError::new(format!("add the port, as in `{}:PORT`", plain_or(text, "10.0.1.10"))));
            }
        };
        if host.is_empty() {
            return Err(ValueError::new("put a host before the port"));
        }
        Self::new(host.parse()?, port_number(port)?)
    }
}

/// Reads a port; `u16::from_str` alone would take `+80`.
pub(super) fn port_number(text: &str) -> Result<u16, ValueError> {
    match text.parse::<u16>() {
        Ok(port) if port > 0 && text.len() <= 5 && !text.starts_with('+') => Ok(port),
        _ => Err(ValueError::new("use a port from 1 to 65535")),
    }
}

impl fmt::Display for HostPort {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}:{}", self.host, self.port)
    }
}
