//! `inventory`: the machine as it is found, on one screen or as JSON. Touches nothing.

use std::fmt::Write;
use std::path::Path;

use crate::config::value::say_size;
use crate::disks::{Disk, Partition};
use crate::inventory::{FirmwareKind, Inventory, Link};

use super::{Exit, output};

pub(super) fn run(as_json: bool) -> Exit {
    let inventory = Inventory::take_with_hand_over(Path::new("/"));
    let text = if as_json {
        format!("{}\n", serde_json::to_string_pretty(&inventory).unwrap_or_default())
    } else {
        text(&inventory)
    };
    output::print(&text, Exit::Done)
}

/// On one screen.
pub(super) fn text(inventory: &Inventory) -> String {
    let Inventory { machine, firmware, processor, memory, .. } = inventory;
    let named = |field: &str, value: &Option<String>| match (value, machine.placeholders.get(field)) {
        (None, Some(filler)) => placeholder(filler),
        _ => reported(value.as_ref()),
    };
    let product = [("vendor", &machine.vendor), ("product", &machine.product)];
    let product = product.map(|(field, name)| named(field, name)).join(", ");
    let kind = match firmware.kind {
        FirmwareKind::Uefi => "UEFI",
        FirmwareKind::Bios => "BIOS",
    };
    let secure_boot = match firmware.secure_boot {
        Some(true) => "on",
        Some(false) => "off",
        None => "unknown",
    };
    let tpm = match (firmware.tpm, firmware.tpm_version) {
        (true, Some(version)) => format!("TPM {version}"),
        (true, None) => "TPM".to_owned(),
        (false, _) => "no TPM".to_owned(),
    };
    let mut text = String::new();
    for (name, value) in [
        ("machine", product),
        ("serial", named("serial", &machine.serial)),
        ("uuid", named("uuid", &machine.uuid)),
        ("machine-id", reported(machine.machine_id.as_ref())),
        ("firmware", format!("{kind}, Secure Boot {secure_boot}, {tpm}")),
        ("boot", reported(inventory.boot)),
        (
            "processor",
            format!(
                "{} CPUs, {} cores, {}, {}",
                reported(processor.cpus),
                reported(processor.cores),
                processor.architecture,
                reported(processor.model.as_ref())
            ),
        ),
        (
            "memory",
            format!(
                "{} installed, {} usable",
                reported(memory.installed.map(say_size)),
                reported(memory.usable.map(say_size))
            ),
        ),
    ] {
        line(&mut text, format_args!("{name:<11}{value}"));
    }
    line(&mut text, format_args!("\nlinks"));
    inventory.links.iter().for_each(|link| show_link(&mut text, link));
    line(&mut text, format_args!("\ndisks"));
    inventory.disks.iter().for_each(|disk| show_disk(&mut text, disk));
    text
}

fn show_link(text: &mut String, link: &Link) {
    let speed = link.speed.map(|speed| format!("{speed} Mbit/s")).unwrap_or_default();
    let (mac, driver) = (reported(link.mac.as_ref()), reported(link.driver.as_ref()));
    let state = reported(link.state.as_ref());
    let note = link.placeholder.as_deref().map(placeholder).unwrap_or_default();
    line(text, format_args!("  {:<10} {mac:<17}  {driver:<12} {state:<8} {speed}{note}", link.name));
}

fn show_disk(text: &mut String, disk: &Disk) {
    let table = disk.table.kind;
    let paths = disk.other_names.join(", ");
    let notes = [
        disk.model.clone(),
        (!paths.is_empty()).then(|| format!("also {paths}")),
        (disk.logical_sector_size != 512).then(|| format!("sectors of {} B", disk.logical_sector_size)),
        disk.removable.then(|| "removable".to_owned()),
        disk.read_only.then(|| "read-only".to_owned()),
    ];
    let fillers = disk.placeholders.iter().map(|(field, filler)| format!("{field} {}", placeholder(filler)));
    let notes = notes.into_iter().flatten().chain(fillers).collect::<Vec<_>>().join(", ");
    let size = say_size(disk.size);
    line(text, format_args!("  {:<10} {size:>10}  {table:<8} {}  {notes}", disk.name, disk.stable_id()));
    for Partition { number, label, kind, size: bytes, .. } in &disk.table.partitions {
        let (kind, size) = (reported(kind.as_ref()), say_size(*bytes));
        line(text, format_args!("  {number:>10} {size:>10}  {kind:<18} {}", label.as_deref().unwrap_or_default()));
    }
    for problem in &disk.table.problems {
        line(text, format_args!("           ! {problem}"));
    }
}

fn line(text: &mut String, line: std::fmt::Arguments<'_>) {
    // Writing to a string does not fail; no line ends in the blanks of an empty column.
    let _ = writeln!(text, "{}", line.to_string().trim_end());
}

fn reported(value: Option<impl ToString>) -> String {
    value.map_or_else(|| "unknown".to_owned(), |value| value.to_string())
}

/// What the firmware says, and why it is not used.
fn placeholder(filler: &str) -> String {
    format!("unknown ({filler:?} is a placeholder)")
}

#[cfg(test)]
mod tests {
    use super::text;
    use crate::inventory::tests::machine;
    use crate::inventory::{Inventory, Memory, Processor};

    #[test]
    fn a_machine_fits_on_a_screen() {
        let machine = machine();
        let mut inventory = Inventory::take(machine.root());
        inventory.processor = Processor {
            model: Some("Intel Xeon E3-1240".to_owned()),
            architecture: "x86_64".to_owned(),
            cpus: Some(4),
            cores: Some(2),
        };
        inventory.memory = Memory { installed: Some(16 << 30), usable: Some(16_500_000_000) };
        assert_eq!(text(&inventory), include_str!("../../tests/golden/inventory.txt"));
    }
}
