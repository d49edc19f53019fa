//! What `sfdisk --json` says of the same disks, which it has written itself.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value;

use super::machine::{MIB, Machine, break_header};
use super::only;

const SCRIPT: &str = "label: gpt
start=2048, size=16384, type=C12A7328-F81F-11D2-BA4B-00A0C93EC93B, name=\"esp\"
size=20480, type=4F68BCE3-E8CD-4DB1-96E7-FBCAF984B709, name=\"root of node01\"
size=8192, type=6E328CBC-545F-4C41-9D31-5B8F86844C39, name=\"first-boot-config\"
";

/// `None` where there is no sfdisk to ask; in CI there must be.
fn sfdisk(arguments: &[&str], image: &Path, input: &str) -> Option<String> {
    let program =
        ["/usr/sbin/sfdisk", "/sbin/sfdisk", "/usr/bin/sfdisk"].into_iter().find(|path| Path::new(path).exists());
    assert!(program.is_some() || std::env::var_os("CI").is_none(), "sfdisk is missing; install the package fdisk");
    let mut child =
        Command::new(program?).args(arguments).arg(image).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{output:?}");
    Some(String::from_utf8(output.stdout).unwrap())
}

#[test]
fn sfdisk_prints_the_same_partitions() {
    for broken in [false, true] {
        let mut machine = Machine::new();
        let image = machine.disk("vda", "root", 512, &vec![0; usize::try_from(64 * MIB).unwrap()]);
        if sfdisk(&["--quiet"], &image, SCRIPT).is_none() {
            return;
        }
        if broken {
            let mut bytes = fs::read(&image).unwrap();
            break_header(&mut bytes, 512, false);
            fs::write(&image, bytes).unwrap();
        }
        let reported: Value = serde_json::from_str(&sfdisk(&["--json"], &image, "").unwrap()).unwrap();
        let ours = only(&machine).table;
        let theirs = &reported["partitiontable"];
        assert_eq!(ours.guid.unwrap().to_uppercase(), theirs["id"].as_str().unwrap());
        let rows = theirs["partitions"].as_array().unwrap();
        assert_eq!((ours.partitions.len(), rows.len()), (3, 3));
        for (partition, row) in ours.partitions.iter().zip(rows) {
            assert_eq!(partition.start, row["start"].as_u64().unwrap() * 512);
            assert_eq!(partition.size, row["size"].as_u64().unwrap() * 512);
            assert_eq!(partition.label.as_deref(), row["name"].as_str());
            assert_eq!(partition.guid.as_ref().unwrap().to_uppercase(), row["uuid"].as_str().unwrap());
            assert_eq!(partition.kind.as_ref().unwrap().guid().to_uppercase(), row["type"].as_str().unwrap());
        }
        assert_eq!(ours.problems.is_empty(), !broken, "{:?}", ours.problems);
    }
}

#[test]
fn f13_sfdisk_judges_a_long_header_the_same() {
    for size in [512, 96] {
        let mut machine = Machine::new();
        let path = machine.disk("vda", "root", 512, &vec![0; usize::try_from(64 * MIB).unwrap()]);
        if sfdisk(&["--quiet"], &path, SCRIPT).is_none() {
            return;
        }
        let mut bytes = fs::read(&path).unwrap();
        super::lengthen(&mut bytes, 512, size);
        let end = bytes.len() - 512;
        super::lengthen(&mut bytes, end, size);
        fs::write(&path, bytes).unwrap();
        let theirs = sfdisk(&["--verify"], &path, "").unwrap();
        assert!(theirs.contains("No errors detected"), "{size}: {theirs}");
        assert_eq!(only(&machine).table.problems, [] as [String; 0], "{size}");
    }
}
