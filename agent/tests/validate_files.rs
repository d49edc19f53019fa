//! `config validate` on a node says what the units would refuse of the files that the configuration names; where a system is
//! built, there are none, and nothing is said.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

#[allow(dead_code, reason = "each test file uses its share")]
mod openssl;

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;
use std::process::Command;

use openssl::{Ca, EC};
use serde_json::json;

const USUAL: &str = "subjectAltName=IP:127.0.0.1\nextendedKeyUsage=serverAuth,clientAuth";

/// Only root can say what root's units would refuse.
fn code_of_a_refusal() -> i32 {
    if fs::metadata("/proc/self").unwrap().uid() == 0 { 78 } else { 0 }
}

/// Exit code and what was said, with the files of a configuration in a folder.
fn validate(folder: &Path, files: &Path) -> (i32, String) {
    let tls = json!({"ca": files.join("ca.crt"), "cert": files.join("node.crt"), "key": files.join("node.key")});
    let services = json!({
        "iam": {"protocol": "http-setup", "admin_password_file": files.join("password")},
        "etcd": {"protocol": "etcd-v3", "user": "root", "password_file": files.join("etcd-password")},
    });
    let config = json!({"node_id": "node04", "leader_url": "https://node01:2379", "raft_addr": "10.0.1.13:2380", "tls": tls, "services": services});
    let path = folder.join("cluster-config.json");
    fs::write(&path, config.to_string()).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_first-boot-agent"));
    let ended = command.arg("--config").arg(&path).args(["config", "validate", "--strict"]).output().unwrap();
    (ended.status.code().unwrap(), String::from_utf8(ended.stderr).unwrap())
}

fn write_private(path: &Path, text: &str) {
    fs::write(path, text).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o600)).unwrap();
}

#[test]
fn where_a_system_is_built_missing_files_are_nothing_to_mention() {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(validate(folder.path(), Path::new("/nowhere/at/all")), (0, String::new()));
}

#[test]
fn on_a_node_every_file_is_checked_and_all_faults_are_reported_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let ca = Ca::create(EC);
    ca.issue("node", EC, USUAL);
    let (password, key) = (ca.path().join("password"), ca.path().join("node.key"));
    let (code, said) = validate(folder.path(), ca.path());
    assert_eq!((code, said.lines().count()), (0, 2), "{said}");
    assert!(said.contains("warning: services.iam.admin_password_file: there is no "), "{said}");
    assert!(said.contains("warning: services.etcd.password_file: there is no "), "{said}");

    write_private(&password, "c4nary\n");
    write_private(&ca.path().join("etcd-password"), "");
    assert_eq!(validate(folder.path(), ca.path()).0, code_of_a_refusal());
    write_private(&ca.path().join("etcd-password"), "c4nary\n");
    assert_eq!(validate(folder.path(), ca.path()), (0, String::new()));

    fs::remove_file(ca.path().join("ca.crt")).unwrap();
    assert!(Command::new("mkfifo").arg(ca.path().join("ca.crt")).status().unwrap().success());
    fs::remove_file(&key).unwrap();
    fs::set_permissions(&password, fs::Permissions::from_mode(0o644)).unwrap();
    let (code, said) = validate(folder.path(), ca.path());
    assert_eq!(code, code_of_a_refusal(), "{said}");
    for part in
        ["ca.crt: it is a pipe, not a file", "tls.key: there is no ", "password is readable by others", "chmod 600"]
    {
        assert!(said.contains(part), "not said: {part}\n{said}");
    }
    assert!(!said.contains("c4nary"), "{said}");
}

#[test]
fn everything_that_is_wrong_with_certificate_and_key_is_reported_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let ca = Ca::create(EC);
    ca.issue("node", EC, USUAL);
    write_private(&ca.path().join("password"), "c4nary\n");
    write_private(&ca.path().join("etcd-password"), "c4nary\n");
    let (certificate, key) = (ca.path().join("node.crt"), ca.path().join("node.key"));
    let (of_certificate, of_key) = (fs::read_to_string(&certificate).unwrap(), fs::read_to_string(&key).unwrap());
    let refused = |parts: &[&str], absent: &str| {
        let (code, said) = validate(folder.path(), ca.path());
        assert_eq!((code, said.lines().count()), (code_of_a_refusal(), parts.len()), "{said}");
        for part in parts {
            assert!(said.contains(part), "not said: {part}\n{said}");
        }
        assert!(!said.contains(absent), "{said}");
    };
    // Exchanged: the key is where everybody may read it, and the certificate is no secret.
    fs::write(&certificate, &of_key).unwrap();
    fs::set_permissions(&certificate, fs::Permissions::from_mode(0o644)).unwrap();
    fs::write(&key, &of_certificate).unwrap();
    fs::set_permissions(&key, fs::Permissions::from_mode(0o644)).unwrap();
    let readable = format!("{} is readable by others", certificate.display());
    refused(&[&readable, "private key and no certificate", "certificate and no private key"], "node.key is readable");

    fs::write(&certificate, "").unwrap();
    fs::write(&key, "-----BEGIN ENCRYPTED PRIVATE KEY-----\nMAA=\n-----END ENCRYPTED PRIVATE KEY-----\n").unwrap();
    refused(&["node.crt cannot be used: it is empty", "node.key is readable by others", "a passphrase"], "c4nary");
}

#[test]
fn what_is_odd_and_not_refused_is_a_warning() {
    let folder = tempfile::tempdir().unwrap();
    let ca = Ca::create(EC);
    ca.issue("node", EC, "subjectAltName=IP:127.0.0.1\nextendedKeyUsage=serverAuth");
    write_private(&ca.path().join("password"), "c4nary\n");
    write_private(&ca.path().join("etcd-password"), "c4nary\n");
    let (code, said) = validate(folder.path(), ca.path());
    assert!(code == 0 && said.starts_with("warning: ") && said.contains("not clientAuth"), "{said}");
}
