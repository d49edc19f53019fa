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

/// How many of the lines are the manager's: how the unit ended, and what systemd made of it.
const MANAGER_LINES: usize = 2;

/// The last lines of a unit in this boot, at most `count`: what the service itself said, then what the manager said about
/// it. They are asked for apart, because a unit that was restarted a few times leaves mostly lines of the manager.
pub async fn last_journal_lines(unit: &str, count: usize) -> Vec<String> {
    timeout(LIMIT, fetch(unit, count)).await.unwrap_or_default()
}

async fn fetch(unit: &str, count: usize) -> Vec<String> {
    // A unit that failed a millisecond ago: its last words may still be on their way into the journal.
    if let Ok(mut sync) = journalctl(&["--sync"]).stdout(Stdio::null()).spawn() {
        let _ = timeout(SYNC_LIMIT, sync.wait()).await;
    }
    let manager = [format!("UNIT={unit}"), "_PID=1".to_owned(), "--priority=warning".to_owned()];
    let service = [format!("_SYSTEMD_UNIT={unit}")];
    let (manager, service) = tokio::join!(query(&manager, MANAGER_LINES.min(count)), query(&service, count));
    let own = service.len().min(count.saturating_sub(manager.len()));
    service[service.len() - own..].iter().chain(&manager).cloned().collect()
}

/// The last lines of this boot that match.
async fn query(matches: &[String], count: usize) -> Vec<String> {
    let mut command = journalctl(&["--boot", "--output=cat", "--no-pager", "--quiet"]);
    command.arg(format!("--lines={count}")).args(matches).stdout(Stdio::piped());
    let Ok(mut reader) = command.spawn() else {
        return Vec::new();
    };
    let Some(output) = reader.stdout.take() else {
        return Vec::new();
    };
    lines(&tail(output).await, count)
}

/// A `journalctl` that ends with its caller and does not report to systemd in the agent's name.
fn journalctl(arguments: &[&str]) -> Command {
    let mut command = Command::new("journalctl");
    command.args(arguments).stdin(Stdio::null()).stderr(Stdio::null()).env_remove("NOTIFY_SOCKET").kill_on_drop(true);
    command
}

/// The end of a stream, however long the stream is; what came before a failure to read.
async fn tail(mut stream: impl AsyncRead + Unpin) -> Vec<u8> {
    let mut kept = Vec::new();
    while stream.read_buf(&mut kept).await.is_ok_and(|count| count > 0) {
        if kept.len() > 2 * TAIL {
            kept.drain(..kept.len() - TAIL);
        }
    }
    kept
}

/// The last lines, made fit to be shown.
pub(crate) fn lines(output: &[u8], count: usize) -> Vec<String> {
    let text = String::from_utf8_lossy(output);
    let mut all: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).collect();
    // A service that fails in the same way at every restart says it once here.
    all.dedup();
    all[all.len().saturating_sub(count)..].iter().map(|line| presentable(line)).collect()
}

/// One line without control characters, cut to a readable length.
fn presentable(line: &str) -> String {
    let mut characters = line.trim_end().chars().flat_map(|character| match character {
        '\t' => vec![' '],
        control if control.is_control() => control.escape_default().collect(),
        other => vec![other],
    });
    let mut shown: String = characters.by_ref().take(LINE_LENGTH).collect();
    if characters.next().is_some() {
        shown.push('…');
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
        let output = tail(tokio::io::AsyncReadExt::take(tokio::io::repeat(b'x'), 10_000_000)).await;
        assert!(output.len() <= 3 * super::TAIL, "{}", output.len());
    }
}
