//! Secrets and the Nix store, which everybody can read: nothing that is installed or generated holds a secret by value,
//! and a configuration, key or password that is in the store is refused. Needs no Nix.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use first_boot_agent::config::{ConfigError, EXAMPLES, InitrdFindings, Options, Permissions, load, schema};
use first_boot_agent::regular_file::Links;
use first_boot_agent::secret_file::{self, SecretFileError};
use serde_json::Value;
use tempfile::TempDir;

/// Words of keys under which people keep secrets.
const SECRET_WORDS: &[&str] = &["pass", "secret", "token", "private", "credential", "auth", "key"];
const CONFIG: &str = r#"{"node_id":"node04","leader_url":"https://node01:2379","raft_addr":"10.0.1.13:2380"}"#;

fn files_below(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { files_below(&path, found) } else { found.push(path) }
    }
}

/// Calls with every key and text value below a JSON value.
fn texts(value: &Value, key: &str, seen: &mut impl FnMut(&str, &str)) {
    match value {
        Value::Object(fields) => fields.iter().for_each(|(key, value)| texts(value, key, seen)),
        Value::Array(items) => items.iter().for_each(|item| texts(item, key, seen)),
        Value::String(text) => seen(key, text),
        _ => {}
    }
}

/// A file as the store keeps it: readable by all, writable by none.
fn in_the_store(root: &TempDir, name: &str, text: &str) -> PathBuf {
    let path = root.path().join("nix/store").join(format!("0c4bm0xw1lr9z2v5kq8n7yhjd3a6fisg-{name}"));
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(&path, text).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o444)).unwrap();
    path
}

#[test]
fn x4_no_unit_holds_a_secret_or_passes_one_by_environment() {
    let mut units = Vec::new();
    files_below(&Path::new(env!("CARGO_MANIFEST_DIR")).join("systemd"), &mut units);
    assert!(units.len() >= 8, "{units:?}");
    for unit in units {
        let text = fs::read_to_string(&unit).unwrap();
        for line in text.lines().map(str::trim).filter(|line| !line.starts_with('#')) {
            let (setting, value) = line.split_once('=').unwrap_or((line, ""));
            let by_value = ["SetCredential", "SetCredentialEncrypted", "Environment", "PassEnvironment"];
            assert!(!by_value.contains(&setting), "{}: {line}", unit.display());
            // A name alone has systemd look in /etc/credstore and its like, never in the store.
            assert!(setting != "LoadCredential" || !value.contains(':'), "{}: {line}", unit.display());
            assert!(!value.contains("/nix/store"), "{}: {line}", unit.display());
        }
    }
}

#[test]
fn x4_examples_and_schema_name_files_never_secrets() {
    for (_, document) in EXAMPLES {
        texts(&serde_json::from_str(document).unwrap(), "", &mut |key, text| {
            assert!(!text.contains("/nix/store"), "{key}: {text}");
            let looks_secret = SECRET_WORDS.iter().any(|word| key.contains(word));
            assert!(!looks_secret || text.starts_with('/'), "{key} holds {text} by value");
        });
    }
    let mut secrets = 0;
    let schema: Value = serde_json::from_str(&schema()).unwrap();
    texts(&schema, "", &mut |_, text| assert!(!text.contains("/nix/store"), "{text}"));
    properties(&schema, &mut |name| {
        let looks_secret = SECRET_WORDS.iter().any(|word| name.contains(word));
        secrets += usize::from(looks_secret);
        assert!(!looks_secret || name == "key" || name.ends_with("_file"), "{name} would hold a secret by value");
    });
    // The key of `tls` and the file of the admin password: the search is not blind.
    assert!(secrets >= 2, "{secrets}");
}

/// Calls with the name of every property of a JSON Schema.
fn properties(schema: &Value, seen: &mut impl FnMut(&str)) {
    match schema {
        Value::Object(fields) => {
            if let Some(Value::Object(named)) = fields.get("properties") {
                named.keys().for_each(|name| seen(name));
            }
            fields.values().for_each(|value| properties(value, seen));
        }
        Value::Array(items) => items.iter().for_each(|item| properties(item, seen)),
        _ => {}
    }
}

#[test]
fn x4_a_configuration_in_the_nix_store_is_refused_also_behind_a_link() {
    let root = TempDir::new().unwrap();
    let stored = in_the_store(&root, "cluster-config.json", CONFIG);
    let usual = root.path().join("etc/nixos/secrets/cluster-config.json");
    fs::create_dir_all(usual.parent().unwrap()).unwrap();
    // As `environment.etc` would put it there.
    symlink(&stored, &usual).unwrap();
    for explicit in [Some(stored), None] {
        let options = Options {
            explicit,
            root: root.path().to_owned(),
            credentials_directory: None,
            host_name: None,
            permissions: Permissions::Refuse,
            strict: false,
            initrd: InitrdFindings::default(),
            is_member: false,
            quotes_nothing: false,
        };
        let error = load(&options).unwrap_err();
        assert!(matches!(error, ConfigError::ReadableByOthers(_, 0o444)), "{error}");
        let warned = load(&Options { permissions: Permissions::Warn, ..options }).unwrap().checked.warnings;
        assert!(warned[0].found.contains("0444"), "{warned:?}");
    }
}

#[test]
fn x4_a_key_or_password_in_the_nix_store_is_refused_unread() {
    let root = TempDir::new().unwrap();
    let stored = in_the_store(&root, "node04.key", "c4nary");
    let link = root.path().join("node04.key");
    symlink(&stored, &link).unwrap();
    for path in [stored, link] {
        let error = secret_file::read(&path, Links::Follow).unwrap_err();
        assert!(matches!(error, SecretFileError::ReadableByOthers { mode: 0o444, .. }), "{error}");
        assert!(!error.to_string().contains("c4nary"), "{error}");
    }
}
