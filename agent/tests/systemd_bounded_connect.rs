//! Connecting never takes long and always says why it failed; none of this needs a systemd.

use std::os::unix::net::UnixListener;
use std::path::Path;
use std::time::Duration;

use first_boot_agent::systemd::{ConnectCause, Endpoints, Systemd, SystemdError};

fn endpoints(folder: &Path) -> Endpoints {
    Endpoints { bus: format!("unix:path={}", folder.join("bus").display()), private: folder.join("private") }
}

#[tokio::test]
async fn d5_without_any_systemd_the_error_names_both_causes_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let error = Systemd::connect_at(endpoints(folder.path())).await.unwrap_err();
    let SystemdError::Unreachable { bus, private, .. } = &error else { panic!("{error}") };
    for cause in [bus, private] {
        assert!(matches!(cause, ConnectCause::Failed(_)), "nothing was waited for: {cause}");
    }
    let text = error.to_string();
    assert!(text.contains("/bus)") && text.contains("/private)") && text.contains("run"), "{text}");
}

#[tokio::test]
async fn sockets_that_never_answer_are_given_up_after_a_second_each() {
    let folder = tempfile::tempdir().unwrap();
    let _bus = UnixListener::bind(folder.path().join("bus")).unwrap();
    let _private = UnixListener::bind(folder.path().join("private")).unwrap();
    let error = Systemd::connect_at(endpoints(folder.path())).await.unwrap_err();
    let SystemdError::Unreachable { bus, private, .. } = &error else { panic!("{error}") };
    for cause in [bus, private] {
        assert!(matches!(cause, ConnectCause::TimedOut(limit) if *limit == Duration::from_secs(1)), "{cause}");
    }
}

#[tokio::test]
async fn an_invalid_address_is_reported() {
    let folder = tempfile::tempdir().unwrap();
    let broken = Endpoints { bus: "nonsense".to_owned(), ..endpoints(folder.path()) };
    let error = Systemd::connect_at(broken).await.unwrap_err();
    assert!(error.to_string().contains("(nonsense)"), "{error}");
}
