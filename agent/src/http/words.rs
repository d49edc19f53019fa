//! What libraries say, in words for an operator: no Rust identifiers, no links to manuals of programmers, no control
//! characters, and not without end.
//!
//! The one place through which errors of rustls, hyper, reqwest and the system go into a message of this module. What is made
//! of one for the next step is `classify`'s business.

mod certificate;
mod handshake;

use std::error::Error;
use std::fmt::Debug;
use std::io;

use first_boot_output::plain_error;

use crate::foreign_text::shown;

pub(super) use certificate::{names, refused as certificate};
pub(super) use handshake::{handshake, own};

/// Characters of a library's text that are shown.
const LONGEST: usize = 400;

/// What is the matter, by the last error of a chain that says it.
pub(super) fn cause(error: &(dyn Error + 'static)) -> String {
    if let Some(tls) = sources(error).find_map(|source| source.downcast_ref::<rustls::Error>()) {
        return handshake(tls).1;
    }
    let text = sources(error).last().map(ToString::to_string).unwrap_or_default();
    let is_cut_off = |source: &(dyn Error + 'static)| {
        source.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::UnexpectedEof)
    };
    if known(&text).is_none() && sources(error).any(is_cut_off) { CUT_OFF.to_owned() } else { plain(&text) }
}

const CUT_OFF: &str = "the other side closed the connection in the middle of its answer";

/// What hyper and its like say, and what it means.
const KNOWN: &[(&str, &str)] = &[
    ("connection closed before message completed", CUT_OFF),
    ("end of file before message length reached", CUT_OFF),
    ("unexpected EOF during chunk size line", CUT_OFF),
    ("close_notify", CUT_OFF),
    ("tls handshake eof", "the other side closed the connection before TLS was agreed on"),
    ("(Canceled)", "the connection was given up"),
    ("(ChannelClosed)", "the connection was given up"),
    ("operation was canceled", "the connection was given up"),
    ("operation timed out", "no answer in time"),
    ("deadline has elapsed", "no answer in time"),
];

fn known(text: &str) -> Option<&'static str> {
    KNOWN.iter().find(|(part, _)| text.contains(part)).map(|(_, meaning)| *meaning)
}

/// A library's text as a message may have it.
pub(super) fn plain(text: &str) -> String {
    if let Some(meaning) = known(text) {
        return meaning.to_owned();
    }
    let text = plain_error(&text);
    let words = text.split_whitespace().filter(|word| !word.contains("http://") && !word.contains("https://"));
    let text = words.map(without_identifiers).collect::<Vec<_>>().join(" ");
    // What Rust prints between braces is for those who have its source.
    let text = text.split_once(" {").map_or(text.as_str(), |(before, _)| before).trim_end_matches(':');
    shown(text, LONGEST)
}

/// A word with what is a Rust identifier in it spelled.
fn without_identifiers(word: &str) -> String {
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == ':';
    let Some(start) = word.find(is_part) else {
        return word.to_owned();
    };
    let (before, rest) = word.split_at(start);
    let (run, after) = rest.split_at(rest.find(|c| !is_part(c)).unwrap_or(rest.len()));
    let name = run.trim_end_matches(':');
    let run = if is_identifier(name) { run.replacen(name, &spelled(name), 1) } else { run.to_owned() };
    format!("{before}{run}{}", without_identifiers(after))
}

/// Whether a word is a Rust identifier rather than one of a language: `HandshakeFailure`, `io::Error`.
fn is_identifier(word: &str) -> bool {
    let has_hump = |pair: &[u8]| pair[0].is_ascii_lowercase() && pair[1].is_ascii_uppercase();
    let is_capitalised = word.starts_with(|c: char| c.is_ascii_uppercase());
    word.contains("::") || (is_capitalised && word.as_bytes().windows(2).any(has_hump))
}

/// A Rust identifier in words, without what comes after it in brackets: `HandshakeFailure` is `handshake failure`.
fn spelled(identifier: &str) -> String {
    let name = identifier.split(['(', '{', ' ']).next().unwrap_or_default();
    let name = name.rsplit("::").next().unwrap_or_default();
    let letters: Vec<char> = name.chars().collect();
    let mut words = String::new();
    for (index, letter) in letters.iter().enumerate() {
        let follows_capital = index > 0 && letters[index - 1].is_ascii_uppercase();
        let is_last_capital = letters.get(index + 1).is_some_and(char::is_ascii_lowercase);
        let begins = letter.is_ascii_uppercase() && index > 0 && (!follows_capital || is_last_capital);
        if begins && !words.ends_with(' ') {
            words.push(' ');
        }
        words.push(if *letter == '_' { ' ' } else { letter.to_ascii_lowercase() });
    }
    words
}

/// A value by its Rust identifier, in words.
fn named(value: &dyn Debug) -> String {
    spelled(&format!("{value:?}"))
}

/// An error and those behind it.
pub(super) fn sources<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    // An `io::Error` hides the error that it was made from: its `source` is that one's.
    std::iter::successors(Some(error), |&error: &&'a (dyn Error + 'static)| {
        match error.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
            Some(inner) => Some(inner),
            None => error.source(),
        }
    })
}

#[cfg(test)]
#[path = "words/tests.rs"]
mod tests;
