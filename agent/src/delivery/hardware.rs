//! What a URL may be filled in with: the machine's own names, as its firmware and its network interfaces have them. What another machine may
//! have as well is no name.

use std::collections::BTreeMap;
use std::path::Path;

use crate::inventory::{self, Link};

/// The names of a machine; what it does not report, or not yet, is `None`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Hardware {
    /// SMBIOS' system UUID, in lower case.
    pub uuid: Option<String>,
    /// SMBIOS' serial number.
    pub serial: Option<String>,
    /// The address of the interface that the machine was booted from, else of the interface by which it is known best, in lower
    /// case with colons.
    pub mac: Option<String>,
    /// Why it has no name, by the name's place in a URL, where more can be said.
    pub missing: BTreeMap<&'static str, String>,
    /// Why the address may not be this machine's alone.
    pub doubt: Option<String>,
}

impl Hardware {
    /// This machine's, below `root`. `boot_card` is what the boot loader has passed on (`BOOTIF=`).
    pub(crate) fn of(root: &Path, boot_card: Option<&str>) -> Self {
        let machine = inventory::machine(root);
        let mut hardware = Self { uuid: machine.uuid, serial: machine.serial, ..Self::default() };
        for place in ["uuid", "serial"] {
            let filler = machine.placeholders.get(place);
            let why = filler.map(|filler| format!("{filler:?} is a placeholder, which other machines have too"));
            hardware.missing.extend(why.map(|why| (place, why)));
        }
        let links = inventory::links(root);
        let known: Vec<&Link> = links.iter().filter(|link| link.address().is_some()).collect();
        match (boot_card, known.first()) {
            // If none is shown, it is unknown.
            (Some(address), Some(_)) if known.iter().all(|link| link.mac.as_deref() != Some(address)) => {
                // Another one is never taken in the place of the one that was named.
                let named = |link: &&Link| format!("{} {}", link.name, link.mac.as_deref().unwrap_or_default());
                let there: Vec<String> = known.iter().take(SHOWN).map(named).collect();
                let (there, more) = (there.join(", "), if known.len() > SHOWN { ", and others" } else { "" });
                let why = format!("no network interface has {address} of BOOTIF=; there are {there}{more}");
                hardware.missing.insert("mac", why);
            }
            (Some(address), _) => hardware.mac = Some(address.to_owned()),
            (None, Some(link)) => {
                let address = link.mac.as_deref().unwrap_or_default();
                let doubt = |why| format!("{address} of {} may not be this machine's alone: {why}", link.name);
                hardware.doubt = link.doubt().map(doubt);
                hardware.mac.clone_from(&link.mac);
            }
            (None, None) => {}
        }
        hardware
    }
}

/// How many interfaces are named.
const SHOWN: usize = 8;

#[cfg(test)]
mod tests {
    use super::Hardware;
    use crate::disks::tests::machine::Machine;
    use std::os::unix::fs::symlink;

    fn interface(machine: &Machine, name: &str, mac: &str, bus: &str, carrier: bool) {
        let at = format!("sys/class/net/{name}");
        machine.write(format!("{at}/address"), format!("{mac}\n"));
        machine.write(format!("{at}/operstate"), if carrier { "up\n" } else { "down\n" });
        machine.write(format!("{at}/device/x"), "");
        symlink(format!("/sys/bus/{bus}"), machine.root().join(at).join("device/subsystem")).unwrap();
    }

    #[test]
    fn f10_the_bmcs_network_device_is_not_this_machine() {
        let machine = Machine::new();
        interface(&machine, "enxb03af2b6059f", "b0:3a:f2:b6:05:9f", "usb", true);
        let hardware = Hardware::of(machine.root(), None);
        assert_eq!(hardware.mac.as_deref(), Some("b0:3a:f2:b6:05:9f"), "it is all there is");
        assert!(hardware.doubt.unwrap().contains("enxb03af2b6059f"));
        interface(&machine, "eth10", "00:25:90:00:00:10", "pci", false);
        interface(&machine, "eth2", "00:25:90:00:00:02", "pci", false);
        let hardware = Hardware::of(machine.root(), None);
        assert_eq!((hardware.mac.as_deref(), hardware.doubt), (Some("00:25:90:00:00:02"), None));
        interface(&machine, "eth11", "00:25:90:00:00:11", "pci", true);
        assert_eq!(Hardware::of(machine.root(), None).mac.as_deref(), Some("00:25:90:00:00:11"), "it holds a link");
    }

    #[test]
    fn f11_the_interface_of_the_boot_is_waited_for_and_no_other_is_taken() {
        let machine = Machine::new();
        let booted = "52:54:00:00:00:0a";
        assert_eq!(Hardware::of(machine.root(), Some(booted)).mac.as_deref(), Some(booted), "nothing is shown at all");
        interface(&machine, "eth0", "52:54:00:00:00:01", "pci", true);
        let hardware = Hardware::of(machine.root(), Some(booted));
        assert_eq!(hardware.mac, None);
        let why = &hardware.missing["mac"];
        assert!(why.contains(booted) && why.contains("eth0 52:54:00:00:00:01"), "{why}");
        // A bond has given its own address to the interface.
        interface(&machine, "eth1", "52:54:00:00:00:01", "pci", true);
        machine.write("sys/class/net/eth1/bonding_slave/perm_hwaddr", format!("{booted}\n"));
        let hardware = Hardware::of(machine.root(), Some(booted));
        assert_eq!((hardware.mac.as_deref(), hardware.doubt), (Some(booted), None));
    }

    #[test]
    fn f09_filler_is_nobodys_name() {
        let machine = Machine::new();
        machine.write("sys/class/dmi/id/product_uuid", "03000200-0400-0500-0006-000700080009\n");
        machine.write("sys/class/dmi/id/product_serial", "123456789\n");
        interface(&machine, "eth0", "00:00:00:00:00:00", "pci", true);
        let hardware = Hardware::of(machine.root(), None);
        assert_eq!((&hardware.uuid, &hardware.serial, &hardware.mac), (&None, &None, &None));
        assert!(hardware.missing["uuid"].contains("03000200-") && hardware.missing["serial"].contains("\"123456789\""));
    }
}
