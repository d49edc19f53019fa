//! Which network interface a machine is known by: the order in which `${mac}` takes them where no boot loader has named one,
//! and in which the inventory shows them.
//!
//! A BMC puts a USB network device into its host that is there before anything else, comes first by name, holds a link, and
//! has one address in a whole fleet. So what an interface is counts before whether it holds a link, and that before its
//! name. Must not look at anything but the links.

use crate::hardware_address::HardwareAddress;

use super::Link;

/// The drivers of network devices that are computers themselves: a BMC, a telephone (`drivers/net/usb` in Linux).
const COMPUTERS_ON_USB: [&str; 6] = ["cdc_eem", "cdc_ether", "cdc_ncm", "cdc_subset", "ipheth", "rndis_host"];

impl Link {
    /// Its address, where it is one of Ethernet's that one interface alone can have.
    #[must_use]
    pub fn address(&self) -> Option<HardwareAddress> {
        self.mac.as_ref()?.parse().ok()
    }

    /// Why its address may not be this machine's alone, in words.
    #[must_use]
    pub fn doubt(&self) -> Option<&'static str> {
        let of_address =
            "the address is locally administered: software generated it, and another machine may have the same";
        let by_address = || self.is_locally_administered().then_some(of_address);
        self.doubt_of_hardware().map(|(_, why)| why).or_else(by_address)
    }

    /// How doubtful the interface makes its address, and why.
    fn doubt_of_hardware(&self) -> Option<(u8, &'static str)> {
        Some(match (self.bus.as_deref(), self.driver.as_deref()) {
            // A bond or VLAN has the address of another.
            (None, _) => (3, "the interface has no hardware of its own"),
            (_, Some(driver)) if COMPUTERS_ON_USB.contains(&driver) => {
                (2, "the interface is a computer on USB, such as a BMC, and in a fleet these often share one address")
            }
            // USB adapters come and go; a fleet may be installed over a single one.
            (Some("usb"), _) => (1, "the interface is a USB adapter, which may be put into another machine"),
            _ => return None,
        })
    }

    fn is_locally_administered(&self) -> bool {
        self.address().is_some_and(HardwareAddress::is_locally_administered)
    }
}

/// Puts the interface by which the machine is known best first.
pub(super) fn sort(links: &mut [Link]) {
    links.sort_by(|one, other| {
        let rank = |link: &Link| (link.doubt_of_hardware(), link.is_locally_administered(), !link.is_up());
        rank(one).cmp(&rank(other)).then_with(|| natural(&one.name).cmp(&natural(&other.name)))
    });
}

/// By the numbers in a name: `eth2` before `eth10`. A number is as long as it is without its leading zeros, then what it says.
fn natural(name: &str) -> (Vec<(bool, usize, &str)>, &str) {
    let is_digit = |character: char| character.is_ascii_digit();
    let parts = name.split_inclusive(|character| !is_digit(character)).map(|part| {
        let significant = if part.starts_with(is_digit) { part.trim_start_matches('0') } else { part };
        let length = significant.find(|character| !is_digit(character)).unwrap_or(significant.len());
        (!part.starts_with(is_digit), length, significant)
    });
    (parts.collect(), name)
}

#[cfg(test)]
mod tests {
    use super::{Link, natural, sort};

    fn link(name: &str, mac: &str, bus: Option<&str>, driver: &str, state: &str) -> Link {
        Link {
            name: name.to_owned(),
            mac: Some(mac.to_owned()),
            bus: bus.map(str::to_owned),
            driver: Some(driver.to_owned()),
            state: Some(state.to_owned()),
            ..Link::default()
        }
    }

    #[test]
    fn f10_what_may_be_the_same_elsewhere_comes_last() {
        let mut links = vec![
            link("bond0", "00:25:90:00:00:01", None, "bond", "up"),
            link("enp10s0", "00:25:90:00:00:10", Some("pci"), "ixgbe", "up"),
            link("enp1s0", "00:25:90:00:00:01", Some("pci"), "ixgbe", "down"),
            link("enp2s0", "00:25:90:00:00:02", Some("pci"), "ixgbe", "up"),
            link("enp2s0v0", "02:25:90:00:00:02", Some("pci"), "ixgbevf", "up"),
            link("enxb03af2b6059f", "b0:3a:f2:b6:05:9f", Some("usb"), "cdc_ether", "up"),
            link("eth0", "00:e0:4c:00:00:01", Some("usb"), "r8152", "up"),
            link("usb0", "b2:3a:f2:b6:05:9f", Some("usb"), "rndis_host", "up"),
        ];
        sort(&mut links);
        let names: Vec<&str> = links.iter().map(|link| link.name.as_str()).collect();
        assert_eq!(
            names,
            ["enp2s0", "enp10s0", "enp1s0", "enp2s0v0", "eth0", "enxb03af2b6059f", "usb0", "bond0"],
            "what it is, then whether it holds a link, then its name"
        );
        let doubtful = links.iter().map(|link| link.doubt().is_some()).collect::<Vec<_>>();
        assert_eq!(doubtful, [false, false, false, true, true, true, true, true]);
    }

    #[test]
    fn f10_numbers_in_names_are_numbers() {
        let mut names =
            ["eth10", "eth2", "enp10s0", "enp1s0f1", "enp1s0", "eth", "eth02", "eno1", "p2p1", "p10p1", "1"];
        names.sort_by_key(|name| natural(name));
        assert_eq!(
            names,
            ["1", "eno1", "enp1s0", "enp1s0f1", "enp10s0", "eth", "eth02", "eth2", "eth10", "p2p1", "p10p1"]
        );
    }
}
