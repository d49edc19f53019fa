//! The elements of DER (X.690), as far as it takes to say what a file or a key is.
//!
//! Judges nothing: rustls and webpki verify. This only finds words for what they refuse.

/// The tags of X.690 that are met here, and those of parts of a certificate (RFC 5280, 4.1) and of a request (RFC 2986, 4.1).
pub(super) mod tag {
    pub(in crate::http) const INTEGER: u8 = 0x02;
    pub(in crate::http) const BIT_STRING: u8 = 0x03;
    pub(in crate::http) const OCTET_STRING: u8 = 0x04;
    pub(in crate::http) const OBJECT_IDENTIFIER: u8 = 0x06;
    pub(in crate::http) const UTC_TIME: u8 = 0x17;
    pub(in crate::http) const GENERALIZED_TIME: u8 = 0x18;
    pub(in crate::http) const SEQUENCE: u8 = 0x30;
    pub(in crate::http) const VERSION: u8 = 0xa0;
    pub(in crate::http) const ATTRIBUTES: u8 = 0xa0;
}

/// The elements in turn, each a tag and its content; ends where the bytes make no sense.
pub(super) fn elements(mut bytes: &[u8]) -> impl Iterator<Item = (u8, &[u8])> {
    std::iter::from_fn(move || {
        let (tag, content, rest) = element(bytes)?;
        bytes = rest;
        Some((tag, content))
    })
}

/// The content of the first element, where it has this tag.
pub(super) fn first(bytes: &[u8], tag: u8) -> Option<&[u8]> {
    elements(bytes).next().filter(|(found, _)| *found == tag).map(|(_, content)| content)
}

fn element(bytes: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (&tag, rest) = bytes.split_first()?;
    let (&length, rest) = rest.split_first()?;
    let (length, rest) = match length {
        0..=0x7f => (usize::from(length), rest),
        // The length in as many bytes as the lower bits say; four are more than a file here has.
        0x81..=0x84 => {
            let (digits, rest) = rest.split_at_checked(usize::from(length & 0x7f))?;
            (digits.iter().fold(0, |length, digit| length << 8 | usize::from(*digit)), rest)
        }
        _ => return None,
    };
    let (content, rest) = rest.split_at_checked(length)?;
    Some((tag, content, rest))
}

/// An object identifier as it is written: `1.2.840.113549.1.1.1`.
pub(super) fn object_identifier(content: &[u8]) -> String {
    let mut parts: Vec<u64> = Vec::new();
    let mut part = 0_u64;
    for byte in content {
        part = part << 7 | u64::from(byte & 0x7f);
        if byte & 0x80 == 0 {
            if parts.is_empty() {
                // The first one holds two.
                let first = (part / 40).min(2);
                parts.extend([first, part - first * 40]);
            } else {
                parts.push(part);
            }
            part = 0;
        }
    }
    parts.iter().map(u64::to_string).collect::<Vec<_>>().join(".")
}
