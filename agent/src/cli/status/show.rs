//! The two forms of `status`: text for people, JSON for programs.

use std::fmt::Write;

use serde_json::{Value, json};

use crate::foreign_text::{columns, padded};

use super::judge::{State, Status, StepStatus};
use super::layout::Layout;

/// The columns of a name; on a terminal, the detail of a longer one is below it.
pub(super) const NAME: usize = 10;
/// The columns before a detail, and before its arrow.
const INDENT: usize = 24;
const BEFORE_THE_ARROW: usize = INDENT - 1;

pub(super) fn text(status: &Status, layout: Layout) -> String {
    let mut text = String::new();
    // Writing to a string does not fail.
    let _ = writeln!(text, "{}\n", layout.wrapped(&headline(status), 0));
    for Row { name, state, detail, next } in rows(status) {
        let mark = match state {
            State::Done => "✓",
            State::Off => "-",
            State::Working | State::Waiting => "…",
            State::Failed | State::Blocked => "✗",
        };
        let (mark, word) = (layout.coloured(mark, state), layout.coloured(&format!("{state:<8}"), state));
        let below = match layout {
            Layout::Terminal { .. } if columns(&name) > NAME => format!("\n{:INDENT$}", ""),
            _ => " ".to_owned(),
        };
        let _ = writeln!(text, "  {mark} {} {word}{below}{}", padded(&name, NAME), layout.prose(&detail, INDENT));
        if let Some(next) = next {
            let _ = writeln!(text, "{:BEFORE_THE_ARROW$}→ {}", "", layout.wrapped(&next, BEFORE_THE_ARROW + 2));
        }
    }
    for warning in &status.warnings {
        let _ = writeln!(text, "\n  ! {}", layout.lines(warning, 4));
    }
    let table = layout.table(&status.table);
    if !table.is_empty() {
        let _ = writeln!(text, "\n{table}");
    }
    let _ = writeln!(text, "\n{}", layout.wrapped(&verdict(status), 0));
    text
}

/// The content of one line, with what to do about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Row {
    pub(super) name: String,
    pub(super) state: State,
    pub(super) detail: String,
    pub(super) next: Option<String>,
}

/// Every step, then every name that does not resolve. What holds several steps up is shown at the first.
pub(super) fn rows(status: &Status) -> Vec<Row> {
    let steps = status.steps.iter().enumerate().map(|(index, step)| {
        let StepStatus { state, detail, next, .. } = step;
        let is_same = |other: &&StepStatus| (&other.state, &other.detail, &other.next) == (state, detail, next);
        let earlier = status.steps.iter().take(index).find(is_same).filter(|_| *state >= State::Failed);
        let (detail, next) = match earlier {
            Some(earlier) => (format!("same cause as {}", earlier.step.label()), None),
            None => (detail.clone(), next.clone()),
        };
        Row { name: step.step.label().to_owned(), state: *state, detail, next }
    });
    let names = status.names.iter().map(|unresolved| Row {
        name: "DNS".to_owned(),
        state: State::Failed,
        detail: format!("name {}: {}", unresolved.name, unresolved.reason),
        next: Some(unresolved.remedy.clone()),
    });
    steps.chain(names).collect()
}

fn headline(status: &Status) -> String {
    let parts = [
        status.node.as_deref(),
        status.cluster.as_deref(),
        status.mode,
        status.source.as_deref(),
        Some(concat!("first-boot-agent ", env!("CARGO_PKG_VERSION"))),
    ];
    parts.into_iter().flatten().collect::<Vec<_>>().join(" · ")
}

/// The last line: what to do now.
pub(super) fn verdict(status: &Status) -> String {
    let worst = status.steps.iter().find(|step| step.state == status.overall);
    let name = worst.map_or("", |step| step.step.label());
    match status.overall {
        State::Done | State::Off => match status.names.len() {
            0 if status.verdict == Some("degraded") => {
                "This node is done; the cluster is degraded: see the line of health.".to_owned()
            }
            0 => "All done: nothing to do.".to_owned(),
            1 => "All done; 1 name does not resolve: see its line.".to_owned(),
            names => format!("All done; {names} names do not resolve: see their lines."),
        },
        State::Working | State::Waiting | State::Failed => match status.steps.iter().find(|step| step.next.is_some()) {
            // Those behind it may be as they are because of it, as health is.
            Some(StepStatus { step, state: State::Failed, .. }) => {
                format!("{} has failed: follow the arrow at its line.", step.label())
            }
            Some(StepStatus { step, state, .. }) => {
                format!("{} is {state}: follow the arrow at its line.", step.label())
            }
            None if status.overall == State::Failed => format!("{name} has failed: see its line."),
            None => "In progress: nothing to do; `first-boot-agent status --wait` returns when it is done.".to_owned(),
        },
        State::Blocked if status.needs_root => {
            "Not seen without root: the configuration, the member lists, the names in DNS. Run it as root.".to_owned()
        }
        State::Blocked if status.node.is_none() => {
            // A unit that is not to run here would only fail, and be listed from then on.
            let to_run = || status.steps.iter().filter(|step| step.is_to_run);
            let asleep: Vec<String> = to_run().filter(|step| !step.is_woken).map(|step| step.step.unit()).collect();
            let then = if to_run().next().is_none() {
                String::new()
            } else if asleep.is_empty() {
                "; its units start again when /etc/nixos/secrets changes".to_owned()
            } else {
                format!(", then `systemctl start --no-block {}`", asleep.join(" "))
            };
            format!(
                "Blocked: fix the configuration as shown above (`first-boot-agent config example` prints one, for etcd \
                 `first-boot-agent config example etcd`){then}."
            )
        }
        State::Blocked if worst.is_some_and(|step| step.looks_again) => format!(
            "{name} is blocked: follow its line. It tries again by itself, and at once after `systemctl restart --no-block {}`.",
            worst.map_or_else(String::new, |step| step.step.unit())
        ),
        State::Blocked => {
            let then = if worst.is_some_and(|step| step.is_woken) {
                "; after a change in /etc/nixos/secrets it starts again by itself"
            } else {
                ""
            };
            format!(
                "{name} is blocked: follow its line, then `systemctl restart --no-block {}`{then}.",
                worst.map_or_else(String::new, |step| step.step.unit())
            )
        }
    }
}

pub(super) fn json(status: &Status) -> Value {
    let steps: Vec<_> = status
        .steps
        .iter()
        .map(|step| {
            json!({
                "step": step.step.label(),
                "unit": step.step.unit(),
                "state": step.state,
                "detail": step.detail,
                "next": step.next,
            })
        })
        .collect();
    json!({
        "node_id": status.node,
        "cluster_name": status.cluster,
        "mode": status.mode,
        "source": status.source,
        "state": status.overall,
        "steps": steps,
        "names": status.names,
        "warnings": status.warnings,
    })
}

#[cfg(test)]
mod tests {
    use super::super::judge::{State, Status, StepStatus, StepUnits};
    use super::{Layout, columns, json, verdict};
    use crate::names::Unresolved;
    use crate::plan::Step;
    use crate::plan::health::Table;
    use crate::systemd::{LoadState, UnitState};

    fn text(status: &Status) -> String {
        super::text(status, Layout::Plain)
    }

    #[test]
    fn what_holds_several_steps_up_is_shown_once() {
        let broken =
            text(&Status::without_configuration("line 3 is wrong", &Step::DEFAULT, &vec![StepUnits::default(); 4]));
        assert_eq!(broken.matches("no usable configuration").count(), 1, "{broken}");
        assert_eq!(broken.matches("same cause as chainfire").count(), 3, "{broken}");
        let step = |step, state| StepStatus::new(step, state, "no CA".to_owned(), Some("put it there".to_owned()));
        let steps = vec![step(Step::CHAINFIRE, State::Waiting), step(Step::FLAREDB, State::Blocked)];
        let differing = text(&Status { steps, ..Status::default() });
        assert_eq!(differing.matches("→ put it there").count(), 2, "they are not in the same state: {differing}");
    }

    #[test]
    fn on_a_terminal_details_are_wrapped_and_commands_are_not() {
        let detail = "a detail of many words ".repeat(12);
        let next = format!("first-boot-agent reset {}", "x".repeat(80));
        let step = StepStatus::new(Step::CHAINFIRE, State::Failed, detail.trim().to_owned(), Some(next.clone()));
        let status = Status { steps: vec![step], ..Status::default() };
        let shown = super::text(&status, Layout::Terminal { is_coloured: false, columns: 80 });
        assert!(shown.contains(&format!("→ {next}\n")) && !shown.contains('\u{1b}'), "{shown}");
        let wrapped: Vec<&str> = shown.lines().filter(|line| !line.contains('→')).collect();
        assert!(wrapped.len() > 5 && wrapped.iter().all(|line| line.chars().count() <= 80), "{shown}");
        let coloured = super::text(&status, Layout::Terminal { is_coloured: true, columns: 80 });
        assert!(coloured.contains("\u{1b}[31m✗\u{1b}[m chainfire  \u{1b}[31mfailed  \u{1b}[m a detail"), "{coloured}");
    }

    #[test]
    fn the_last_line_names_the_first_step_that_something_can_be_done_about() {
        let last_line = |chainfire: (State, Option<&str>), health: (State, Option<&str>)| {
            let step = |step, (state, next): (State, Option<&str>)| {
                StepStatus::new(step, state, String::new(), next.map(str::to_owned))
            };
            let overall = chainfire.0.max(health.0);
            let steps = vec![step(Step::CHAINFIRE, chainfire), step(Step::HealthCheck, health)];
            verdict(&Status { overall, steps, ..Status::without_configuration("none", &[], &[]) })
        };
        let (start, look) = (Some("systemctl start chainfire.service"), Some("journalctl"));
        for (chainfire, health, begins) in [
            ((State::Waiting, start), (State::Failed, look), "chainfire is waiting"),
            ((State::Working, start), (State::Working, None), "chainfire is working"),
            ((State::Failed, start), (State::Failed, look), "chainfire has failed"),
            ((State::Working, None), (State::Failed, look), "health has failed"),
            ((State::Working, None), (State::Working, None), "In progress"),
        ] {
            let line = last_line(chainfire, health);
            assert!(line.starts_with(begins), "{line}");
        }
    }

    #[test]
    fn it_starts_again_by_itself_only_where_something_starts_it() {
        let blocked = |is_woken| {
            let step = StepStatus::new(Step::CHAINFIRE, State::Blocked, String::new(), None);
            vec![StepStatus { is_woken, ..step }]
        };
        for node in [None, Some("node04".to_owned())] {
            let of = |is_woken| {
                let status = Status { node: node.clone(), steps: blocked(is_woken), ..Status::default() };
                verdict(&Status { overall: State::Blocked, ..status })
            };
            let (woken, asleep) = (of(true), of(false));
            assert!(woken.contains("again") && woken.contains("/etc/nixos/secrets"), "{woken}");
            assert!(!asleep.contains("again"), "{asleep}");
            assert!(asleep.ends_with("start --no-block chainfire-cluster-join.service`."), "{asleep}");
        }
    }

    #[test]
    fn without_a_configuration_no_unit_is_started_that_is_not_to_run_here() {
        let of = |is_enabled| {
            let unit = Some(UnitState { load: LoadState::Loaded, is_enabled, ..UnitState::default() });
            let units = [StepUnits { unit, ..StepUnits::default() }];
            verdict(&Status::without_configuration("none", &[Step::CHAINFIRE], &units))
        };
        let (to_run, not) = (of(true), of(false));
        assert!(to_run.contains("start --no-block chainfire-cluster-join.service"), "{to_run}");
        assert!(not.contains("config example etcd") && !not.contains("start"), "{not}");
    }

    #[test]
    fn wide_names_keep_the_columns_and_the_width_of_the_terminal_is_used() {
        let row = |member: &str| ["chainfire", member, "https://a:2379/health", "ok"].map(str::to_owned);
        let table = Table { groups: Vec::new(), endpoints: vec![row("漢字"), row("node01")], count: None };
        let detail = "a detail of many words ".repeat(12).trim().to_owned();
        let steps = vec![StepStatus::new(Step::CHAINFIRE, State::Failed, detail.clone(), None)];
        let status = Status { steps, table, ..Status::default() };
        let of = |columns| super::text(&status, Layout::Terminal { is_coloured: false, columns });
        let before = |text: &str, member: &str| {
            let line = text.lines().find(|line| line.contains(member)).unwrap().to_owned();
            columns(line.split("https").next().unwrap())
        };
        for shown in [text(&status), of(80)] {
            assert_eq!(before(&shown, "漢字"), before(&shown, "node01"), "{shown}");
        }
        assert!(of(400).contains(&detail) && !of(120).contains(&detail));
        let longest = of(120).lines().map(columns).max().unwrap();
        assert!((100..=120).contains(&longest), "{longest}");
    }

    #[test]
    fn f01_a_name_that_does_not_resolve_has_its_row_and_names_that_do_have_none() {
        let sound = Status::without_configuration("none", &[], &[]);
        assert!(!text(&sound).contains("DNS") && json(&sound)["names"] == serde_json::json!([]));
        let unresolved = Unresolved {
            name: "node01.example.com".to_owned(),
            servers: vec!["10.0.0.53".to_owned()],
            reason: "no answer from DNS server 10.0.0.53 within 5 s".to_owned(),
            remedy: "check the name servers".to_owned(),
        };
        let status = Status { names: vec![unresolved], ..sound };
        let row = "  ✗ DNS        failed   name node01.example.com: no answer from DNS server 10.0.0.53 within 5 s\n                       → check the name servers\n";
        assert!(text(&status).contains(row), "{}", text(&status));
        let parsed = json(&status);
        assert_eq!(parsed["names"][0]["name"], "node01.example.com");
        assert_eq!(parsed["names"][0]["servers"][0], "10.0.0.53");
        assert_eq!(parsed["names"][0]["remedy"], "check the name servers");
        let done = Status { overall: State::Done, ..status };
        assert_eq!(verdict(&done), "All done; 1 name does not resolve: see its line.");
        let names = vec![done.names[0].clone(), done.names[0].clone()];
        assert!(verdict(&Status { names, ..done.clone() }).contains("2 names do not resolve"));
        let done = Status { names: Vec::new(), ..done };
        assert_eq!(verdict(&done), "All done: nothing to do.");
        let degraded = Status { verdict: Some("degraded"), ..done };
        assert_eq!(verdict(&degraded), "This node is done; the cluster is degraded: see the line of health.");
    }
}
