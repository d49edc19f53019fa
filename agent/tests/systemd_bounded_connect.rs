//! Connecting never takes long and always says why it failed; none of this needs a systemd.

use std::os::unix::net::UnixListener;
use std::path::Path;
use std::time::{Duration, Instant};

use first_boot_agent::systemd::{ConnectCause, Endpoints, Systemd, SystemdError};

fn endpoints(folder: &Path) -> Endpoints {
    Endpoints { bus: format!("unix:path={}", folder.join("bus").display()), private: folder.join("private") }
}

#[tokio::test]
async fn d5_without_any_systemd_the_error_names_both_causes_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let started = Instant::now();
    let error = Systemd::connect_at(endpoints(folder.path())).await.unwrap_err();
    assert!(started.elapsed() < Duration::from_millis(500));
    let text = error.to_string();
    assert!(text.contains("/bus)") && text.contains("/private)") && text.contains("run"), "{text}");
}

#[tokio::test]
async fn sockets_that_never_answer_are_given_up_after_a_second_each() {
    let folder = tempfile::tempdir().unwrap();
    let _bus = UnixListener::bind(folder.path().join("bus")).unwrap();
    let _private = UnixListener::bind(folder.path().join("private")).unwrap();
    let started = Instant::now();
    let error = Systemd::connect_at(endpoints(folder.path())).await.unwrap_err();
    assert!(started.elapsed() < Duration::from_secs(4));
    let SystemdError::Unreachable { bus, private, .. } = &error else { panic!("{error}") };
    assert!(matches!(bus, ConnectCause::TimedOut(_)), "{bus}");
    assert!(matches!(private, ConnectCause::TimedOut(_)), "{private}");
}

#[tokio::test]
async fn an_address_that_is_none_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let broken = Endpoints { bus: "nonsense".to_owned(), ..endpoints(folder.path()) };
    let error = Systemd::connect_at(broken).await.unwrap_err();
    assert!(error.to_string().contains("(nonsense)"), "{error}");
}
