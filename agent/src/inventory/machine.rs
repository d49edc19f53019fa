//! Who a machine is: what its firmware and its installation call it.

use serde::{Deserialize, Serialize};

use crate::sysfs::Tree;

/// The names of a machine.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Machine {
    /// The installation's id (machine-id(5)); `None` before there is one.
    pub machine_id: Option<String>,
    /// SMBIOS' system UUID, in lower case. Readable by root alone.
    pub uuid: Option<String>,
    /// SMBIOS' serial number. Readable by root alone.
    pub serial: Option<String>,
    /// Who made it.
    pub vendor: Option<String>,
    /// What it is sold as.
    pub product: Option<String>,
}

const DMI: &str = "sys/class/dmi/id";
const DEVICE_TREE: &str = "sys/firmware/devicetree/base";

/// What vendors leave in a field that they have not filled in; two machines would share it.
const NO_NAMES: [&str; 7] = [
    "not specified",
    "none",
    "default string",
    "to be filled by o.e.m.",
    "system serial number",
    "00000000-0000-0000-0000-000000000000",
    "ffffffff-ffff-ffff-ffff-ffffffffffff",
];

pub(super) fn of(tree: Tree<'_>) -> Machine {
    let told = |directory: &str, name: &str| {
        tree.line(format!("{directory}/{name}")).filter(|text| !NO_NAMES.contains(&text.to_ascii_lowercase().as_str()))
    };
    let machine_id = tree.line("etc/machine-id");
    Machine {
        machine_id: machine_id.filter(|id| id.len() == 32 && id.bytes().all(|byte| byte.is_ascii_hexdigit())),
        uuid: told(DMI, "product_uuid").map(|uuid| uuid.to_ascii_lowercase()),
        serial: told(DMI, "product_serial").or_else(|| told(DEVICE_TREE, "serial-number")),
        vendor: told(DMI, "sys_vendor"),
        product: told(DMI, "product_name").or_else(|| told(DEVICE_TREE, "model")),
    }
}
