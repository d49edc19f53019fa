//! Text from elsewhere (a service, a file, a log), made fit to be shown: on one line, bounded, and without anything that a
//! terminal obeys or that a person cannot see.
//!
//! Must not change what is compared: callers that compare keep the original text.

use std::path::Path;

use crate::config::without_logins;

/// The most characters of a whole message: more than a person reads, and far below what the journal and `sd_notify` take.
pub(crate) const LONGEST_MESSAGE: usize = 2000;

/// The longest path of Linux (`PATH_MAX`).
const LONGEST_PATH: usize = 4096;

/// Printable by their category, and blank or reordering all the same: Hangul and Braille fillers.
const BLANK: [char; 5] = ['\u{115f}', '\u{1160}', '\u{2800}', '\u{3164}', '\u{ffa0}'];

/// At most `most` characters of a text, with everything escaped that is invisible, that controls a terminal, or that is
/// written from right to left, which would turn what is beside it. What is cut off shows as an ellipsis.
pub(crate) fn shown(text: &str, most: usize) -> String {
    bounded(&without_logins(text), most, is_visible)
}

/// The whole of a message that the agent has written, with paths in it that may be of any characters: line breaks stay.
pub(crate) fn message(text: &str) -> String {
    bounded(text, usize::MAX, |character| character == '\n' || is_visible(character))
}

/// The same as [`shown`] for text of several lines: line breaks stay.
pub(crate) fn shown_lines(text: &str, most: usize) -> String {
    bounded(&without_logins(text), most, |character| character == '\n' || is_visible(character))
}

/// A path: an operator may have typed, and a file system may hold, any characters.
pub(crate) fn path(path: &Path) -> String {
    bounded(&path.to_string_lossy(), LONGEST_PATH, is_visible)
}

fn bounded(text: &str, most: usize, is_kept: fn(char) -> bool) -> String {
    let escaped = |character: char| {
        let escape = (!is_kept(character)).then(|| character.escape_unicode());
        let plain = escape.is_none().then_some(character);
        plain.into_iter().chain(escape.into_iter().flatten())
    };
    let mut characters = text.chars().flat_map(escaped);
    let mut shown: String = characters.by_ref().take(most).collect();
    if characters.next().is_some() {
        shown.push('…');
    }
    shown
}

/// The columns of a terminal that visible text takes (UAX #11): East Asian characters and emoji take two. What combines with the
/// character before it takes none.
pub(crate) fn columns(text: &str) -> usize {
    let of_one = |character: char| match character {
        ' '..='~' => 1,
        _ if is_wide(character) => 2,
        // The standard library escapes what it cannot show alone.
        _ => usize::from(character.escape_debug().count() == 1),
    };
    text.chars().map(of_one).sum()
}

/// A text, and the spaces that fill it up to a number of columns.
pub(crate) fn padded(text: &str, width: usize) -> String {
    format!("{text}{:1$}", "", width.saturating_sub(columns(text)))
}

/// The blocks whose characters are wide (Unicode 16, `EastAsianWidth` W and F).
fn is_wide(character: char) -> bool {
    matches!(character,
        '\u{1100}'..='\u{115f}' | '\u{2e80}'..='\u{303e}' | '\u{3041}'..='\u{3247}' | '\u{3250}'..='\u{4dbf}'
        | '\u{4e00}'..='\u{a4cf}' | '\u{a960}'..='\u{a97f}' | '\u{ac00}'..='\u{d7a3}' | '\u{f900}'..='\u{faff}'
        | '\u{fe10}'..='\u{fe19}' | '\u{fe30}'..='\u{fe6f}' | '\u{ff01}'..='\u{ff60}' | '\u{ffe0}'..='\u{ffe6}'
        | '\u{16fe0}'..='\u{1b2ff}' | '\u{1f300}'..='\u{1f64f}' | '\u{1f680}'..='\u{1f6ff}' | '\u{1f7e0}'..='\u{1f7eb}'
        | '\u{1f900}'..='\u{1f9ff}' | '\u{1fa70}'..='\u{1faff}' | '\u{20000}'..='\u{3fffd}')
}

/// Whether a terminal shows a character, and obeys none.
pub(crate) fn is_visible(character: char) -> bool {
    // The standard library's own judgement of what can be printed; it escapes quotes and backslashes too, which are visible.
    let is_printable = matches!(character, '\'' | '"' | '\\') || character.escape_debug().count() == 1;
    is_printable && !BLANK.contains(&character) && !is_right_to_left(character)
}

/// The blocks of scripts that are written from right to left (Unicode 16, bidirectional classes R and AL).
fn is_right_to_left(character: char) -> bool {
    matches!(character,
        '\u{0590}'..='\u{08ff}' | '\u{fb1d}'..='\u{fdff}' | '\u{fe70}'..='\u{feff}'
        | '\u{10800}'..='\u{10fff}' | '\u{1e800}'..='\u{1efff}')
}

#[cfg(test)]
mod tests {
    use super::{columns, message, padded, shown, shown_lines, without_logins};

    #[test]
    fn x2_the_login_in_a_url_is_not_shown() {
        for (text, expected) in [
            ("https://u:p@x/y", "https://…@x/y"),
            ("a pg://u:p@x b https://p@y c", "a pg://…@x b https://…@y c"),
            ("https://u:p@q@x", "https://…@x"),
            ("pg://u:p/PW@x, pg://u:p#PW@x", "pg://…@x, pg://…@x"),
            ("{\"url\": \"https://root:p?PW@x\"}", "{\"url\": \"https://…@x\"}"),
            ("https://x/y", "https://x/y"),
            ("rack@7", "rack@7"),
            ("://@", "://…@"),
        ] {
            assert_eq!(without_logins(text), expected);
            assert_eq!(shown(text, 200), expected);
        }
    }

    #[test]
    fn what_a_person_can_read_stays_as_it_is() {
        for text in ["node01 at 10.0.1.10:2380", "\"a\" 'b' \\ ü 漢字 … →", ""] {
            assert_eq!(shown(text, 100), text);
        }
        assert_eq!(shown_lines("a\n\tb", 100), "a\n\\u{9}b");
    }

    #[test]
    fn what_nobody_sees_or_a_terminal_obeys_is_escaped() {
        for (text, expected) in [
            ("\u{1b}[31mred\u{7}", "\\u{1b}[31mred\\u{7}"),
            ("a\nb\r\u{85}", "a\\u{a}b\\u{d}\\u{85}"),
            ("node\u{200b}01\u{feff}", "node\\u{200b}01\\u{feff}"),
            ("\u{202e}10edon\u{2066}", "\\u{202e}10edon\\u{2066}"),
            ("\u{5d0}\u{627}", "\\u{5d0}\\u{627}"),
            ("a\u{a0}b\u{3000}\u{2028}\u{3164}\u{e0041}", "a\\u{a0}b\\u{3000}\\u{2028}\\u{3164}\\u{e0041}"),
        ] {
            assert_eq!(shown(text, 100), expected);
        }
    }

    #[test]
    fn a_text_takes_the_columns_that_a_terminal_gives_it() {
        for (text, expected) in
            [("node01", 6), ("ü…→", 3), ("漢字", 4), ("ﾊ한Ａ", 5), ("e\u{301}", 1), ("\u{1f600}", 2)]
        {
            assert_eq!(columns(text), expected, "{text}");
            assert_eq!(columns(&padded(text, 8)), 8, "{text}");
        }
        assert_eq!(padded("node01", 2), "node01");
    }

    #[test]
    fn a_message_stays_whole_and_obeys_nothing() {
        let long = "x".repeat(3000);
        assert_eq!(message(&format!("{long}\n\u{9b}31m\u{7f}")), format!("{long}\n\\u{{9b}}31m\\u{{7f}}"));
    }

    #[test]
    fn what_is_too_long_is_cut_and_says_so() {
        assert_eq!(shown("abcdef", 3), "abc…");
        assert_eq!(shown("abc", 3), "abc");
        assert_eq!(shown(&"\u{7}".repeat(1000), 5), "\\u{7}…");
    }
}
