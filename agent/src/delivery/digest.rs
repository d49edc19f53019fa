//! The SHA-256 of a configuration's bytes: it shows an operator which one a node has taken.

use std::fmt;
use std::str::FromStr;

use ring::digest::{SHA256, SHA256_OUTPUT_LEN, digest};

/// A SHA-256 digest (FIPS 180-4).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Digest([u8; SHA256_OUTPUT_LEN]);

impl Digest {
    /// The digest of some bytes.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        let mut sum = [0; SHA256_OUTPUT_LEN];
        sum.copy_from_slice(digest(&SHA256, bytes).as_ref());
        Self(sum)
    }
}

/// `sha256:` and 64 lower-case hexadecimal digits, as `sha256sum` prints them.
impl fmt::Display for Digest {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("sha256:")?;
        self.0.iter().try_for_each(|byte| write!(formatter, "{byte:02x}"))
    }
}

/// Takes what `sha256sum` prints, with or without `sha256:` before it.
impl FromStr for Digest {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let hexadecimal = text.strip_prefix("sha256:").unwrap_or(text);
        let mut sum = [0; SHA256_OUTPUT_LEN];
        let is_hexadecimal = hexadecimal.bytes().all(|digit| digit.is_ascii_hexdigit());
        if !is_hexadecimal || hexadecimal.len() != 2 * sum.len() {
            return Err("write the 64 hexadecimal digits that sha256sum prints".to_owned());
        }
        for (byte, at) in sum.iter_mut().zip((0..hexadecimal.len()).step_by(2)) {
            *byte = u8::from_str_radix(&hexadecimal[at..at + 2], 16).map_err(|error| error.to_string())?;
        }
        Ok(Self(sum))
    }
}

#[cfg(test)]
mod tests {
    use super::Digest;

    /// The first example of FIPS 180-4.
    const ABC: &str = "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

    #[test]
    fn it_is_what_sha256sum_prints() {
        assert_eq!(Digest::of(b"abc").to_string(), ABC);
        assert_eq!(ABC.parse(), Ok(Digest::of(b"abc")));
        assert_eq!(ABC.trim_start_matches("sha256:").to_uppercase().parse(), Ok(Digest::of(b"abc")));
    }

    #[test]
    fn what_is_no_digest_is_refused() {
        for text in ["", "sha256:", "abc", &ABC[..ABC.len() - 1], &ABC.replace('b', "g"), &ABC.replace("ba", "ä")] {
            assert!(text.parse::<Digest>().is_err(), "{text}");
        }
    }
}
