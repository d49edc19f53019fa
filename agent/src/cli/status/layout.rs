//! How the text of `status` is laid out for its reader: lines that fit a terminal, and commands that can be copied.

use std::env;
use std::fmt::Write;
use std::io::IsTerminal;
use std::os::fd::AsFd;

use rustix::termios::tcgetwinsize;

use crate::foreign_text::{columns, padded};
use crate::plan::health::Table;

use super::commands::pieces;
use super::judge::State;

/// Columns of a terminal that does not know its own, as a serial console.
const COLUMNS: usize = 80;
/// For less than that nothing is laid out: a terminal breaks the lines itself.
const LEAST_COLUMNS: usize = 40;
/// The columns before a table, and before what does not fit into its row.
const TABLE: usize = 2;
const BELOW: usize = TABLE + Table::NAMES + 3;
/// The columns before a detail that is below what it belongs to.
const DETAIL: usize = 4;
/// What the shortest answer of an endpoint needs: `ok`.
const SHORTEST: usize = 2;

/// For whom a text is laid out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Layout {
    /// A file, a pipe: every detail on its line, to be searched.
    Plain,
    /// A terminal: text is wrapped, except within a command, so that a command is copied whole.
    Terminal {
        /// Whether marks and states are coloured; each is a word as well.
        is_coloured: bool,
        /// Its width.
        columns: usize,
    },
}

impl Layout {
    /// As is right for a stream, in the environment of this process (`NO_COLOR` of no-color.org).
    pub(super) fn of(stream: &(impl IsTerminal + AsFd)) -> Self {
        let is_set = |variable: &str| env::var_os(variable).is_some_and(|value| !value.is_empty());
        if !stream.is_terminal() {
            return Self::Plain;
        }
        let width = tcgetwinsize(stream).map_or(0, |size| usize::from(size.ws_col));
        let columns = if width == 0 { COLUMNS } else { width.max(LEAST_COLUMNS) };
        Self::Terminal { is_coloured: !is_dumb() && !is_set("NO_COLOR"), columns }
    }

    /// The columns of a line; without a terminal, as many as there are.
    fn width(self) -> usize {
        match self {
            Self::Plain => usize::MAX,
            Self::Terminal { columns, .. } => columns,
        }
    }

    /// ECMA-48, SGR.
    pub(super) fn coloured(self, text: &str, state: State) -> String {
        let colour = match state {
            _ if !matches!(self, Self::Terminal { is_coloured: true, .. }) => return text.to_owned(),
            State::Done => 32,
            State::Working | State::Waiting => 33,
            State::Failed | State::Blocked => 31,
            State::Off => return text.to_owned(),
        };
        format!("\u{1b}[{colour}m{text}\u{1b}[m")
    }

    /// A text that begins at a column, its further lines below its first. A command stays on one line.
    pub(super) fn wrapped(self, text: &str, indent: usize) -> String {
        self.flowed(text, pieces(text).into_iter(), indent)
    }

    /// The same for text that may be another machine's: a command in it is words like others, and gets no line of its own.
    pub(super) fn prose(self, text: &str, indent: usize) -> String {
        self.flowed(text, text.split_whitespace(), indent)
    }

    fn flowed<'a>(self, text: &str, pieces: impl Iterator<Item = &'a str>, indent: usize) -> String {
        if self == Self::Plain {
            return text.to_owned();
        }
        let (mut wrapped, mut column) = (String::new(), indent);
        for piece in pieces {
            let length = columns(piece);
            if column > indent && column + 1 + length > self.width() {
                let _ = write!(wrapped, "\n{:indent$}", "");
                column = indent;
            } else if column > indent {
                wrapped.push(' ');
                column += 1;
            }
            wrapped.push_str(piece);
            column += length;
        }
        wrapped
    }

    /// What comes first, and a detail with what to do: on one line, else below.
    pub(super) fn below(self, first: &str, detail: &str, next: Option<&str>) -> String {
        let next = next.map(|next| format!("→ {next}")).unwrap_or_default();
        let whole = format!("{detail} {next}");
        let whole = whole.trim_end();
        if columns(first) + columns(whole) <= self.width() {
            return format!("{first}{whole}");
        }
        let pieces = detail.split_whitespace().chain(pieces(&next));
        format!("{}\n{:DETAIL$}{}", first.trim_end(), "", self.flowed(whole, pieces, DETAIL))
    }

    /// A text of several lines that begins at a column. Each line keeps its own indent, also where it is wrapped.
    pub(super) fn lines(self, text: &str, indent: usize) -> String {
        let lines = text.lines().map(|line| {
            let unindented = line.trim_start();
            let own = line.chars().count() - unindented.chars().count();
            format!("{:own$}{}", "", self.prose(unindented, indent + own))
        });
        lines.collect::<Vec<_>>().join(&format!("\n{:indent$}", ""))
    }

    /// The table of groups and endpoints. Where an answer does not fit into its row, it follows below; where not even a
    /// member and its URL do, there are no columns.
    pub(super) fn table(self, table: &Table) -> String {
        let indented = |text: String| format!("{:TABLE$}{text}", "");
        if self == Self::Plain {
            let text = table.to_string();
            return text.lines().map(|line| indented(line.to_owned())).collect::<Vec<_>>().join("\n");
        }
        let (services, members, urls) = (table.services(), table.width(1), table.width(2));
        let second = TABLE + services + 1;
        let beside = |service: &str, text: &str| {
            // Beside a long name there is little left of a line.
            if services > Table::NAMES {
                return format!("{service}\n{:BELOW$}{}", "", self.prose(text, BELOW));
            }
            format!("{service:<services$} {}", self.prose(text, second))
        };
        let groups = table.groups.iter().map(|(service, summary)| beside(service, summary));
        let answers = second + members + 2 + urls + 2;
        let endpoints = table.endpoints.iter().map(|[service, member, url, answer]| {
            if answers + SHORTEST > self.width() {
                return beside(service, &format!("{member} {url} {answer}"));
            }
            let row = format!("{service:<services$} {}  {}", padded(member, members), padded(url, urls));
            if answers + columns(answer) <= self.width() {
                return format!("{row}  {answer}");
            }
            format!("{}\n{:BELOW$}{}", row.trim_end(), "", self.prose(answer, BELOW))
        });
        groups.chain(endpoints).chain(table.count.clone()).map(indented).collect::<Vec<_>>().join("\n")
    }
}

/// Whether the terminal obeys no control sequences (environ(7)).
pub(super) fn is_dumb() -> bool {
    env::var_os("TERM").is_none_or(|terminal| terminal == "dumb")
}

#[cfg(test)]
mod tests;
