//! The commands in what `status` shows: which words begin one, and where it ends. Pure.

use Use::{Arrow, Words};

/// Where a command of a program is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Use {
    /// Behind an arrow, alone: it is pasted.
    Arrow,
    /// With the words before it, which are to be read first.
    Words,
}

/// The words that begin a command, and where it is shown.
const PROGRAMS: [(&str, Use); 27] = [
    ("ETCDCTL_API=3", Words),
    ("chattr", Words),
    ("chmod", Arrow),
    ("chown", Arrow),
    ("curl", Words),
    ("df", Words),
    ("etcdctl", Words),
    ("findmnt", Words),
    ("first-boot-agent", Arrow),
    ("ip", Words),
    ("journalctl", Arrow),
    ("ls", Words),
    ("lsattr", Words),
    ("lsblk", Words),
    ("mkdir", Words),
    ("mv", Arrow),
    ("namei", Words),
    ("networkctl", Words),
    ("openssl", Arrow),
    ("rm", Arrow),
    ("rmdir", Arrow),
    ("ssh-keygen", Words),
    ("systemctl", Arrow),
    ("systemd-creds", Words),
    ("systemd-run", Words),
    ("timedatectl", Arrow),
    ("umask", Arrow),
];
/// What joins commands to one.
const OPERATORS: [&str; 5] = ["&&", "||", "|", ">", "<"];
/// The words with which a sentence goes on behind a command.
const VERBS: [&str; 6] = ["has", "lists", "prints", "returns", "says", "shows"];

/// How the command is shown that a word begins.
fn use_of(word: &str) -> Option<Use> {
    let word = word.trim_start_matches('(');
    PROGRAMS.iter().find(|(program, _)| *program == word).map(|(_, shown)| *shown)
}

/// Whether a text begins with a command that may be behind an arrow alone.
pub(super) fn is_for_an_arrow(text: &str) -> bool {
    use_of(&text[..word_end(text, 0)]) == Some(Arrow)
}

/// What a line must not be broken in: words, commands, and what is in backticks.
pub(super) fn pieces(text: &str) -> Vec<&str> {
    // One that is never closed quotes nothing.
    let quotes = text.matches('`').count().is_multiple_of(2);
    let mut pieces: Vec<&str> = Vec::new();
    let mut rest = text.trim_start();
    while !rest.is_empty() {
        let mut end = word_end(rest, 0);
        if quotes && rest[..end].matches('`').count() % 2 == 1 {
            end = rest[end..].find('`').map_or(end, |closing| word_end(rest, end + closing));
        } else if use_of(&rest[..end]).is_some() {
            end = command_end(rest, end);
        }
        let (piece, after) = rest.split_at(end);
        pieces.push(piece);
        rest = after.trim_start();
    }
    pieces
}

/// Where the word that holds this place ends.
fn word_end(text: &str, from: usize) -> usize {
    text[from..].find(char::is_whitespace).map_or(text.len(), |length| from + length)
}

/// Where a command ends whose first word ends there: with its clause, unless the mark is in quotes or brackets.
fn command_end(text: &str, first: usize) -> usize {
    let mut end = first;
    loop {
        let command = &text[..end];
        let count = |character: char| command.matches(character).count();
        let is_quoted = !count('\'').is_multiple_of(2);
        let is_open = is_quoted || count('(') > count(')');
        let after = &text[end..];
        let next = after.trim_start();
        let word = &next[..word_end(next, 0)];
        let is_over = !is_open && (command.ends_with([',', ';', ':', ')']) && !OPERATORS.contains(&word));
        if next.is_empty() || is_over || (!is_quoted && VERBS.contains(&word)) {
            return end;
        }
        end = word_end(text, end + (after.len() - next.len()));
    }
}

#[cfg(test)]
mod tests;
