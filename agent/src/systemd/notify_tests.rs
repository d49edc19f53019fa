//! What arrives at the other end of the notify socket.

use super::Notifier;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::time::Duration;

fn received(socket: &UnixDatagram) -> String {
    let mut buffer = [0; 8192];
    let length = socket.recv(&mut buffer).unwrap();
    String::from_utf8(buffer[..length].to_vec()).unwrap()
}

/// A service manager that listens, and the line to it.
fn connected() -> (UnixDatagram, Notifier) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("notify");
    let manager = UnixDatagram::bind(&path).unwrap();
    (manager, Notifier::at(Some(path.into())))
}

/// The same, with more said than it has room for.
fn flooded() -> (UnixDatagram, Notifier) {
    let (manager, notifier) = connected();
    for number in 0..10_000 {
        notifier.status(&number.to_string());
    }
    (manager, notifier)
}

#[test]
fn messages_arrive_and_a_status_stays_on_its_line() {
    let (manager, notifier) = connected();
    notifier.status("waiting for chainfire.service\nREADY=1");
    assert_eq!(received(&manager), "STATUS=waiting for chainfire.service\\u{a}READY=1\n");
    notifier.status(&"ü\n".repeat(5000));
    assert!(received(&manager).len() < 4096);
}

#[test]
fn an_abstract_socket_is_reached() {
    let name = format!("first-boot-agent-test-{}", std::process::id());
    let manager = UnixDatagram::bind_addr(&SocketAddr::from_abstract_name(&name).unwrap()).unwrap();
    Notifier::at(Some(format!("@{name}").into())).status("x");
    assert_eq!(received(&manager), "STATUS=x\n");
}

#[test]
fn a_full_socket_does_not_hold_the_agent_up() {
    let (manager, _notifier) = flooded();
    assert_eq!(received(&manager), "STATUS=0\n");
}

#[test]
fn ready_waits_for_room() {
    let (manager, notifier) = flooded();
    let reader = std::thread::spawn(move || while received(&manager) != "READY=1\n" {});
    notifier.ready();
    reader.join().unwrap();
}

#[tokio::test(start_paused = true)]
async fn more_time_is_asked_for_while_something_is_waited_for() {
    let (manager, notifier) = connected();
    manager.set_nonblocking(true).unwrap();
    notifier.extending(tokio::time::sleep(Duration::from_mins(25))).await;
    for _ in 0..2 {
        assert_eq!(received(&manager), "EXTEND_TIMEOUT_USEC=1800000000\n");
    }
    assert!(manager.recv(&mut [0; 8]).is_err(), "after the wait the time is the unit's again");
}

#[test]
fn without_a_manager_it_is_silent() {
    for address in [None, Some("/nonexistent/notify".into())] {
        Notifier::at(address).status("x");
    }
}
