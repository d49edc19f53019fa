//! A machine's network links: those with hardware behind them, and what an operator makes of these. Must not judge
//! whether they lead anywhere.

use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::filler;
use crate::hardware_address::HardwareAddress;
use crate::sysfs::Tree;

use super::link_order;

/// A network link.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Link {
    /// The kernel's name, such as `eth0`.
    pub name: String,
    /// Its address, in lower case with colons; of a member of a bond the one that it has by itself.
    pub mac: Option<String>,
    /// What it has in the place of an address, where that is filler.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub placeholder: Option<String>,
    /// What its hardware is on, such as `pci`, `usb` or `virtio`; `None` where it has no hardware.
    #[serde(default)]
    pub bus: Option<String>,
    /// The driver of its hardware; where there is none, what kind of link it is.
    pub driver: Option<String>,
    /// The kernel's word for its state (`operstate`).
    pub state: Option<String>,
    /// Whether a cable, or its like, is in; `None` while the link is switched off.
    pub carrier: Option<bool>,
    /// In Mbit/s; `None` where the hardware does not report.
    pub speed: Option<u64>,
}

impl Link {
    /// Whether packets can pass. Some drivers do not report a state; a carrier is as good.
    #[must_use]
    pub fn is_up(&self) -> bool {
        match self.state.as_deref() {
            Some("up") => true,
            Some("unknown") => self.carrier == Some(true),
            _ => false,
        }
    }
}

const CLASS: &str = "sys/class/net";

/// What an operator makes of hardware. Bridges and the ends of containers come and go with what runs on the machine.
const MADE: [&str; 2] = ["bond", "vlan"];

/// A machine's network links alone, the one by which it is known best first.
#[must_use]
pub fn links(root: &Path) -> Vec<Link> {
    let tree = Tree::at(root);
    let names: Vec<String> = tree.names(CLASS).into_iter().filter(|name| name != "lo").collect();
    let has_hardware = |name: &String| tree.has(format!("{CLASS}/{name}/device"));
    // In a container nothing has hardware, and its only link is one that would be noise on a host.
    let is_container = !names.iter().any(has_hardware);
    let is_listed = |name: &String| {
        is_container || has_hardware(name) || kind(tree, name).is_some_and(|kind| MADE.contains(&kind.as_str()))
    };
    let mut links: Vec<Link> =
        names.iter().filter(|name| is_listed(name)).filter_map(|name| link(tree, name)).collect();
    link_order::sort(&mut links);
    links
}

fn link(tree: Tree<'_>, name: &str) -> Option<Link> {
    let at = format!("{CLASS}/{name}");
    // Not every name there is a link: bonding_masters is a file.
    let state = tree.line(format!("{at}/operstate"))?;
    // A bond gives its own address to its members.
    let address = tree.line(format!("{at}/bonding_slave/perm_hwaddr")).or_else(|| tree.line(format!("{at}/address")));
    let (mac, placeholder) = match address {
        // Of InfiniBand it has 20 bytes.
        Some(mac) if mac.parse::<HardwareAddress>().is_ok_and(filler::is_address) => (None, Some(mac)),
        Some(mac) => (Some(mac).filter(|mac| mac.contains(|c: char| !"0:".contains(c))), None),
        None => (None, None),
    };
    let bus = || tree.target(format!("{at}/device/subsystem")).unwrap_or_else(|| "unknown".to_owned());
    Some(Link {
        name: name.to_owned(),
        mac,
        placeholder,
        bus: tree.has(format!("{at}/device")).then(bus),
        driver: tree.target(format!("{at}/device/driver")).or_else(|| kind(tree, name)),
        state: Some(state),
        carrier: tree.number(format!("{at}/carrier")).map(|carrier| carrier == 1),
        // Unknown is -1, or 2^32 - 1 with some drivers.
        speed: tree.number(format!("{at}/speed")).filter(|speed| *speed < u64::from(u32::MAX)),
    })
}

/// What kind of link it is, where it is no plain interface.
fn kind(tree: Tree<'_>, name: &str) -> Option<String> {
    tree.uevent(format!("{CLASS}/{name}"), "DEVTYPE")
}
