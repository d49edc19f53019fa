//! A machine's network links: those with hardware behind them, and what an operator makes of these. Must not say whether
//! anybody can be reached.

use serde::{Deserialize, Serialize};

use crate::sysfs::Tree;

/// A network link.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Link {
    /// The kernel's name, such as `eth0`.
    pub name: String,
    /// Its address, in lower case with colons.
    pub mac: Option<String>,
    /// The driver of its hardware; where there is none, what kind of link it is.
    pub driver: Option<String>,
    /// The kernel's word for its state (`operstate`).
    pub state: Option<String>,
    /// Whether a cable, or its like, is in; `None` while the link is switched off.
    pub carrier: Option<bool>,
    /// In Mbit/s; `None` where the hardware does not tell.
    pub speed: Option<u64>,
}

impl Link {
    /// Whether packets can pass. Some drivers do not tell a state; a carrier is as good.
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

pub(super) fn of(tree: Tree<'_>) -> Vec<Link> {
    let names: Vec<String> = tree.names(CLASS).into_iter().filter(|name| name != "lo").collect();
    let has_hardware = |name: &String| tree.has(format!("{CLASS}/{name}/device"));
    // In a container nothing has hardware, and its only link is one that would be noise on a host.
    let is_container = !names.iter().any(has_hardware);
    let is_listed = |name: &String| {
        is_container || has_hardware(name) || kind(tree, name).is_some_and(|kind| MADE.contains(&kind.as_str()))
    };
    names.iter().filter(|name| is_listed(name)).filter_map(|name| link(tree, name)).collect()
}

fn link(tree: Tree<'_>, name: &str) -> Option<Link> {
    let at = format!("{CLASS}/{name}");
    // Not every name there is a link: bonding_masters is a file.
    let state = tree.line(format!("{at}/operstate"))?;
    Some(Link {
        name: name.to_owned(),
        mac: tree.line(format!("{at}/address")).filter(|mac| mac.contains(|c: char| !"0:".contains(c))),
        driver: tree.target(format!("{at}/device/driver")).or_else(|| kind(tree, name)),
        state: Some(state),
        carrier: tree.number(format!("{at}/carrier")).map(|carrier| carrier == 1),
        // Unknown is -1, or 2^32 - 1 with some drivers.
        speed: tree.number(format!("{at}/speed")).filter(|speed| *speed < u64::from(u32::MAX)),
    })
}

/// What kind of link it is, where it is no plain card.
fn kind(tree: Tree<'_>, name: &str) -> Option<String> {
    let bytes = tree.bytes(format!("{CLASS}/{name}/uevent"))?;
    let text = String::from_utf8_lossy(&bytes);
    text.lines().find_map(|line| line.strip_prefix("DEVTYPE=")).map(crate::sysfs::plain)
}
