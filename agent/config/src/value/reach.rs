//! From where an address can be reached: one rule for the configuration and for the topology. Must not know whose it is.

use super::Host;
use std::net::IpAddr;

/// From where an address can be reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// By any machine that has a route to it.
    Anywhere,
    /// By the machines of one link, and only with the interface named as well where it is IPv6 (RFC 3927, RFC 4007).
    ThisLink,
    /// By the machine itself (RFC 1122, 3.2.1.3; RFC 4291, 2.5.3).
    ThisMachine,
    /// Not defined yet: kept for later (`240.0.0.0/4`, RFC 1112, section 4).
    Reserved,
    /// From nowhere: unspecified, multicast or broadcast.
    Nowhere,
}

impl Reach {
    /// Of an address.
    #[must_use]
    pub fn of(ip: IpAddr) -> Self {
        match ip {
            IpAddr::V4(ip) => match ip.octets() {
                [0 | 224..=239, ..] | [255, 255, 255, 255] => Self::Nowhere,
                [first, ..] if first >= 240 => Self::Reserved,
                _ if ip.is_loopback() => Self::ThisMachine,
                _ if ip.is_link_local() => Self::ThisLink,
                _ => Self::Anywhere,
            },
            IpAddr::V6(ip) if ip.is_unspecified() || ip.is_multicast() => Self::Nowhere,
            IpAddr::V6(ip) if ip.is_loopback() => Self::ThisMachine,
            IpAddr::V6(ip) if ip.is_unicast_link_local() => Self::ThisLink,
            IpAddr::V6(_) => Self::Anywhere,
        }
    }

    /// Of a machine. Of a name, only what it cannot be is known.
    pub(crate) fn of_host(host: &Host) -> Self {
        match host {
            Host::Ip(ip) => Self::of(*ip),
            Host::Name(_) if host.is_this_machine() => Self::ThisMachine,
            Host::Name(_) => Self::Anywhere,
        }
    }

    /// Whether no configuration could work with it: no request ever leaves for such an address as it is written here,
    /// without a zone.
    pub(crate) fn is_out_of_the_question(ip: IpAddr) -> bool {
        match Self::of(ip) {
            Self::Nowhere => true,
            Self::ThisLink => ip.is_ipv6(),
            Self::Anywhere | Self::ThisMachine | Self::Reserved => false,
        }
    }

    /// What is wrong with it as the address of a node, in words; `None` where nothing is.
    pub(crate) fn trouble(self) -> Option<&'static str> {
        match self {
            Self::Anywhere => None,
            Self::ThisLink => Some("link-local, which other networks do not reach"),
            Self::ThisMachine => Some("loopback, which on every machine is that machine itself"),
            Self::Reserved => Some("reserved"),
            Self::Nowhere => Some("unspecified, multicast or broadcast"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Reach;

    #[test]
    fn f20_every_kind_of_address_is_known() {
        for (text, reach) in [
            ("10.0.1.13", Reach::Anywhere),
            ("192.168.0.1", Reach::Anywhere),
            ("100.64.0.1", Reach::Anywhere),
            ("223.255.255.254", Reach::Anywhere),
            ("fd00::13", Reach::Anywhere),
            ("2001:db8::1", Reach::Anywhere),
            ("169.254.1.1", Reach::ThisLink),
            ("fe80::13", Reach::ThisLink),
            ("febf::1", Reach::ThisLink),
            ("127.0.0.1", Reach::ThisMachine),
            ("127.255.0.7", Reach::ThisMachine),
            ("::1", Reach::ThisMachine),
            ("240.0.0.1", Reach::Reserved),
            ("255.255.255.254", Reach::Reserved),
            ("0.0.0.0", Reach::Nowhere),
            ("0.1.2.3", Reach::Nowhere),
            ("224.0.0.1", Reach::Nowhere),
            ("239.255.255.255", Reach::Nowhere),
            ("255.255.255.255", Reach::Nowhere),
            ("::", Reach::Nowhere),
            ("ff02::1", Reach::Nowhere),
        ] {
            assert_eq!(Reach::of(text.parse().unwrap()), reach, "{text}");
        }
        for (host, reach) in
            [("node01", Reach::Anywhere), ("LocalHost", Reach::ThisMachine), ("db.localhost", Reach::ThisMachine)]
        {
            assert_eq!(Reach::of_host(&host.parse().unwrap()), reach, "{host}");
        }
    }
}
