//! A word of a service's: an id, a status, the identity of a cluster or of a data directory. The same treatment wherever it
//! comes from, a member list or a health answer: identities are compared by what they mean, and all is shown so that it does no
//! harm.

use std::fmt;

use serde::Serialize;
use serde_json::Value;

use crate::foreign_text;

/// As long as an id of ours can be; the rest of a longer one is not needed.
const LONGEST_SHOWN: usize = 128;

/// A word, without the blanks around it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
pub struct Word(String);

impl Word {
    /// Takes a text for a word.
    #[must_use]
    pub fn new(text: &str) -> Self {
        Self(text.trim().to_owned())
    }

    /// Of a text, or of a whole number, which some services take for ids.
    pub(crate) fn read(value: &Value) -> Option<Self> {
        match value {
            Value::String(text) => Some(Self::new(text)),
            Value::Number(number) if !number.is_f64() => Some(Self(number.to_string())),
            _ => None,
        }
    }

    /// The word as it came, to compare or to send; to show it, there is `Display`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether there is nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether it is one of these words, which are in lower case. Services write them in either.
    #[must_use]
    pub fn is_one_of(&self, words: &[&str]) -> bool {
        words.iter().any(|word| self.0.eq_ignore_ascii_case(word))
    }

    /// Whether it is the identity that another word is, of a cluster or of a data directory. Services spell one UUID or number
    /// in many ways (RFC 9562, section 4): in capitals, with other marks between the digits or around them, as a URN, in hexadecimal
    /// and decimal, with zeros before it. What differs in nothing else is never taken for two: on a difference entries are removed.
    #[must_use]
    pub fn is_identity(&self, other: &Self) -> bool {
        let (own, theirs) = (Spelling::of(&self.0), Spelling::of(&other.0));
        own.bare == theirs.bare
            || own.numbers(&theirs).any(|own_number| theirs.numbers(&own).any(|number| number == own_number))
    }

    /// Whether it is certainly another data directory than the one that this word is the identity of: another identity, and not
    /// merely one in an unforeseen form, cut off or encoded. Beside a UUID or a long hexadecimal number only another one of
    /// its length says so, for on this a voter is removed.
    #[must_use]
    pub fn is_other_data(&self, other: &Self) -> bool {
        const LONG: usize = 8;
        let (own, theirs) = (Spelling::of(&self.0), Spelling::of(&other.0));
        let is_number =
            |word: &Spelling| word.bare.len() >= LONG && word.bare.bytes().all(|byte| byte.is_ascii_hexdigit());
        let looks_alike = match (is_number(&own), is_number(&theirs)) {
            (true, true) => own.bare.len() == theirs.bare.len(),
            (false, false) => true,
            _ => false,
        };
        looks_alike && !self.is_identity(other)
    }

    /// Whether it means no member, in whatever spelling: nothing, zeros (also of a UUID), a word for none.
    #[must_use]
    pub fn is_nobody(&self) -> bool {
        let bare = Spelling::of(&self.0).bare;
        bare.chars().all(|character| character == '0')
            || self.0 == "-1"
            || matches!(bare.as_str(), "none" | "null" | "nil" | "unknown" | "nobody" | "undefined" | "na" | "nan")
            || matches!(bare.as_str(), "unset" | "notset" | "empty" | "false")
    }
}

/// A word without what is only its spelling.
struct Spelling {
    /// In lower case, without marks around it; a number or a UUID also without those between its digits.
    bare: String,
    is_hexadecimal: bool,
}

impl Spelling {
    fn of(text: &str) -> Self {
        let lower = text.to_lowercase();
        let mut rest = lower.trim_matches(|c: char| !c.is_alphanumeric());
        for prefix in ["urn:", "uuid:"] {
            rest = rest.strip_prefix(prefix).unwrap_or(rest);
        }
        let number = rest.strip_prefix("0x");
        let digits: String = number.unwrap_or(rest).chars().filter(|c| c.is_alphanumeric()).collect();
        let is_hex = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
        // Marks part the words of a name; within a number or a UUID they say nothing.
        let is_uuid = is_hex && digits.len() == 32;
        let bare =
            if number.is_some() || is_uuid || rest.len() == digits.len() || digits.bytes().all(|byte| byte == b'0') {
                digits
            } else {
                rest.to_owned()
            };
        Self { bare, is_hexadecimal: number.is_some() && is_hex }
    }

    /// What it may be as a number: of digits alone, more than 16 are decimal, as a 64-bit number has no more in hexadecimal; fewer
    /// may be either, where the other word does not say which it is in.
    fn numbers(&self, other: &Self) -> impl Iterator<Item = u128> {
        let is_decimal = self.bare.bytes().all(|byte| byte.is_ascii_digit()) && !self.is_hexadecimal;
        let is_long = self.bare.len() > 16 && self.bare.len() < 32;
        let decimal = self.bare.parse().ok().filter(|_| is_decimal);
        let hexadecimal = u128::from_str_radix(&self.bare, 16).ok().filter(|_| !(is_decimal && is_long));
        [decimal.filter(|_| is_long || other.is_hexadecimal), hexadecimal].into_iter().flatten()
    }
}

impl From<&str> for Word {
    fn from(text: &str) -> Self {
        Self::new(text)
    }
}

impl fmt::Display for Word {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(&foreign_text::shown(&self.0, LONGEST_SHOWN))
    }
}
