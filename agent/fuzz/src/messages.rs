//! What PID 1 sends over its private socket: the answer to the greeting, then D-Bus messages whose SENDER field is taken
//! out. The header is read here a second time, by the specification, to say what must be left.

use std::ops::Range;

use first_boot_agent::fuzzing::{greeted, message_length, without_sender};

const SENDER: u8 = 7;
const FIXED: usize = 16;

/// Takes the bytes of a message, or of an answer to the greeting.
pub fn messages(data: &[u8]) {
    if let Ok(Some((_, end))) = greeted(data) {
        assert!(data[..end].ends_with(b"\r\n"));
    }
    assert_length(data);
    let stripped = without_sender(data.to_vec());
    assert!(stripped.len() <= data.len());
    match fields(data) {
        Some(found) if found.iter().any(|field| data[field.start] == SENDER) => {
            let kept: Vec<&[u8]> =
                found.into_iter().map(|field| &data[field]).filter(|field| field[0] != SENDER).collect();
            let left = fields(&stripped).unwrap_or_default();
            assert_eq!(left.into_iter().map(|field| &stripped[field]).collect::<Vec<_>>(), kept);
            assert_eq!(body(&stripped), body(data), "the body is not the header's business");
            assert_eq!(stripped[..12], data[..12]);
            if message_length(data) == Some(data.len()) {
                assert_eq!(message_length(&stripped), Some(stripped.len()));
            }
        }
        _ => assert_eq!(stripped, data, "nothing to take out, or nothing that can be read"),
    }
}

fn assert_length(message: &[u8]) {
    let Some(length) = message_length(message) else {
        return;
    };
    let numbers = number(message, 4).zip(number(message, 12));
    let expected = numbers.map(|(body, fields)| (FIXED + fields).next_multiple_of(8) + body);
    assert_eq!(Some(length), expected);
    assert!(length <= 128 << 20, "longer than a message may be: {length}");
}

/// The place of every header field; nothing where the header breaks off or breaks a rule.
fn fields(message: &[u8]) -> Option<Vec<Range<usize>>> {
    let end = FIXED + number(message, 12)?;
    body(message)?;
    let mut fields = Vec::new();
    let mut position = FIXED;
    while position < end {
        let start = position.next_multiple_of(8);
        let [_code, 1, kind, 0] = *message.get(start..start + 4)? else {
            return None;
        };
        let at = |boundary: usize| (start + 4).next_multiple_of(boundary);
        position = match kind {
            b'y' => at(1) + 1,
            b'n' | b'q' => at(2) + 2,
            b'i' | b'u' | b'b' | b'h' => at(4) + 4,
            b'x' | b't' | b'd' => at(8) + 8,
            b's' | b'o' => at(4) + 4 + number(message, at(4))? + 1,
            b'g' => at(1) + 1 + usize::from(*message.get(at(1))?) + 1,
            _ => return None,
        };
        if position > end {
            return None;
        }
        fields.push(start..position);
    }
    Some(fields)
}

fn body(message: &[u8]) -> Option<&[u8]> {
    message.get((FIXED + number(message, 12)?).next_multiple_of(8)..)
}

/// A number of the message, in the byte order that the message names.
fn number(message: &[u8], at: usize) -> Option<usize> {
    let bytes: [u8; 4] = message.get(at..at + 4)?.try_into().ok()?;
    let number = match message.first()? {
        b'l' => u32::from_le_bytes(bytes),
        b'B' => u32::from_be_bytes(bytes),
        _ => return None,
    };
    usize::try_from(number).ok()
}
