//! `status --prometheus`: the status as metrics, in the text format of Prometheus, version 0.0.4, for the textfile collector of
//! its node exporter. Pure. Must not judge: it counts what `status` has found.

use std::fmt::{Display, Write};

use super::counts::ListCounts;
use super::judge::{State, Status};

const STATES: [State; 6] = [State::Off, State::Done, State::Working, State::Waiting, State::Failed, State::Blocked];

/// The text, a family of metrics after the other.
pub(super) fn text(status: &Status) -> String {
    let mut text = String::new();
    let version = env!("CARGO_PKG_VERSION");
    let (node, cluster) = (status.node.as_deref().unwrap_or_default(), status.cluster.as_deref().unwrap_or_default());
    let info = [("version", version), ("node_id", node), ("cluster", cluster)];
    family(&mut text, "info", "The agent and this node", [(info.to_vec(), 1)]);
    let names: Vec<String> = STATES.iter().map(State::to_string).collect();
    let steps = status.steps.iter().flat_map(|step| {
        let of_state =
            move |(state, name)| (vec![("step", step.step.label()), ("state", name)], i64::from(step.state == state));
        STATES.into_iter().zip(names.iter().map(String::as_str)).map(of_state)
    });
    family(&mut text, "step_state", "1 for the state that a step is in", steps);
    let verdicts = ["healthy", "degraded", "unhealthy"].into_iter().filter(|_| status.verdict.is_some());
    let verdicts = verdicts.map(|name| (vec![("verdict", name)], i64::from(status.verdict == Some(name))));
    family(&mut text, "cluster_verdict", "1 for the verdict on the cluster, as this node sees it", verdicts);
    let groups = status.groups.iter();
    let is_known =
        groups.clone().map(|group| (vec![("service", group.service.as_str())], i64::from(group.list.is_some())));
    family(&mut text, "member_list_known", "Whether a member returned the list of the service", is_known);
    for (name, help, value) in [
        ("members", "Members in the list", (|list| list.members) as fn(&ListCounts) -> usize),
        ("voters", "Members that vote", |list| list.voters),
        ("voters_healthy", "Members that vote and are healthy", |list| list.healthy_voters),
        ("quorum", "Healthy voters that the cluster needs", |list| list.quorum),
        ("has_leader", "Whether the list names a leader", |list| usize::from(list.has_leader)),
        ("is_member", "Whether the list has this node as a full member", |list| usize::from(list.holds_this_node)),
    ] {
        let counts = groups
            .clone()
            .filter_map(|group| Some((vec![("service", group.service.as_str())], value(group.list.as_ref()?))));
        family(&mut text, name, help, counts);
    }
    // Without a configuration there are no names to look up.
    let unresolved = status.node.iter().map(|_| (Vec::new(), status.names.len()));
    family(&mut text, "unresolved_names", "Names in the configuration that do not resolve", unresolved);
    let ends = status.certificates.iter().map(|(setting, time)| (vec![("file", *setting)], *time));
    family(
        &mut text,
        "certificate_not_after_seconds",
        "When a certificate ends, in Unix time; of several the first",
        ends,
    );
    text
}

fn family<'a>(
    text: &mut String,
    name: &str,
    help: &str,
    samples: impl IntoIterator<Item = (Vec<(&'a str, &'a str)>, impl Display)>,
) {
    let mut samples = samples.into_iter().peekable();
    if samples.peek().is_none() {
        return;
    }
    // Writing to a string does not fail.
    let _ = writeln!(text, "# HELP first_boot_agent_{name} {help}.\n# TYPE first_boot_agent_{name} gauge");
    for (labels, value) in samples {
        let labels: Vec<String> =
            labels.iter().map(|(label, value)| format!("{label}=\"{}\"", escaped(value))).collect();
        let labels = if labels.is_empty() { String::new() } else { format!("{{{}}}", labels.join(",")) };
        let _ = writeln!(text, "first_boot_agent_{name}{labels} {value}");
    }
}

fn escaped(value: &str) -> String {
    value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

#[cfg(test)]
mod tests {
    use super::super::counts::GroupCounts;
    use super::super::judge::StepStatus;
    use super::*;
    use crate::config::ServiceName;
    use crate::plan::Step;

    #[test]
    fn what_is_known_is_counted_and_what_is_not_has_no_sample() {
        let list = ListCounts {
            members: 4,
            voters: 3,
            healthy_voters: 2,
            quorum: 2,
            has_leader: true,
            holds_this_node: false,
        };
        let status = Status {
            node: Some("node\"04".to_owned()),
            steps: vec![StepStatus::new(Step::CHAINFIRE, State::Working, String::new(), None)],
            groups: vec![
                GroupCounts { service: ServiceName::CHAINFIRE, list: Some(list) },
                GroupCounts { service: ServiceName::FLAREDB, list: None },
            ],
            certificates: vec![("cert", 1_800_000_000)],
            ..Status::default()
        };
        let text = text(&status);
        for line in [
            "first_boot_agent_step_state{step=\"chainfire\",state=\"working\"} 1",
            "first_boot_agent_step_state{step=\"chainfire\",state=\"done\"} 0",
            "first_boot_agent_member_list_known{service=\"flaredb\"} 0",
            "first_boot_agent_members{service=\"chainfire\"} 4",
            "first_boot_agent_voters_healthy{service=\"chainfire\"} 2",
            "first_boot_agent_is_member{service=\"chainfire\"} 0",
            "first_boot_agent_unresolved_names 0",
            "first_boot_agent_certificate_not_after_seconds{file=\"cert\"} 1800000000",
        ] {
            assert!(text.lines().any(|found| found == line), "{line} in {text}");
        }
        assert!(text.contains("node_id=\"node\\\"04\""), "{text}");
        assert!(!text.contains("voters{service=\"flaredb\"}") && !text.contains("cluster_verdict"), "{text}");
        let help = text.lines().filter(|line| line.starts_with("# HELP")).count();
        assert_eq!(help, text.lines().filter(|line| line.starts_with("# TYPE")).count());
    }
}
