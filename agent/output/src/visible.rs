//! Text as a terminal may have it. Must not decide what is worth showing.

use std::borrow::Cow;
use std::fmt::Write;

/// The text with everything escaped that a terminal obeys, or that turns what is beside it: a name that an operator types, or that
/// a file system has, may hold anything. The escapes are those that JSON has; metrics have none, and nothing to escape: a node or
/// cluster is called by letters, digits and marks.
pub(crate) fn visible(text: &str) -> Cow<'_, str> {
    if !text.contains(is_obeyed) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::new();
    for character in text.chars() {
        if is_obeyed(character) {
            let _ = write!(shown, "\\u{:04x}", u32::from(character));
        } else {
            shown.push(character);
        }
    }
    Cow::Owned(shown)
}

/// Line ends and tabs are part of what is printed; the others are the controls (C0, DEL, C1) and those of the direction of
/// writing (Unicode, `Bidi_Control`).
fn is_obeyed(character: char) -> bool {
    let turns = matches!(character,
        '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    turns || (character.is_control() && !matches!(character, '\n' | '\t'))
}

#[cfg(test)]
mod tests {
    use super::visible;

    #[test]
    fn what_a_terminal_obeys_is_escaped_and_nothing_else() {
        let plain = "node01: \"ü\" \\ 漢字 …\n\tdone\n";
        assert_eq!(visible(plain), plain);
        let obeyed = "\u{1b}]0;x\u{7}\r\u{7f}\u{9b}\u{202e}a";
        assert_eq!(visible(obeyed), "\\u001b]0;x\\u0007\\u000d\\u007f\\u009b\\u202ea");
    }
}
