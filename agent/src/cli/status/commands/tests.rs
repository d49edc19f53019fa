use std::fs;
use std::path::{Path, PathBuf};

use super::{PROGRAMS, is_for_an_arrow, pieces, use_of};

#[test]
fn a_sentence_goes_on_behind_a_command() {
    let text = "first-boot-agent config show has the paths of all files (first-boot-agent inventory shows the disks)";
    let expected = [
        "first-boot-agent config show",
        "has",
        "the",
        "paths",
        "of",
        "all",
        "files",
        "(first-boot-agent inventory",
        "shows",
        "the",
        "disks)",
    ];
    assert_eq!(pieces(text), expected);
    assert_eq!(pieces("what ` is never closed"), ["what", "`", "is", "never", "closed"]);
    assert_eq!(pieces(""), [""; 0]);
}

#[test]
fn what_may_be_behind_an_arrow_alone_is_a_column_of_the_list() {
    for text in ["rm /a", "timedatectl", "(umask 077 && mv a b)", "systemctl start a.service"] {
        assert!(is_for_an_arrow(text), "{text}");
    }
    for text in ["", "ls -l /a", "networkctl status eth0", "rmx", "look at it", "systemctl: look"] {
        assert!(!is_for_an_arrow(text), "{text}");
    }
}

/// Whatever is shown as a command is in the list, or a line is broken within it: a word behind `: ` or `&& ` with an option or
/// a path behind it, and a name that ends like `systemctl`. Other words with a subcommand cannot be distinguished from a sentence.
#[test]
fn the_programs_of_remedies_are_in_the_list() {
    let mut unknown = Vec::new();
    for path in sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src")) {
        let text = fs::read_to_string(&path).unwrap();
        let of_file = programs(&text).into_iter().filter(|word| use_of(word).is_none());
        unknown.extend(of_file.map(|word| format!("{}: {word}", path.display())));
    }
    assert!(unknown.is_empty(), "add them to PROGRAMS: {unknown:#?}");
    assert_eq!(
        programs("look: frob -l {a}; then: (knit /b && purl --c) or sockctl show"),
        ["sockctl", "frob", "knit", "purl"]
    );
    assert!(PROGRAMS.is_sorted_by_key(|(program, _)| *program));
}

fn programs(text: &str) -> Vec<&str> {
    // A comment explains, and shows nothing.
    let lines = text.lines().filter(|line| !line.trim_start().starts_with("//"));
    let mut found = Vec::new();
    for line in lines {
        let is_of_name = |letter: char| letter.is_ascii_lowercase() || letter == '-';
        let words = line.split_whitespace().map(|word| word.trim_matches(|mark: char| "\"'`(),;".contains(mark)));
        found.extend(words.filter(|word| word.len() > 3 && word.ends_with("ctl") && word.chars().all(is_of_name)));
        for before in [": ", "&& "] {
            for after in line.split(before).skip(1) {
                let after = after.trim_start_matches('(');
                let Some((word, rest)) = after.split_once(' ') else { continue };
                let is_option =
                    rest.starts_with('-') && rest[1..].starts_with(|c: char| c == '-' || c.is_ascii_alphabetic());
                let is_path = rest.starts_with('/') && rest[1..].starts_with(|c: char| c.is_ascii_lowercase());
                if !word.is_empty() && word.chars().all(is_of_name) && (is_option || is_path) {
                    found.push(word);
                }
            }
        }
    }
    found
}

fn sources(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let (folders, files): (Vec<_>, Vec<_>) = entries.partition(|path| path.is_dir());
    let below = folders.iter().flat_map(|folder| sources(folder));
    // Tests have programs of their own.
    let is_read =
        |path: &PathBuf| path.extension().is_some_and(|extension| extension == "rs") && !path.ends_with("tests.rs");
    below.chain(files).filter(is_read).collect()
}
