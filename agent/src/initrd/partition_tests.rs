//! Partitions as the search meets them: several of one kind, the file under another name, what comes late. Instead of a mount
//! the reader of these tests has a folder for each device, `parts/NAME`.

use std::fs;
use std::path::Path;

use gpt::partition_types::LINUX_ROOT_X64;
use tokio::sync::Notify;

use crate::boot::BootKind;
use crate::delivery::{Candidate, Content, Digest, Listing, Parameters, Unreadable};
use crate::disks::tests::machine::{MIB, break_header, mbr, with_partitions};

use super::search::{Found, Search};
use super::tests::{BOOTSTRAP, INSTALLED, Initrd, Reported, config_of};

/// What is in the folder of the device: the file, or a listing with the names that are there.
fn read(candidate: &Candidate, place: &Path) -> Result<Content, Unreadable> {
    let root = place.ancestors().nth(3).unwrap();
    let folder = root.join("parts").join(candidate.device.file_name().unwrap());
    if let Ok(bytes) = fs::read(folder.join("cluster-config.json")) {
        return Ok(Content::Configuration(bytes));
    }
    let names: Vec<String> = fs::read_dir(folder)
        .map_err(Unreadable::Partition)?
        .flatten()
        .map(|entry| format!("{:?}", entry.file_name().to_string_lossy()))
        .collect();
    let resembles = names.iter().any(|name| name.contains("json"));
    Ok(Content::Otherwise(Listing { names, more: 0, resembles, is_ours: true }))
}

const OURS: &str = "6e328cbc-545f-4c41-9d31-5b8f86844c39";
const ESP: &str = "c12a7328-f81f-11d2-ba4b-00a0c93ec93b";

/// A disk with one partition, whose file is this, as kernel and udev show it.
fn plug_in(initrd: &Initrd, disk: &str, label: &str, kind: &str, files: &[(&str, &str)]) {
    let minor = u32::from(*disk.as_bytes().last().unwrap()) * 16;
    let at = format!("sys/class/block/{disk}");
    initrd.write(&format!("{at}/device/vendor"), "x");
    initrd.write(&format!("{at}/size"), "2048\n");
    initrd.write(&format!("{at}/dev"), &format!("254:{minor}\n"));
    initrd.write(&format!("{at}/{disk}1/dev"), &format!("254:{}\n", minor + 1));
    initrd.write(
        &format!("run/udev/data/b254:{}", minor + 1),
        &format!("E:ID_PART_ENTRY_NAME={label}\nE:ID_PART_ENTRY_TYPE={kind}\n"),
    );
    fs::create_dir_all(initrd.path(&format!("parts/{disk}1"))).unwrap();
    for (name, text) in files {
        initrd.write(&format!("parts/{disk}1/{name}"), text);
    }
    initrd.write(&format!("{at}/{disk}1/partition"), "1\n");
    // The kernel shows it in /dev last.
    initrd.write(&format!("dev/{disk}1"), "");
}

fn pull_out(initrd: &Initrd, disk: &str) {
    fs::remove_dir_all(initrd.path(&format!("sys/class/block/{disk}"))).unwrap();
    fs::remove_file(initrd.path(&format!("dev/{disk}1"))).unwrap();
}

async fn search(initrd: &Initrd, reported: &Reported, root: impl Future<Output = ()>) -> Found {
    let stage = initrd.stage();
    let mut search = Search::new(&stage.options, &stage.sysroot, &stage.parameters, reported);
    search.read = read;
    Box::pin(search.run(root)).await
}

fn source(found: &Found) -> Option<String> {
    found.delivery.as_ref().map(|delivery| delivery.source.to_string())
}

fn said(reported: &Reported, name: &str) -> Vec<String> {
    reported.0.borrow().iter().filter(|event| event.meaning().name == name).map(ToString::to_string).collect()
}

const NAME: &str = "first-boot-config";
const FILE: &str = "cluster-config.json";

#[tokio::test]
async fn f51_two_partitions_that_differ_are_both_named_and_neither_is_taken() {
    for (one, other) in [(OURS, OURS), ("", ""), (OURS, "")] {
        let (initrd, reported) = (Initrd::with_root("ext4"), Reported::default());
        plug_in(&initrd, "sda", NAME, one, &[(FILE, &config_of("node04"))]);
        plug_in(&initrd, "sdb", NAME, other, &[(FILE, &config_of("node05"))]);
        let found = search(&initrd, &reported, async {}).await;
        assert_eq!(source(&found), None, "{:?}", reported.0);
        let [refused] = &said(&reported, "ConfigurationRefused")[..] else { panic!("{:?}", reported.0) };
        for part in ["/dev/sda1", "/dev/sdb1", "node04", "node05"] {
            assert!(refused.contains(part), "{refused}");
        }
        assert!(refused.contains(&Digest::of(config_of("node05").as_bytes()).to_string()), "{refused}");
        assert_eq!(found.refused.len(), 1, "the units know of it");
    }
}

#[tokio::test]
async fn f51_two_partitions_with_the_same_bytes_are_one_configuration() {
    let (initrd, reported) = (Initrd::with_root("ext4"), Reported::default());
    plug_in(&initrd, "sda", NAME, OURS, &[(FILE, &config_of("node04"))]);
    plug_in(&initrd, "sdb", NAME, "", &[(FILE, &config_of("node04"))]);
    // The ESP is another kind, and comes after.
    plug_in(&initrd, "sdc", "esp", ESP, &[(FILE, &config_of("node05"))]);
    let found = search(&initrd, &reported, async {}).await;
    assert!(source(&found).unwrap().contains("/dev/sda1"), "{:?}", reported.0);
    assert_eq!((said(&reported, "ConfigurationDelivered").len(), found.refused.len()), (1, 0), "{:?}", reported.0);
}

#[tokio::test]
async fn a_label_in_another_spelling_is_the_same_and_nothing_bootstraps_past_it() {
    for label in
        ["First-Boot-Config", "first_boot_config", "FIRST_BOOT-CONFIG", " first-boot-config ", "First Boot Config"]
    {
        let (initrd, reported) = (Initrd::with_root("ext4"), Reported::default());
        plug_in(&initrd, "sda", label, "", &[(FILE, &config_of("node04"))]);
        initrd.write(INSTALLED, BOOTSTRAP);
        let found = search(&initrd, &reported, async {}).await;
        assert!(source(&found).is_some_and(|source| source.contains("/dev/sda1")), "{label:?}: {:?}", reported.0);
    }
    for label in ["first-boot-configs", "my-first-boot-config", "firstbootconfig"] {
        let (initrd, reported) = (Initrd::with_root("ext4"), Reported::default());
        plug_in(&initrd, "sda", label, "", &[(FILE, &config_of("node04"))]);
        assert_eq!(source(&search(&initrd, &reported, async {}).await), None, "{label:?}");
    }
}

#[tokio::test]
async fn f51_two_esps_of_different_age_are_not_chosen_from() {
    let (initrd, reported) = (Initrd::with_root("ext4"), Reported::default());
    plug_in(&initrd, "sda", "esp", ESP, &[(FILE, &config_of("node04"))]);
    plug_in(&initrd, "sdb", "esp", ESP, &[(FILE, BOOTSTRAP)]);
    initrd.write(INSTALLED, BOOTSTRAP);
    let found = search(&initrd, &reported, async {}).await;
    assert_eq!(source(&found), None, "nor does anybody bootstrap behind them: {:?}", reported.0);
    assert!(
        said(&reported, "ConfigurationRefused").iter().any(|refused| refused.contains("they differ")),
        "{:?}",
        reported.0
    );
}

/// The same, as soon as there is a file `go` beside the folders.
fn read_late(candidate: &Candidate, place: &Path) -> Result<Content, Unreadable> {
    let root = place.ancestors().nth(3).unwrap();
    while candidate.device.ends_with("sda1") && !root.join("go").exists() {
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    read(candidate, place)
}

#[tokio::test]
async fn a_slow_partition_is_taken_when_it_answers_and_holds_no_other() {
    // Side by side: each waits until a partition counts as silent.
    futures_util::future::join_all([false, true].map(async |has_another| {
        let (initrd, reported, root) = (Initrd::with_root("ext4"), Reported::default(), Notify::new());
        plug_in(&initrd, "sda", NAME, OURS, &[(FILE, &config_of("node04"))]);
        if has_another {
            plug_in(&initrd, "sdb", NAME, OURS, &[(FILE, &config_of("node05"))]);
        }
        let stage = initrd.stage();
        let mut search = Search::new(&stage.options, &stage.sysroot, &stage.parameters, &reported);
        search.read = read_late;
        let coming = async {
            until_said(&reported, "HardwareSilent").await;
            if has_another {
                until_said(&reported, "ConfigurationDelivered").await;
            }
            initrd.write("go", "");
            until_said(&reported, if has_another { "ConfigurationRefused" } else { "ConfigurationDelivered" }).await;
            root.notify_one();
        };
        let (found, ()) = tokio::join!(Box::pin(search.run(root.notified())), coming);
        assert_eq!(source(&found).is_some(), !has_another, "{:?}", reported.0);
    }))
    .await;
}

#[tokio::test]
async fn a_partition_that_never_answers_counts_as_broken_when_the_root_is_there() {
    let (initrd, reported) = (Initrd::with_root("ext4"), Reported::default());
    plug_in(&initrd, "sda", NAME, OURS, &[(FILE, &config_of("node04"))]);
    plug_in(&initrd, "sdb", "esp", ESP, &[(FILE, BOOTSTRAP)]);
    let stage = initrd.stage();
    let mut search = Search::new(&stage.options, &stage.sysroot, &stage.parameters, &reported);
    search.read = read_late;
    let found = Box::pin(search.run(async {})).await;
    initrd.write("go", "");
    assert_eq!(source(&found), None, "it may have said to join: {:?}", reported.0);
    assert!(
        said(&reported, "ConfigurationRefused").iter().any(|refused| refused.contains("did not answer")),
        "{:?}",
        reported.0
    );
}

/// Waits until something is said.
async fn until_said(reported: &Reported, name: &str) {
    while said(reported, name).is_empty() {
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
}

#[tokio::test]
async fn f51_which_appears_first_means_nothing() {
    let (initrd, reported, root) = (Initrd::with_root("ext4"), Reported::default(), Notify::new());
    plug_in(&initrd, "sda", "esp", ESP, &[(FILE, &config_of("node04"))]);
    let coming = async {
        until_said(&reported, "ConfigurationDelivered").await;
        plug_in(&initrd, "sdb", NAME, OURS, &[(FILE, &config_of("node05"))]);
        // It is looked at with the one before it, or after.
        plug_in(&initrd, "sdc", NAME, OURS, &[]);
        until_said(&reported, "PartitionWithoutConfiguration").await;
        root.notify_one();
    };
    let (found, ()) = tokio::join!(search(&initrd, &reported, root.notified()), coming);
    assert!(source(&found).unwrap().contains("/dev/sdb1"), "a partition of ours comes before an ESP: {:?}", reported.0);
    assert_eq!(said(&reported, "ConfigurationDelivered").len(), 2, "{:?}", reported.0);
}

#[tokio::test]
async fn f51_a_second_one_may_come_until_the_root_is_there() {
    let (initrd, reported, root) = (Initrd::with_root("ext4"), Reported::default(), Notify::new());
    plug_in(&initrd, "sda", NAME, OURS, &[(FILE, &config_of("node04"))]);
    let coming = async {
        until_said(&reported, "ConfigurationDelivered").await;
        plug_in(&initrd, "sdb", NAME, OURS, &[(FILE, &config_of("node05"))]);
        until_said(&reported, "ConfigurationRefused").await;
        root.notify_one();
    };
    let (found, ()) = tokio::join!(search(&initrd, &reported, root.notified()), coming);
    assert_eq!((source(&found), found.kind), (None, BootKind::FirstBoot), "{:?}", reported.0);
}

#[tokio::test]
async fn f51_what_is_left_when_the_other_is_pulled_out_is_taken() {
    let (mut initrd, reported) = (Initrd::with_root("ext4"), Reported::default());
    initrd.parameters = Parameters::read("first_boot.required first_boot.timeout=10min").0;
    plug_in(&initrd, "sda", NAME, OURS, &[(FILE, &config_of("node04"))]);
    plug_in(&initrd, "sdb", NAME, OURS, &[(FILE, &config_of("node05"))]);
    let coming = async {
        until_said(&reported, "ConfigurationRefused").await;
        pull_out(&initrd, "sda");
        // Something appears, as devices do.
        initrd.write("dev/null", "");
    };
    let (found, ()) = tokio::join!(search(&initrd, &reported, async {}), coming);
    assert!(source(&found).unwrap().contains("/dev/sdb1"), "{:?}", reported.0);
}

#[tokio::test]
async fn f52_what_the_partition_holds_instead_is_said() {
    let (initrd, reported) = (Initrd::with_root("ext4"), Reported::default());
    plug_in(&initrd, "sda", NAME, OURS, &[("cluster-config.json.txt", "{}"), ("README", "")]);
    plug_in(&initrd, "sdb", NAME, "", &[]);
    let found = search(&initrd, &reported, async {}).await;
    assert_eq!(source(&found), None);
    let [refused] = &said(&reported, "ConfigurationRefused")[..] else { panic!("{:?}", reported.0) };
    assert!(refused.contains("the partition is there; it holds "), "{refused}");
    assert!(
        refused.contains("\"cluster-config.json.txt\"") && refused.contains("and no cluster-config.json"),
        "{refused}"
    );
    let [empty] = &said(&reported, "PartitionWithoutConfiguration")[..] else { panic!("{:?}", reported.0) };
    assert!(empty.contains("/dev/sdb1") && empty.contains("it is empty"), "{empty}");
}

#[tokio::test]
async fn f52_m11_a_file_of_another_name_may_have_said_to_join() {
    for (name, is_taken) in [("cluster-config.json.txt", false), ("README", true)] {
        let (initrd, reported) = (Initrd::with_root("ext4"), Reported::default());
        plug_in(&initrd, "sda", NAME, OURS, &[(name, "{}")]);
        initrd.write(INSTALLED, BOOTSTRAP);
        let found = search(&initrd, &reported, async {}).await;
        assert_eq!(source(&found).is_some(), is_taken, "{:?}", reported.0);
        assert_eq!(found.refused.len(), usize::from(!is_taken), "{:?}", reported.0);
    }
}

#[tokio::test]
async fn a_partition_that_cannot_be_read_is_named_and_an_esp_is_not() {
    let (initrd, reported) = (Initrd::with_root("ext4"), Reported::default());
    plug_in(&initrd, "sda", NAME, OURS, &[]);
    plug_in(&initrd, "sdb", "esp", ESP, &[]);
    fs::remove_dir_all(initrd.path("parts")).unwrap();
    search(&initrd, &reported, async {}).await;
    let [refused] = &said(&reported, "ConfigurationRefused")[..] else { panic!("{:?}", reported.0) };
    assert!(refused.contains("/dev/sda1") && refused.contains("cannot be read"), "{refused}");
}

#[tokio::test]
async fn a_partition_of_ours_that_the_kernel_does_not_show_is_named() {
    for label in [NAME, "First_Boot_Config"] {
        let (initrd, reported) = (Initrd::with_root("ext4"), Reported::default());
        let mut bytes = with_partitions(512, 8 * MIB, &[(label, LINUX_ROOT_X64, 4)]);
        break_header(&mut bytes, 512, false);
        initrd.write("sys/class/block/sda/device/vendor", "x");
        initrd.write("sys/class/block/sda/size", &format!("{}\n", bytes.len() / 512));
        initrd.write("dev/null", "");
        fs::write(initrd.path("dev/sda"), bytes).unwrap();
        initrd.write(INSTALLED, BOOTSTRAP);
        let found = search(&initrd, &reported, async {}).await;
        let refused = &said(&reported, "ConfigurationRefused")[0];
        assert!(
            refused.contains("partition 1 (first-boot-config) of /dev/sda") && refused.contains("gpt"),
            "{refused}"
        );
        assert_eq!(source(&found), None, "it may have said to join: {:?}", reported.0);
    }
}

#[tokio::test]
async fn f52_a_usb_drive_without_a_gpt_is_named_where_nothing_was_found() {
    let initrd = Initrd::with_root("ext4");
    initrd.write("dev/null", "");
    for (disk, removable, bytes) in [("sda", "1", mbr(MIB)), ("sdb", "1", vec![0; 1 << 20]), ("sdc", "0", mbr(MIB))] {
        initrd.write(&format!("sys/class/block/{disk}/device/vendor"), "x");
        initrd.write(&format!("sys/class/block/{disk}/removable"), removable);
        initrd.write(&format!("sys/class/block/{disk}/size"), "2048\n");
        fs::write(initrd.path(&format!("dev/{disk}")), bytes).unwrap();
    }
    let reported = Reported::default();
    initrd.stage().run(std::future::ready(()), &reported).await;
    let missing = &said(&reported, "ConfigurationMissing")[0];
    assert!(missing.contains("/dev/sda has an MBR") && missing.contains("/dev/sdb has no partitions"), "{missing}");
    assert!(!missing.contains("sdc"), "{missing}");
}
