//! A path as a word of a shell: remedies are pasted into one.

use std::path::Path;

/// The path as it is where a shell takes it for one plain word, else between single quotes (POSIX.1, 2.2.2).
pub(crate) fn quoted(path: &Path) -> String {
    let text = path.to_string_lossy();
    let is_plain = !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || "/._@:+,-".contains(c));
    if is_plain { text.into_owned() } else { format!("'{}'", text.replace('\'', r"'\''")) }
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
        ] {
            assert_eq!(quoted(Path::new(path)), expected);
        }
    }
}
