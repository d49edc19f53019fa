//! An error as people read it. Must not decide what follows from it.

use std::fmt::Display;

/// What the standard library puts before an error's number.
const BEFORE: &str = " (os error ";

/// The text of an error without the numbers of the operating system: `No such file or directory`. The number says nothing more,
/// and an error of a library may have one of its causes' anywhere in it.
#[must_use]
pub fn plain_error(error: &dyn Display) -> String {
    let text = error.to_string();
    let mut parts = text.split(BEFORE);
    let mut plain = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let after = part.trim_start_matches(|c: char| c.is_ascii_digit());
        match after.strip_prefix(')').filter(|_| after.len() < part.len()) {
            Some(after) => plain.push_str(after),
            None => plain.extend([BEFORE, part]),
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::{BEFORE, plain_error};

    #[test]
    fn a_number_of_the_system_is_not_shown() {
        assert_eq!(plain_error(&io::Error::from_raw_os_error(2)), "No such file or directory");
        let inner = io::Error::from_raw_os_error(111);
        assert_eq!(plain_error(&io::Error::other(inner)), "Connection refused");
        let several = format!("a: b{BEFORE}2), c{BEFORE}13); d");
        assert_eq!(plain_error(&several), "a: b, c; d");
        for other in
            [String::new(), "a (os 2)".to_owned(), format!("a{BEFORE}x)"), format!("a{BEFORE})"), format!("a{BEFORE}2")]
        {
            assert_eq!(plain_error(&other), other);
        }
    }
}
