//! Machines and expectations as tables: what is met, what is not, and what is unknown.

use super::*;
use crate::disks::tests::machine::{MIB, Machine, image, mbr};
use crate::disks::{PartitionType, TableCopy};

fn expecting(json: &str) -> Expectations {
    crate::config::of(&format!(
        r#"{{"node_id": "node04", "leader_url": "https://node01:2379", "raft_addr": "10.0.1.13:2380", "expect": {json}}}"#
    ))
    .expect
}

/// 4 GiB and two CPUs, two links of which one is up, and a disk of 64 MiB with an ESP of 8 and a root of 16.
fn inventory() -> Inventory {
    let mut machine = Machine::new();
    machine.disk("vda", "root", 512, &image(512));
    let mut inventory = Inventory::take(machine.root());
    inventory.memory = Memory { installed: Some(4 << 30), usable: Some(4_100_000_000) };
    inventory.processor.cpus = Some(2);
    let link = |name: &str, mac: &str, state: &str| Link {
        name: name.to_owned(),
        mac: Some(mac.to_owned()),
        state: Some(state.to_owned()),
        ..Link::default()
    };
    inventory.links = vec![link("eth0", "52:54:00:00:00:01", "up"), link("eth1", "52:54:00:00:00:02", "down")];
    inventory
}

fn reported(json: &str, inventory: &Inventory) -> Vec<String> {
    unmet(&expecting(json), inventory, None).iter().map(|unmet| format!("{}: {unmet}", unmet.outlook)).collect()
}

#[test]
fn what_is_there_is_met() {
    for json in [
        "{}",
        r#"{"memory": "4GiB", "cpus": 2, "disks": 1}"#,
        r#"{"partitions": {"esp": "8MiB", "root": "16MiB"}}"#,
        r#"{"partitions": {"root disk": "0B", "root-x86-64": "1B"}}"#,
        r#"{"partitions": {"C12A7328-F81F-11D2-BA4B-00A0C93EC93B": "1MiB"}}"#,
        r#"{"links": ["any", "eth0", "52:54:00:00:00:01"], "clock": true}"#,
    ] {
        assert_eq!(reported(json, &inventory()), [] as [String; 0], "{json}");
    }
}

#[test]
fn what_is_missing_is_reported_with_what_is_there() {
    for (json, is) in [
        (r#"{"memory": "8GiB"}"#, "blocked: expected at least 8GiB of memory, found 4 GiB installed"),
        (r#"{"cpus": 4}"#, "blocked: expected at least 4 CPUs, found 2"),
        (r#"{"disks": 2}"#, "blocked: expected at least 2 disks, found vda"),
        (
            r#"{"partitions": {"esp": "1GiB"}}"#,
            "blocked: expected a partition esp of at least 1GiB, found 8 MiB on vda",
        ),
        (
            r#"{"partitions": {"data": "1GiB"}}"#,
            "blocked: expected a partition data of at least 1GiB, found esp on vda, root disk on vda",
        ),
        (r#"{"links": ["eth1"]}"#, "waited for: expected link eth1 up, found eth1 down"),
        (r#"{"links": ["52:54:00:00:00:02"]}"#, "waited for: expected link 52:54:00:00:00:02 up, found eth1 down"),
        (r#"{"links": ["bond0"]}"#, "waited for: expected link bond0 up, found no such link"),
    ] {
        assert_eq!(reported(json, &inventory()), [is], "{json}");
    }
}

#[test]
fn any_link_is_unmet_where_none_is_up() {
    let mut inventory = inventory();
    inventory.links.remove(0);
    assert_eq!(
        reported(r#"{"links": ["any"]}"#, &inventory),
        ["waited for: expected a network link up, found eth1 down"]
    );
}

#[test]
fn a_clock_before_the_build_date_is_unmet_where_it_is_expected() {
    let clock = ("1980-01-01T00:00:00+00:00".to_owned(), "2026-11-25T00:00:00+00:00".to_owned());
    let of = |json: &str| unmet(&expecting(json), &inventory(), Some(&clock));
    assert_eq!(of("{}"), []);
    let [unmet] = &of(r#"{"clock": true}"#)[..] else { panic!("one") };
    assert_eq!((unmet.outlook, unmet.found.as_str()), (Outlook::Passing, "1980-01-01T00:00:00+00:00"));
}

#[test]
fn the_kernels_own_memory_is_not_missing_where_the_installed_size_is_unknown() {
    let mut inventory = inventory();
    for (usable, is_met) in [(7_600_000_000, true), (7_400_000_000, false)] {
        inventory.memory = Memory { installed: None, usable: Some(usable) };
        assert_eq!(reported(r#"{"memory": "8GiB"}"#, &inventory).is_empty(), is_met, "{usable}");
    }
}

#[test]
fn what_is_unknown_does_not_block() {
    let mut inventory = inventory();
    inventory.memory = Memory::default();
    inventory.processor.cpus = None;
    inventory.disks[0].table = Table::bare(TableKind::Unknown, Vec::new());
    let reported = reported(r#"{"memory": "8GiB", "cpus": 4, "partitions": {"esp": "1MiB"}}"#, &inventory);
    assert_eq!(reported.len(), 3);
    assert!(reported.iter().all(|reported| reported.starts_with("cannot be judged: expected ")), "{reported:?}");
    assert_eq!(blocker(&unmet(&expecting(r#"{"memory": "8GiB"}"#), &inventory, None)), None);
}

#[test]
fn what_udev_reports_is_judged_and_what_the_kernel_alone_reports_is_not() {
    let mut inventory = inventory();
    let table = &mut inventory.disks[0].table;
    assert_eq!((table.primary.take(), table.backup.take()), (Some(TableCopy::Good), Some(TableCopy::Good)));
    let data = r#"{"partitions": {"data": "1MiB"}}"#;
    assert!(reported(data, &inventory)[0].starts_with("blocked"));
    inventory.disks[0].table.partitions[1].kind = None;
    assert!(reported(data, &inventory)[0].starts_with("cannot be judged"));
    assert_eq!(
        reported(r#"{"partitions": {"root disk": "16MiB"}}"#, &inventory),
        [] as [String; 0],
        "its label is enough"
    );
}

#[test]
fn an_mbr_has_none_of_the_partitions_and_removable_disks_do_not_count() {
    let mut machine = Machine::new();
    machine.disk("vda", "old", 512, &mbr(MIB));
    let mut inventory = Inventory::take(machine.root());
    let found = "blocked: expected a partition esp of at least 1MiB, found no partition of a GPT";
    assert_eq!(reported(r#"{"partitions": {"esp": "1MiB"}}"#, &inventory), [found]);
    inventory.disks[0].removable = true;
    assert_eq!(reported(r#"{"disks": 1}"#, &inventory), ["blocked: expected at least 1 disk, found none"]);
}

#[test]
fn the_largest_of_several_counts_and_many_are_not_all_named() {
    let mut inventory = inventory();
    let mut second = inventory.disks[0].clone();
    second.name = "vdb".to_owned();
    second.table.partitions[0].size = 512 * MIB;
    second.table.partitions[1].kind = PartitionType::of_guid("0657fd6d-a4ab-43c4-84e5-0933c84b4f4f");
    inventory.disks.push(second.clone());
    assert_eq!(reported(r#"{"partitions": {"esp": "512MiB"}}"#, &inventory), [] as [String; 0]);
    inventory.disks.extend(std::iter::repeat_n(second, 9));
    let reported = reported(r#"{"partitions": {"data": "1MiB"}}"#, &inventory);
    assert!(reported[0].ends_with("others") && reported[0].len() < 300, "{reported:?}");
}

#[test]
fn one_blocker_lists_all_that_is_missing_and_what_to_do() {
    let unmet = unmet(
        &expecting(r#"{"memory": "8GiB", "cpus": 4, "links": ["eth1"], "partitions": {"esp": "1GiB"}}"#),
        &inventory(),
        None,
    );
    let blocker = blocker(&unmet).unwrap();
    assert_eq!(
        blocker.to_string(),
        "blocked: this machine is not what the configuration expects: expected at least 8GiB of memory, found 4 GiB \
         installed / expected at least 4 CPUs, found 2 / expected a partition esp of at least 1GiB, found 8 MiB on vda; \
         add memory, add CPUs, make partition esp larger, or change `expect` in the configuration"
    );
    assert_eq!(blocker.reason.split_once("; "), None, "`status` divides reason and remedy there");
}
