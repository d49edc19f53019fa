//! Which network link is meant. Must not look for it.

use super::ValueError;
use crate::hardware_address::HardwareAddress;
use std::{fmt, str::FromStr};

/// A network link, as a config names it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum LinkChoice {
    /// Whichever.
    Any,
    /// The one with this address.
    Mac(HardwareAddress),
    /// The one of this name.
    Name(String),
}

/// The longest name that the kernel gives (`IFNAMSIZ`).
const LONGEST: usize = 15;

impl FromStr for LinkChoice {
    type Err = ValueError;

    fn from_str(text: &str) -> Result<Self, ValueError> {
        if text == "any" {
            return Ok(Self::Any);
        }
        if let Ok(address) = text.parse::<HardwareAddress>() {
            if address.is_group() || address.bytes() == [0; 6] {
                return Err(ValueError::new(format!("no network interface has the address {address}")));
            }
            return Ok(Self::Mac(address));
        }
        if looks_like_an_address(text) {
            return Err(ValueError::new(
                "this looks like a hardware address but is not one; write its six bytes, as in `52:54:00:12:34:56`",
            ));
        }
        let is_plain = |c: char| c.is_ascii_alphanumeric() || "_.-@".contains(c);
        if (1..=LONGEST).contains(&text.len()) && text.chars().all(is_plain) {
            return Ok(Self::Name(text.to_owned()));
        }
        Err(ValueError::new("write `any`, a name as `ip link` shows it, or an address as in `52:54:00:12:34:56`"))
    }
}

/// Whether an address was meant, though there are digits too many, too few, or none of its kind: waiting for a link of
/// that name would be in vain.
fn looks_like_an_address(text: &str) -> bool {
    let text = text.strip_prefix("0x").unwrap_or(text);
    let parts: Vec<&str> = text.split([':', '-', '.']).collect();
    let count = |is_meant: fn(&char) -> bool| text.chars().filter(is_meant).count();
    let (digits, letters) = (count(char::is_ascii_hexdigit), count(char::is_ascii_alphanumeric));
    let is_made_of = |shortest: usize, longest: usize| {
        parts
            .iter()
            .all(|part| (shortest..=longest).contains(&part.len()) && part.chars().all(|c| c.is_ascii_alphanumeric()))
    };
    let has_digits_alone = digits == letters && digits + parts.len() == text.len() + 1;
    has_digits_alone && digits >= 9
        || parts.len() >= 5 && is_made_of(1, 2)
        || parts.len() == 3 && is_made_of(4, 4) && digits >= 10
}

impl fmt::Display for LinkChoice {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Any => out.write_str("any"),
            Self::Mac(address) => address.fmt(out),
            Self::Name(name) => out.write_str(name),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::LinkChoice;

    #[test]
    fn f24_an_address_is_read_in_the_forms_of_switches_and_labels() {
        let meant: LinkChoice = "52:54:00:00:00:0a".parse().unwrap();
        assert!(matches!(meant, LinkChoice::Mac(_)));
        for form in [
            "52:54:00:00:00:0A",
            "52-54-00-00-00-0a",
            "52.54.00.00.00.0a",
            "5254.0000.000a",
            "5254:0000:000A",
            "5254-0000-000a",
            "525400-00000a",
            "525400:00000a",
            "52540000000a",
            "52540000000A",
        ] {
            let read: LinkChoice = form.parse().unwrap();
            assert!(regex_lite::Regex::new(crate::text_kinds::LINK.pattern).unwrap().is_match(form), "{form}");
            assert_eq!((&read, read.to_string().as_str()), (&meant, "52:54:00:00:00:0a"), "{form}");
        }
    }

    #[test]
    fn f24_what_was_meant_as_an_address_is_not_taken_for_a_name() {
        for broken in [
            "52:54:00:00:00",
            "52:54:00:00:00:0a:0b",
            "52-54-00-00-00",
            "52-54-00-00-0-a",
            "52-54-00-00-0g",
            "5254.0000.001",
            "5254.0000.00",
            "5254.0000.000g",
            "52540000001",
            "5254000000012",
            "525400001",
            "0x52540000000a",
            "52.54.00.00.0a",
            "ff:ff:ff:ff:ff:ff",
            "ffffffffffff",
            "0100.5e00.0001",
            "00:00:00:00:00:00",
        ] {
            assert!(broken.parse::<LinkChoice>().is_err(), "{broken}");
        }
    }

    #[test]
    fn names_of_links_stay_names() {
        for name in [
            "eth0",
            "eno1",
            "enp0s31f6",
            "enp129s0f0np0",
            "enx52540000000a",
            "ens3",
            "wlan0",
            "bond0",
            "bond0.100",
            "eth0.100.200",
            "br-lan",
            "ib0",
            "fe0",
            "cafe",
            "dead.beef",
            "e1000",
            "vlan1234",
            "a-b-c",
            "net@if2",
            "p1p1",
            "00-01",
            "bad.10.20",
        ] {
            assert_eq!(name.parse::<LinkChoice>().unwrap(), LinkChoice::Name(name.to_owned()), "{name}");
        }
    }
}
