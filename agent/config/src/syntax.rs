//! From bytes to JSON, with errors that say where the text stops making sense.
//! Must not quote the text: it may hold what nobody should read in a journal.

use super::tree::Tree;
use serde_json::error::Category;

/// The largest config that is read.
pub const SIZE_LIMIT: u64 = 1 << 20;

/// Why bytes are no JSON.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SyntaxError {
    /// More bytes than [`SIZE_LIMIT`]: so many.
    #[error("it has {0} bytes, the limit is {SIZE_LIMIT}; put the cluster config here and nothing else")]
    TooLarge(u64),
    /// Two or four bytes for each character, as some editors save a file: which, as iconv calls it.
    #[error("it is {0} text; save the file as UTF-8 (`iconv --from-code={0} --to-code=UTF-8`)")]
    Wide(&'static str),
    /// A byte that no UTF-8 text has, after so many that are sound.
    #[error("byte {0} is not UTF-8 text; save the file as UTF-8")]
    NotUtf8(usize),
    /// Nothing there.
    #[error("it is empty; write the cluster config to it, `first-boot-agent config example` prints one")]
    Empty,
    /// Zeros, as a file system leaves them after a power cut.
    #[error("it holds nothing but zero bytes, as after a power cut; write it again")]
    Zeroed,
    /// The text ends inside a value, on this line and in this column.
    #[error("it ends too early, at line {0} column {1}; the file is cut off, write it again")]
    Truncated(usize, usize),
    /// Anything else: what the parser minds, and where.
    #[error("{0}; correct the JSON there (`jq . FILE` points to it too)")]
    Malformed(String),
}

/// Reads one JSON value.
pub(crate) fn read(bytes: &[u8]) -> Result<Tree, SyntaxError> {
    let size = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
    if size > SIZE_LIMIT {
        return Err(SyntaxError::TooLarge(size));
    }
    let text = text(bytes)?;
    if text.trim().is_empty() {
        return Err(SyntaxError::Empty);
    }
    serde_json::from_str(text).map_err(|cause| match cause.classify() {
        Category::Eof => SyntaxError::Truncated(cause.line(), cause.column()),
        _ => SyntaxError::Malformed(cause.to_string()),
    })
}

/// The text that bytes stand for, whatever is to be read from it.
///
/// # Errors
/// When they are no text, or none that is read.
pub fn text(bytes: &[u8]) -> Result<&str, SyntaxError> {
    if !bytes.is_empty() && bytes.iter().all(|byte| *byte == 0) {
        return Err(SyntaxError::Zeroed);
    }
    if let Some(encoding) = wide_encoding(bytes) {
        return Err(SyntaxError::Wide(encoding));
    }
    let text = std::str::from_utf8(bytes).map_err(|cause| SyntaxError::NotUtf8(cause.valid_up_to()))?;
    // Some editors put a byte order mark first; it carries no meaning.
    Ok(text.strip_prefix('\u{feff}').unwrap_or(text))
}

/// JSON begins with ASCII (RFC 4627, 3), so the zeros at its beginning tell the encoding; four are a power cut's.
fn wide_encoding(bytes: &[u8]) -> Option<&'static str> {
    match bytes {
        [0xff, 0xfe, 0, 0, ..] | [0, 0, 0xfe, 0xff, ..] => Some("UTF-32"),
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => Some("UTF-16"),
        [0, 0, 0, 0, ..] => None,
        [0, 0, 0, _, ..] => Some("UTF-32BE"),
        [_, 0, 0, 0, ..] => Some("UTF-32LE"),
        [0, ..] => Some("UTF-16BE"),
        [_, 0, ..] | [_, _, 0, ..] | [_, _, _, 0, ..] => Some("UTF-16LE"),
        _ => None,
    }
}
