//! What arrives at the other end of the notify socket.

use super::Notifier;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};

fn received(socket: &UnixDatagram) -> String {
    let mut buffer = [0; 8192];
    let length = socket.recv(&mut buffer).unwrap();
    String::from_utf8(buffer[..length].to_vec()).unwrap()
}

#[test]
fn messages_arrive_and_a_status_stays_on_its_line() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("notify");
    let manager = UnixDatagram::bind(&path).unwrap();
    let notifier = Notifier::at(Some(path.into()));
    notifier.status("waiting for chainfire.service\nREADY=1");
    assert_eq!(received(&manager), "STATUS=waiting for chainfire.service\\nREADY=1\n");
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
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("notify");
    let manager = UnixDatagram::bind(&path).unwrap();
    let notifier = Notifier::at(Some(path.into()));
    for number in 0..10_000 {
        notifier.status(&number.to_string());
    }
    assert_eq!(received(&manager), "STATUS=0\n");
}

#[test]
fn without_a_manager_it_is_silent() {
    for address in [None, Some("/nonexistent/notify".into())] {
        Notifier::at(address).status("x");
    }
}
