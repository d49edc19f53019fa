//! Machines as trees of sysfs: what is reported of them, and that it is the same every time.

use std::fs;
use std::os::unix::fs::symlink;

use super::{FirmwareKind, Inventory, Link};
use crate::boot::BootKind;
use crate::disks::tests::machine::{Machine, break_header, image, mbr};
use crate::disks::{Disk, TableKind};

const BOOT_ID: &str = "0f0e0d0c-0b0a-0908-0706-050403020100";

/// A server with two links and two disks, one of which has a broken primary header.
pub(crate) fn machine() -> Machine {
    let mut machine = Machine::new();
    for (path, text) in [
        ("etc/machine-id", "0123456789abcdef0123456789abcdef\n"),
        ("proc/sys/kernel/random/boot_id", "0f0e0d0c-0b0a-0908-0706-050403020100\n"),
        ("proc/self/mountinfo", "22 1 254:2 / / rw - ext4 /dev/vda2 rw\n23 22 0:5 / /dev rw - tmpfs x rw\n"),
        ("sys/class/dmi/id/product_uuid", "4C4C4544-0042-3010-8052-C8C04F503432\n"),
        ("sys/class/dmi/id/product_serial", "Not Specified\n"),
        ("sys/class/dmi/id/sys_vendor", "QEMU\n"),
        ("sys/class/dmi/id/product_name", "Standard PC (Q35 + ICH9, 2009)\n"),
        ("sys/class/tpm/tpm0/tpm_version_major", "2\n"),
        ("sys/devices/system/memory/block_size_bytes", "8000000\n"),
        ("sys/devices/system/memory/memory0/online", "1\n"),
        ("sys/devices/system/memory/memory1/online", "1\n"),
        ("sys/devices/system/memory/memory2/online", "0\n"),
    ] {
        machine.write(path, text);
    }
    machine.write("sys/firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c", [6, 0, 0, 0, 1]);
    link(&machine, "eth0", "52:54:00:00:00:01", "up", Some("virtio_net"));
    machine.write("sys/class/net/eth0/speed", "1000\n");
    machine.write("sys/class/net/eth0/carrier", "1\n");
    link(&machine, "eth1", "52:54:00:00:00:02", "down", Some("virtio_net"));
    machine.write("sys/class/net/eth1/speed", "-1\n");
    link(&machine, "lo", "00:00:00:00:00:00", "unknown", None);
    link(&machine, "veth1", "52:54:00:00:00:03", "up", None);
    link(&machine, "bond0", "52:54:00:00:00:01", "up", None);
    machine.write("sys/class/net/bond0/uevent", "DEVTYPE=bond\nINTERFACE=bond0\n");
    machine.write("sys/class/net/bonding_masters", "bond0\n");
    machine.disk("vda", "root", 512, &image(512));
    machine.partition("vda", 1, "esp", "", (1, 8));
    let mut broken = image(4096);
    break_header(&mut broken, 4096, false);
    machine.disk("vdb", "data", 4096, &broken);
    machine
}

fn link(machine: &Machine, name: &str, mac: &str, state: &str, driver: Option<&str>) {
    let at = format!("sys/class/net/{name}");
    machine.write(format!("{at}/address"), format!("{mac}\n"));
    machine.write(format!("{at}/operstate"), format!("{state}\n"));
    if let Some(driver) = driver {
        machine.write(format!("{at}/device/vendor"), "0x1af4\n");
        symlink(format!("/sys/bus/virtio/drivers/{driver}"), machine.root().join(at).join("device/driver")).unwrap();
    }
}

#[test]
fn a_machine_is_reported_in_full() {
    let machine = machine();
    let inventory = Inventory::take(machine.root());
    assert_eq!(inventory.machine.machine_id.as_deref(), Some("0123456789abcdef0123456789abcdef"));
    assert_eq!(inventory.machine.uuid.as_deref(), Some("4c4c4544-0042-3010-8052-c8c04f503432"));
    assert_eq!(inventory.machine.serial, None, "a vendor's placeholder is no serial number");
    assert_eq!(inventory.machine.vendor.as_deref(), Some("QEMU"));
    assert_eq!((inventory.firmware.kind, inventory.firmware.secure_boot), (FirmwareKind::Uefi, Some(true)));
    assert_eq!((inventory.firmware.tpm, inventory.firmware.tpm_version), (true, Some(2)));
    assert_eq!(inventory.memory.installed, Some(256 << 20));
    assert_eq!(inventory.boot, Some(BootKind::FirstBoot));
    assert_eq!(inventory.disks.iter().map(Disk::stable_id).collect::<Vec<_>>(), ["virtio-data", "virtio-root"]);
    // Of the machine that the test runs on.
    assert!(inventory.processor.cpus >= Some(1) && inventory.processor.cores >= Some(1), "{:?}", inventory.processor);
    assert!(inventory.memory.usable > Some(64 << 20) && !inventory.processor.architecture.is_empty());
}

#[test]
fn f09_filler_is_shown_and_is_no_name() {
    let machine = machine();
    for (path, text) in [
        ("sys/class/dmi/id/product_uuid", "03000200-0400-0500-0006-000700080009\n"),
        ("sys/class/dmi/id/sys_vendor", "To be filled by O.E.M.\n"),
        ("sys/class/dmi/id/product_serial", "0\n"),
        ("sys/firmware/devicetree/base/serial-number", "12-345-A\0"),
        ("sys/class/net/eth1/address", "00:00:00:00:00:00\n"),
    ] {
        machine.write(path, text);
    }
    let inventory = Inventory::take(machine.root());
    assert_eq!((&inventory.machine.uuid, &inventory.machine.vendor), (&None, &None));
    assert_eq!(inventory.machine.serial.as_deref(), Some("12-345-A"), "what is real further on counts");
    let placeholders: Vec<_> = inventory.machine.placeholders.iter().collect();
    assert_eq!(placeholders.len(), 3, "{placeholders:?}");
    assert_eq!(inventory.machine.placeholders["uuid"], "03000200-0400-0500-0006-000700080009");
    let eth1 = inventory.links.iter().find(|link| link.name == "eth1").unwrap();
    assert_eq!((&eth1.mac, eth1.placeholder.as_deref()), (&None, Some("00:00:00:00:00:00")));
    let text = serde_json::to_string(&inventory).unwrap();
    assert_eq!(serde_json::from_str::<Inventory>(&text).unwrap(), inventory);
    // What an older agent has left in the initrd.
    let older = text.replace(r#","placeholder":"00:00:00:00:00:00""#, "").replace(r#","bus":"unknown""#, "");
    assert!(older.len() < text.len() && serde_json::from_str::<Inventory>(&older).is_ok());
}

#[test]
fn links_are_those_with_hardware_and_what_is_made_of_them() {
    let machine = machine();
    let links = Inventory::take(machine.root()).links;
    assert_eq!(links.iter().map(|link| link.name.as_str()).collect::<Vec<_>>(), ["eth0", "eth1", "bond0"]);
    let [eth0, eth1, bond] = &links[..] else { panic!("{links:?}") };
    assert_eq!((bond.driver.as_deref(), bond.is_up()), (Some("bond"), true));
    assert_eq!((eth0.driver.as_deref(), eth0.is_up(), eth0.speed), (Some("virtio_net"), true, Some(1000)));
    assert_eq!((eth1.mac.as_deref(), eth1.is_up(), eth1.speed), (Some("52:54:00:00:00:02"), false, None));
}

#[test]
fn the_only_link_of_a_container_is_reported() {
    let machine = Machine::new();
    link(&machine, "lo", "00:00:00:00:00:00", "unknown", None);
    link(&machine, "host0", "52:54:00:00:00:03", "up", None);
    let links = Inventory::take(machine.root()).links;
    assert_eq!(links.iter().map(|link| (link.name.as_str(), link.is_up())).collect::<Vec<_>>(), [("host0", true)]);
}

#[test]
fn a_driver_that_reports_no_state_is_judged_by_its_carrier() {
    let link = |state: &str, carrier| Link {
        name: "eth0".to_owned(),
        state: Some(state.to_owned()),
        carrier,
        ..Link::default()
    };
    assert!(link("unknown", Some(true)).is_up() && link("up", None).is_up());
    assert!(
        !link("unknown", None).is_up() && !link("down", Some(true)).is_up() && !link("dormant", Some(true)).is_up()
    );
}

#[test]
fn it_is_the_same_bytes_on_every_run_and_reads_back() {
    let machine = machine();
    let (one, other) = (Inventory::take(machine.root()), Inventory::take(machine.root()));
    let text = serde_json::to_string(&one).unwrap();
    assert_eq!(text, serde_json::to_string(&other).unwrap());
    assert_eq!(serde_json::from_str::<Inventory>(&text).unwrap(), one);
}

#[test]
fn of_an_empty_tree_everything_is_unknown() {
    let inventory = Inventory::take(Machine::new().root());
    assert_eq!((inventory.boot, inventory.machine, inventory.links, inventory.disks), <_>::default());
    assert_eq!((inventory.firmware.kind, inventory.firmware.tpm), (FirmwareKind::Bios, false));
}

/// What the initrd of a boot leaves behind.
pub(crate) fn hand_over(machine: &Machine, run_id: &str) {
    let inventory = serde_json::to_string(&Inventory::take(machine.root())).unwrap();
    machine.write("run/first-boot-agent/inventory.json", inventory);
    machine.write(
        "run/first-boot-agent/boot.json",
        format!("{{\"schema_version\": 1, \"run_id\": \"{run_id}\", \"kind\": \"netboot\", \"more\": {{}}}}"),
    );
}

#[test]
fn a_table_that_cannot_be_read_here_is_the_one_that_the_initrd_of_this_boot_has_read() {
    for (run_id, is_known) in [(BOOT_ID.replace('-', ""), true), ("of another boot".to_owned(), false)] {
        let machine = machine();
        hand_over(&machine, &run_id);
        fs::remove_dir_all(machine.root().join("dev")).unwrap();
        assert_eq!(Inventory::take(machine.root()).boot == Some(BootKind::Netboot), is_known);
        let inventory = Inventory::take_with_hand_over(machine.root());
        for disk in &inventory.disks {
            assert_eq!(disk.is_table_read(), is_known, "{disk:?}");
            assert_eq!(disk.table.partitions.len() == 2, is_known);
        }
    }
}

#[test]
fn a_table_that_can_be_read_is_not_taken_from_the_initrd() {
    let machine = machine();
    hand_over(&machine, &BOOT_ID.replace('-', ""));
    machine.write("dev/vda", mbr(64 << 20));
    let disks = Inventory::take_with_hand_over(machine.root()).disks;
    assert_eq!(disks.iter().map(|disk| disk.table.kind).collect::<Vec<_>>(), [TableKind::Gpt, TableKind::Mbr]);
}
