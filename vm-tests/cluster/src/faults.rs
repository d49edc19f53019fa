//! Which requests are to go wrong, and how: rules that a test sets, over HTTP or in process.
//!
//! This file only decides; `interception` carries out what it says.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use serde::{Deserialize, Serialize};

/// A way to misbehave.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Fault {
    /// Apply the request, then close the connection without an answer.
    LoseAnswer,
    /// Apply the request twice, as if something on the way had repeated it; the answer is that to the second.
    Double,
    /// Apply the request, then break the connection within the body of the answer.
    Truncate,
    /// Apply the request, then send the body of the answer in four pieces.
    Drip {
        /// How long to wait before each piece, in milliseconds.
        ms: u64,
    },
    /// Apply the request, and call the answer something else than it is.
    Relabel {
        /// The content type.
        content_type: String,
    },
    /// Wait, then handle the request, even if the client has disconnected meanwhile.
    Late {
        /// How long to wait, in milliseconds.
        ms: u64,
    },
    /// Wait, then handle the request as usual.
    Delay {
        /// How long to wait, in milliseconds.
        ms: u64,
    },
    /// Answer with this status and apply nothing.
    Status {
        /// The HTTP status.
        status: u16,
        /// Further headers, for example `Retry-After`.
        #[serde(default)]
        headers: BTreeMap<String, String>,
        /// The body, unchanged.
        #[serde(default)]
        body: String,
    },
    /// Answer with something that is not what was asked for; apply nothing.
    Garbage {
        /// The body, unchanged.
        body: String,
        /// Its content type.
        #[serde(default = "html")]
        content_type: String,
        /// The HTTP status.
        #[serde(default = "ok")]
        status: u16,
    },
    /// Answer with a body that never ends; apply nothing.
    Endless,
    /// Take the request and never answer; apply nothing.
    Stall,
    /// Close the connection without an answer; apply nothing.
    Reset,
}

/// Which requests meet a fault, and how often.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// The method; absent means any.
    #[serde(default)]
    pub method: Option<String>,
    /// The path, exactly, or a beginning of it followed by `*`.
    pub path: String,
    /// What happens to a request that matches.
    pub fault: Fault,
    /// How many requests it happens to; absent means all.
    #[serde(default)]
    pub times: Option<u32>,
}

impl Rule {
    /// A rule that holds until it is cleared.
    #[must_use]
    pub fn always(method: &str, path: &str, fault: Fault) -> Self {
        Self { method: Some(method.to_owned()), path: path.to_owned(), fault, times: None }
    }

    /// A rule for the next matching request alone.
    #[must_use]
    pub fn once(method: &str, path: &str, fault: Fault) -> Self {
        Self { times: Some(1), ..Self::always(method, path, fault) }
    }

    fn matches(&self, method: &str, path: &str) -> bool {
        let method_fits = self.method.as_ref().is_none_or(|wanted| wanted.eq_ignore_ascii_case(method));
        let path_fits = match self.path.strip_suffix('*') {
            Some(beginning) => path.starts_with(beginning),
            None => self.path == path,
        };
        method_fits && path_fits && self.times != Some(0)
    }
}

/// The rules in force on one server; the first that matches a request decides.
#[derive(Debug, Default)]
pub struct Faults {
    rules: Mutex<Vec<Rule>>,
}

impl Faults {
    /// Replaces all rules.
    pub fn set(&self, rules: Vec<Rule>) {
        *self.rules.lock().unwrap_or_else(PoisonError::into_inner) = rules;
    }

    /// Ends all misbehaviour.
    pub fn clear(&self) {
        self.set(Vec::new());
    }

    /// The fault that this request meets, counted as used.
    pub(crate) fn take(&self, method: &str, path: &str) -> Option<Fault> {
        let mut rules = self.rules.lock().unwrap_or_else(PoisonError::into_inner);
        let rule = rules.iter_mut().find(|rule| rule.matches(method, path))?;
        rule.times = rule.times.map(|left| left.saturating_sub(1));
        Some(rule.fault.clone())
    }
}

fn html() -> String {
    "text/html".to_owned()
}

fn ok() -> u16 {
    200
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_is_used_up_and_then_the_next_one_decides() {
        let faults = Faults::default();
        faults.set(vec![
            Rule::once("POST", "/admin/member/add", Fault::LoseAnswer),
            Rule::always("POST", "/admin/*", Fault::Reset),
        ]);
        assert_eq!(faults.take("POST", "/admin/member/add"), Some(Fault::LoseAnswer));
        assert_eq!(faults.take("POST", "/admin/member/add"), Some(Fault::Reset));
        assert_eq!(faults.take("GET", "/admin/member/add"), None);
    }

    #[test]
    fn the_json_of_the_documentation_is_understood() {
        let rule: Rule = serde_json::from_str(
            r#"{"path":"/health","fault":{"kind":"status","status":503,"headers":{"Retry-After":"2"}},"times":3}"#,
        )
        .unwrap();
        assert!(rule.matches("GET", "/health"));
        assert!(matches!(rule.fault, Fault::Status { status: 503, .. }));
    }
}
