//! The hosts file (hosts(5)), read as the C library's `files` reads it: a line that makes no sense is passed over, never
//! the whole file. Makes no lookups.

use std::net::IpAddr;
use std::path::Path;

use super::text_file;

/// Larger than the longest lists of names to block.
const LIMIT: u64 = 32 << 20;

/// Every address that the hosts file has for a name, in the order of the file.
pub(super) fn find(root: &Path, name: &str) -> Result<Vec<IpAddr>, String> {
    let mut found = Vec::new();
    text_file::lines(&root.join("etc/hosts"), LIMIT, |line| found.extend(address_of(line, name)))?;
    Ok(found)
}

/// The address of a line that has this name, the first one or an alias, in whatever case.
#[must_use]
pub fn address_of(line: &[u8], name: &str) -> Option<IpAddr> {
    let text = line.split(|byte| *byte == b'#').next()?;
    let mut words = text.split(|byte| byte.is_ascii_whitespace() || *byte == b'\x0b').filter(|word| !word.is_empty());
    let address = words.next()?;
    let is_meant = |word: &[u8]| word.strip_suffix(b".").unwrap_or(word).eq_ignore_ascii_case(name.as_bytes());
    // Most lines are of other names.
    if !words.any(is_meant) {
        return None;
    }
    std::str::from_utf8(address).ok()?.parse::<IpAddr>().ok().map(|address| address.to_canonical())
}
