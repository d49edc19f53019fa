//! Which network link is meant. Must not look for it.

use super::ValueError;
use std::{fmt, str::FromStr};

/// A network link, as a config names it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum LinkChoice {
    /// Whichever.
    Any,
    /// The one with this address, in lower case with colons.
    Mac(String),
    /// The one of this name.
    Name(String),
}

/// The longest name that the kernel gives (`IFNAMSIZ`).
const LONGEST: usize = 15;

impl FromStr for LinkChoice {
    type Err = ValueError;

    fn from_str(text: &str) -> Result<Self, ValueError> {
        if text == "any" {
            return Ok(Self::Any);
        }
        let mac: Vec<&str> = text.split(':').collect();
        let is_byte = |part: &&str| part.len() == 2 && part.bytes().all(|byte| byte.is_ascii_hexdigit());
        if mac.len() == 6 && mac.iter().all(is_byte) {
            return Ok(Self::Mac(text.to_ascii_lowercase()));
        }
        let is_plain = |c: char| c.is_ascii_alphanumeric() || "_.-@".contains(c);
        if (1..=LONGEST).contains(&text.len()) && text.chars().all(is_plain) {
            return Ok(Self::Name(text.to_owned()));
        }
        Err(ValueError::new("write `any`, a name as `ip link` shows it, or an address as in `52:54:00:12:34:56`"))
    }
}

impl fmt::Display for LinkChoice {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Any => out.write_str("any"),
            Self::Mac(text) | Self::Name(text) => out.write_str(text),
        }
    }
}
