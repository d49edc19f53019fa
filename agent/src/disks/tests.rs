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
fn a_disk_is_reported_with_its_partitions() {
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
        assert_eq!(root.kind.as_ref().and_then(PartitionType::name), Some("root-x86-64"));
        assert_eq!((root.number, root.start, root.size), (2, 9 * MIB, 16 * MIB));
        assert_eq!((root.label.as_deref(), &root.path), (Some("root disk"), &None), "the kernel shows the first alone");
    }
}

#[test]
fn a_broken_header_is_reported_and_the_other_copy_is_read() {
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
fn broken_entries_are_reported() {
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

/// Makes a header longer, with what the specification asks of it.
fn lengthen(image: &mut [u8], at: usize, size: u32) {
    image[at + 12..at + 16].copy_from_slice(&size.to_le_bytes());
    image[at + 16..at + 20].fill(0);
    let sum = bytes::crc32(&image[at..at + usize::try_from(size).unwrap().min(4096)]);
    image[at + 16..at + 20].copy_from_slice(&sum.to_le_bytes());
}

#[test]
fn f13_a_header_may_be_as_long_as_a_sector() {
    for (sector, size, is_good) in [
        (512, 92, true),
        (512, 93, true),
        (512, 512, true),
        (4096, 4096, true),
        (512, 513, false),
        (512, 91, false),
        (512, 0, false),
    ] {
        let (mut machine, mut bytes) = (Machine::new(), image(sector));
        let at = usize::try_from(sector).unwrap();
        lengthen(&mut bytes, at, size);
        machine.disk("vda", "root", sector, &bytes);
        let disk = only(&machine);
        assert_eq!(
            (disk.table.primary == Some(TableCopy::Good), disk.table.problems.is_empty()),
            (is_good, is_good),
            "{size}"
        );
        assert_eq!(labels(&disk), ["esp", "root disk"]);
        assert!(is_good || disk.table.problems[0].contains(&format!("{size} bytes long")), "{disk:?}");
        if size == 512 {
            // Each byte of it counts.
            bytes[at + 500] ^= 1;
            let mut machine = Machine::new();
            machine.disk("vda", "root", sector, &bytes);
            assert_eq!(
                only(&machine).table.problems,
                ["the primary table is damaged: the checksum of its header is wrong"]
            );
        }
    }
}

#[test]
fn f27_a_table_for_another_sector_size_is_reported_as_such() {
    for (made_for, sector) in [(4096, 512), (512, 4096)] {
        for broken in [None, Some(false), Some(true)] {
            let (mut machine, mut bytes) = (Machine::new(), image(made_for));
            if let Some(backup) = broken {
                break_header(&mut bytes, made_for, backup);
            }
            machine.disk("vda", "root", sector, &bytes);
            let table = only(&machine).table;
            assert_eq!((table.kind, table.partitions.len(), table.problems.len()), (TableKind::Gpt, 0, 1), "{table:?}");
            let problem = &table.problems[0];
            assert!(problem.contains(&format!("made for sectors of {made_for} bytes")), "{problem}");
            assert!(problem.contains(&format!("this disk have {sector}")) && !problem.contains("damaged"), "{problem}");
        }
    }
    // What is whole for this disk counts, whatever was on it before.
    let (mut machine, mut bytes) = (Machine::new(), image(512));
    let older = image(4096);
    bytes[4096..4096 + 92].copy_from_slice(&older[4096..4096 + 92]);
    machine.disk("vda", "root", 512, &bytes);
    assert_eq!(labels(&only(&machine)), ["esp", "root disk"], "the backup is read");
}

#[test]
fn mbr_nothing_and_a_file_system_are_distinguished() {
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
fn a_gpt_that_an_mbr_was_written_over_is_not_used() {
    let (mut machine, mut bytes) = (Machine::new(), image(512));
    bytes[..512].copy_from_slice(&mbr(512));
    machine.disk("vda", "root", 512, &bytes);
    let table = only(&machine).table;
    assert_eq!((table.kind, table.partitions.len(), table.problems.len()), (TableKind::Mbr, 0, 1));
}

#[test]
fn where_the_device_cannot_be_opened_kernel_and_udev_are_used() {
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
    assert_eq!(labels(&only(&machine)), ["esp", "root disk"], "the kernel alone gives the names");
}

#[test]
fn only_what_has_hardware_behind_it_is_a_disk() {
    let mut machine = Machine::new();
    for name in ["vdb", "sr0", "fd0", "nbd0", "mtdblock0", "nvme0c0n1", "nvme1c2n1", "loop7", "dm-3", "md127"] {
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
fn f14_the_areas_of_an_emmc_are_one_disk() {
    let mut machine = Machine::new();
    for name in [
        "mmcblk0",
        "mmcblk0boot0",
        "mmcblk0boot1",
        "mmcblk0rpmb",
        "mmcblk0gp0",
        "mmcblk1",
        "mmcblk10gp3",
        "fdisk",
        "part0",
    ] {
        machine.disk(name, name, 512, &[0; 4096]);
    }
    // An area of a kind that has no name yet.
    machine.write("sys/class/block/part0/device/queue/rotational", "0\n");
    let names: Vec<String> = all(machine.root()).into_iter().map(|disk| disk.name).collect();
    assert_eq!(names, ["fdisk", "mmcblk0", "mmcblk1"], "nothing more is taken for an area");
}

/// The image of a disk behind the path of this name, and the identifier that the drive reports.
fn path_to(machine: &mut Machine, name: &str, serial: &str, wwid: &str) {
    machine.disk(name, serial, 512, &image(512));
    machine.write(format!("sys/class/block/{name}/device/wwid"), format!("{wwid}\n"));
}

#[test]
fn f15_two_paths_to_one_disk_are_one_disk() {
    let mut machine = Machine::new();
    for (name, serial) in [("sda", "A"), ("sdb", "B"), ("sdc", "A"), ("sdaa", "A")] {
        path_to(
            &mut machine,
            name,
            serial,
            &format!("naa.5000c500a1b2c3d{}", serial.len() + usize::from(serial == "B")),
        );
    }
    machine.partition("sdaa", 1, "esp", "", (1, 8));
    // The first path does not answer, as one that is in reserve.
    fs::write(machine.root().join("dev/sda"), "").unwrap();
    let disks = all(machine.root());
    let [a, b] = &disks[..] else { panic!("{disks:?}") };
    assert_eq!((a.name.as_str(), &a.other_names[..]), ("sda", &["sdaa".to_owned(), "sdc".to_owned()][..]));
    assert_eq!((b.name.as_str(), b.other_names.len()), ("sdb", 0));
    assert_eq!(labels(a), ["esp", "root disk"], "the table can be read through any path");
    assert_eq!(a.table.partitions[0].path.as_deref().unwrap().to_str(), Some("/dev/sdaa1"));
    let text = serde_json::to_string(&disks).unwrap();
    assert_eq!(serde_json::from_str::<Vec<Disk>>(&text).unwrap(), disks);
}

#[test]
fn f15_two_disks_with_one_filler_are_two() {
    for (wwids, serials) in [
        (["naa.0000000000000000"; 2], ["A", "B"]),
        (["naa.5000000000000001"; 2], ["0", "0"]),
        // One identifier for a whole batch.
        (["naa.5000c500a1b2c3d4"; 2], ["A", "B"]),
        (["", ""], ["A", "A"]),
        (["naa.5000c500a1b2c3d4", "naa.5000c500a1b2c3d5"], ["00000000", "00000000"]),
    ] {
        let mut machine = Machine::new();
        for ((name, wwid), serial) in ["sda", "sdb"].into_iter().zip(wwids).zip(serials) {
            path_to(&mut machine, name, serial, wwid);
        }
        let disks = all(machine.root());
        assert_eq!(disks.len(), 2, "{wwids:?} {serials:?}: {disks:?}");
        let is_shown =
            |field: &str, filler: bool| disks.iter().all(|disk| disk.placeholders.contains_key(field) == filler);
        assert!(is_shown("wwid", wwids[0].contains("00000")), "{disks:?}");
        assert!(is_shown("serial", serials[0].starts_with('0')), "{disks:?}");
        assert!(disks.iter().all(|disk| disk.serial.as_deref().is_none_or(|serial| serial.len() == 1)), "{disks:?}");
    }
}

#[test]
fn f15_multipath_names_a_disk_that_reports_no_identifier() {
    let mut machine = Machine::new();
    for name in ["sda", "sdb", "sdc"] {
        path_to(&mut machine, name, "A", "");
    }
    for name in ["sda", "sdb"] {
        machine.write(format!("sys/class/block/{name}/holders/dm-0/dm/uuid"), "mpath-3600a0980\n");
    }
    machine.write("sys/class/block/sdc/holders/dm-1/dm/uuid", "LVM-abcdef\n");
    let names = all(machine.root()).into_iter().map(|disk| (disk.name, disk.other_names)).collect::<Vec<_>>();
    assert_eq!(names, [("sda".to_owned(), vec!["sdb".to_owned()]), ("sdc".to_owned(), vec![])]);
}

#[test]
fn f09_a_name_made_of_filler_is_not_what_a_disk_is_called_by() {
    let mut machine = Machine::new();
    machine.disk("sda", "0", 512, &[0; 4096]);
    machine.write("run/udev/data/b254:0", "S:disk/by-id/ata-MODEL_A1\nS:disk/by-id/scsi-0x0000000000000000\n");
    assert_eq!(only(&machine).stable_id(), "ata-MODEL_A1");
    machine
        .write("run/udev/data/b254:0", "S:disk/by-id/nvme-eui.0000000000000001\nS:disk/by-id/wwn-0x0000000000000000\n");
    assert_eq!(only(&machine).stable_id(), "sda");
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
fn the_drive_reports_its_serial_number_where_udev_does_not() {
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
