//! The two forms of `status`: text for people, JSON for programs.

use std::fmt::Write;

use serde_json::json;

use super::judge::{State, Status};

pub(super) fn text(status: &Status) -> String {
    let mut text = String::new();
    // Writing to a string does not fail.
    let _ = writeln!(text, "{}\n", headline(status));
    for step in &status.steps {
        let mark = match step.state {
            State::Done => "✓",
            State::Off => "-",
            State::Working | State::Waiting => "…",
            State::Failed | State::Blocked => "✗",
        };
        let _ = writeln!(text, "  {mark} {:<10} {:<8} {}", step.step.label(), step.state.as_str(), step.detail);
        if let Some(next) = &step.next {
            let _ = writeln!(text, "{:23}→ {next}", "");
        }
    }
    for warning in &status.warnings {
        let _ = writeln!(text, "\n  ! {}", warning.replace('\n', "\n    "));
    }
    if !status.table.is_empty() {
        let _ = writeln!(text, "\n  {}", status.table.replace('\n', "\n  "));
    }
    let _ = writeln!(text, "\n{}", verdict(status));
    text
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
fn verdict(status: &Status) -> String {
    let worst = status.steps.iter().find(|step| step.state == status.overall);
    let name = worst.map_or("", |step| step.step.label());
    match status.overall {
        State::Done | State::Off => "All done: nothing to do.".to_owned(),
        State::Working | State::Waiting if status.steps.iter().any(|step| step.next.is_some()) => {
            "Not all is under way: see the command at the line that has one.".to_owned()
        }
        State::Working | State::Waiting => {
            "Under way: nothing to do; `first-boot-agent status --wait` returns when it is done.".to_owned()
        }
        State::Failed => format!("{name} has failed: see the command at its line."),
        State::Blocked if status.node.is_none() => {
            "Blocked: mend the configuration as said above; a change in /etc/nixos/secrets is noticed by itself."
                .to_owned()
        }
        State::Blocked => format!(
            "{name} is blocked: follow its line, then `systemctl restart {}`; a change in /etc/nixos/secrets is noticed \
             without it.",
            worst.map_or("", |step| step.step.unit())
        ),
    }
}

pub(super) fn json(status: &Status) -> String {
    let steps: Vec<_> = status
        .steps
        .iter()
        .map(|step| {
            json!({
                "step": step.step.label(),
                "unit": step.step.unit(),
                "state": step.state.as_str(),
                "detail": step.detail,
                "next": step.next,
            })
        })
        .collect();
    format!(
        "{:#}\n",
        json!({
            "node_id": status.node,
            "cluster_name": status.cluster,
            "mode": status.mode,
            "source": status.source,
            "state": status.overall.as_str(),
            "steps": steps,
            "warnings": status.warnings,
        })
    )
}
