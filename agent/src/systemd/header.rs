//! Takes the SENDER field out of a D-Bus message header.
//!
//! PID 1 stamps what it sends over its private socket with its well-known name as sender, where the specification has a
//! unique name only; zbus rejects such a message and its reader ends. Works on bytes alone: it reads no socket, and it
//! must never fail on input it does not understand, because judging a message is the parser's job.

/// The part of a header that has a fixed length: byte order to the length of the field array.
pub(super) const FIXED_LENGTH: usize = 16;

/// The longest message that the D-Bus specification allows.
const LONGEST_MESSAGE: usize = 128 * 1024 * 1024;

/// The code of the header field that names the sender.
const SENDER: u8 = 7;

/// The length of the whole message that begins with these bytes, or nothing where they begin no message.
#[must_use]
pub fn message_length(message: &[u8]) -> Option<usize> {
    let (body, fields) = (number(message, 4)?, number(message, 12)?);
    let length = FIXED_LENGTH.checked_add(fields)?.checked_next_multiple_of(8)?.checked_add(body)?;
    (length <= LONGEST_MESSAGE).then_some(length)
}

/// The message without its SENDER field; a message that has none, or that cannot be read, comes back as it was.
#[must_use]
pub fn without_sender(message: Vec<u8>) -> Vec<u8> {
    rewritten(&message).unwrap_or(message)
}

/// The message rebuilt around the gap, where there is a SENDER field to take out.
fn rewritten(message: &[u8]) -> Option<Vec<u8>> {
    let fields_end = FIXED_LENGTH.checked_add(number(message, 12)?)?;
    let body = message.get(fields_end.checked_next_multiple_of(8)?..)?;
    let mut kept = message.get(..FIXED_LENGTH)?.to_vec();
    let mut found = false;
    let mut position = FIXED_LENGTH;
    while position < fields_end {
        let start = position.checked_next_multiple_of(8)?;
        let end = field_end(message, start, fields_end)?;
        if *message.get(start)? == SENDER {
            found = true;
        } else {
            // Every field begins on a multiple of eight, so moving one as a whole keeps all the padding inside it right.
            kept.resize(kept.len().checked_next_multiple_of(8)?, 0);
            kept.extend_from_slice(message.get(start..end)?);
        }
        position = end;
    }
    if !found {
        return None;
    }
    let length = u32::try_from(kept.len() - FIXED_LENGTH).ok()?;
    let length = if message.first() == Some(&b'l') { length.to_le_bytes() } else { length.to_be_bytes() };
    kept.get_mut(12..16)?.copy_from_slice(&length);
    kept.resize(kept.len().checked_next_multiple_of(8)?, 0);
    kept.extend_from_slice(body);
    Some(kept)
}

/// Where the field that starts at `start` ends: a code, a signature of one basic type, and a value of that type.
fn field_end(message: &[u8], start: usize, limit: usize) -> Option<usize> {
    let [1, kind, 0] = *message.get(start.checked_add(1)?..start.checked_add(4)?)? else {
        return None;
    };
    let value = start.checked_add(4)?;
    let end = match kind {
        b'y' => value.checked_add(1)?,
        b'n' | b'q' => value.checked_next_multiple_of(2)?.checked_add(2)?,
        b'b' | b'i' | b'u' | b'h' => value.checked_next_multiple_of(4)?.checked_add(4)?,
        b'x' | b't' | b'd' => value.checked_next_multiple_of(8)?.checked_add(8)?,
        b's' | b'o' => {
            let at = value.checked_next_multiple_of(4)?;
            at.checked_add(4)?.checked_add(number(message, at)?)?.checked_add(1)?
        }
        b'g' => value.checked_add(2)?.checked_add(usize::from(*message.get(value)?))?,
        _ => return None,
    };
    (end <= limit).then_some(end)
}

/// The 32-bit number at a position, as a length; a message begins with the byte order that it is in.
fn number(message: &[u8], position: usize) -> Option<usize> {
    let bytes = *message.get(position..)?.first_chunk::<4>()?;
    let number = match message.first()? {
        b'l' => u32::from_le_bytes(bytes),
        b'B' => u32::from_be_bytes(bytes),
        _ => return None,
    };
    usize::try_from(number).ok()
}

#[cfg(test)]
#[path = "header_tests.rs"]
mod tests;
