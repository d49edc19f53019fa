//! A path as a word of a shell: remedies are pasted into one.

use std::fmt::Write;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use crate::foreign_text::is_visible;

/// The path as it is where a shell takes it for one plain word, else between single quotes (POSIX.1, 2.2.2). If it has characters
/// that nobody sees, it is written with octal numbers for bytes (2.2.4 of 2024; the shells of Debian and NixOS, and of `BusyBox`,
/// have had that for long).
pub(crate) fn quoted(path: &Path) -> String {
    let Some(text) = path.to_str().filter(|text| text.chars().all(is_visible)) else {
        return by_numbers(path.as_os_str().as_bytes());
    };
    let is_plain = !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || "/._@:+,-".contains(c));
    if is_plain { text.to_owned() } else { format!("'{}'", text.replace('\'', r"'\''")) }
}

fn by_numbers(bytes: &[u8]) -> String {
    let mut word = "$'".to_owned();
    for byte in bytes {
        if byte.is_ascii_graphic() && !b"'\\".contains(byte) || *byte == b' ' {
            word.push(char::from(*byte));
        } else {
            let _ = write!(word, "\\{byte:03o}");
        }
    }
    word + "'"
}

#[cfg(test)]
mod tests {
    use super::*;

    // That a shell reads back the path is `remedies`'s to show (agent/tests): a child of this process would hold the locks of
    // other tests for a moment.
    #[test]
    fn what_a_shell_would_obey_is_quoted() {
        for (path, expected) in [
            ("/etc/nixos/secrets/ca.crt", "/etc/nixos/secrets/ca.crt"),
            ("/a b", "'/a b'"),
            ("/a'b", r"'/a'\''b'"),
            ("/$(reboot);x", "'/$(reboot);x'"),
            ("", "''"),
            ("/a'\\\u{1b}[31m\n\u{202e} b", r"$'/a\047\134\033[31m\012\342\200\256 b'"),
        ] {
            assert_eq!(quoted(Path::new(path)), expected);
        }
    }
}
