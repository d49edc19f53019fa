//! What a command prints. A reader that goes away early (`| head -1`) is no fault of the agent.

use std::io::{self, Write};

/// Writes to standard output.
pub(super) fn print(text: &str) {
    // Nobody reads any more where this fails.
    let _ = io::stdout().lock().write_all(text.as_bytes());
}

/// Writes a line to standard error.
pub(super) fn complain(line: &str) {
    let _ = writeln!(io::stderr().lock(), "{line}");
}
