//! The rewriting of headers, tried on messages of every shape.

use super::{FIXED_LENGTH, SENDER, message_length, without_sender};
use proptest::prelude::*;

/// A header field: its code, and its value of one of the types that header fields have.
#[derive(Clone, Debug)]
enum Field {
    Text(u8, u8, String),
    Signature(u8, String),
    Number(u8, u32),
    Long(u8, u64),
}

impl Field {
    fn code(&self) -> u8 {
        match self {
            Self::Text(code, ..) | Self::Signature(code, _) | Self::Number(code, _) | Self::Long(code, _) => *code,
        }
    }

    fn write(&self, out: &mut Vec<u8>, big: bool) {
        let number = |value: u32| {
            if big { value.to_be_bytes() } else { value.to_le_bytes() }
        };
        match self {
            Self::Text(code, kind, text) => {
                out.extend([*code, 1, *kind, 0]);
                out.extend(number(u32::try_from(text.len()).unwrap()));
                out.extend(text.as_bytes());
                out.push(0);
            }
            Self::Signature(code, text) => {
                out.extend([*code, 1, b'g', 0, u8::try_from(text.len()).unwrap()]);
                out.extend(text.as_bytes());
                out.push(0);
            }
            Self::Number(code, value) => {
                out.extend([*code, 1, b'u', 0]);
                out.extend(number(*value));
            }
            Self::Long(code, value) => {
                out.extend([*code, 1, b't', 0, 0, 0, 0, 0]);
                out.extend(if big { value.to_be_bytes() } else { value.to_le_bytes() });
            }
        }
    }
}

fn pad(out: &mut Vec<u8>) {
    out.resize(out.len().next_multiple_of(8), 0);
}

fn message(fields: &[Field], body: &[u8], big: bool) -> Vec<u8> {
    let number = |value: usize| {
        let value = u32::try_from(value).unwrap();
        if big { value.to_be_bytes() } else { value.to_le_bytes() }
    };
    let mut out = vec![if big { b'B' } else { b'l' }, 4, 1, 1];
    out.extend(number(body.len()));
    out.extend([1, 1, 1, 1]);
    out.extend([0; 4]);
    for field in fields {
        pad(&mut out);
        field.write(&mut out, big);
    }
    let length = number(out.len() - FIXED_LENGTH);
    out[12..16].copy_from_slice(&length);
    pad(&mut out);
    out.extend(body);
    out
}

fn sender() -> Field {
    Field::Text(SENDER, b's', "org.freedesktop.systemd1".to_owned())
}

fn field() -> impl Strategy<Value = Field> {
    let code = (1_u8..=12).prop_filter("not the sender", |code| *code != SENDER);
    prop_oneof![
        (code.clone(), prop_oneof![Just(b's'), Just(b'o')], "[a-zA-Z0-9/._]{0,60}")
            .prop_map(|(code, kind, text)| Field::Text(code, kind, text)),
        (code.clone(), "[a-z()]{0,20}").prop_map(|(code, text)| Field::Signature(code, text)),
        (code.clone(), any::<u32>()).prop_map(|(code, number)| Field::Number(code, number)),
        (code, any::<u64>()).prop_map(|(code, number)| Field::Long(code, number)),
    ]
}

proptest! {
    #[test]
    fn a_message_without_sender_is_unchanged(
        fields in prop::collection::vec(field(), 0..8),
        body in prop::collection::vec(any::<u8>(), 0..64),
        big: bool,
    ) {
        let message = message(&fields, &body, big);
        prop_assert_eq!(message_length(message.first_chunk::<FIXED_LENGTH>().unwrap()), Some(message.len()));
        prop_assert_eq!(without_sender(message.clone()), message);
    }

    #[test]
    fn only_the_sender_is_taken_out_wherever_it_stands(
        fields in prop::collection::vec(field(), 0..8),
        position in any::<prop::sample::Index>(),
        body in prop::collection::vec(any::<u8>(), 0..64),
        big: bool,
    ) {
        let mut stamped = fields.clone();
        stamped.insert(position.index(fields.len() + 1), sender());
        prop_assert!(stamped.iter().any(|field| field.code() == SENDER));
        prop_assert_eq!(without_sender(message(&stamped, &body, big)), message(&fields, &body, big));
    }

    #[test]
    fn cut_and_damaged_messages_never_panic(
        fields in prop::collection::vec(field(), 0..8),
        body in prop::collection::vec(any::<u8>(), 0..64),
        cut in any::<prop::sample::Index>(),
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..6),
        big: bool,
    ) {
        let mut stamped = fields;
        stamped.push(sender());
        let mut message = message(&stamped, &body, big);
        for (position, byte) in damage {
            let position = position.index(message.len());
            message[position] = byte;
        }
        if let Some(fixed) = message.first_chunk::<FIXED_LENGTH>() {
            let _ = message_length(fixed);
        }
        message.truncate(cut.index(message.len() + 1));
        let _ = without_sender(message);
    }

    #[test]
    fn noise_never_panics(noise in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = without_sender(noise);
    }
}

#[test]
fn a_message_longer_than_allowed_is_refused() {
    let mut fixed = [0; FIXED_LENGTH];
    fixed[0] = b'l';
    fixed[4..8].copy_from_slice(&u32::MAX.to_le_bytes());
    assert_eq!(message_length(&fixed), None);
    fixed[0] = b'x';
    assert_eq!(message_length(&fixed), None);
}
