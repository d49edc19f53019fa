//! Which names of hardware are filler: what a vendor leaves in a field instead of a value. Two machines share it, so
//! it is no identity.
//!
//! What is known is in `known`, with its sources; the rest follows rules, each of which a real name breaks: one character,
//! one character or block again and again, digits or letters that count up, a label with such digits behind it. A name that
//! is merely short, or has many zeros, is real. Must not say whose name it is.

mod known;

use std::collections::BTreeMap;

use crate::hardware_address::HardwareAddress;

use known::{ADDRESSES, LABELS, OWNERS, UUIDS, WORDS, WORDS_BEGIN, WORDS_END};

/// The first that is no filler; the first that is filler is noted under the name of its field.
pub(crate) fn own(
    field: &str,
    texts: impl IntoIterator<Item = String>,
    is_filler: fn(&str) -> bool,
    placeholders: &mut BTreeMap<String, String>,
) -> Option<String> {
    for text in texts {
        if !is_filler(&text) {
            return Some(text);
        }
        placeholders.entry(field.to_owned()).or_insert(text);
    }
    None
}

/// Whether a text is a placeholder in words: of a vendor, a product, a serial number.
#[must_use]
pub fn is_words(text: &str) -> bool {
    let plain = plain(text);
    // `Invalid Serial Number` says as much as `Invalid`.
    let core = WORDS_END.iter().find_map(|end| plain.strip_suffix(end));
    let is_known = |word: &str| WORDS.contains(&word);
    let says_nothing = |core: &str| is_known(core) || OWNERS.contains(&core);
    text.is_ascii()
        && (plain.is_empty() || is_known(&plain) || core.is_some_and(says_nothing) || plain.starts_with(WORDS_BEGIN))
}

/// Whether a serial number or an asset tag is filler.
#[must_use]
pub fn is_serial(text: &str) -> bool {
    let plain = plain(text);
    // Behind a label a few digits are a number like any other.
    let behind_label = |label: &&str| plain.strip_prefix(*label).filter(|rest| rest.len() >= LEAST_RUN);
    text.is_ascii() && (is_words(text) || is_pattern(&plain) || LABELS.iter().filter_map(behind_label).any(is_pattern))
}

/// Whether the serial number of a drive is filler. A word in lower case is a name that a user gave a virtual disk: vendors
/// write capitals.
#[must_use]
pub fn is_drive_serial(text: &str) -> bool {
    let is_label = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_lowercase());
    is_serial(text) && !(is_label && is_words(text))
}

/// Whether a UUID of SMBIOS is filler.
#[must_use]
pub fn is_uuid(text: &str) -> bool {
    let digits = plain(text);
    if digits.len() != 32 || !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
        return is_serial(text);
    }
    // Up to eight bytes again and again: zeros, `ff`, `01`, `deadbeef`.
    let repeats = digits.get(..16) == digits.get(16..);
    // Something, and then nothing: FreeBSD's rc.d/hostid knows several.
    let ends_early = digits.ends_with("ffffffffffffffffffffffff");
    repeats || ends_early || is_pattern(&digits) || counts(&digits) || UUIDS.iter().any(|uuid| plain(uuid) == digits)
}

/// Whether the world-wide identifier of a disk is filler, in the form that the kernel gives it: `naa.…`, `eui.…`, `t10.…`,
/// `uuid.…`, `nvme.…`, or `0x…` of udev.
#[must_use]
pub fn is_wwid(text: &str) -> bool {
    match text.split_once('.') {
        Some(("naa" | "eui", digits)) => is_wide_number(digits),
        Some(("uuid", uuid)) => is_uuid(uuid),
        // Vendor, model and serial number, in columns.
        Some(("t10", columns)) => columns.split_whitespace().next_back().is_none_or(is_drive_serial),
        // The kernel's own, where a drive has none: vendor, serial number and model in hexadecimal digits, and a number.
        Some(("nvme", parts)) => parts
            .split('-')
            .nth(1)
            .is_some_and(|serial| is_drive_serial(&bytes(serial).into_iter().map(char::from).collect::<String>())),
        _ => text.strip_prefix("0x").map_or_else(|| is_drive_serial(text), is_wide_number),
    }
}

/// Whether the address of a network interface is filler; so is one that means many stations.
#[must_use]
pub fn is_address(address: HardwareAddress) -> bool {
    let text = address.to_string();
    address.is_group() || is_pattern(&plain(&text)) || ADDRESSES.contains(&text.as_str())
}

/// The digits of an NAA or EUI identifier: the maker's own number is in them, and no maker has the number zero. Some
/// firmware writes `5000000000000001`, so the last two may be anything.
fn is_wide_number(digits: &str) -> bool {
    let digits = plain(digits);
    let behind_type = digits.get(1..).unwrap_or_default();
    let counted = behind_type.get(..behind_type.len().saturating_sub(2)).unwrap_or_default();
    is_pattern(&digits) || counted.bytes().all(|digit| digit == b'0')
}

/// The fewest characters that count up by design. Three digits in a row are a real number of a small series.
const LEAST_RUN: usize = 4;

/// What people type who fill in a form that they do not care about.
const RUNS: [&str; 6] = [
    "0123456789",
    "1234567890",
    "0123456789abcdef",
    "123456789abcdef0",
    "1234567890abcdef",
    "abcdefghijklmnopqrstuvwxyz",
];

fn is_pattern(plain: &str) -> bool {
    let Some(first) = plain.chars().next() else { return true };
    let repeats = plain.chars().all(|character| character == first);
    // A letter or two may be an operator's own label.
    repeats && (first.is_ascii_digit() || plain.len() > 2)
        || plain == "123"
        || is_run(plain)
        || is_run(plain.trim_end_matches('0'))
        || is_run(&plain.chars().rev().collect::<String>())
        || blocks(plain).any(is_run)
        || is_run(&every_second(plain))
}

fn is_run(plain: &str) -> bool {
    plain.len() >= LEAST_RUN && RUNS.iter().any(|run| run.repeat(plain.len() / run.len() + 1).starts_with(plain))
}

/// The block of which a text consists, where it is one again and again.
fn blocks(plain: &str) -> impl Iterator<Item = &str> {
    let sizes = LEAST_RUN..=plain.len() / 2;
    sizes.filter(move |size| plain.len().is_multiple_of(*size)).filter_map(move |size| {
        let block = plain.get(..size)?;
        (block.repeat(plain.len() / size) == plain).then_some(block)
    })
}

/// `0123` of `00112233`; nothing of another text.
fn every_second(plain: &str) -> String {
    let pairs = plain.as_bytes().chunks(2);
    let is_doubled = pairs.clone().all(|pair| pair.first() == pair.get(1));
    if is_doubled { pairs.filter_map(|pair| pair.first().copied().map(char::from)).collect() } else { String::new() }
}

/// Whether the bytes of a UUID count up or down. Its first three fields may be written in the other byte order.
fn counts(digits: &str) -> bool {
    let bytes = bytes(digits);
    let by_one = |bytes: &[u8]| bytes.windows(2).all(|pair| matches!(pair, [one, next] if one.abs_diff(*next) == 1));
    let mut swapped = bytes.clone();
    for field in [0..4, 4..6, 6..8] {
        swapped.get_mut(field).into_iter().for_each(<[u8]>::reverse);
    }
    by_one(&bytes) || by_one(&swapped)
}

/// Letters and digits alone, in lower case: `To be filled by O.E.M.` is written in many ways.
fn plain(text: &str) -> String {
    text.chars().filter(char::is_ascii_alphanumeric).map(|character| character.to_ascii_lowercase()).collect()
}

/// The bytes that hexadecimal digits stand for, up to what is none.
fn bytes(digits: &str) -> Vec<u8> {
    let byte = |at: usize| u8::from_str_radix(digits.get(at..at + 2)?, 16).ok();
    (0..digits.len()).step_by(2).map_while(byte).collect()
}

#[cfg(test)]
mod tests;
