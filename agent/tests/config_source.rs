//! Where the config is looked for, in which order, and which files are refused.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

use first_boot_agent::config::{
    ConfigError, ENCRYPTED_STORES, InitrdFindings, Options, Origin, Permissions, Source, SyntaxError, load,
};
use std::{
    fs::{self, File},
    os::unix::{
        fs::{PermissionsExt, symlink},
        net::UnixListener,
    },
    path::{Path, PathBuf},
};
use tempfile::TempDir;

const CONFIG: &str = r#"{"node_id":"node04","leader_url":"https://node01:2379","raft_addr":"10.0.1.13:2380"}"#;
const BOOTSTRAP: &str = r#"{"node_id":"node01","bootstrap":true,"initial_peers":["node01:2380"]}"#;

fn options(root: &TempDir) -> Options {
    Options {
        explicit: None,
        root: root.path().to_owned(),
        credentials_directory: None,
        host_name: None,
        permissions: Permissions::Refuse,
        strict: false,
        initrd: InitrdFindings::default(),
        is_member: false,
        quotes_nothing: false,
    }
}

fn write(path: &Path, text: impl AsRef<[u8]>, mode: u32) -> PathBuf {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    path.to_owned()
}

fn usual(root: &TempDir) -> PathBuf {
    root.path().join("etc/nixos/secrets/cluster-config.json")
}

#[test]
fn the_command_line_beats_the_credential_beats_the_usual_place() {
    let root = TempDir::new().unwrap();
    let mut options = options(&root);
    write(&usual(&root), CONFIG, 0o600);
    let loaded = load(&options).unwrap();
    assert_eq!(loaded.origin, Source::DefaultPath(usual(&root)));
    assert_eq!(loaded.checked.config.tls.certificate, root.path().join("etc/nixos/secrets/node04.crt"));

    options.credentials_directory = Some(root.path().join("credentials"));
    assert!(matches!(load(&options).unwrap().origin, Source::DefaultPath(_)));
    let credential = write(&root.path().join("credentials/cluster-config"), CONFIG, 0o444);
    let loaded = load(&options).unwrap();
    assert_eq!(loaded.origin, Source::Credential(credential));
    assert_eq!(loaded.checked.provenance()[0].origin, Origin::Credential);

    options.explicit = Some(write(&root.path().join("mine.json"), CONFIG, 0o640));
    assert!(matches!(load(&options).unwrap().origin, Source::CommandLine(_)));
}

#[test]
fn a_missing_file_is_reported_with_every_place_tried() {
    let root = TempDir::new().unwrap();
    let mut options = options(&root);
    options.credentials_directory = Some("/nowhere".into());
    let error = load(&options).unwrap_err();
    let text = error.to_string();
    assert!(text.starts_with("Configuration file not found: looked at /nowhere/cluster-config, "), "{text}");
    assert!(text.contains("etc/nixos/secrets/cluster-config.json"), "{text}");

    write(&usual(&root), CONFIG, 0o600);
    options.explicit = Some("/nowhere/mine.json".into());
    let ConfigError::NotFound(tried) = load(&options).unwrap_err() else { panic!("another file was taken") };
    assert_eq!(tried, [PathBuf::from("/nowhere/mine.json")]);
}

#[test]
fn x1_a_file_open_to_everybody_is_refused_or_warned_of() {
    let root = TempDir::new().unwrap();
    let mut options = options(&root);
    for mode in [0o644, 0o604, 0o602, 0o601] {
        let path = write(&usual(&root), CONFIG, mode);
        options.permissions = Permissions::Refuse;
        let text = load(&options).unwrap_err().to_string();
        assert!(text.contains(&format!("run `chmod 600 {}`", path.display())), "{text}");
        options.permissions = Permissions::Warn;
        let warnings = load(&options).unwrap().checked.warnings;
        assert!(warnings[0].found.contains(&format!("{mode:04o}")), "{warnings:?}");
    }
}

#[test]
fn what_is_no_regular_file_is_named() {
    let root = TempDir::new().unwrap();
    let mut options = options(&root);
    fs::create_dir_all(usual(&root)).unwrap();
    assert!(load(&options).unwrap_err().to_string().contains("is a directory, not a file"));
    let socket = root.path().join("socket");
    let _listener = UnixListener::bind(&socket).unwrap();
    options.explicit = Some(socket);
    assert!(load(&options).unwrap_err().to_string().contains("is a socket"));
    options.explicit = Some("/dev/zero".into());
    assert!(load(&options).unwrap_err().to_string().contains("is a device"));
    options.explicit = Some(write(&root.path().join("file"), CONFIG, 0o600).join("below"));
    let error = load(&options).unwrap_err();
    assert!(matches!(error, ConfigError::Unreadable { .. }), "{error}");
    assert!(error.to_string().contains("/file is a file and must be a directory"), "{error}");
}

#[test]
fn a_link_to_nothing_is_reported_as_one_and_not_passed_over() {
    let root = TempDir::new().unwrap();
    let mut options = options(&root);
    write(&usual(&root), CONFIG, 0o600);
    options.credentials_directory = Some(root.path().join("credentials"));
    fs::create_dir(root.path().join("credentials")).unwrap();
    symlink("/nowhere/at/all", root.path().join("credentials/cluster-config")).unwrap();
    let error = load(&options).unwrap_err().to_string();
    assert!(error.contains("it is a link to /nowhere/at/all, which does not exist; put the file there"), "{error}");
}

#[test]
fn a_huge_file_is_refused_unread() {
    let root = TempDir::new().unwrap();
    let path = write(&usual(&root), "", 0o600);
    // A sparse file: reading it all would show in the time and memory used.
    File::options().write(true).open(path).unwrap().set_len(1 << 40).unwrap();
    let ConfigError::Syntax(_, source) = load(&options(&root)).unwrap_err() else { panic!("it was read") };
    assert_eq!(source, SyntaxError::TooLarge(1 << 40));
}

#[test]
fn every_error_of_the_content_begins_alike_and_names_the_file() {
    let root = TempDir::new().unwrap();
    for bytes in [&b""[..], b"{", b"\xff", b"[]", b"{}", b"{\"node_id\":1}"] {
        let path = write(&usual(&root), bytes, 0o600);
        let error = load(&options(&root)).unwrap_err();
        let start = format!("Invalid configuration in {}: ", path.display());
        assert!(error.to_string().starts_with(&start), "{error}");
        assert_eq!(error.summary().lines().count(), 1, "{}", error.summary());
    }
}

#[test]
fn a_broken_one_is_passed_over_only_where_the_initrd_of_this_boot_has_done_so() {
    let root = TempDir::new().unwrap();
    let mut options = options(&root);
    write(&usual(&root), CONFIG, 0o600);
    let handed_over = write(&root.path().join("run/first-boot-agent/cluster-config.json"), "{", 0o600);
    let text = load(&options).unwrap_err().to_string();
    assert!(text.contains(handed_over.to_str().unwrap()), "{text}");

    options.initrd.has_found_one = true;
    let loaded = load(&options).unwrap();
    assert_eq!(loaded.origin, Source::DefaultPath(usual(&root)));
    assert!(loaded.passed_over[0].to_string().contains(handed_over.to_str().unwrap()), "{:?}", loaded.passed_over);

    write(&handed_over, CONFIG, 0o600);
    assert_eq!(load(&options).unwrap().origin, Source::HandedOver(handed_over));
}

#[test]
fn m11_what_would_bootstrap_is_not_taken_in_the_place_of_what_is_broken() {
    let root = TempDir::new().unwrap();
    let initrd = InitrdFindings { has_found_one: true, ..InitrdFindings::default() };
    let mut options = Options { initrd, ..options(&root) };
    write(&usual(&root), BOOTSTRAP, 0o600);
    assert!(load(&options).is_ok());
    let handed_over = write(&root.path().join("run/first-boot-agent/cluster-config.json"), "{", 0o600);
    let text = load(&options).unwrap_err().to_string();
    assert!(text.contains(handed_over.to_str().unwrap()), "{text}");
    // A member is in its cluster already.
    options.is_member = true;
    assert!(load(&options).is_ok());
}

#[test]
fn m11_an_encrypted_credential_that_did_not_arrive_is_broken_and_of_the_highest_priority() {
    let root = TempDir::new().unwrap();
    let mut options = options(&root);
    write(&usual(&root), BOOTSTRAP, 0o600);
    for store in ENCRYPTED_STORES {
        let path = write(&root.path().join(store).join("cluster-config"), "ciphertext", 0o600);
        // In a unit to which nothing was handed over, and by hand.
        for directory in [Some(root.path().join("credentials")), None] {
            options.credentials_directory = directory;
            options.initrd.has_found_one = false;
            let error = load(&options).unwrap_err();
            assert!(matches!(&error, ConfigError::NotDecrypted(named) if *named == path), "{error}");
            // Passed over where the initrd has done so, and then nothing bootstraps.
            options.initrd.has_found_one = true;
            let text = load(&options).unwrap_err().to_string();
            assert!(text.contains("would bootstrap") && text.contains(path.to_str().unwrap()), "{text}");
            write(&usual(&root), CONFIG, 0o600);
            assert!(matches!(load(&options).unwrap().passed_over[..], [ConfigError::NotDecrypted { .. }]));
            write(&usual(&root), BOOTSTRAP, 0o600);
        }
        fs::remove_file(path).unwrap();
    }
    // A dangling link is a credential that was meant, a store that is no directory holds none.
    options.initrd.has_found_one = false;
    let store = root.path().join("etc/credstore.encrypted");
    std::os::unix::fs::symlink("/nowhere", store.join("cluster-config")).unwrap();
    assert!(matches!(load(&options).unwrap_err(), ConfigError::NotDecrypted { .. }));
    fs::remove_dir_all(&store).unwrap();
    write(&store, "", 0o600);
    assert!(load(&options).is_ok());
}

#[test]
fn a_credential_that_the_initrd_has_decrypted_and_handed_over_is_not_broken_in_the_system() {
    let root = TempDir::new().unwrap();
    let initrd = InitrdFindings { has_found_one: true, has_decrypted: true, ..InitrdFindings::default() };
    let options = Options { initrd, ..options(&root) };
    let handed_over = write(&root.path().join("run/first-boot-agent/cluster-config.json"), BOOTSTRAP, 0o600);
    // What a TPM gives out in the initrd alone.
    write(&root.path().join("run/credentials/@encrypted/cluster-config"), "ciphertext", 0o600);
    let loaded = load(&options).unwrap();
    assert_eq!(loaded.origin, Source::HandedOver(handed_over.clone()));
    assert!(loaded.passed_over.is_empty());
    // Nothing else takes its place.
    fs::rename(&handed_over, root.path().join("lost")).unwrap();
    assert!(matches!(load(&options).unwrap_err(), ConfigError::NotDecrypted { .. }));
    fs::rename(root.path().join("lost"), &handed_over).unwrap();
    // One of the installed system is another one, which the initrd has not seen.
    write(&root.path().join("etc/credstore.encrypted/cluster-config"), "ciphertext", 0o600);
    assert!(matches!(load(&options).unwrap_err(), ConfigError::BootstrapsBehindBroken { .. }));
}

#[test]
fn what_systemd_has_decrypted_counts_whatever_is_in_the_stores() {
    let root = TempDir::new().unwrap();
    let mut options = options(&root);
    options.credentials_directory = Some(root.path().join("credentials"));
    write(&root.path().join("etc/credstore.encrypted/cluster-config"), "ciphertext", 0o600);
    let arrived = write(&root.path().join("credentials/cluster-config"), BOOTSTRAP, 0o400);
    assert_eq!(load(&options).unwrap().origin, Source::Credential(arrived));
    // Nor is what the command line names held up by it.
    options.credentials_directory = None;
    options.explicit = Some(write(&usual(&root), BOOTSTRAP, 0o600));
    assert!(load(&options).is_ok());
}

#[test]
fn m11_an_installed_bootstrap_is_not_taken_where_the_initrd_has_refused_a_source_before_it() {
    let root = TempDir::new().unwrap();
    let refused = Some("https://boot:443/node01.json: it has another digest".to_owned());
    let options = Options { initrd: InitrdFindings { refused, ..InitrdFindings::default() }, ..options(&root) };
    let installed = write(&usual(&root), BOOTSTRAP, 0o600);
    let text = load(&options).unwrap_err().to_string();
    for part in [installed.to_str().unwrap(), "https://boot:443/node01.json: it has another digest"] {
        assert!(text.contains(part), "{part} is not in: {text}");
    }
    // Nor what the initrd has taken for its node when that was a member, which it no longer is.
    let handed_over = write(&root.path().join("run/first-boot-agent/cluster-config.json"), BOOTSTRAP, 0o600);
    assert!(matches!(load(&options).unwrap_err(), ConfigError::BootstrapsBehindBroken { .. }));
    std::fs::remove_file(handed_over).unwrap();
    // One that joins is no danger, and what the command line names is meant.
    write(&installed, CONFIG, 0o600);
    assert!(load(&options).is_ok());
    write(&installed, BOOTSTRAP, 0o600);
    assert!(load(&Options { explicit: Some(installed), ..options }).is_ok());
}

#[test]
fn f03_x2_what_was_delivered_is_not_quoted_and_its_owners_file_is() {
    let root = TempDir::new().unwrap();
    let mut options = options(&root);
    let wrong = CONFIG.replace("10.0.1.13:2380", "hunter2");
    let said = |options: &Options| load(options).unwrap_err();
    write(&usual(&root), &wrong, 0o600);
    assert!(said(&options).to_string().contains("\"hunter2\""));
    write(&root.path().join("run/first-boot-agent/cluster-config.json"), &wrong, 0o600);
    let handed_over = said(&options);
    options.credentials_directory = Some(root.path().join("credentials"));
    write(&root.path().join("credentials/cluster-config"), &wrong, 0o400);
    for error in [handed_over, said(&options)] {
        let text = format!("{error} {}", error.summary());
        assert!(!text.contains("hunter2") && text.contains("$.raft_addr: found a string, expected"), "{text}");
        assert!(error.to_string().contains("config validate FILE shows it"), "{error}");
    }
    options.explicit = Some(write(&root.path().join("mine.json"), &wrong, 0o600));
    assert!(said(&options).to_string().contains("\"hunter2\""));
}
