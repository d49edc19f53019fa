//! A name server, as resolv.conf names it: an address, and for one that is link-local the network interface that it is
//! behind. Must not ask it anything.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr, SocketAddr, SocketAddrV6};

use nix::net::if_::if_nametoindex;

use super::unresolved::Failure;

/// The longest name of a network interface (`IFNAMSIZ`).
const LONGEST_ZONE: usize = 15;

/// A name server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Server {
    address: IpAddr,
    /// What follows `%` (RFC 4007, section 11): a network interface, by name or number.
    zone: Option<String>,
}

impl Server {
    /// Reads `10.0.0.53`, `fd00::53` or `fe80::53%eth0`.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let Some((address, zone)) = text.split_once('%') else {
            return Some(Self { address: text.parse::<IpAddr>().ok()?.to_canonical(), zone: None });
        };
        let is_plain = (1..=LONGEST_ZONE).contains(&zone.len()) && zone.chars().all(|c| c.is_ascii_graphic());
        let address: Ipv6Addr = address.parse().ok().filter(|_| is_plain)?;
        Some(Self { address: address.into(), zone: Some(zone.to_owned()) })
    }

    /// Where to send to. The interface is looked up each time: it may appear later, under another number.
    pub(super) fn at(&self, port: u16) -> Result<SocketAddr, Failure> {
        match (self.address, &self.zone) {
            (IpAddr::V6(address), Some(zone)) => {
                // As the C library: a name first, for an interface may be called `2`.
                let number = if_nametoindex(zone.as_str()).ok().or_else(|| zone.parse().ok());
                let number = number.ok_or_else(|| Failure::NoInterface(zone.clone()))?;
                Ok(SocketAddrV6::new(address, port, 0, number).into())
            }
            (IpAddr::V6(address), None) if address.is_unicast_link_local() => Err(Failure::NoZone),
            (address, _) => Ok(SocketAddr::new(address, port)),
        }
    }
}

impl fmt::Display for Server {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}", self.address)?;
        self.zone.iter().try_for_each(|zone| write!(out, "%{zone}"))
    }
}
