//! Who a machine is: what its firmware and its installation call it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::filler;
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
    /// What the firmware has in the place of a name and is filler, by the name's field: two machines would share it.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub placeholders: BTreeMap<String, String>,
}

pub(super) fn of(tree: Tree<'_>) -> Machine {
    let mut placeholders = BTreeMap::new();
    let mut told = |field: &str, places: &[&str], is_filler: fn(&str) -> bool| {
        for text in places.iter().filter_map(|place| tree.line(place)) {
            if !is_filler(&text) {
                return Some(text);
            }
            placeholders.entry(field.to_owned()).or_insert(text);
        }
        None
    };
    let uuid = told("uuid", &[&dmi("product_uuid")], filler::is_uuid).map(|uuid| uuid.to_ascii_lowercase());
    let serial = told("serial", &[&dmi("product_serial"), &device_tree("serial-number")], filler::is_serial);
    let vendor = told("vendor", &[&dmi("sys_vendor")], filler::is_words);
    let product = told("product", &[&dmi("product_name"), &device_tree("model")], filler::is_words);
    let machine_id = tree.line("etc/machine-id");
    Machine {
        machine_id: machine_id.filter(|id| id.len() == 32 && id.bytes().all(|byte| byte.is_ascii_hexdigit())),
        uuid,
        serial,
        vendor,
        product,
        placeholders,
    }
}

fn dmi(attribute: &str) -> String {
    format!("sys/class/dmi/id/{attribute}")
}

fn device_tree(property: &str) -> String {
    format!("sys/firmware/devicetree/base/{property}")
}
