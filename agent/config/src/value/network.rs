//! Address ranges, as the config's `network` object lists them. The agent only
//! checks them, for the modules that read the same file.

use super::ValueError;
use std::{fmt, net::IpAddr, str::FromStr};

/// An address range: `10.0.1.0/24`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Cidr {
    address: IpAddr,
    length: u8,
}

impl FromStr for Cidr {
    type Err = ValueError;

    fn from_str(text: &str) -> Result<Self, ValueError> {
        let Some((address, length)) = text.split_once('/') else {
            return Err(ValueError::new("add the length of the prefix, as in `10.0.1.0/24`"));
        };
        let Ok(address) = address.parse::<IpAddr>() else {
            return Err(ValueError::new("put an IPv4 or IPv6 address before the `/`"));
        };
        let most = if address.is_ipv4() { 32 } else { 128 };
        match length.parse::<u8>() {
            Ok(length) if length <= most && !text.contains('+') => Ok(Self { address, length }),
            _ => Err(ValueError::new(format!("use a prefix length from 0 to {most}"))),
        }
    }
}

impl fmt::Display for Cidr {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}/{}", self.address, self.length)
    }
}
