//! What the configuration expects of the machine against what was found: a pure comparison. Each thing that is not met
//! says what was expected, what was found and what to do.

use std::fmt;

use serde::Serialize;

use crate::config::value::{LinkChoice, say_size, show_size};
use crate::config::{Expectations, value::Label};
use crate::disks::{Disk, Partition, Table, TableKind};
use crate::inventory::{Inventory, Link, Memory};

use super::{Blocker, Cause};

/// Whether time can help.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub enum Outlook {
    /// Nothing but another machine, or another configuration.
    #[serde(rename = "blocked")]
    Lasting,
    /// It may come true by itself.
    #[serde(rename = "waited for")]
    Passing,
    /// What was found does not show whether it is met.
    #[serde(rename = "cannot be judged")]
    Unjudged,
}

impl fmt::Display for Outlook {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.serialize(formatter)
    }
}

/// An expectation that is not met, or that cannot be judged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Unmet {
    /// Whether time can help.
    pub outlook: Outlook,
    /// What should be there.
    pub expected: String,
    /// What is there.
    pub found: String,
    /// What to do.
    pub remedy: String,
}

impl fmt::Display for Unmet {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "expected {}, found {}", self.expected, self.found)
    }
}

/// Of the memory that the kernel gives, this part may be missing to what is built in: the rest is its own.
const KEPT: u64 = 8;

/// Everything that is not met. `clock` is the clock and the build date where the clock is earlier
/// (`clock::before_build`).
#[must_use]
pub fn unmet(expectations: &Expectations, inventory: &Inventory, clock: Option<&(String, String)>) -> Vec<Unmet> {
    let Inventory { memory, processor, disks, links, .. } = inventory;
    let mut unmet = Vec::new();
    unmet.extend(expectations.memory.and_then(|least| memory_unmet(least, *memory)));
    unmet.extend(expectations.cpus.and_then(|least| cpus_unmet(u64::from(least), processor.cpus)));
    unmet.extend(expectations.disks.and_then(|least| disks_unmet(least, disks)));
    unmet.extend(expectations.partitions.iter().filter_map(|expected| partition_unmet(expected, disks)));
    unmet.extend(links_unmet(&expectations.links, links));
    unmet.extend(clock.filter(|_| expectations.clock).map(clock_unmet));
    unmet
}

/// That the clock is earlier than the build date.
#[must_use]
pub fn clock_unmet((clock, built): &(String, String)) -> Unmet {
    Unmet {
        outlook: Outlook::Passing,
        expected: format!("a clock past {built}, when this agent was built"),
        found: clock.clone(),
        remedy: "set it: timedatectl".to_owned(),
    }
}

/// What the step is blocked by, where something will not come true by itself: all of it at once.
#[must_use]
pub fn blocker(unmet: &[Unmet]) -> Option<Blocker> {
    let lasting: Vec<&Unmet> = unmet.iter().filter(|unmet| unmet.outlook == Outlook::Lasting).collect();
    let mut remedies: Vec<&str> = Vec::new();
    for remedy in lasting.iter().map(|unmet| unmet.remedy.as_str()) {
        if !remedies.contains(&remedy) {
            remedies.push(remedy);
        }
    }
    (!lasting.is_empty()).then(|| Blocker {
        cause: Cause::Hardware,
        // No semicolon: it divides reason and remedy.
        reason: format!("this machine is not what the configuration expects: {}", together(&lasting)),
        remedy: format!("{}, or change `expect` in the configuration", remedies.join(", ")),
    })
}

/// Several in one sentence.
#[must_use]
pub fn together(unmet: &[&Unmet]) -> String {
    unmet.iter().map(ToString::to_string).collect::<Vec<_>>().join(" / ")
}

fn lasting(expected: String, found: String, remedy: impl Into<String>) -> Unmet {
    Unmet { outlook: Outlook::Lasting, expected, found, remedy: remedy.into() }
}

fn unjudged(expected: String, found: &str) -> Unmet {
    let remedy = "run as root: first-boot-agent inventory".to_owned();
    Unmet { outlook: Outlook::Unjudged, expected, found: found.to_owned(), remedy }
}

fn memory_unmet(least: u64, memory: Memory) -> Option<Unmet> {
    let expected = format!("at least {} of memory", show_size(least));
    let (is_met, found) = match (memory.installed, memory.usable) {
        (Some(installed), _) => (installed >= least, format!("{} installed", say_size(installed))),
        (None, Some(usable)) => (usable >= least - least / KEPT, format!("{} usable", say_size(usable))),
        (None, None) => return Some(unjudged(expected, "an unknown amount")),
    };
    (!is_met).then(|| lasting(expected, found, "add memory"))
}

fn cpus_unmet(least: u64, found: Option<u64>) -> Option<Unmet> {
    let expected = format!("at least {}", counted(least, "CPU"));
    match found {
        None => Some(unjudged(expected, "an unknown number")),
        Some(found) if found < least => Some(lasting(expected, found.to_string(), "add CPUs")),
        Some(_) => None,
    }
}

fn disks_unmet(least: u32, disks: &[Disk]) -> Option<Unmet> {
    let built_in = disks.iter().filter(|disk| !disk.removable && disk.size > 0);
    let built_in: Vec<String> = built_in.map(with_all_paths).collect();
    let found = if built_in.is_empty() { "none".to_owned() } else { built_in.join(", ") };
    let is_met = u32::try_from(built_in.len()).is_ok_and(|count| count >= least);
    (!is_met).then(|| {
        lasting(
            format!("at least {}", counted(least.into(), "disk")),
            found,
            "add disks, or check why the kernel does not see them: lsblk",
        )
    })
}

/// A disk with several paths counts once.
fn with_all_paths(disk: &Disk) -> String {
    let names: Vec<&str> = [&disk.name].into_iter().chain(&disk.other_names).map(String::as_str).collect();
    names.join(" = ")
}

fn partition_unmet((name, size): &(Label, u64), disks: &[Disk]) -> Option<Unmet> {
    let name = name.as_str();
    let text = format!("a partition {name} of at least {}", show_size(*size));
    let partitions = || disks.iter().flat_map(|disk| disk.table.partitions.iter().map(move |one| (disk, one)));
    let named: Vec<(&Disk, &Partition)> = partitions().filter(|(_, partition)| is_meant(name, partition)).collect();
    if named.iter().any(|(_, partition)| partition.size >= *size) {
        return None;
    }
    if !named.is_empty() {
        let found = named.iter().map(|(disk, one)| format!("{} on {}", say_size(one.size), disk.name));
        return Some(lasting(text, found.collect::<Vec<_>>().join(", "), format!("make partition {name} larger")));
    }
    if let Some(disk) = disks.iter().find(|disk| may_hold_more(disk)) {
        return Some(unjudged(text, &format!("a partition table of {} that cannot be read", disk.name)));
    }
    let mut found: Vec<String> =
        partitions().map(|(disk, one)| format!("{} on {}", called(one), disk.name)).take(SHOWN + 1).collect();
    if found.len() > SHOWN {
        found.truncate(SHOWN);
        found.push("others".to_owned());
    }
    let found = if found.is_empty() { "no partition of a GPT".to_owned() } else { found.join(", ") };
    Some(lasting(text, found, format!("make partition {name} (first-boot-agent inventory shows the disks)")))
}

fn counted(count: u64, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}

/// How many partitions are named where none is the one.
const SHOWN: usize = 8;

/// Whether a name of the configuration means this partition: by its label or its type. Each architecture has a type of
/// its own for the root.
fn is_meant(name: &str, partition: &Partition) -> bool {
    let is_type = partition.kind.as_ref().is_some_and(|kind| {
        let known = kind.name().unwrap_or_default();
        known == name || kind.guid().eq_ignore_ascii_case(name) || (name == "root" && known.starts_with("root-"))
    });
    is_type || partition.label.as_deref() == Some(name)
}

fn called(partition: &Partition) -> String {
    let kind = partition.kind.as_ref().map(ToString::to_string);
    partition.label.clone().or(kind).unwrap_or_else(|| format!("partition {}", partition.number))
}

/// Whether a disk may hold a partition that is not seen: its table was not read, and udev does not report all of it.
fn may_hold_more(disk: &Disk) -> bool {
    let Table { kind, partitions, .. } = &disk.table;
    match kind {
        TableKind::Unknown => disk.size > 0,
        TableKind::Gpt => !disk.is_table_read() && partitions.iter().any(|partition| partition.kind.is_none()),
        TableKind::Mbr | TableKind::None => false,
    }
}

/// The links that are not up.
#[must_use]
pub fn links_unmet(expected: &[LinkChoice], links: &[Link]) -> Vec<Unmet> {
    let of = |choice: &LinkChoice| {
        let is_meant = |link: &&Link| match choice {
            LinkChoice::Any => true,
            LinkChoice::Mac(mac) => link.mac.as_deref().is_some_and(|found| found.parse().as_ref() == Ok(mac)),
            LinkChoice::Name(name) => link.name == *name,
        };
        let meant: Vec<&Link> = links.iter().filter(is_meant).collect();
        if meant.iter().any(|link| link.is_up()) {
            return None;
        }
        let what = if *choice == LinkChoice::Any { "a network link".to_owned() } else { format!("link {choice}") };
        let states = meant.iter().map(|link| format!("{} {}", link.name, link.state.as_deref().unwrap_or("unknown")));
        let found = if meant.is_empty() { "no such link".to_owned() } else { states.collect::<Vec<_>>().join(", ") };
        let remedy = match &meant[..] {
            [] => "see which network interfaces there are: first-boot-agent inventory".to_owned(),
            [link, ..] => format!("check cable, switch and configuration: networkctl status {}", link.name),
        };
        Some(Unmet { outlook: Outlook::Passing, expected: format!("{what} up"), found, remedy })
    };
    expected.iter().filter_map(of).collect()
}

#[cfg(test)]
mod tests;
