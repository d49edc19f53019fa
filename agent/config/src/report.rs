//! What is wrong with a config, all of it at once, worded for the person who
//! has to put it right. Must not print a value whose key looks secret.

use super::tree::Tree;
use std::fmt;

/// One thing that is wrong, or odd.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Where, as a JSON path: `$.raft_addr`.
    pub path: String,
    /// What is there, shortened, or why it is not shown.
    pub found: String,
    /// What is expected there.
    pub expected: String,
    /// What to do about it, where more can be said.
    pub hint: Option<String>,
}

impl Problem {
    pub(crate) fn new(path: &str, found: impl Into<String>, expected: impl Into<String>, hint: Option<String>) -> Self {
        Self { path: path.to_owned(), found: found.into(), expected: expected.into(), hint }
    }

    /// The whole of it, its advice behind this.
    fn described(&self, before_hint: &str) -> String {
        let Self { path, found, expected, hint } = self;
        let hint = hint.as_ref().map_or_else(String::new, |hint| format!("{before_hint}{hint}"));
        format!("{path}: found {found}, expected {expected}{hint}")
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.described("; "))
    }
}

/// Every problem of one config; never empty.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct Report {
    /// The problems, in the order of the file, then those between fields.
    pub problems: Vec<Problem>,
    /// How many more there are, where there are too many to be of use.
    pub left_out: usize,
    /// What is odd besides; often the key of what is missed.
    pub warnings: Vec<Problem>,
}

/// More than a person reads; a generator that went wrong makes thousands.
const SHOWN: usize = 100;
/// Puts advice on a line of its own.
const OWN_LINE: &str = "\n      ";

impl Report {
    pub(crate) fn of(mut problems: Vec<Problem>, not_kept: usize, warnings: Vec<Problem>) -> Self {
        if problems.is_empty() {
            // No config came about, and no field is to blame.
            let hint = "this is a bug in the agent; report it with the output of `config show`".to_owned();
            problems.push(Problem::new(
                "$",
                "fields that do not form a configuration",
                "a value for every field with a default",
                Some(hint),
            ));
        }
        let left_out = not_kept + problems.len().saturating_sub(SHOWN);
        problems.truncate(SHOWN);
        Self { problems, left_out, warnings: bounded(warnings) }
    }

    /// One line, for places that have no more space than that, and more readers than the config has: it quotes nothing.
    #[must_use]
    pub fn summary(&self) -> String {
        let described = |problem: &Problem| format!("{}: expected {}", problem.path, problem.expected);
        let first = self.problems.first().map(described).unwrap_or_default();
        match self.problems.len() + self.left_out {
            0 | 1 => first,
            count => format!("{first}; and {} more", count - 1),
        }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = self.problems.len() + self.left_out;
        write!(out, "{count} problem{}", if count == 1 { "" } else { "s" })?;
        for problem in &self.problems {
            write!(out, "\n  {}", problem.described(OWN_LINE))?;
        }
        if self.left_out > 0 {
            write!(out, "\n  and {} more", self.left_out)?;
        }
        for warning in &self.warnings {
            write!(out, "\n  (warning) {}", warning.described(OWN_LINE))?;
        }
        Ok(())
    }
}

/// The first of many warnings, and one that counts the others.
pub(crate) fn bounded(mut warnings: Vec<Problem>) -> Vec<Problem> {
    let more = warnings.len().saturating_sub(SHOWN);
    warnings.truncate(SHOWN);
    if more > 0 {
        warnings.push(Problem::new("$", format!("{more} more warnings"), "a cluster config and nothing else", None));
    }
    warnings
}

/// Adds a key to a JSON path.
pub(crate) fn below(path: &str, key: &str) -> String {
    let plain = key.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && key.chars().all(|c| c.is_ascii_alphanumeric() || "_-".contains(c));
    if plain && key.len() <= WIDTH { [path, ".", key].concat() } else { format!("{path}[{}]", quoted(key)) }
}

/// Whether what a config holds may be quoted on the console and in the journal. Its owner may see it; of one that
/// came by a partition, a URL or a credential, paths and kinds are all that is said, for a secret may be anywhere in it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Quotes {
    /// Shortened, and not where a key looks secret.
    #[default]
    Shown,
    /// Never.
    Hidden,
}

impl Quotes {
    /// How a value is shown.
    pub(crate) fn value(self, path: &str, tree: &Tree) -> String {
        match self {
            Self::Shown => shown(path, tree),
            Self::Hidden => tree.kind(),
        }
    }

    /// A sentence that quotes a value, else the one that does not.
    pub(crate) fn either(self, quoting: String, otherwise: &str) -> String {
        match self {
            Self::Shown => quoting,
            Self::Hidden => otherwise.to_owned(),
        }
    }

    /// Adds a key that the writer of the config has made up; the other is its place among its neighbours.
    pub(crate) fn below(self, path: &str, key: &str, place: usize) -> String {
        match self {
            Self::Shown => below(path, key),
            Self::Hidden => format!("{path}[key {}]", place + 1),
        }
    }
}

/// How a value is shown to a person: short, and not at all where its key looks
/// secret. What lists and objects hold is never shown.
fn shown(path: &str, tree: &Tree) -> String {
    match tree {
        _ if looks_secret(path) => format!("{} (not shown)", tree.kind()),
        Tree::Null => "null".to_owned(),
        Tree::Flag(flag) => flag.to_string(),
        Tree::Count(count) => count.to_string(),
        // As it was written, not as the whole number that a fraction or an exponent may come to.
        Tree::Number(number) if *number >= 0.0 || number.fract() != 0.0 => format!("{number:?}"),
        Tree::Number(number) => number.to_string(),
        Tree::Text(text) => quoted(&without_credentials(text)),
        Tree::List(_) | Tree::Object(_) => tree.kind(),
    }
}

/// Whether the last key of a path is one that people keep secrets under.
pub(crate) fn looks_secret(path: &str) -> bool {
    let path = path.to_ascii_lowercase();
    let words = ["pass", "secret", "token", "private", "credential", "auth"];
    words.iter().any(|word| path.contains(word))
        || path.split(|c: char| !c.is_ascii_alphanumeric()).any(|word| word.ends_with("key") || word == "pin")
}

/// The most characters of a text that are shown.
pub(crate) const WIDTH: usize = 64;

fn quoted(text: &str) -> String {
    let mut short: String = text.chars().take(WIDTH).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    format!("{short:?}")
}

/// The user and password of a URL, which must not travel into a journal, taken
/// out of whatever looks like one.
fn without_credentials(text: &str) -> String {
    // The last `@` first: a password that was not escaped may hold what would begin a query.
    let (before, rest) = text.rsplit_once('@').map_or((None, text), |(before, rest)| (Some(before), rest));
    let shown = match rest.find(['?', '#']) {
        Some(end) => format!("{}?***", &rest[..end]),
        None => rest.to_owned(),
    };
    let Some(before) = before else { return shown };
    // What is before `://` is shown where it is a scheme, and not another password.
    match before.split_once("://").filter(|(scheme, _)| scheme.chars().all(|c| c.is_ascii_alphanumeric())) {
        Some((scheme, _)) => format!("{scheme}://***@{shown}"),
        None => format!("***@{shown}"),
    }
}
