//! What the health check has found, as a table. Must not judge.

use std::fmt::{self, Write};

use crate::foreign_text::{columns, padded};

use super::{EndpointFinding, Findings};

/// Rows of endpoints; of more members those that answer are only counted.
const ROWS: usize = 20;

/// A line per group, then a line per endpoint. Displayed without regard to the width of a terminal.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Table {
    /// A service, and the state of its group.
    pub groups: Vec<(String, String)>,
    /// Service, member, URL and answer.
    pub endpoints: Vec<[String; 4]>,
    /// How many endpoints there are, where not all are shown.
    pub count: Option<String>,
}

impl Table {
    /// The least width of the names of services: what those of the platform need.
    pub const NAMES: usize = 10;

    /// The width of the names of services.
    #[must_use]
    pub fn services(&self) -> usize {
        let groups = self.groups.iter().map(|(service, _)| columns(service));
        groups.max().unwrap_or(0).max(self.width(0)).max(Self::NAMES)
    }

    /// The width of a column of the endpoints.
    #[must_use]
    pub fn width(&self, column: usize) -> usize {
        let cells = self.endpoints.iter().filter_map(|row| row.get(column));
        cells.map(|cell| columns(cell)).max().unwrap_or(0)
    }
}

impl Findings<'_> {
    /// The table of these findings.
    #[must_use]
    pub fn table(&self) -> Table {
        let is_shown = |row: &&EndpointFinding| self.endpoints.len() <= ROWS || row.own || row.answer.is_err();
        let endpoints: Vec<_> = self.endpoints.iter().filter(is_shown).take(ROWS).map(cells).collect();
        let (all, failing) = (self.endpoints.len(), self.endpoints.iter().filter(|row| row.answer.is_err()).count());
        Table {
            groups: self.groups.iter().map(|group| (group.service.name.to_string(), group.summary())).collect(),
            count: (endpoints.len() < all).then(|| format!("{all} endpoints in all, {failing} of them do not answer")),
            endpoints,
        }
    }
}

fn cells(row: &EndpointFinding) -> [String; 4] {
    let answer = row.answer.as_ref().err().map_or("ok", String::as_str);
    [row.service.to_string(), row.member.clone(), row.url.clone(), answer.to_owned()]
}

impl fmt::Display for Table {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut table = String::new();
        let services = self.services();
        for (service, summary) in &self.groups {
            writeln!(table, "{service:<services$} {summary}")?;
        }
        let (members, urls) = (self.width(1), self.width(2));
        for [service, member, url, answer] in &self.endpoints {
            let (member, url) = (padded(member, members), padded(url, urls));
            writeln!(table, "{service:<services$} {member}  {url}  {answer}")?;
        }
        table.extend(self.count.as_deref());
        formatter.write_str(table.trim_end())
    }
}

impl fmt::Display for Findings<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.table().fmt(formatter)
    }
}
