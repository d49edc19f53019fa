//! IP addresses and ranges, read so strictly that each has one meaning. Must not know whose they are.

use std::net::IpAddr;

use first_boot_config::value::Reach;

/// Reads an address as the topology writes it: alone, and IPv6 without a part in the form of IPv4.
pub(super) fn parse(text: &str) -> Option<IpAddr> {
    if !text.contains(':') {
        return text.parse().ok().map(IpAddr::V4);
    }
    let is_plain = text.chars().all(|c| c.is_ascii_hexdigit() || c == ':');
    text.parse().ok().filter(|_| is_plain).map(IpAddr::V6)
}

/// Whether another machine may have it, by the rule of the configuration; and not an IPv4 address in IPv6 form.
pub(super) fn is_reachable(address: IpAddr) -> bool {
    let is_mapped = matches!(address, IpAddr::V6(ip) if ip.to_ipv4_mapped().is_some());
    Reach::of(address) == Reach::Anywhere && !is_mapped
}

/// An address as it is written before a port.
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

    /// Which address of the range it is, where no host may have it: the first denotes the network (in IPv6 for its
    /// routers, RFC 4291, 2.6.1), and in IPv4 the last for all hosts. A range of two has neither (RFC 3021, RFC 6164).
    pub(super) fn reserved(&self, address: IpAddr) -> Option<&'static str> {
        let (bits, width) = match address {
            IpAddr::V4(ip) => (u128::from(ip.to_bits()), 32),
            IpAddr::V6(ip) => (ip.to_bits(), 128),
        };
        let hosts = width - self.bits.min(width);
        if !self.contains(address) || hosts < 2 {
            return None;
        }
        let mask = u128::MAX >> (128 - hosts);
        match bits & mask {
            0 => Some("network"),
            last if last == mask && address.is_ipv4() => Some("broadcast"),
            _ => None,
        }
    }

    /// Whether an address is in it.
    pub(super) fn contains(&self, address: IpAddr) -> bool {
        match (self.base, address) {
            (IpAddr::V4(base), IpAddr::V4(ip)) => (base.to_bits() ^ ip.to_bits()).leading_zeros() >= self.bits,
            (IpAddr::V6(base), IpAddr::V6(ip)) => (base.to_bits() ^ ip.to_bits()).leading_zeros() >= self.bits,
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{is_reachable, parse};
    use first_boot_config::{self as config, Context, Origin};

    #[test]
    fn f20_the_configuration_strictly_takes_what_the_topology_takes() {
        let context = Context { given: Origin::Default, host_name: None, secrets: "/x".into(), strict: true };
        let v4 = (0..=255).flat_map(|first| [0, 1, 168, 254, 255].map(|second| format!("{first}.{second}.255.255")));
        let v6 = ["::", "::1", "fe80::13", "febf::1", "fec0::1", "fd00::13", "2001:db8::1", "ff02::1", "100::1"];
        for text in v4.chain(v6.map(str::to_owned)) {
            let address = parse(&text).unwrap();
            let at = super::bracketed(&text);
            let json = format!(r#"{{"node_id": "a", "leader_url": "https://node01", "raft_addr": "{at}:2380"}}"#);
            let is_taken = config::check(&config::parse(json.as_bytes()).unwrap(), &context).is_ok();
            assert_eq!(is_taken, is_reachable(address), "{text}");
        }
    }
}
