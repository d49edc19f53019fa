//! From bytes to JSON, with errors that say where the text stops making sense.
//! Must not quote the text: it may hold what nobody should read in a journal.

use super::tree::Tree;
use serde_json::error::Category;

/// The largest config that is read.
pub const SIZE_LIMIT: u64 = 1 << 20;

/// Why bytes are no JSON.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SyntaxError {
    /// More than [`SIZE_LIMIT`].
    #[error("it has {size} bytes, the limit is {SIZE_LIMIT}; put the cluster config here and nothing else")]
    TooLarge {
        /// How many bytes there are.
        size: u64,
    },
    /// A byte that no UTF-8 text has.
    #[error("byte {offset} is not UTF-8 text; save the file as UTF-8")]
    NotUtf8 {
        /// How many bytes before it are sound.
        offset: usize,
    },
    /// Nothing there.
    #[error("it is empty; write the cluster config to it, `first-boot-agent config example` prints one")]
    Empty,
    /// Zeros, as a file system leaves them after a power cut.
    #[error("it holds nothing but zero bytes, as after a power cut; write it again")]
    Zeroed,
    /// The text ends inside a value.
    #[error("it ends too early, at line {line} column {column}; the file is cut off, write it again")]
    Truncated {
        /// The last line.
        line: usize,
        /// The last column.
        column: usize,
    },
    /// Anything else.
    #[error("{message} at line {line} column {column}; correct the JSON there (`jq . FILE` points to it too)")]
    Malformed {
        /// What the parser minds.
        message: String,
        /// The line, from 1.
        line: usize,
        /// The column, from 1.
        column: usize,
    },
}

/// Reads one JSON value.
pub(crate) fn read(bytes: &[u8]) -> Result<Tree, SyntaxError> {
    let size = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
    if size > SIZE_LIMIT {
        return Err(SyntaxError::TooLarge { size });
    }
    if !bytes.is_empty() && bytes.iter().all(|byte| *byte == 0) {
        return Err(SyntaxError::Zeroed);
    }
    let text = std::str::from_utf8(bytes).map_err(|cause| SyntaxError::NotUtf8 { offset: cause.valid_up_to() })?;
    // Some editors put a byte order mark first; it carries no meaning.
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    if text.trim().is_empty() {
        return Err(SyntaxError::Empty);
    }
    serde_json::from_str(text).map_err(|cause| located(&cause))
}

fn located(cause: &serde_json::Error) -> SyntaxError {
    let (line, column) = (cause.line(), cause.column());
    if cause.classify() == Category::Eof {
        return SyntaxError::Truncated { line, column };
    }
    let message = cause.to_string();
    let place = format!(" at line {line} column {column}");
    SyntaxError::Malformed { message: message.trim_end_matches(&place).to_owned(), line, column }
}
