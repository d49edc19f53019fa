//! From bytes to JSON. Errors name the place. They must not quote the text, which may hold secrets.

use super::tree::Tree;
use serde_json::error::Category;

/// The largest config that is read.
pub const SIZE_LIMIT: u64 = 1 << 20;

/// Why bytes are not JSON.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SyntaxError {
    /// More bytes than [`SIZE_LIMIT`]: so many.
    #[error("it has {0} bytes, the limit is {SIZE_LIMIT}; keep only the cluster configuration in it")]
    TooLarge(u64),
    /// Two or four bytes for each character, as some editors save a file: which, as iconv calls it.
    #[error("it is {0} text; save the file as UTF-8 (`iconv --from-code={0} --to-code=UTF-8`)")]
    Wide(&'static str),
    /// A byte that is not UTF-8, after so many that are.
    #[error("byte {0} is not UTF-8 text; save the file as UTF-8")]
    NotUtf8(usize),
    /// Nothing there.
    #[error("it is empty; write the cluster configuration to it, `first-boot-agent config example` prints one")]
    Empty,
    /// Zeros, as a file system leaves them after a power cut.
    #[error("it holds nothing but zero bytes, as after a power cut; write it again")]
    Zeroed,
    /// The text ends inside a value, on this line and in this column.
    #[error("it ends too early, at line {0} column {1}; the file is cut off, write it again")]
    Truncated(usize, usize),
    /// Another format.
    #[error(
        "this is not JSON; it looks like YAML: convert it, `first-boot-agent config example` prints an example in JSON"
    )]
    Yaml,
    /// Anything else: what the parser reports, and where.
    #[error("{0}; correct the JSON there (`jq . FILE` points to it too)")]
    Malformed(String),
}

/// Reads one JSON value.
pub(crate) fn read(bytes: &[u8]) -> Result<Tree, SyntaxError> {
    let size = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
    if size > SIZE_LIMIT {
        return Err(SyntaxError::TooLarge(size));
    }
    if is_empty(bytes) {
        return Err(SyntaxError::Empty);
    }
    let text = text(bytes)?;
    serde_json::from_str(text).map_err(|cause| match cause.classify() {
        _ if looks_like_yaml(text) => SyntaxError::Yaml,
        Category::Eof => SyntaxError::Truncated(cause.line(), cause.column()),
        _ => SyntaxError::Malformed(cause.to_string()),
    })
}

/// Whether the first line that is not a comment begins a YAML document, or is a bare key with a colon.
fn looks_like_yaml(text: &str) -> bool {
    let line = text.lines().map(str::trim).find(|line| !line.is_empty() && !line.starts_with('#')).unwrap_or_default();
    let is_word =
        |key: &str| !key.is_empty() && key.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(&byte));
    line == "---"
        || line.split_once(':').is_some_and(|(key, value)| is_word(key) && (value.is_empty() || value.starts_with(' ')))
}

/// Whether these bytes hold nothing but white space. That is never a configuration, whatever the source.
#[must_use]
pub fn is_empty(bytes: &[u8]) -> bool {
    text(bytes).is_ok_and(|text| text.trim().is_empty())
}

/// The text in these bytes, without a byte order mark.
///
/// # Errors
/// When they are not UTF-8 text.
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

/// JSON begins with ASCII (RFC 4627, 3), so the zeros at its beginning show the encoding; four are from a power cut.
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
