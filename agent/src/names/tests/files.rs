//! Files as people, DHCP clients and other systems leave them.

use std::time::Duration;

use super::super::hosts::address_of;
use super::super::resolv_conf::{Draft, ResolvConf};
use super::super::server::Server;
use super::super::unresolved::Failure;
use super::Machine;

fn read(text: impl AsRef<[u8]>) -> ResolvConf {
    let mut draft = Draft::default();
    text.as_ref().split(|byte| *byte == b'\n').for_each(|line| draft.take(line));
    draft.finish(Some("node01.prod.example.com"))
}

fn servers(conf: &ResolvConf) -> Vec<String> {
    conf.servers.iter().map(ToString::to_string).collect()
}

#[test]
fn f07_what_makes_no_sense_in_resolv_conf_is_passed_over_and_all_else_holds() {
    let long = "x".repeat(64);
    for odd in [
        "search prod..example.com",
        "search example..com .example.com ex_ample.com/ -",
        "search b\u{fc}ro.example.com",
        &format!("search {long}.example.com"),
        &format!("search {}", [&long[..60]; 5].join(".")),
        "domain prod..example.com",
        "domain",
        "search",
        "search # nothing",
        "options",
        "options no-such-option ndots timeout: attempts:many ndots:",
        "nameserver",
        "nameserver dns.example.com",
        "nameserver 10.0.0.256",
        "nameserver 010.0.0.53",
        "nameserver fe80::1%",
        "nameserver fe80::1%a-name-too-long-for-an-interface",
        "nameserver 10.0.0.1%eth0",
        "nameservers 10.0.0.66",
        "sortlist 130.155.160.0/255.255.240.0",
        "lookup file bind",
        ";; a comment of dhclient",
        "#nameserver 10.0.0.66",
        "\u{feff}",
        "\0\0\0\0",
    ] {
        let good = "nameserver 10.0.0.53\nsearch a.example b.example.\noptions ndots:2";
        for text in [format!("{odd}\n{good}"), format!("{good}\n{odd}"), format!("{odd}\r\n{good}\r\n")] {
            let conf = read(&text);
            assert_eq!(servers(&conf), ["10.0.0.53"], "{text}");
            assert_eq!((conf.search, conf.ndots), (vec!["a.example".to_owned(), "b.example".to_owned()], 2), "{text}");
        }
    }
    let conf = read(b"nameserver 10.0.0.53\nsearch b\xfcro a.example \xff\nnameserver \xff\n\xff\xfe\n");
    assert_eq!((servers(&conf), conf.search), (vec!["10.0.0.53".to_owned()], vec!["a.example".to_owned()]));
}

#[test]
fn f07_what_makes_sense_is_read_however_it_is_written() {
    let text = "\t nameserver\t10.0.0.53 # the first\r\nnameserver fd00::53 extra words\nnameserver 10.0.0.55;\n\
                nameserver 10.0.0.55\nnameserver 10.0.0.56\nsearch one.example\ndomain two.example three.example";
    let conf = read(text);
    assert_eq!(servers(&conf), ["10.0.0.53", "fd00::53", "10.0.0.55"], "three are asked, as by the C library");
    assert_eq!(conf.search, ["two.example"], "the last of the two counts");

    let conf = read("\u{feff}nameserver 10.0.0.53");
    assert_eq!(conf.search, ["prod.example.com"], "the domain of the machine, where none is named");
    assert_eq!((conf.ndots, conf.bound), (1, Duration::from_secs(5)));
    assert_eq!(read("search .").search, [""], "nothing is to be searched");
    assert_eq!(Draft::default().finish(Some("node01")).search, Vec::<String>::new());
}

#[test]
fn f30_options_are_kept_within_the_bounds_of_the_c_library() {
    for (options, ndots, seconds) in [
        ("timeout:0", 1, 5),
        ("timeout:0 attempts:0", 1, 5),
        ("timeout:-1 attempts:-5 ndots:-1", 1, 5),
        ("timeout:1 attempts:2", 1, 5),
        ("timeout:10", 1, 10),
        ("timeout:5 attempts:3", 1, 15),
        ("timeout:99999999999999999999 attempts:4294967296", 1, 30),
        ("timeout:7s ndots:0", 0, 7),
        ("ndots:255", 15, 5),
    ] {
        let conf = read(format!("nameserver 10.0.0.53\noptions {options}\n"));
        assert_eq!((conf.ndots, conf.bound), (ndots, Duration::from_secs(seconds)), "{options}");
    }
    let conf = read("options no-aaaa\noptions use-vc timeout:9\noptions rotate");
    assert!(conf.no_aaaa && conf.use_vc && conf.bound == Duration::from_secs(9), "{conf:?}");
    let rotated = read("nameserver 10.0.0.1\nnameserver 10.0.0.2\noptions rotate");
    assert_eq!(rotated.servers.len(), 2);
}

#[test]
fn f08_a_link_local_server_is_asked_through_its_interface() {
    let at = |text: &str| Server::parse(text).unwrap().at(53).map(|at| at.to_string());
    // The loopback interface is the first of every network namespace.
    assert_eq!(at("fe80::53%lo").as_deref(), Ok("[fe80::53%1]:53"));
    assert_eq!(at("fe80::53%1").as_deref(), Ok("[fe80::53%1]:53"));
    assert_eq!(at("fe80::53%4294967295").as_deref(), Ok("[fe80::53%4294967295]:53"));
    assert_eq!(at("fe80::53%nic9").unwrap_err(), Failure::NoInterface("nic9".to_owned()));
    assert_eq!(at("fe80::53").unwrap_err(), Failure::NoZone);
    assert_eq!(at("fd00::53").as_deref(), Ok("[fd00::53]:53"));
    assert_eq!(at("::ffff:10.0.0.53").as_deref(), Ok("10.0.0.53:53"), "an IPv4 server, however it is written");
    assert_eq!(servers(&read("nameserver fe80::53%eth0\nnameserver fe80::53%2")), ["fe80::53%eth0", "fe80::53%2"]);
}

#[test]
fn f29_every_line_of_the_hosts_file_is_read_for_itself() {
    let found = |line: &[u8]| address_of(line, "node01.example.com").map(|address| address.to_string());
    let long = [b"10.0.1.10 ", vec![b'x'; 1 << 20].as_slice(), b" node01.example.com"].concat();
    for line in [
        &b"10.0.1.10 node01.example.com"[..],
        b"10.0.1.10\tnode01.example.com\r",
        b"  10.0.1.10 \x0b node01 Node01.EXAMPLE.com. # the first",
        b"10.0.1.10 b\xfcro node01.example.com",
        b"10.0.1.10 node01.example.com#b\xfcro",
        &long,
    ] {
        assert_eq!(found(line).as_deref(), Some("10.0.1.10"), "{}", String::from_utf8_lossy(line));
    }
    assert_eq!(found(b"fd00::10 node01.example.com").as_deref(), Some("fd00::10"));
    assert_eq!(found(b"::ffff:10.0.1.10 node01.example.com").as_deref(), Some("10.0.1.10"));
    for line in [
        &b""[..],
        b"#10.0.1.10 node01.example.com",
        b"10.0.1.10 node01 # node01.example.com",
        b"10.0.1.10",
        b"10.0.1 node01.example.com",
        b"10.0.1.010 node01.example.com",
        b"10.0.1.10,node01.example.com",
        b"node01.example.com 10.0.1.10",
        b"fe80::1%eth0 node01.example.com",
        b"\xff 10.0.1.10 node01.example.com",
        b"10.0.1.10 xnode01.example.com node01.example.comx",
    ] {
        assert_eq!(found(line), None, "{}", String::from_utf8_lossy(line));
    }
}

#[tokio::test]
async fn f29_one_bad_line_costs_that_line_alone() {
    let hosts = b"# b\xfcro\n10.0.9.9 \xff\n\xff\xfe\x00\n10.0.1.10 leader\n10.0.1.11 other Leader\nfd00::10 leader";
    let machine = Machine::new(hosts, "", 1);
    assert_eq!(machine.addresses("LEADER.").await.unwrap(), ["10.0.1.10", "10.0.1.11", "fd00::10"]);
}
