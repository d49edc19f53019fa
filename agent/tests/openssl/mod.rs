//! Certificates as operators make them: with the openssl command, good ones and wrong ones on purpose.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

/// Options of `openssl genpkey` for a key of P-256, after `-algorithm`.
pub(crate) const EC: &[&str] = &["ec", "-pkeyopt", "ec_paramgen_curve:P-256"];
pub(crate) const P521: &[&str] = &["ec", "-pkeyopt", "ec_paramgen_curve:P-521"];

/// Runs openssl in a folder; its words are shown where it fails.
pub(crate) fn openssl(folder: &Path, arguments: &[&str]) {
    let ended = Command::new("openssl").args(arguments).current_dir(folder).stdin(Stdio::null()).output().unwrap();
    let said = String::from_utf8_lossy(&ended.stderr);
    assert!(ended.status.success(), "openssl {}: {said}", arguments.join(" "));
}

/// A CA: `ca.crt` and `ca.key` in a folder of its own.
pub(crate) struct Ca {
    folder: tempfile::TempDir,
}

impl Ca {
    /// With a new key of this kind.
    pub(crate) fn create(key: &[&str]) -> Self {
        Self::with(key, &[])
    }

    /// The same, with further arguments of `openssl req -x509`.
    pub(crate) fn with(key: &[&str], further: &[&str]) -> Self {
        let ca = Self { folder: tempfile::tempdir().unwrap() };
        ca.make_key("ca", key);
        let make =
            ["req", "-x509", "-new", "-key", "ca.key", "-out", "ca.crt", "-days", "3650", "-subj", "/CN=openssl CA"];
        ca.openssl(&[&make[..], further].concat());
        ca
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn openssl(&self, arguments: &[&str]) {
        openssl(self.path(), arguments);
    }

    pub(crate) fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path().join(name)).unwrap()
    }

    /// Writes `NAME.key`, unencrypted and for its owner alone.
    pub(crate) fn make_key(&self, name: &str, key: &[&str]) {
        let out = format!("{name}.key");
        self.openssl(&[&["genpkey", "-out", &out, "-algorithm"], key].concat());
    }

    /// Writes `NAME.key`, `NAME.csr` and `NAME.crt` with these extensions; without any, of version 1.
    pub(crate) fn issue(&self, name: &str, key: &[&str], extensions: &str) {
        self.issue_with(name, key, extensions, &[]);
    }

    /// The same, with further arguments of `openssl x509 -req`.
    pub(crate) fn issue_with(&self, name: &str, key: &[&str], extensions: &str, further: &[&str]) {
        self.make_key(name, key);
        let [csr, crt, key, ext] = ["csr", "crt", "key", "ext"].map(|end| format!("{name}.{end}"));
        self.openssl(&["req", "-new", "-key", &key, "-out", &csr, "-subj", &format!("/CN={name}")]);
        let sign = [
            "x509",
            "-req",
            "-in",
            &csr,
            "-CA",
            "ca.crt",
            "-CAkey",
            "ca.key",
            "-CAcreateserial",
            "-out",
            &crt,
            "-days",
            "3650",
        ];
        fs::write(self.path().join(&ext), extensions).unwrap();
        let with = if extensions.is_empty() { vec![] } else { vec!["-extfile", &ext] };
        self.openssl(&[&sign[..], &with, further].concat());
    }
}
