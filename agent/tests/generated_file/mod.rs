//! One generated file of this repository, for the tests of every crate that has some.

use std::fs;
use std::path::Path;

/// Compares a committed file with what its source says now, or writes it where `GENERATE` is set.
pub(crate) fn is_current(path: &str, text: &str) {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path);
    if std::env::var_os("GENERATE").is_some() {
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(&file, text).unwrap();
    }
    let committed = fs::read_to_string(&file).unwrap_or_default();
    assert!(committed == text, "{path} is not what its source says; run `make generate`");
}
