//! `status --watch`: what has changed, in the form that its reader needs. Pure; it writes nothing.

use std::fmt::{Display, Write};
use std::io::stdout;

use crate::foreign_text::padded;

use super::judge::{State, Status};
use super::layout::{self, Layout};
use super::show::{self, Row};

/// Who looks, and what they have seen.
#[derive(Debug)]
pub(super) enum View {
    /// A person at a terminal: the whole of it, in its place. And what is there, in which layout.
    Terminal(Layout, Option<(Layout, String)>),
    /// A log, a pipe, or the lines of a wait: a line for each change of what was printed last: rows, warnings, the last word.
    Lines(Layout, Vec<Row>, Vec<String>, String),
    /// A program: an object per line. And the last one.
    Json(String),
}

impl View {
    /// The one for what reads the standard output of this process.
    pub(super) fn of_this_process(as_json: bool) -> Self {
        match Layout::of(&stdout()) {
            _ if as_json => Self::Json(String::new()),
            layout @ Layout::Terminal { .. } if !layout::is_dumb() => Self::Terminal(layout, None),
            layout => Self::lines(layout),
        }
    }

    /// For a reader that takes one line after the other.
    pub(super) fn lines(layout: Layout) -> Self {
        Self::Lines(layout, Vec::new(), Vec::new(), String::new())
    }

    /// Lays out for this from now on: a terminal may have another width than before.
    pub(super) fn fit(&mut self, now: Layout) {
        if let Self::Terminal(layout, _) | Self::Lines(layout, ..) = self {
            *layout = now;
        }
    }

    /// What is to be written now; nothing where nothing has changed.
    pub(super) fn of(&mut self, status: &Status, time: &str) -> String {
        match self {
            Self::Terminal(layout, drawn) => {
                let now = (*layout, show::text(status, *layout));
                let before = drawn.as_ref();
                if before == Some(&now) {
                    return String::new();
                }
                // A terminal that has another width has moved what was there.
                let clear = if before.is_some_and(|(before, _)| *before == now.0) { "" } else { "\u{1b}[2J" };
                let text = format!("{}\n{time}: updated at every change; Ctrl-C to stop\n", now.1);
                *drawn = Some(now);
                // To the top left corner; each line first loses what an earlier one has left (behind a full line, the erasure
                // would take its last column), and so does the rest of the screen (ECMA-48: CUP, EL, ED).
                let lines = text.trim_end().replace('\n', "\n\u{1b}[K");
                format!("{clear}\u{1b}[H\u{1b}[K{lines}\n\u{1b}[J")
            }
            Self::Lines(layout, rows, warnings, verdict) => {
                let (now, word) = (show::rows(status), show::verdict(status));
                let mut text = String::new();
                let mut line = |name: &str, state: &dyn Display, detail: &str, next: Option<&str>| {
                    let first = format!("{time} {} {state:<8} ", padded(name, show::NAME));
                    // Writing to a string does not fail.
                    let _ = writeln!(text, "{}", layout.below(&first, &detail.replace('\n', " "), next));
                };
                for Row { name, state, detail, next } in now.iter().filter(|row| !rows.contains(row)) {
                    line(name, state, detail, next.as_deref());
                }
                // A step always has its row; a name has one while it does not resolve.
                let is_listed =
                    |row: &&Row| now.iter().any(|listed| (&listed.name, &listed.detail) == (&row.name, &row.detail));
                for Row { name, detail, .. } in rows.iter().filter(|row| row.name == "DNS" && !is_listed(row)) {
                    line(name, &State::Done, &format!("resolved: {detail}"), None);
                }
                for warning in status.warnings.iter().filter(|warning| !warnings.contains(warning)) {
                    line("warning", &"", warning, None);
                }
                if *verdict != word {
                    line("node", &status.overall, &word, None);
                }
                (*rows, *warnings, *verdict) = (now, status.warnings.clone(), word);
                text
            }
            Self::Json(last) => {
                let mut object = show::json(status);
                let now = object.to_string();
                if *last == now {
                    return String::new();
                }
                *last = now;
                object["time"] = time.into();
                format!("{object}\n")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Layout, View};
    use crate::cli::status::judge::{State, Status, StepStatus};
    use crate::names::Unresolved;
    use crate::plan::Step;

    const TIME: &str = "2025-12-10T10:30:45+00:00";

    fn status(state: State, detail: &str) -> Status {
        let sound = Status::without_configuration("none", &[], &[]);
        let step = StepStatus::new(Step::CHAINFIRE, state, detail.to_owned(), None);
        Status { node: Some("node04".to_owned()), overall: state, steps: vec![step], warnings: Vec::new(), ..sound }
    }

    #[test]
    fn without_a_terminal_there_is_a_line_for_each_change_and_none_else() {
        let mut view = View::lines(Layout::Plain);
        let waiting = status(State::Waiting, "waiting for\nchainfire.service");
        let first = view.of(&waiting, TIME);
        assert!(first.starts_with(&format!("{TIME} chainfire  waiting  waiting for chainfire.service\n")), "{first}");
        assert_eq!(first.lines().count(), 2, "the step, and what to do: {first}");
        assert_eq!(view.of(&waiting, TIME), "");
        let done = view.of(&status(State::Done, "joined"), TIME);
        assert!(done.contains("chainfire  done     joined") && done.contains("node       done"), "{done}");
        assert!(!done.contains('\u{1b}'));
    }

    #[test]
    fn on_a_terminal_the_lines_of_a_wait_fit_it() {
        let mut view = View::lines(Layout::Terminal { is_coloured: false, columns: 80 });
        let (detail, command) =
            ("a detail of many words ".repeat(8), "systemctl restart --no-block chainfire-cluster-join.service");
        let mut waiting = status(State::Waiting, &detail);
        waiting.steps[0].next = Some(command.to_owned());
        waiting.warnings = vec!["a warning of many words ".repeat(8)];
        let text = view.of(&waiting, TIME);
        assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
        assert!(
            text.contains(command) && text.starts_with(&format!("{TIME} chainfire  waiting\n    a detail")),
            "{text}"
        );
        let text = view.of(&status(State::Done, "joined"), TIME);
        assert!(text.starts_with(&format!("{TIME} chainfire  done     joined\n")), "{text}");
    }

    #[test]
    fn a_name_that_resolves_again_is_reported() {
        let mut view = View::lines(Layout::Plain);
        let unresolved = Unresolved {
            name: "node01".to_owned(),
            servers: Vec::new(),
            reason: "no name server".to_owned(),
            remedy: "name one".to_owned(),
        };
        let blind = Status { names: vec![unresolved], ..status(State::Waiting, "waiting") };
        assert!(view.of(&blind, TIME).contains("DNS        failed   name node01: no name server → name one"));
        assert_eq!(
            view.of(&status(State::Waiting, "waiting"), TIME),
            format!("{TIME} DNS        done     resolved: name node01: no name server\n")
        );
    }

    #[test]
    fn a_program_gets_an_object_per_line_and_only_news() {
        let mut view = View::Json(String::new());
        let first = view.of(&status(State::Waiting, "waiting"), TIME);
        assert_eq!(first.lines().count(), 1);
        let parsed: serde_json::Value = serde_json::from_str(&first).unwrap();
        assert_eq!(parsed["steps"][0]["state"], "waiting");
        assert_eq!(parsed["time"], TIME);
        assert_eq!(view.of(&status(State::Waiting, "waiting"), "later"), "", "the time alone is no news");
    }

    #[test]
    fn in_a_terminal_the_whole_is_drawn_over_what_was_there_and_only_if_it_has_changed() {
        let of_width = |columns| Layout::Terminal { is_coloured: false, columns };
        let mut view = View::Terminal(of_width(80), None);
        let waiting = status(State::Waiting, &"a detail of many words ".repeat(8));
        let first = view.of(&waiting, TIME);
        assert!(first.starts_with("\u{1b}[2J\u{1b}[H\u{1b}[K") && first.ends_with("\n\u{1b}[J"), "{first:?}");
        assert!(first.matches('\n').count() == first.matches("\u{1b}[K").count(), "each line is erased: {first:?}");
        assert_eq!(view.of(&waiting, "later"), "", "nothing has changed");
        let changed = view.of(&status(State::Done, "joined"), TIME);
        assert!(changed.starts_with("\u{1b}[H\u{1b}[K") && changed.contains("joined"), "{changed:?}");
        let lines = |text: &str| text.lines().count();
        view.fit(of_width(200));
        let wide = view.of(&waiting, TIME);
        assert!(wide.starts_with("\u{1b}[2J") && lines(&wide) < lines(&first), "the width is used: {wide:?}");
    }
}
