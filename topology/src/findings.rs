//! What is wrong with a topology, in words: the sentences of the table, filled in. Must not decide whether something is
//! wrong.

use std::fmt;

use super::rules::{Rules, Sentence};

/// Where in the topology.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place<'a> {
    cluster: Option<&'a str>,
    node: Option<&'a str>,
}

impl<'a> Place<'a> {
    pub(super) const fn whole() -> Self {
        Self { cluster: None, node: None }
    }

    pub(super) const fn cluster(name: &'a str) -> Self {
        Self { cluster: Some(name), node: None }
    }

    pub(super) const fn node(cluster: &'a str, name: &'a str) -> Self {
        Self { cluster: Some(cluster), node: Some(name) }
    }
}

/// One thing that is wrong, or odd.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Finding {
    /// Which rule it breaks.
    pub rule: &'static str,
    /// The cluster that it is about.
    pub cluster: Option<String>,
    /// The node that it is about.
    pub node: Option<String>,
    /// Where, what and what to do, on one line.
    pub text: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.text)
    }
}

/// What was found so far.
#[derive(Debug)]
pub(super) struct Findings<'r> {
    pub(super) rules: &'r Rules,
    pub(super) problems: Vec<Finding>,
    pub(super) warnings: Vec<Finding>,
}

impl<'r> Findings<'r> {
    pub(super) const fn new(rules: &'r Rules) -> Self {
        Self { rules, problems: Vec::new(), warnings: Vec::new() }
    }

    /// Notes that a rule is broken; `words` replace what is in braces in its sentence.
    pub(super) fn problem(&mut self, rule: &'static str, place: Place<'_>, words: &[(&str, &str)]) {
        self.problems.extend(self.rules.problems.get(rule).map(|sentence| finding(rule, sentence, place, words)));
    }

    /// Notes something that is valid, but may surprise.
    pub(super) fn warning(&mut self, rule: &'static str, place: Place<'_>, words: &[(&str, &str)]) {
        self.warnings.extend(self.rules.warnings.get(rule).map(|sentence| finding(rule, sentence, place, words)));
    }
}

fn finding(rule: &'static str, sentence: &Sentence, place: Place<'_>, words: &[(&str, &str)]) -> Finding {
    let at = match (place.cluster, place.node) {
        (None, _) => String::new(),
        (Some(cluster), None) => format!("{}: ", shown(cluster)),
        (Some(cluster), Some(node)) => format!("{}/{}: ", shown(cluster), shown(node)),
    };
    let said = filled(&format!("{}; {}", sentence.message, sentence.fix), words);
    Finding {
        rule,
        cluster: place.cluster.map(str::to_owned),
        node: place.node.map(str::to_owned),
        text: format!("{at}{said} [{rule}]"),
    }
}

/// Replaces each `{name}` that there is a word for, and nothing in what was put there.
fn filled(sentence: &str, words: &[(&str, &str)]) -> String {
    let mut text = String::new();
    let mut rest = sentence;
    while let Some((before, behind)) = rest.split_once('{') {
        text.push_str(before);
        let word = behind.split_once('}').and_then(|(name, after)| {
            let (_, word) = words.iter().find(|(known, _)| *known == name)?;
            Some((word, after))
        });
        if let Some((word, after)) = word {
            text.push_str(word);
            rest = after;
        } else {
            text.push('{');
            rest = behind;
        }
    }
    text + rest
}

/// A text as it is shown: quoted, where it holds more than names usually do.
pub(super) fn shown(text: &str) -> String {
    let is_plain = !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || "._:/@+-".contains(c));
    if is_plain { text.to_owned() } else { serde_json::Value::from(text).to_string() }
}

/// How many names a sentence lists: a topology of thousands of nodes would fill the screen with one.
const LISTED: usize = 12;

/// Several texts as they are shown.
pub(super) fn listed<'a>(texts: impl IntoIterator<Item = &'a str>) -> String {
    let mut texts = texts.into_iter();
    let first: Vec<String> = texts.by_ref().take(LISTED).map(shown).collect();
    match (first.is_empty(), texts.count()) {
        (true, _) => "none".to_owned(),
        (false, 0) => first.join(", "),
        (false, more) => format!("{} and {more} more", first.join(", ")),
    }
}
