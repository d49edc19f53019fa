//! The hardware address of a network interface, in every form in which labels, switches and boot loaders write one. Must not
//! look for the interface.

use std::fmt;
use std::str::FromStr;

/// An address of 48 bits (IEEE 802, EUI-48), shown in lower case with colons.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HardwareAddress([u8; 6]);

/// The hardware types of RFC 1700 (ARP) whose addresses have 48 bits: Ethernet and IEEE 802.
const TYPES_OF_48_BITS: [u8; 2] = [1, 6];
/// The hardware type of InfiniBand (RFC 4391), whose addresses have 20 bytes.
const INFINIBAND: u8 = 32;

impl HardwareAddress {
    /// Reads `BOOTIF=` of a boot loader: an address in any of the forms, or `01-` and six bytes, as pxelinux writes it
    /// (`SYSAPPEND` in syslinux.cfg).
    ///
    /// # Errors
    /// It is not the address of one interface. The reason says what would be.
    pub fn of_boot_loader(text: &str) -> Result<Self, String> {
        let groups = groups(text).unwrap_or_default();
        let kind = groups.first().filter(|group| groups.len() >= 7 && group.len() == 2);
        let address = match kind.and_then(|group| u8::from_str_radix(group, 16).ok()) {
            Some(INFINIBAND) => {
                return Err(
                    "20 is the hardware type of InfiniBand, and an Ethernet address is needed here: boot from an \
                            Ethernet interface, or use ${uuid} or ${serial} in the URL"
                        .to_owned(),
                );
            }
            Some(kind) if groups.len() == 7 && TYPES_OF_48_BITS.contains(&kind) => {
                groups.get(1..).map(<[&str]>::concat)
            }
            _ => None,
        };
        let address = address.as_deref().unwrap_or(text).parse::<Self>().map_err(|_| {
            format!(
                "{:?} is not a hardware address; write 01-52-54-00-12-34-56, as pxelinux does, or 52:54:00:12:34:56",
                text.chars().take(SHOWN).collect::<String>()
            )
        })?;
        if address.is_group() || address.0 == [0; 6] {
            return Err(format!("{address} is not the address of one interface"));
        }
        Ok(address)
    }

    /// Whether it means many stations, as the broadcast address does; no interface has such an address.
    #[must_use]
    pub fn is_group(self) -> bool {
        self.0[0] & 1 != 0
    }

    /// Whether software has made it up (IEEE 802, the U/L bit): another machine may have the same.
    #[must_use]
    pub fn is_locally_administered(self) -> bool {
        self.0[0] & 2 != 0
    }

    /// Its bytes.
    #[must_use]
    pub fn bytes(self) -> [u8; 6] {
        self.0
    }
}

/// How much of what is no address is shown.
const SHOWN: usize = 40;

impl FromStr for HardwareAddress {
    type Err = String;

    /// Takes `52:54:00:12:34:56`, `52-54-…`, `5254.0012.3456`, `525400-123456` and `525400123456`, in either case.
    fn from_str(text: &str) -> Result<Self, String> {
        let digits = groups(text).map(|groups| groups.concat()).filter(|digits| digits.len() == 12);
        let read = |digits: String| {
            let mut bytes = [0; 6];
            for (byte, at) in bytes.iter_mut().zip((0..12).step_by(2)) {
                *byte = u8::from_str_radix(digits.get(at..at + 2)?, 16).ok()?;
            }
            Some(Self(bytes))
        };
        digits.and_then(read).ok_or_else(|| "write a hardware address, as in 52:54:00:12:34:56".to_owned())
    }
}

/// The hexadecimal digits between one kind of separator, in groups of one size.
fn groups(text: &str) -> Option<Vec<&str>> {
    let separator = text.chars().find(|character| !character.is_ascii_hexdigit());
    let groups: Vec<&str> = match separator {
        Some(separator @ (':' | '-' | '.')) => text.split(separator).collect(),
        Some(_) => return None,
        None => vec![text],
    };
    let size = groups.first()?.len();
    let is_group = |group: &&str| group.len() == size && group.bytes().all(|digit| digit.is_ascii_hexdigit());
    (matches!(size, 2 | 4 | 6 | 12) && groups.iter().all(is_group)).then_some(groups)
}

impl fmt::Display for HardwareAddress {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [first, rest @ ..] = self.0;
        write!(formatter, "{first:02x}")?;
        rest.iter().try_for_each(|byte| write!(formatter, ":{byte:02x}"))
    }
}

#[cfg(test)]
mod tests {
    use super::HardwareAddress;

    #[test]
    fn every_form_is_the_same_address() {
        for text in [
            "52:54:00:12:34:5a",
            "52-54-00-12-34-5A",
            "5254.0012.345a",
            "5254-0012-345A",
            "525400-12345a",
            "52540012345A",
            "52.54.00.12.34.5a",
        ] {
            assert_eq!(text.parse::<HardwareAddress>().unwrap().to_string(), "52:54:00:12:34:5a", "{text}");
            assert_eq!(HardwareAddress::of_boot_loader(text).unwrap().to_string(), "52:54:00:12:34:5a", "{text}");
        }
    }

    #[test]
    fn what_is_none_is_refused() {
        for text in [
            "",
            "eth0",
            "52:54:00:12:34",
            "52:54:00:12:34:5a:00",
            "52:54-00:12:34:5a",
            "5:54:00:12:34:5a",
            "52:54:00:12:34:5g",
            "52:54:00:12:34:",
            ":52:54:00:12:34:5a",
            "52 54 00 12 34 5a",
            "+2:54:00:12:34:5a",
            "52540012345",
            "5254001234567",
            "52:54:00:12:34:ßa",
        ] {
            assert!(text.parse::<HardwareAddress>().is_err(), "{text}");
            assert!(HardwareAddress::of_boot_loader(text).is_err(), "{text}");
        }
    }

    #[test]
    fn f11_a_boot_loader_may_put_the_hardware_type_first() {
        for text in [
            "01-52-54-00-12-34-5a",
            "01-52-54-00-12-34-5A",
            "01:52:54:00:12:34:5a",
            "06-52-54-00-12-34-5a",
            "52-54-00-12-34-5a",
        ] {
            assert_eq!(HardwareAddress::of_boot_loader(text).unwrap().to_string(), "52:54:00:12:34:5a", "{text}");
        }
        let infiniband = "20-80-00-02-08-fe-80-00-00-00-00-00-00-f4-52-14-03-00-7b-cb-a1";
        for text in [infiniband, "20-f4-52-14-03-00-7b-cb-a1", "20-f4-52-14-7b-cb-a1"] {
            assert!(HardwareAddress::of_boot_loader(text).unwrap_err().contains("InfiniBand"), "{text}");
        }
        for text in [
            "01-52-54-00-12-34",
            "ff:ff:ff:ff:ff:ff",
            "00:00:00:00:00:00",
            "01-00-00-00-00-00-00",
            "01-",
            "18-52-54-00-12-34-5a",
        ] {
            assert!(HardwareAddress::of_boot_loader(text).is_err(), "{text}");
        }
        let long = HardwareAddress::of_boot_loader(&"\u{1b}[2J".repeat(1000)).unwrap_err();
        assert!(long.len() < 300 && !long.contains('\u{1b}'), "{long}");
    }

    #[test]
    fn who_gives_it_is_in_its_first_byte() {
        let address = |text: &str| text.parse::<HardwareAddress>().unwrap();
        assert!(address("ff:ff:ff:ff:ff:ff").is_group() && !address("52:54:00:12:34:5a").is_group());
        assert!(address("52:54:00:12:34:5a").is_locally_administered());
        assert!(!address("00:25:90:00:00:01").is_locally_administered());
    }
}
