//! Disks as sysfs trees and images: what is found of them, whatever state their tables are in.

mod bytes;
pub(crate) mod machine;
mod other_opinion;

use std::fs;

use super::{Disk, PartitionType, TableCopy, TableKind, all};
use machine::{MIB, Machine, break_header, image, mbr};

fn only(machine: &Machine) -> Disk {
    let [disk] = <[Disk; 1]>::try_from(all(machine.root())).unwrap();
    disk
}

fn labels(disk: &Disk) -> Vec<&str> {
    disk.table.partitions.iter().filter_map(|partition| partition.label.as_deref()).collect()
}

#[test]
fn a_disk_is_told_with_its_partitions() {
    for sector in [512, 4096] {
        let mut machine = Machine::new();
        machine.disk("vda", "root", sector, &image(sector));
        machine.partition("vda", 1, "esp", "", (1, 8));
        let disk = only(&machine);
        assert_eq!((disk.size, disk.logical_sector_size, disk.stable_id()), (64 * MIB, sector, "virtio-root"));
        assert_eq!((disk.table.kind, &disk.table.problems), (TableKind::Gpt, &vec![]), "{sector}");
        assert_eq!((disk.table.primary, disk.table.backup), (Some(TableCopy::Good), Some(TableCopy::Good)));
        let [esp, root] = &disk.table.partitions[..] else { panic!("{disk:?}") };
        assert!(esp.kind.as_ref().unwrap().is_esp());
        assert_eq!((esp.number, esp.start, esp.size), (1, MIB, 8 * MIB));
        assert_eq!(esp.path.as_deref().unwrap().to_str(), Some("/dev/vda1"));
        assert_eq!(root.kind, PartitionType::of_name("root-x86-64"));
        assert_eq!((root.number, root.start, root.size), (2, 9 * MIB, 16 * MIB));
        assert_eq!((root.label.as_deref(), &root.path), (Some("root disk"), &None), "the kernel shows the first alone");
    }
}

#[test]
fn a_broken_header_is_told_and_the_other_copy_is_read() {
    for (backup, states) in
        [(false, (TableCopy::Damaged, TableCopy::Good)), (true, (TableCopy::Good, TableCopy::Damaged))]
    {
        let (mut machine, mut bytes) = (Machine::new(), image(512));
        break_header(&mut bytes, 512, backup);
        machine.disk("vda", "root", 512, &bytes);
        let disk = only(&machine);
        assert_eq!((disk.table.primary, disk.table.backup), (Some(states.0), Some(states.1)));
        assert_eq!(labels(&disk), ["esp", "root disk"]);
        let name = if backup { "backup" } else { "primary" };
        assert_eq!(disk.table.problems, [format!("the {name} table is damaged: the checksum of its header is wrong")]);
    }
}

#[test]
fn a_table_without_its_copies_is_still_a_gpt() {
    let (mut machine, mut bytes) = (Machine::new(), image(512));
    let last = bytes.len() - 512;
    bytes[last..].fill(0);
    machine.disk("vda", "root", 512, &bytes);
    assert_eq!(only(&machine).table.problems, ["the backup table is missing"]);
    bytes[512..1024].fill(0);
    let mut machine = Machine::new();
    machine.disk("vda", "root", 512, &bytes);
    let table = only(&machine).table;
    assert_eq!((table.kind, table.partitions.len(), table.problems.len()), (TableKind::Gpt, 0, 2), "{table:?}");
}

#[test]
fn broken_entries_are_told() {
    let (mut machine, mut bytes) = (Machine::new(), image(512));
    bytes[1024 + 60] ^= 1;
    machine.disk("vda", "root", 512, &bytes);
    let disk = only(&machine);
    assert_eq!(disk.table.problems, ["the primary table is damaged: the checksum of its entries is wrong"]);
    assert_eq!(labels(&disk), ["esp", "root disk"]);
}

#[test]
fn a_disk_that_has_grown_has_its_backup_where_it_was() {
    let (mut machine, mut bytes) = (Machine::new(), image(512));
    bytes.resize(bytes.len() + 4096, 0);
    machine.disk("vda", "root", 512, &bytes);
    let table = only(&machine).table;
    assert_eq!(
        (table.backup, &table.problems[..]),
        (Some(TableCopy::Good), &["the backup table is not at the end of the disk".to_owned()][..])
    );
}

#[test]
fn mbr_nothing_and_a_file_system_are_told_apart() {
    let megabyte = usize::try_from(MIB).unwrap();
    let mut file_system = vec![0_u8; megabyte];
    file_system[440..510].fill(0x61);
    file_system[510..512].copy_from_slice(&[0x55, 0xaa]);
    for (bytes, kind) in
        [(mbr(MIB), TableKind::Mbr), (vec![0; megabyte], TableKind::None), (file_system, TableKind::None)]
    {
        let mut machine = Machine::new();
        machine.disk("vda", "data", 512, &bytes);
        let table = only(&machine).table;
        assert_eq!((table.kind, table.primary, &table.problems), (kind, None, &vec![]));
    }
}

#[test]
fn a_gpt_that_an_mbr_was_written_over_is_not_gone_by() {
    let (mut machine, mut bytes) = (Machine::new(), image(512));
    bytes[..512].copy_from_slice(&mbr(512));
    machine.disk("vda", "root", 512, &bytes);
    let table = only(&machine).table;
    assert_eq!((table.kind, table.partitions.len(), table.problems.len()), (TableKind::Mbr, 0, 1));
}

#[test]
fn where_the_device_cannot_be_opened_kernel_and_udev_are_gone_by() {
    let mut machine = Machine::new();
    let device = machine.disk("vda", "root", 512, &image(512));
    machine.partition("vda", 1, "esp", "C12A7328-F81F-11D2-BA4B-00A0C93EC93B", (1, 8));
    machine.partition("vda", 2, "root disk", "", (9, 16));
    fs::remove_file(device).unwrap();
    let disk = only(&machine);
    assert_eq!((disk.table.kind, disk.table.primary, disk.table.problems.len()), (TableKind::Gpt, None, 1));
    assert_eq!(labels(&disk), ["esp", "root disk"]);
    let [esp, root] = &disk.table.partitions[..] else { panic!("{disk:?}") };
    assert!(esp.kind.as_ref().unwrap().is_esp());
    assert_eq!((&root.kind, root.start, root.size), (&None, 9 * MIB, 16 * MIB), "udev does not say");
    fs::remove_dir_all(machine.root().join("run")).unwrap();
    assert_eq!(labels(&only(&machine)), ["esp", "root disk"], "the kernel alone tells the names");
}

#[test]
fn only_what_has_hardware_behind_it_is_a_disk() {
    let mut machine = Machine::new();
    for name in ["vdb", "sr0", "nvme0c0n1"] {
        machine.disk(name, name, 512, &[0; 4096]);
    }
    machine.write("sys/class/block/nvme0c0n1/hidden", "1\n");
    for name in ["loop0", "ram0", "zram0", "dm-0", "md0"] {
        machine.write(format!("sys/class/block/{name}/size"), "2048\n");
    }
    machine.write("sys/class/block/vdb1/partition", "1\n");
    machine.write("sys/class/block/vdb1/device/x", "");
    assert_eq!(only(&machine).name, "vdb");
}

#[test]
fn disks_are_in_the_order_of_what_does_not_change() {
    let mut machine = Machine::new();
    machine.disk("vda", "second", 512, &[0; 4096]);
    machine.disk("vdb", "first", 512, &[0; 4096]);
    let disks = all(machine.root());
    assert_eq!(disks.iter().map(|disk| disk.name.as_str()).collect::<Vec<_>>(), ["vdb", "vda"]);
    assert_eq!(disks, all(machine.root()));
}

#[test]
fn a_machine_without_sysfs_has_no_disks() {
    assert_eq!(all(Machine::new().root()), []);
}

#[test]
fn the_drive_tells_its_serial_number_where_udev_does_not() {
    let mut machine = Machine::new();
    machine.disk("sda", "unused", 512, &[0; 4096]);
    let at = "sys/class/block/sda";
    fs::remove_file(machine.root().join(at).join("serial")).unwrap();
    fs::remove_dir_all(machine.root().join("run")).unwrap();
    machine.write(format!("{at}/device/vpd_pg80"), b"\x00\x80\x00\x08  WD-1234");
    machine.write(format!("{at}/device/model"), "WDC \x1b[2J  \n");
    let disk = only(&machine);
    assert_eq!((disk.serial.as_deref(), disk.stable_id()), (Some("WD-1234"), "WD-1234"));
    assert_eq!(disk.model.as_deref(), Some("WDC \u{fffd}[2J"));
}

#[test]
fn it_reads_back_as_it_was_handed_over() {
    let mut machine = Machine::new();
    machine.disk("vda", "root", 512, &image(512));
    let disks = all(machine.root());
    let text = serde_json::to_string(&disks).unwrap();
    assert_eq!(serde_json::from_str::<Vec<Disk>>(&text).unwrap(), disks);
}
