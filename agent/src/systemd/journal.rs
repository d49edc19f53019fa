//! Fetches the last journal lines of a unit, which explain its failure to the operator.
//!
//! Best effort within a fixed time: no journal, no `journalctl`, no permission mean no lines, never an error. It must not
//! hand on anything that could confuse a terminal or another log.

use std::process::Stdio;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::process::Command;
use tokio::time::timeout;

/// How long fetching may take.
const LIMIT: Duration = Duration::from_secs(2);

/// How long of it may go into having the journal write what it has received.
const SYNC_LIMIT: Duration = Duration::from_millis(500);

/// How much of the end of the output is looked at.
const TAIL: usize = 64 * 1024;

/// How many characters of a line are kept.
const LINE_LENGTH: usize = 200;

/// The last lines of a unit in this boot, at most `count`, the manager's own about it among them; oldest first.
pub async fn last_journal_lines(unit: &str, count: usize) -> Vec<String> {
    timeout(LIMIT, fetch(unit, count)).await.ok().flatten().map_or_else(Vec::new, |output| lines(&output, count))
}

async fn fetch(unit: &str, count: usize) -> Option<Vec<u8>> {
    // A unit that failed a millisecond ago: its last words may still be on their way into the journal.
    if let Ok(mut sync) = journalctl(&["--sync"]).stdout(Stdio::null()).spawn() {
        let _ = timeout(SYNC_LIMIT, sync.wait()).await;
    }
    let unit = format!("--unit={unit}");
    let lines = format!("--lines={count}");
    let mut reader = journalctl(&[&unit, &lines, "--boot", "--output=cat", "--no-pager", "--quiet"])
        .stdout(Stdio::piped())
        .spawn()
        .ok()?;
    tail(reader.stdout.take()?).await
}

/// A `journalctl` that ends with its caller and does not report to systemd in the agent's name.
fn journalctl(arguments: &[&str]) -> Command {
    let mut command = Command::new("journalctl");
    command.args(arguments).stdin(Stdio::null()).stderr(Stdio::null()).env_remove("NOTIFY_SOCKET").kill_on_drop(true);
    command
}

/// The end of a stream, however long the stream is.
async fn tail(mut stream: impl AsyncRead + Unpin) -> Option<Vec<u8>> {
    let mut kept = Vec::new();
    while stream.read_buf(&mut kept).await.ok()? > 0 {
        if kept.len() > 2 * TAIL {
            kept.drain(..kept.len() - TAIL);
        }
    }
    Some(kept)
}

/// The last lines, made fit to be shown.
fn lines(output: &[u8], count: usize) -> Vec<String> {
    let text = String::from_utf8_lossy(output);
    let all: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).collect();
    all[all.len().saturating_sub(count)..].iter().map(|line| presentable(line)).collect()
}

/// One line without control characters, cut to a readable length.
fn presentable(line: &str) -> String {
    let mut shown = String::new();
    for (position, character) in line.trim_end().chars().enumerate() {
        if position == LINE_LENGTH {
            shown.push('…');
            break;
        }
        match character {
            '\t' => shown.push(' '),
            control if control.is_control() => shown.extend(control.escape_default()),
            other => shown.push(other),
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::{lines, presentable, tail};

    #[test]
    fn only_the_last_lines_are_kept() {
        assert_eq!(lines(b"one\ntwo\n\nthree\n", 2), ["two", "three"]);
        assert_eq!(lines(b"", 5), Vec::<String>::new());
    }

    #[test]
    fn escape_sequences_and_broken_text_are_defused() {
        assert_eq!(lines(b"\x1b[31mred\x07\tand\xff\r\n", 1), ["\\u{1b}[31mred\\u{7} and\u{fffd}"]);
    }

    #[test]
    fn a_long_line_is_cut_and_says_so() {
        let shown = presentable(&"ü".repeat(500));
        assert_eq!(shown.chars().count(), 201);
        assert!(shown.ends_with("ü…"));
    }

    #[tokio::test]
    async fn an_endless_output_does_not_fill_the_memory() {
        let output = tail(tokio::io::AsyncReadExt::take(tokio::io::repeat(b'x'), 10_000_000)).await.unwrap();
        assert!(output.len() <= 3 * super::TAIL, "{}", output.len());
    }
}
