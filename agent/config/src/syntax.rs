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
    /// Zeros, as a file system leaves them after a power cut: all of it, or its end.
    #[error("it holds zero bytes, as after a power cut; write it again")]
    Zeroed,
    /// The text ends inside a value, on this line and in this column.
    #[error(
        "it ends too early, at line {0} column {1}: a quote or a bracket is not closed, or the file is cut off; correct it, or write \
         it again"
    )]
    Truncated(usize, usize),
    /// Another format: which, and what to do about it.
    #[error("{0}")]
    Other(Format),
    /// Anything else: what the parser reports, and where; what to do about it.
    #[error("{0}; {1} (`jq . FILE` points to it too)")]
    Malformed(String, &'static str),
}

/// What files hold that are taken for JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Format {
    /// What a server, a proxy or a portal answers in the place of a file.
    #[error("this is HTML, not JSON: a login page or an error page?; get the file itself")]
    Html,
    /// Any other markup.
    #[error("this is XML, not JSON; convert it")]
    Xml,
    /// Also what is nearly JSON, by its keys.
    #[error(
        "this is not JSON; it looks like YAML: convert it, `first-boot-agent config example` prints an example in JSON"
    )]
    Yaml,
    /// Or an INI file, or one of a shell.
    #[error(
        "this is not JSON; it looks like TOML or INI: convert it, `first-boot-agent config example` prints an example in JSON"
    )]
    Toml,
    /// A certificate or a key.
    #[error("this is PEM, not JSON: a certificate or a key?; name the file of the cluster configuration")]
    Pem,
    /// A file of gzip, xz, zip or zstd.
    #[error("this is a compressed file, not JSON; decompress it")]
    Compressed,
    /// Not even the beginning of an object or a list.
    #[error(
        "this is not JSON: a cluster configuration begins with `{{`; `first-boot-agent config example` prints an example"
    )]
    Unknown,
    /// JSON with comments.
    #[error("JSON has no comments; remove them, such as the one in line {0}")]
    Comment(usize),
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
        _ if let Some(format) = other_format(text, &cause) => SyntaxError::Other(format),
        Category::Eof => SyntaxError::Truncated(cause.line(), cause.column()),
        _ => {
            let cause = cause.to_string();
            let remedy = REMEDIES.iter().find(|(begin, _)| cause.starts_with(begin));
            SyntaxError::Malformed(cause, remedy.map_or("correct the JSON there", |(_, remedy)| remedy))
        }
    })
}

/// What to do about what the parser reports, by how that begins.
const REMEDIES: [(&str, &str); 6] = [
    ("key must be a string", "put each key in double quotes"),
    (
        "expected value",
        "write a value there: a text in double quotes, a number, true, false, null, a list or an object",
    ),
    (
        "control character",
        "a text ends on its line: close the quote, and write a tab or a line break in it as \\t or \\n",
    ),
    ("trailing comma", "remove the comma"),
    ("trailing characters", "remove what is behind the end of the object"),
    ("expected `,`", "put a comma between two entries, and a bracket behind the last"),
];

/// The format that a text has instead: by its first line that is no comment, or by where it ceases to be JSON.
fn other_format(text: &str, cause: &serde_json::Error) -> Option<Format> {
    let mut lines = text.lines().map(str::trim);
    let line = lines.find(|line| !line.is_empty() && !line.starts_with(['#', ';'])).unwrap_or_default();
    let is_word =
        |key: &str| !key.is_empty() && key.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(&byte));
    let is_section = || {
        let name = line.strip_prefix('[').and_then(|rest| rest.split_once(']')).map_or("", |(name, _)| name);
        is_word(name) && name.starts_with(|first: char| first.is_ascii_alphabetic())
    };
    Some(if line.starts_with("-----BEGIN ") {
        Format::Pem
    } else if line == "---"
        || ["- ", "%YAML"].iter().any(|begin| line.starts_with(begin))
        || line.split_once(':').is_some_and(|(key, value)| is_word(key) && (value.is_empty() || value.starts_with(' ')))
    {
        Format::Yaml
    } else if is_section() || line.split_once('=').is_some_and(|(key, _)| is_word(key.trim_end())) {
        Format::Toml
    } else if !text.trim_start().starts_with(['{', '[', '#', '/']) {
        Format::Unknown
    } else {
        let at = text.lines().nth(cause.line().checked_sub(1)?)?;
        let rest = at.get(cause.column().saturating_sub(1)..).unwrap_or_default();
        let is_comment = ["//", "/*", "#"].iter().any(|mark| rest.starts_with(mark));
        is_comment.then_some(Format::Comment(cause.line()))?
    })
}

/// Whether these bytes hold nothing but white space. That is never a configuration, whatever the source.
#[must_use]
pub fn is_empty(bytes: &[u8]) -> bool {
    text(bytes).is_ok_and(|text| text.trim().is_empty())
}

/// The text in these bytes, without what may be before it and carries no meaning: byte order marks.
///
/// # Errors
/// When they are not UTF-8 text, or markup.
pub fn text(bytes: &[u8]) -> Result<&str, SyntaxError> {
    let bytes = after_marks(bytes);
    if let Some(encoding) = wide_encoding(bytes) {
        return Err(SyntaxError::Wide(encoding));
    }
    // Before what is no UTF-8, for a page may be in any encoding; no JSON begins so.
    if let Some(format) = markup(bytes) {
        return Err(SyntaxError::Other(format));
    }
    if COMPRESSED.iter().any(|begin| bytes.trim_ascii_start().starts_with(begin)) {
        return Err(SyntaxError::Other(Format::Compressed));
    }
    if bytes.first() == Some(&0) || bytes.last() == Some(&0) {
        return Err(SyntaxError::Zeroed);
    }
    std::str::from_utf8(bytes).map_err(|cause| SyntaxError::NotUtf8(cause.valid_up_to()))
}

/// What is behind the byte order marks at the beginning. Some editors write one, and what joins files leaves that of the second.
#[must_use]
pub fn after_marks(mut bytes: &[u8]) -> &[u8] {
    while let Some(rest) = bytes.trim_ascii_start().strip_prefix(b"\xef\xbb\xbf") {
        bytes = rest;
    }
    bytes
}

/// How files of gzip, xz, zip and zstd begin.
const COMPRESSED: [&[u8]; 4] = [b"\x1f\x8b", b"\xfd7zXZ", b"PK\x03\x04", b"\x28\xb5\x2f\xfd"];

/// What begins with a tag: HTML, unless it says that it is XML and is no page.
fn markup(bytes: &[u8]) -> Option<Format> {
    let bytes = bytes.trim_ascii_start();
    let is_page = || bytes.windows(5).any(|word| word.eq_ignore_ascii_case(b"<html"));
    match bytes.first() {
        Some(b'<') if bytes.starts_with(b"<?xml") && !is_page() => Some(Format::Xml),
        Some(b'<') => Some(Format::Html),
        _ => None,
    }
}

/// The encoding with more bytes to a character than UTF-8. JSON begins with ASCII (RFC 4627, 3), so the zeros at its beginning
/// show it; four are from a power cut.
fn wide_encoding(bytes: &[u8]) -> Option<&'static str> {
    match bytes.trim_ascii_start() {
        [0xff, 0xfe, 0, 0, ..] => return Some("UTF-32"),
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => return Some("UTF-16"),
        _ => {}
    }
    match bytes {
        [0, 0, 0xfe, 0xff, ..] => Some("UTF-32"),
        [0, 0, 0, last, ..] if *last != 0 => Some("UTF-32BE"),
        [first, 0, 0, 0, next, ..] if *first != 0 && *next != 0 => Some("UTF-32LE"),
        [0, second, ..] if *second != 0 => Some("UTF-16BE"),
        [first, 0, next, ..] if *first != 0 && *next != 0 => Some("UTF-16LE"),
        _ => None,
    }
}
