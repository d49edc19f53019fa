//! The words of the kernel's command line, by systemd's rules (kernel-command-line(7), `proc-cmdline.c`): what systemd
//! reads on it, the agent must not pass over. Must not know any parameter.

/// A name as it is compared: `-` and `_` are one character, and `rd.` before it says what holds here anyway, that the
/// initrd is meant.
pub(super) fn compared(name: &str) -> String {
    name.strip_prefix("rd.").unwrap_or(name).replace('-', "_")
}

/// A switch as systemd takes it (`parse_boolean`); the bare name means yes.
pub(super) fn flag(value: Option<&str>) -> Result<bool, String> {
    match value.unwrap_or_default().to_ascii_lowercase().as_str() {
        "" | "1" | "yes" | "y" | "true" | "t" | "on" => Ok(true),
        "0" | "no" | "n" | "false" | "f" | "off" => Ok(false),
        _ => Err("write 1 or 0".to_owned()),
    }
}

/// The words in their order. A blank within quotes of either kind parts none, and a backslash is a character like any other.
/// Quotes that are not closed reach to the end.
pub(super) fn words(command_line: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut quoted_by = None;
    for character in command_line.trim().chars() {
        match character {
            '"' | '\'' if quoted_by.is_none() => quoted_by = Some(character),
            quote if quoted_by == Some(quote) => quoted_by = None,
            blank if blank.is_whitespace() && quoted_by.is_none() => words.push(String::new()),
            other => words.last_mut().into_iter().for_each(|word| word.push(other)),
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

#[cfg(test)]
mod tests {
    use super::{compared, flag, words};

    #[test]
    fn f37_words_are_those_that_systemd_sees() {
        for (line, expected) in [
            (" a  b\tc\n", &["a", "b", "c"][..]),
            ("\"a b\" c=\"d e\" 'f g' h='i j'", &["a b", "c=d e", "f g", "h=i j"]),
            (r#"a="it's" b='say "x"' c=d\ e"#, &["a=it's", r#"b=say "x""#, r"c=d\", "e"]),
            ("a=\"never closed b", &["a=never closed b"]),
            ("\"\" a", &["a"]),
        ] {
            assert_eq!(words(line), expected, "{line}");
        }
        for name in ["first_boot.config_url", "first-boot.config-url", "rd.first_boot.config-url"] {
            assert_eq!(compared(name), "first_boot.config_url");
        }
        for (yes, no) in
            [("1", "0"), ("yes", "no"), ("Y", "N"), ("true", "false"), ("t", "F"), ("ON", "off"), ("", "0")]
        {
            assert_eq!((flag(Some(yes)), flag(Some(no))), (Ok(true), Ok(false)));
        }
        assert_eq!(flag(None), Ok(true));
        assert!(flag(Some("perhaps")).is_err());
    }
}
