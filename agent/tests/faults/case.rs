//! One case of the table: a small cluster, one fault at one call, one run of the agent.
//!
//! It only finds out what is wrong with the outcome, as text; the table collects. To start a cluster costs more than a run
//! of the agent, so one that is as it was goes on to the next case of the same command.

use std::fmt;

use cluster_standin::{Fault, Rule};
use serde_json::{Value, json};

use super::stage::Stage;
use super::{Kind, Wrong};
use crate::node::Run;

/// What the agent is started for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Command {
    /// A join through a leader.
    Join,
    /// A bootstrap of two.
    Bootstrap,
    /// A health check with its probe.
    Check,
    /// The setup of IAM.
    SetUp,
}

/// Whose answers are wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Whose {
    /// The service on the node itself.
    Own,
    /// The leader, or the other node of a bootstrap.
    Other,
    /// The leader, from its second answer on.
    OtherLater,
    /// IAM.
    Iam,
}

/// A row of the table: a call, and how the run ends for each [`Kind`] of fault, where it happens once and where always:
/// `d` done, `t` transient, `b` blocked, `-` never, so that it is not played.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Row {
    pub(crate) command: Command,
    pub(crate) whose: Whose,
    pub(crate) method: &'static str,
    pub(crate) path: &'static str,
    pub(crate) endings: &'static str,
}

impl Row {
    pub(crate) fn ending(&self, kind: Kind, always: bool) -> char {
        let cell = self.endings.split_whitespace().nth(kind as usize).unwrap();
        cell.chars().nth(usize::from(always)).unwrap()
    }
}

/// A fault that a row meets.
#[derive(Clone, Copy)]
pub(crate) struct Case {
    pub(crate) row: Row,
    pub(crate) wrong: &'static Wrong,
    pub(crate) always: bool,
}

impl fmt::Display for Case {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Row { command, whose, method, path, .. } = self.row;
        let often = if self.always { "always" } else { "once" };
        write!(formatter, "{command:?} {whose:?} {method} {path}: {}, {often}", self.wrong.name)
    }
}

impl Case {
    /// Whether this case and another can be played on one stage.
    pub(crate) fn shares_stage_with(&self, other: &Self) -> bool {
        self.row.command == other.row.command && self.with_peer() == other.with_peer()
    }

    fn with_peer(&self) -> bool {
        self.row.command == Command::Bootstrap && self.row.whose == Whose::Other
    }

    /// The stage that it needs.
    pub(crate) async fn stage(&self) -> Stage {
        Stage::set(self.row.command, self.with_peer()).await
    }

    /// Plays the case on the stage that is there, or a new one, and reports what is not as it should be.
    pub(crate) async fn play(&self, place: &mut Option<Stage>) -> Vec<String> {
        let Self { row, wrong, always } = *self;
        let expected = row.ending(wrong.kind, always);
        let stage = match place.take() {
            Some(stage) => stage,
            None => self.stage().await,
        };
        stage.node.edit(|config| limit(config, row, expected == 'd'));
        let server = stage.misbehaving(row);
        let fault = (wrong.make)(server.url);
        let is_late = matches!(fault, Fault::Late { .. });
        let mut rules = vec![if always { Rule::always } else { Rule::once }(row.method, row.path, fault)];
        if row.whose == Whose::OtherLater {
            rules.insert(0, Rule::once(row.method, row.path, Fault::Delay { ms: 0 }));
        }
        let asked_before = server.last_asked();
        server.faults.set(rules);
        let run = stage.node.run(row.command.arguments()).await;
        server.faults.clear();
        let mut problems = Vec::new();
        judge_ending(&run, expected, server.url, &mut problems);
        server.judge_requests(row, &run, asked_before, &mut problems);
        let has_changed = stage.judge_effect(row, run.code == 0, &mut problems).await;
        if has_changed || is_late {
            stage.strike().await;
        } else {
            stage.node.remove_markers();
            *place = Some(stage);
        }
        if !problems.is_empty() {
            problems.push(run.errors());
        }
        problems
    }
}

/// The exit code, and that what the run could not do names who was asked.
fn judge_ending(run: &Run, expected: char, url: &str, problems: &mut Vec<String>) {
    let found = match run.code {
        0 => 'd',
        1 => 't',
        78 => 'b',
        _ => '?',
    };
    if found != expected {
        problems.push(format!("ended with {found}, expected {expected}"));
    }
    let last = run.last_message();
    if found == 'b' && !(last.starts_with("blocked: ") && last.contains("; ")) {
        problems.push(format!("a block without a reason and a remedy: {last}"));
    }
    if found != 'd' && !last.contains(url) {
        problems.push(format!("the last event does not name {url}: {last}"));
    }
}

impl Command {
    fn arguments(self) -> &'static [&'static str] {
        match self {
            Self::Join | Self::Bootstrap => &["join", "chainfire"],
            Self::Check => &["health-check", "--wait"],
            Self::SetUp => &["setup", "iam"],
        }
    }
}

/// A run that can succeed does not meet its limits, even where the machine is busy. One that cannot ends soon; what comes
/// before the call that is wrong is given all the time that it needs.
fn limit(config: &mut Value, row: Row, can_succeed: bool) {
    let (long, short) = ("600s", "2s");
    let wrong_health = row.path == "/health" || row.command == Command::Check;
    let health = if can_succeed || !wrong_health { long } else { short };
    let other = if can_succeed { long } else { short };
    config["policies"] = json!({
        "health": {"limit": health},
        "promotion": {"limit": other},
        "iam_setup": {"limit": other, "first_delay": "200ms"},
        "join": {"attempts": if can_succeed { 100 } else { 3 }, "scale": "20ms"},
        "request": {"connect": "1s", "total": "1s", "max_body": "64KiB"},
    });
}
