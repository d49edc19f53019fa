//! IP addresses and ranges, read so strictly that each has one meaning. Must not know whose they are.

use std::net::{IpAddr, Ipv6Addr};

/// Reads an address as the topology writes it: alone, and IPv6 without a part in the form of IPv4.
pub(super) fn parse(text: &str) -> Option<IpAddr> {
    if !text.contains(':') {
        return text.parse().ok().map(IpAddr::V4);
    }
    let is_plain = text.chars().all(|c| c.is_ascii_hexdigit() || c == ':');
    text.parse().ok().filter(|_| is_plain).map(IpAddr::V6)
}

/// Whether another machine may have it: not unspecified, loopback, link-local or multicast, and no IPv4 address in the
/// clothes of IPv6.
pub(super) fn is_reachable(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(ip) => {
            let [first, ..] = ip.octets();
            first != 0 && first < 224 && !ip.is_loopback() && !ip.is_link_local()
        }
        IpAddr::V6(ip) => {
            ip != Ipv6Addr::UNSPECIFIED
                && !ip.is_loopback()
                && ip.to_ipv4_mapped().is_none()
                && !ip.is_multicast()
                && !ip.is_unicast_link_local()
        }
    }
}

/// How an address stands before a port.
pub(super) fn bracketed(text: &str) -> String {
    if text.contains(':') { format!("[{text}]") } else { text.to_owned() }
}

/// An address range.
#[derive(Debug, Clone, Copy)]
pub(super) struct Range {
    base: IpAddr,
    bits: u32,
}

impl Range {
    /// Reads `10.0.1.0/24`.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (base, length) = text.split_once('/')?;
        let base = parse(base)?;
        let bits: u32 = length.parse().ok().filter(|bits: &u32| bits.to_string() == length)?;
        let most = if base.is_ipv4() { 32 } else { 128 };
        (bits <= most).then_some(Self { base, bits })
    }

    /// Whether an address lies in it.
    pub(super) fn contains(&self, address: IpAddr) -> bool {
        match (self.base, address) {
            (IpAddr::V4(base), IpAddr::V4(ip)) => (base.to_bits() ^ ip.to_bits()).leading_zeros() >= self.bits,
            (IpAddr::V6(base), IpAddr::V6(ip)) => (base.to_bits() ^ ip.to_bits()).leading_zeros() >= self.bits,
            _ => false,
        }
    }
}
