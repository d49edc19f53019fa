//! Who a machine is: what its firmware and its installation call it.

use std::collections::BTreeMap;
use std::path::Path;

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

/// Where firmware of either kind gives its names.
const DMI: &str = "sys/class/dmi/id";
const DEVICE_TREE: &str = "sys/firmware/devicetree/base";

/// Who the machine is, alone.
#[must_use]
pub fn machine(root: &Path) -> Machine {
    let tree = Tree::at(root);
    let mut placeholders = BTreeMap::new();
    let mut own = |field: &str, places: &[(&str, &str)], is_filler: fn(&str) -> bool| {
        let texts = places.iter().filter_map(|(folder, name)| tree.line(Path::new(folder).join(name)));
        filler::own(field, texts, is_filler, &mut placeholders)
    };
    let uuid = own("uuid", &[(DMI, "product_uuid")], filler::is_uuid).map(|uuid| uuid.to_ascii_lowercase());
    let serial = own("serial", &[(DMI, "product_serial"), (DEVICE_TREE, "serial-number")], filler::is_serial);
    let vendor = own("vendor", &[(DMI, "sys_vendor")], filler::is_words);
    let product = own("product", &[(DMI, "product_name"), (DEVICE_TREE, "model")], filler::is_words);
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
