//! Which address of a name to try first: what this machine has a route to, then as RFC 6724 prefers. Must not leave any
//! out, but for those after the first few.

use std::collections::HashSet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};

/// Each address has its share of the time to connect; with more of them the shares would be too small to be of use.
const MOST: usize = 8;

/// The addresses, each once, the best first.
pub(super) fn best_first(found: &[IpAddr]) -> Vec<IpAddr> {
    let mut seen = HashSet::new();
    let mut addresses: Vec<IpAddr> = found.iter().copied().filter(|address| seen.insert(*address)).collect();
    // Within a rank in the order of the answer: name servers spread the load by it.
    addresses.sort_by_cached_key(|address| (!has_route(*address), rank(*address)));
    addresses.truncate(MOST);
    addresses
}

/// Whether this machine knows how to send there. The kernel looks it up; nothing is sent.
pub(super) fn has_route(address: IpAddr) -> bool {
    // The discard port: any would do.
    UdpSocket::bind(any(address)).and_then(|socket| socket.connect((address, 9))).is_ok()
}

/// Any address and port of this machine to send from, of the family of another address.
pub(super) fn any(address: IpAddr) -> SocketAddr {
    match address {
        IpAddr::V4(_) => (Ipv4Addr::UNSPECIFIED, 0).into(),
        IpAddr::V6(_) => (Ipv6Addr::UNSPECIFIED, 0).into(),
    }
}

/// The order of RFC 6724's table: loopback, IPv6, IPv4, then IPv6 of one's own (`fc00::/7`).
fn rank(address: IpAddr) -> u8 {
    match address {
        IpAddr::V6(ip) if ip.is_loopback() => 0,
        IpAddr::V6(ip) if ip.is_unique_local() => 3,
        IpAddr::V6(_) => 1,
        IpAddr::V4(_) => 2,
    }
}
