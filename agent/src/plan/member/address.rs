//! The Raft address of a member, by what it means: services write one address in many ways, with a scheme, without a port or
//! without brackets, as IPv4 in IPv6, in capitals, with a final dot.
//!
//! What cannot be read is said to be unreadable; it is never taken for another's. Must not resolve names.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr};

use crate::config::{Endpoint, Host, HostPort, MemberService};

use super::Word;

/// An address as a service wrote it, and what it may mean.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MemberAddress {
    text: Word,
    /// None where it cannot be read; two where an IPv6 address without brackets may end in a port.
    readings: Vec<Reading>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Reading {
    host: Host,
    /// Missing where the service leaves it to the reader.
    port: Option<u16>,
}

impl MemberAddress {
    /// Reads an address.
    #[must_use]
    pub fn new(text: &str) -> Self {
        Self::of_several(&[text])
    }

    /// Reads the addresses of a member that has several.
    #[must_use]
    pub fn of_several(texts: &[&str]) -> Self {
        let readings = texts.iter().flat_map(|text| readings(Word::new(text).as_str())).collect();
        Self { text: Word::new(&texts.join(",")), readings }
    }

    /// As the service wrote it; several with commas between them.
    #[must_use]
    pub fn text(&self) -> &str {
        self.text.as_str()
    }

    /// Whether it can be read at all.
    #[must_use]
    pub fn is_readable(&self) -> bool {
        !self.readings.is_empty()
    }

    /// Whether it means this address.
    #[must_use]
    pub fn is(&self, address: &HostPort) -> bool {
        let is_meant = |reading: &Reading| {
            reading.host == *address.host() && reading.port.is_none_or(|port| port == address.port())
        };
        self.readings.iter().any(is_meant)
    }

    pub(super) fn is_own(&self, service: &MemberService) -> bool {
        service.own_addresses.iter().any(|own| self.is(own))
    }

    /// Whether it is certainly not this node's: a routable IP address of a family in which this node's own addresses are known,
    /// and none of them. A name may lead here, an address of the local machine or link is everybody's own, and what a node has
    /// in the other family its configuration does not say.
    #[must_use]
    pub fn is_certainly_another(&self, service: &MemberService) -> bool {
        let is_another = |reading: &Reading| match &reading.host {
            Host::Ip(ip) => {
                let mut own = service.own_addresses.iter().filter_map(|own| match own.host() {
                    Host::Ip(own) if own.is_ipv4() == ip.is_ipv4() => Some(own),
                    _ => None,
                });
                let first = own.next();
                !is_local(*ip) && first.is_some_and(|first| first != ip) && own.all(|own| own != ip)
            }
            Host::Name(_) => false,
        };
        self.is_readable() && self.readings.iter().all(is_another)
    }

    /// Whether it may mean this host.
    #[must_use]
    pub fn is_at(&self, ip: IpAddr) -> bool {
        self.readings.iter().any(|reading| reading.host == Host::Ip(ip.to_canonical()))
    }

    /// Whether it is an IP address, and not one of this machine, which has `own`.
    #[must_use]
    pub fn is_elsewhere(&self, own: &[IpAddr]) -> bool {
        let is_none = |reading: &Reading| matches!(&reading.host, Host::Ip(ip) if is_elsewhere(*ip, own));
        self.is_readable() && self.readings.iter().all(is_none)
    }

    /// Whether it may mean the same as another one, in a service whose members have this port where nothing else is said.
    #[must_use]
    pub fn may_be(&self, other: &Self, raft_port: u16) -> bool {
        self.meanings(raft_port).any(|meaning| other.meanings(raft_port).any(|theirs| theirs == meaning))
    }

    /// The API at its host; not where all nodes of a lab may be, each at a port of its own.
    pub(super) fn at_port(&self, port: u16) -> Option<Endpoint> {
        let host =
            self.readings.first().map(|reading| reading.host.clone()).filter(|host| !host.is_usual_loopback())?;
        Endpoint::at(HostPort::new(host, port).ok()?).ok()
    }

    /// All that it may mean, in a service whose members have this port where nothing else is said.
    pub(super) fn meanings(&self, raft_port: u16) -> impl Iterator<Item = (&Host, u16)> {
        self.readings.iter().map(move |reading| (&reading.host, reading.port.unwrap_or(raft_port)))
    }
}

impl fmt::Display for MemberAddress {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.is_readable(), self.text.is_empty()) {
            (true, _) => self.text.fmt(formatter),
            (false, true) => formatter.write_str("an empty address"),
            (false, false) => write!(formatter, "an address that cannot be read ({})", self.text),
        }
    }
}

fn readings(text: &str) -> Vec<Reading> {
    let authority = text.split_once("://").map_or(text, |(_, rest)| rest);
    let authority = authority.split(['/', '?', '#']).next().unwrap_or_default();
    if let Some((inside, behind)) = authority.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        let port = match behind.strip_prefix(':') {
            Some(port) => port_number(port).map(Some),
            None if behind.is_empty() => Some(None),
            None => None,
        };
        return ipv6(inside).zip(port).map(|(ip, port)| reading(ip.into(), port)).into_iter().flatten().collect();
    }
    let with_port = authority.rsplit_once(':').and_then(|(host, port)| Some((host, port_number(port)?)));
    if authority.matches(':').count() > 1 {
        let alone = ipv6(authority).and_then(|ip| reading(ip.into(), None));
        let with_port = with_port.and_then(|(host, port)| reading(ipv6(host)?.into(), Some(port)));
        return with_port.into_iter().chain(alone).collect();
    }
    match with_port {
        Some((host, port)) => named(host, Some(port)),
        None if !authority.contains(':') => named(authority, None),
        None => None,
    }
    .into_iter()
    .collect()
}

fn named(host: &str, port: Option<u16>) -> Option<Reading> {
    let host = host.trim_end_matches('.');
    match host.parse::<IpAddr>() {
        Ok(ip) => reading(ip, port),
        Err(_) => Some(Reading { host: Host::Name(host.parse().ok()?), port }),
    }
}

/// Whether an address is neither one that every machine has nor one of `own`, this machine's; not where the kernel has named
/// none: even a machine without a network has the loopback's.
#[must_use]
pub fn is_elsewhere(ip: IpAddr, own: &[IpAddr]) -> bool {
    let ip = ip.to_canonical();
    !own.is_empty() && !is_local(ip) && !own.contains(&ip)
}

/// Of this machine, or of any machine on the same link (RFC 3927, RFC 4291).
fn is_local(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => ip.is_loopback() || ip.is_link_local(),
        IpAddr::V6(ip) => ip.is_loopback() || ip.is_unicast_link_local(),
    }
}

/// An address that means every machine, or many, is no member's.
fn reading(ip: IpAddr, port: Option<u16>) -> Option<Reading> {
    let ip = ip.to_canonical();
    (!ip.is_unspecified() && !ip.is_multicast()).then_some(Reading { host: Host::Ip(ip), port })
}

/// The zone is the writer's own name of a network interface: it says nothing here.
fn ipv6(text: &str) -> Option<Ipv6Addr> {
    text.split('%').next()?.parse().ok()
}

fn port_number(text: &str) -> Option<u16> {
    text.parse().ok().filter(|port| *port > 0)
}
