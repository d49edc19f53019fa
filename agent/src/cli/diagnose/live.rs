//! Sections of a fault report that others answer for: systemd, the members of the clusters, name servers, the journal.

use std::time::{Duration, UNIX_EPOCH};

use crate::cli::node;
use crate::clock;
use crate::config::{Config, Endpoint, MemberService};
use crate::events::MEANINGS;
use crate::foreign_text::{LONGEST_MESSAGE, shown_lines};
use crate::names::{self, Names};
use crate::plan::Step;
use crate::plan::member::{Leader, Member, MemberList};
use crate::protocols::HttpCluster;
use crate::run::ports::{Fault, Health, Members, Probe};
use crate::systemd::{Entry, Systemd, UnitState, entries_of_this_boot};

use super::each;

/// Members that are asked; a cluster has a handful.
const MOST_ASKED: usize = 16;
/// Entries of a list that are shown.
const MOST_LISTED: usize = 200;
/// Entries of the journal.
const MOST_ENTRIES: usize = 3000;
/// The unit of the stage in the initrd.
const INITRD: &str = "first-boot-initrd.service";
/// Events that may quote the configuration; the section of the configuration says the same without.
const QUOTING: [&str; 4] =
    ["ConfigurationInvalid", "ConfigurationWarning", "ConfigurationPassedOver", "ConfigurationWouldBootstrap"];

/// The agent's own units.
fn own_units(config: Option<&Config>) -> Vec<String> {
    let steps = config.map_or_else(|| Step::DEFAULT.to_vec(), Step::all);
    let of_steps = steps.into_iter().flat_map(|step| [step.unit(), step.path_unit()]);
    of_steps.chain([INITRD.to_owned()]).collect()
}

/// Those of the services.
fn services(config: Option<&Config>) -> Vec<String> {
    let services = config.into_iter().flat_map(|config| &config.services);
    services.map(|service| service.unit().to_string()).collect()
}

/// A line for each unit.
pub(super) async fn units(systemd: &Systemd, config: Option<&Config>) -> String {
    each(own_units(config).into_iter().chain(services(config)), async |unit| {
        let UnitState { load, active, sub, result, exec_main_status, n_restarts, status_text, .. } =
            match systemd.unit(&unit).await {
                Ok(state) => state,
                Err(error) => return format!("{unit:<32} {error}\n"),
            };
        // A unit of another type, as a path unit, has no process.
        let ended = match result.as_str() {
            "" => String::new(),
            result if !unit.ends_with(".service") => format!(", result {result}"),
            result => format!(", result {result}, exit status {exec_main_status}, {n_restarts} restarts"),
        };
        let says = if status_text.is_empty() { String::new() } else { format!(", says {status_text:?}") };
        format!("{unit:<32} {load}, {active:?} ({sub}){ended}{says}\n")
    })
    .await
}

/// What every member says of itself and of the others.
pub(super) async fn members(config: &Config) -> String {
    let cluster = match node::cluster(config) {
        Ok(cluster) => cluster,
        Err(blocker) => return format!("no member can be asked: {}", blocker.reason),
    };
    let enabled = config.with_members().filter(|service| service.enable);
    let asked = enabled.flat_map(|service| {
        let mut endpoints = service.endpoints_for_change();
        endpoints.insert(0, service.url.clone());
        endpoints.truncate(MOST_ASKED);
        endpoints.into_iter().map(move |at| (service, at))
    });
    each(asked, async |(service, at)| member(&cluster, service, &at).await).await
}

async fn member(cluster: &HttpCluster, service: &MemberService, at: &Endpoint) -> String {
    let health = cluster.health(at, service.api.health_path().as_str()).await;
    let list = cluster.members(service, at).await;
    format!("{} at {at}\n  health: {}\n  members: {}", service.name, of_health(health), of_list(list))
}

fn of_health(health: Result<Health, Fault>) -> String {
    let Health { node_id, cluster_id, incarnation } = match health {
        Ok(health) => health,
        Err(fault) => return fault.to_string(),
    };
    let reported = [("node_id", node_id), ("cluster_id", cluster_id), ("incarnation", incarnation)];
    let reported = reported.iter().filter_map(|(name, word)| word.as_ref().map(|word| format!(", {name} {word}")));
    format!("ok{}", reported.collect::<String>())
}

fn of_list(list: Result<MemberList, Fault>) -> String {
    let list = match list {
        Ok(list) => list,
        Err(fault) => return format!("{fault}\n"),
    };
    let cluster = list.cluster_id.as_ref().map_or_else(String::new, |id| format!(", cluster {id}"));
    let leader = match &list.leader {
        Leader::NotReported => "not reported".to_owned(),
        Leader::Unknown => "unknown".to_owned(),
        Leader::Known(id) => id.to_string(),
    };
    let line = |member: &Member| {
        let Member { id, raft_addr, status, incarnation, .. } = member;
        let standing = member.standing();
        let incarnation = incarnation.as_ref().map_or_else(String::new, |word| format!(", incarnation {word}"));
        format!("    {id} at {raft_addr}, {standing}, {status}{incarnation}\n")
    };
    let head = format!("{}, leader {leader}{cluster}\n", list.members.len());
    std::iter::once(head).chain(list.members.iter().take(MOST_LISTED).map(line)).collect()
}

/// What the names in the configuration resolve to.
pub(super) async fn names(config: &Config) -> String {
    let found = names::look_up(&Names::default(), config).await;
    if found.is_empty() {
        return "the configuration has addresses only\n".to_owned();
    }
    let line = |(name, found): (String, Result<Vec<std::net::IpAddr>, names::Unresolved>)| match found {
        Ok(addresses) => {
            let addresses: Vec<String> = addresses.iter().map(ToString::to_string).collect();
            format!("{name}  {}\n", addresses.join(" "))
        }
        Err(unresolved) => format!("{name}  {}; {}\n", unresolved.reason, unresolved.remedy),
    };
    found.into_iter().map(line).collect()
}

/// What the agent has said in this boot, and what systemd has said of its units and of the services. What the services have said
/// themselves is theirs, and may hold anything.
pub(super) async fn journal(config: Option<&Config>) -> String {
    let own = own_units(config);
    let by_agent = own.iter().map(|unit| format!("_SYSTEMD_UNIT={unit}"));
    let of_units = own.iter().cloned().chain(services(config)).map(|unit| format!("UNIT={unit}"));
    // An OR of groups; within a group, of values of one field (journalctl(1)).
    let either = || std::iter::once("+".to_owned());
    let by_hand = ["SYSLOG_IDENTIFIER=first-boot-agent".to_owned()];
    let manager = std::iter::once("_PID=1".to_owned());
    let matches: Vec<String> =
        by_agent.chain(either()).chain(by_hand).chain(either()).chain(of_units).chain(manager).collect();
    let entries = entries_of_this_boot(&matches, MOST_ENTRIES).await;
    if entries.is_empty() {
        return "(there is none, or it cannot be read)".to_owned();
    }
    entries.iter().map(line).collect()
}

fn line(entry: &Entry) -> String {
    let Entry { time_us, unit, message_id, message } = entry;
    let time = UNIX_EPOCH.checked_add(Duration::from_micros(*time_us)).map_or_else(String::new, clock::written);
    let quoting = MEANINGS.iter().find(|meaning| meaning.message_id == message_id && QUOTING.contains(&meaning.name));
    let message = match quoting {
        Some(meaning) => format!("{} (see the section of the configuration)", meaning.name),
        None => shown_lines(message, LONGEST_MESSAGE).replace('\n', "\n    "),
    };
    format!("{time} {unit}: {message}\n")
}

#[cfg(test)]
mod tests {
    use super::{Entry, MEANINGS, QUOTING, line};

    #[test]
    fn x2_an_entry_that_may_quote_the_configuration_is_named_alone() {
        for name in QUOTING {
            let meaning = MEANINGS.iter().find(|meaning| meaning.name == name).unwrap();
            let message = "Invalid configuration: $.x: found \"canary\"".to_owned();
            let entry = Entry { message_id: meaning.message_id.to_owned(), message, ..Entry::default() };
            let line = line(&entry);
            assert!(line.contains(name) && !line.contains("canary"), "{line}");
        }
        let entry = Entry { unit: "x.service".to_owned(), message: "a\n\u{1b}b".to_owned(), ..Entry::default() };
        assert_eq!(line(&entry), "1970-01-01T00:00:00+00:00 x.service: a\n    \\u{1b}b\n");
    }
}
