//! What `journalctl` prints of a failed unit goes to an operator's terminal: few lines, short, and no escape sequence.

use first_boot_agent::fuzzing::journal_lines;

use crate::assert_plain;

/// Takes how many lines are wanted, then the output.
pub fn journal(data: &[u8]) {
    let Some((wanted, output)) = data.split_first() else {
        return;
    };
    let lines = journal_lines(output, usize::from(*wanted));
    assert!(lines.len() <= usize::from(*wanted));
    for line in &lines {
        assert_plain(line);
        assert!(!line.trim().is_empty());
        assert!(line.chars().count() <= 201, "{} characters", line.chars().count());
    }
}
