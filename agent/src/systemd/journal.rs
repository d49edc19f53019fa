//! Fetches lines of the journal: the last ones of a unit, which explain its failure to the operator, and the entries of a boot
//! for a fault report.
//!
//! Best effort within a fixed time: no journal, no `journalctl`, no permission mean no lines, never an error. It must not
//! hand on anything that could confuse a terminal or another log.

use std::process::Stdio;
use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::process::Command;
use tokio::time::timeout;

use crate::foreign_text;

/// How long fetching may take.
const LIMIT: Duration = Duration::from_secs(2);

/// How long of it may go into having the journal write what it has received.
const SYNC_LIMIT: Duration = Duration::from_millis(500);

/// How much of the end of the output is looked at.
const TAIL: usize = 64 * 1024;

/// The same for the entries of a boot, with all their fields.
const TAIL_OF_ENTRIES: usize = 4 << 20;

/// How long reading those may take: a disk that fails is slow.
const LIMIT_OF_ENTRIES: Duration = Duration::from_secs(20);

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
    lines(&of_this_boot(&["--output=cat"], matches, count, TAIL).await.unwrap_or_default(), count)
}

/// The end of what `journalctl` prints of the last entries of this boot that match.
async fn of_this_boot(form: &[&str], matches: &[String], count: usize, most: usize) -> Option<Vec<u8>> {
    let mut command = journalctl(&["--boot", "--no-pager", "--quiet"]);
    command.args(form).arg(format!("--lines={count}")).args(matches).stdout(Stdio::piped());
    let mut reader = command.spawn().ok()?;
    Some(tail(reader.stdout.take()?, most).await)
}

/// An entry of the journal.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Entry {
    /// When it was written, in microseconds since 1970.
    pub(crate) time_us: u64,
    /// Whom it is about, or who wrote it.
    pub(crate) unit: String,
    /// Its kind, where it has one.
    pub(crate) message_id: String,
    /// As it came.
    pub(crate) message: String,
}

/// The last entries of this boot that these matches take, at most `count` (the matches of journalctl(1)).
pub(crate) async fn entries_of_this_boot(matches: &[String], count: usize) -> Vec<Entry> {
    let form = ["--output=json", "--output-fields=MESSAGE,MESSAGE_ID,UNIT,_SYSTEMD_UNIT,SYSLOG_IDENTIFIER"];
    let output = timeout(LIMIT_OF_ENTRIES, of_this_boot(&form, matches, count, TAIL_OF_ENTRIES)).await;
    // The first line may have been cut off; then it is no JSON.
    output.ok().flatten().unwrap_or_default().split(|byte| *byte == b'\n').filter_map(entry).collect()
}

/// A line of `--output=json`: every value is a text, a list of bytes where it is none, or null where it is too long.
fn entry(line: &[u8]) -> Option<Entry> {
    let fields: serde_json::Map<String, Value> = serde_json::from_slice(line).ok()?;
    let text = |name: &str| match fields.get(name) {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Array(bytes)) => {
            let bytes = bytes.iter().filter_map(Value::as_u64).filter_map(|byte| u8::try_from(byte).ok());
            String::from_utf8_lossy(&bytes.collect::<Vec<_>>()).into_owned()
        }
        _ => String::new(),
    };
    // What the manager says of a unit names it in a field of its own.
    let unit = ["UNIT", "_SYSTEMD_UNIT", "SYSLOG_IDENTIFIER"].map(text).into_iter().find(|unit| !unit.is_empty());
    Some(Entry {
        time_us: text("__REALTIME_TIMESTAMP").parse().ok()?,
        unit: unit.unwrap_or_default(),
        message_id: text("MESSAGE_ID"),
        message: text("MESSAGE"),
    })
}

/// A `journalctl` that ends with its caller and does not report to systemd in the agent's name.
fn journalctl(arguments: &[&str]) -> Command {
    let mut command = Command::new("journalctl");
    command.args(arguments).stdin(Stdio::null()).stderr(Stdio::null()).env_remove("NOTIFY_SOCKET").kill_on_drop(true);
    command
}

/// The end of a stream, however long the stream is; what came before a failure to read.
async fn tail(mut stream: impl AsyncRead + Unpin, most: usize) -> Vec<u8> {
    let mut kept = Vec::new();
    while stream.read_buf(&mut kept).await.is_ok_and(|count| count > 0) {
        if kept.len() > 2 * most {
            kept.drain(..kept.len() - most);
        }
    }
    kept
}

/// The last lines, made fit to be shown.
#[must_use]
pub fn lines(output: &[u8], count: usize) -> Vec<String> {
    let text = String::from_utf8_lossy(output);
    let mut all: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).collect();
    // A service that fails in the same way at every restart says it once here.
    all.dedup();
    let shown = |line: &&str| foreign_text::shown(&line.trim_end().replace('\t', " "), LINE_LENGTH);
    all[all.len().saturating_sub(count)..].iter().map(shown).collect()
}

#[cfg(test)]
mod tests {
    use super::{Entry, TAIL, entry, lines, tail};

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
        let shown = lines("ü".repeat(500).as_bytes(), 1);
        assert_eq!(shown[0].chars().count(), 201);
        assert!(shown[0].ends_with("ü…"));
    }

    #[tokio::test]
    async fn an_endless_output_does_not_fill_the_memory() {
        let output = tail(tokio::io::AsyncReadExt::take(tokio::io::repeat(b'x'), 10_000_000), TAIL).await;
        assert!(output.len() <= 3 * TAIL, "{}", output.len());
    }

    #[test]
    fn an_entry_is_read_in_every_form_that_journalctl_gives_it() {
        let of = |line: &str| entry(line.as_bytes());
        let line = r#"{"__REALTIME_TIMESTAMP":"1765362645000000","MESSAGE":"a\nb","_SYSTEMD_UNIT":"init.scope","UNIT":"x.service","MESSAGE_ID":"0123"}"#;
        let expected = Entry {
            time_us: 1_765_362_645_000_000,
            unit: "x.service".to_owned(),
            message_id: "0123".to_owned(),
            message: "a\nb".to_owned(),
        };
        assert_eq!(of(line), Some(expected));
        assert_eq!(of(r#"{"__REALTIME_TIMESTAMP":"1","MESSAGE":[104,105,255]}"#).unwrap().message, "hi\u{fffd}");
        assert_eq!(of(r#"{"__REALTIME_TIMESTAMP":"1","MESSAGE":null}"#).unwrap().message, "");
        for cut in ["", "\"MESSAGE\":\"b\"}", "{}", "[]", r#"{"__REALTIME_TIMESTAMP":"x"}"#] {
            assert_eq!(of(cut), None, "{cut}");
        }
    }
}
