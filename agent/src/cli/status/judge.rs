//! What the facts come to, step by step: pure, so that every line of `status` is a table test.

use std::fmt;
use std::path::Path;

use serde::Serialize;

use crate::config::{ClusterName, Config, MemberService, Service, ServiceName};
use crate::foreign_text::message;
use crate::markers::{Hold, Trouble};
use crate::names::Unresolved;
use crate::plan::expectations::Outlook;
use crate::plan::health::{EndpointFinding, Findings, GroupFinding, Table, Verdict, reset_command, to_join_again};
use crate::plan::member::{Leader, NAMED};
use crate::plan::{self, Action, Blocker, Decision, SkipReason, Step, Unmet};
use crate::shell_word::quoted;
use crate::systemd::{ActiveState, LoadState, UnitState};

use super::commands;
use super::counts::GroupCounts;

/// Everything that was looked at.
pub(super) struct Facts<'a> {
    pub(super) source: String,
    pub(super) warnings: Vec<String>,
    pub(super) decisions: Vec<(Step, Decision<'a>)>,
    /// What the machine lacks of what the configuration expects.
    pub(super) unmet: Vec<Unmet>,
    /// The units of the steps, in order.
    pub(super) units: Vec<StepUnits>,
    pub(super) live: Result<Findings<'a>, Blocker>,
}

/// The units that a step has to do with; `None` where systemd does not say.
#[derive(Debug, Clone, Default)]
pub(super) struct StepUnits {
    /// Its own.
    pub(super) unit: Option<UnitState>,
    /// The path unit that starts it when what it waits for has changed.
    pub(super) path: Option<UnitState>,
    /// The service that it is about.
    pub(super) service: Option<UnitState>,
    /// What its run has noted.
    pub(super) trouble: Option<Trouble>,
}

impl StepUnits {
    /// Whether the path unit runs, or is about to: it starts the step when what it waits for has changed.
    fn wakes(&self) -> bool {
        let runs =
            |path: &UnitState| path.job_pending || !matches!(path.active, ActiveState::Inactive | ActiveState::Failed);
        self.path.as_ref().is_some_and(runs)
    }
}

/// How far a step is, best first.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum State {
    #[default]
    Off,
    Done,
    Working,
    Waiting,
    Failed,
    Blocked,
}

impl fmt::Display for State {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.serialize(formatter)
    }
}

/// One step's line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct StepStatus {
    pub(super) step: Step,
    pub(super) state: State,
    pub(super) detail: String,
    /// What to do, where there is something to do.
    pub(super) next: Option<String>,
    /// Whether it is tried again without an operator's action.
    pub(super) looks_again: bool,
    /// Whether its unit is started when what it needs has changed.
    pub(super) is_woken: bool,
    /// Whether its unit is to run on this machine, as far as that is known.
    pub(super) is_to_run: bool,
}

impl StepStatus {
    pub(super) fn new(step: Step, state: State, detail: String, next: Option<String>) -> Self {
        Self { step, state, detail, next, looks_again: false, is_woken: false, is_to_run: true }
    }
}

/// The whole answer.
#[derive(Debug, Clone, Default)]
pub(super) struct Status {
    pub(super) node: Option<String>,
    pub(super) cluster: Option<String>,
    pub(super) mode: Option<&'static str>,
    pub(super) source: Option<String>,
    pub(super) overall: State,
    pub(super) steps: Vec<StepStatus>,
    /// The names in the configuration that do not resolve; the lookup puts them here.
    pub(super) names: Vec<Unresolved>,
    pub(super) warnings: Vec<String>,
    /// The table of groups and endpoints; empty where nothing was asked.
    pub(super) table: Table,
    /// The same as numbers, a row for each group.
    pub(super) groups: Vec<GroupCounts>,
    /// The verdict on the cluster in a word, where there is one.
    pub(super) verdict: Option<&'static str>,
    /// When certificates end, in Unix time, by the name of their setting; what reads them puts them here.
    pub(super) certificates: Vec<(&'static str, i64)>,
    /// Whether this user may not read the configuration, so that nothing is known.
    pub(super) needs_root: bool,
}

impl Status {
    /// Without a usable configuration nothing else matters.
    pub(super) fn without_configuration(error: &str, steps: &[Step], units: &[StepUnits]) -> Self {
        let detail = "there is no usable configuration";
        let steps = steps.iter().zip(units).map(|(step, units)| {
            let next = units.unit.as_ref().filter(|unit| unit.active == ActiveState::Failed).map(|_| journal(*step));
            let status = StepStatus::new(*step, State::Blocked, detail.to_owned(), next);
            let is_to_run = units.unit.as_ref().is_none_or(UnitState::is_to_run);
            StepStatus { is_woken: units.wakes(), is_to_run, ..status }
        });
        let warnings = vec![error.to_owned()];
        Self { overall: State::Blocked, steps: steps.collect(), warnings, ..Self::default() }
    }

    /// Adds the steps whose units are to run on this machine, and of whose services the configuration has nothing.
    pub(super) fn with_unconfigured(mut self, steps: &[Step], units: &[StepUnits]) -> Self {
        let Some(first) = steps.first() else { return self };
        let at = self.steps.iter().position(|status| status.step == Step::HealthCheck).unwrap_or(self.steps.len());
        if let Some(health) = self.steps.get_mut(at).filter(|health| health.state == State::Done) {
            // Of what was not asked, nothing is known.
            let detail = format!("waits for {}", first.label());
            *health = StepStatus { state: State::Waiting, detail, ..health.clone() };
            self.verdict = None;
        }
        // Without any other step, nothing is left for the health check.
        let health = if at == 0 && steps.len() == 1 { format!(" {}", Step::HealthCheck.unit()) } else { String::new() };
        let rows = steps.iter().zip(units).map(|(step, units)| unconfigured(*step, units, &health));
        self.steps.splice(at..at, rows);
        self.overall = self.steps.iter().map(|step| step.state).max().unwrap_or(State::Off);
        self
    }

    /// The same with all text as a terminal may get it: paths in it are as somebody has typed them.
    pub(super) fn fit_to_be_shown(mut self) -> Self {
        let steps = self.steps.iter_mut().flat_map(|step| [Some(&mut step.detail), step.next.as_mut()]);
        let names = self.names.iter_mut().flat_map(|name| [&mut name.name, &mut name.reason, &mut name.remedy]);
        let groups = self.table.groups.iter_mut().flat_map(|(service, summary)| [service, summary]);
        let table = groups.chain(self.table.endpoints.iter_mut().flatten());
        for text in steps.flatten().chain(self.source.as_mut()).chain(&mut self.warnings).chain(names).chain(table) {
            *text = message(text);
        }
        self
    }
}

/// Its unit would be blocked at each start: most likely a name in the configuration is mistyped.
fn unconfigured(step: Step, units: &StepUnits, health: &str) -> StepStatus {
    let (unit, name) = (step.unit(), step.label());
    let detail = format!("the configuration has no service {name}, and {unit} is to run");
    // What has failed is listed until that is reset. systemctl disable does not last on NixOS.
    let is_failed = units.unit.as_ref().is_some_and(|unit| unit.active == ActiveState::Failed);
    let reset = if is_failed { format!(" && systemctl reset-failed {unit}") } else { String::new() };
    let next = format!(
        "add {name} to services in the configuration; if it is not to be there: systemctl disable --now {unit}{health}{reset}; \
         on NixOS, turn it off in the NixOS configuration instead"
    );
    StepStatus { is_woken: units.wakes(), ..StepStatus::new(step, State::Blocked, detail, Some(next)) }
}

/// How far a step is whose run has noted what holds it up.
pub(super) fn state_of(hold: Hold, unit: &UnitState) -> State {
    match hold {
        Hold::Blocked => State::Blocked,
        Hold::Failed => State::Failed,
        Hold::Waiting if unit.active == ActiveState::Failed => State::Failed,
        Hold::Waiting => State::Working,
    }
}

/// Judges every step.
pub(super) fn judge(config: &Config, facts: Facts<'_>) -> Status {
    let mut steps: Vec<StepStatus> = facts
        .decisions
        .iter()
        .zip(&facts.units)
        .map(|((step, decision), units)| {
            let status = match (decision, &facts.live) {
                (Decision::Done { since }, live) => done(*step, since, live.as_ref().ok()),
                (Decision::Skip(reason), _) => skipped(*step, *reason),
                (Decision::Blocked(blocker), _) | (Decision::Run(_), Err(blocker)) => blocked(*step, blocker),
                (Decision::Run(Action::CheckHealth), Ok(findings)) => health(config, findings, &facts.units),
                (Decision::Run(action), Ok(findings)) => {
                    let awaited = plan::needs(config, *step).find(|needed| !is_done(&facts.decisions, *needed));
                    damaged(*step, findings).unwrap_or_else(|| {
                        let to_do = ToDo { config, step: *step, action: &action.to_string(), awaited, units };
                        to_do.after_an_earlier_membership(findings, to_do.under_way(units.trouble.as_ref()))
                    })
                }
            };
            StepStatus { is_woken: units.wakes(), ..status }
        })
        .collect();
    health_after_what_is_under_way(&mut steps);
    let overall = steps.iter().map(|step| step.state).max().unwrap_or(State::Off);
    Status {
        node: Some(config.node.id.to_string()),
        cluster: config.cluster_name.as_ref().map(ClusterName::to_string),
        mode: config.with_members().next().map(|first| if first.mode.is_bootstrap() { "bootstrap" } else { "join" }),
        source: Some(facts.source),
        overall,
        steps,
        warnings: facts.warnings.into_iter().chain(not_yet(&facts.unmet)).collect(),
        groups: facts.live.iter().flat_map(|findings| &findings.groups).map(GroupCounts::of).collect(),
        verdict: facts.live.as_ref().ok().map(|findings| match findings.verdict() {
            Verdict::Healthy => "healthy",
            Verdict::Degraded(_) => "degraded",
            Verdict::Unhealthy(_) => "unhealthy",
        }),
        table: facts.live.map(|findings| findings.table()).unwrap_or_default(),
        ..Status::default()
    }
}

/// A cluster that a step is still working on is not healthy yet: its journal has nothing more to say.
fn health_after_what_is_under_way(steps: &mut [StepStatus]) {
    let Some((health, before)) = steps.split_last_mut() else { return };
    let under_way = before.iter().find(|step| step.state == State::Working);
    if let Some(first) = under_way
        && health.state == State::Failed
        && health.next == Some(journal(Step::HealthCheck))
    {
        let detail = format!("{}; waits for {}", health.detail, first.step.label());
        *health = StepStatus { state: State::Waiting, detail, next: None, ..health.clone() };
    }
}

/// What the machine lacks and no step is blocked by, for it may come true or cannot be judged.
fn not_yet(unmet: &[Unmet]) -> Vec<String> {
    let open = unmet.iter().filter(|unmet| unmet.outlook != Outlook::Lasting);
    open.map(|unmet| format!("the machine: {unmet} ({}); {}", unmet.outlook, unmet.remedy)).collect()
}

fn is_done(decisions: &[(Step, Decision<'_>)], step: Step) -> bool {
    let is_out_of_the_way =
        |decision: &Decision<'_>| matches!(decision, Decision::Done { .. } | Decision::Skip(SkipReason::Disabled(_)));
    decisions.iter().any(|(other, decision)| *other == step && is_out_of_the_way(decision))
}

fn skipped(step: Step, reason: SkipReason) -> StepStatus {
    let state = match reason {
        SkipReason::Disabled(_) => State::Off,
        SkipReason::Waits(_) => State::Waiting,
    };
    StepStatus::new(step, state, reason.to_string(), None)
}

fn blocked(step: Step, blocker: &Blocker) -> StepStatus {
    let (detail, next) = with_command(blocker.reason.clone(), &blocker.remedy);
    StepStatus::new(step, State::Blocked, detail, Some(next))
}

/// An arrow is to be pasted: of `remove it: rm FILE` the words go to what is wrong, and the command is left. Where there is
/// anything to choose, or to do before it, all of it is to be read first, and stays together.
pub(super) fn with_command(detail: String, remedy: &str) -> (String, String) {
    let is_one = |text: &str| !text.contains("; ") && !text.contains(", ");
    let is_command = |text: &str| commands::is_for_an_arrow(text) && is_one(text);
    let ends_something = |text: &str| {
        ["first-boot-agent reset", "first-boot-agent leave", "rm "].iter().any(|end| text.starts_with(end))
    };
    let is_plain = |words: &str, command: &str| !words.contains("; ") && (is_one(words) || !ends_something(command));
    match remedy.split_once(": ") {
        Some(("run", command)) if is_command(command) => (detail, command.to_owned()),
        Some((words, command)) if is_command(command) && is_plain(words, command) => {
            (format!("{detail}; {words}"), command.to_owned())
        }
        _ => (detail, remedy.to_owned()),
    }
}

/// The marker is there: does the live membership agree?
fn done(step: Step, since: &str, live: Option<&Findings<'_>>) -> StepStatus {
    let group = live.and_then(|live| live.groups.iter().find(|group| Step::from(group.service.name) == step));
    let (state, detail, next) = match group {
        // It is not out of the list: that is no reason to reset it.
        Some(GroupFinding { holds_this_node: false, list: Ok(_), listed_as: Some(found), service, .. }) => (
            State::Failed,
            format!("marked at {since}, and the live member list has {found}"),
            Some(format!("journalctl -b -u {}", service.unit)),
        ),
        Some(GroupFinding { holds_this_node: false, list: Ok(list), .. }) => (
            State::Failed,
            format!(
                "marked at {since}, but the live member list ({list}) does not have this node; if it should be a member, \
                 reset it and do what the reset says; if not: first-boot-agent leave"
            ),
            group.map(|group| reset_command(group.service)),
        ),
        Some(GroupFinding { list: Err(error), .. }) => {
            (State::Done, format!("since {since}; cannot be confirmed now: {error}"), None)
        }
        Some(group) => (State::Done, format!("member since {since}; {}", group.summary()), None),
        None => (State::Done, format!("since {since}"), None),
    };
    StepStatus::new(step, state, detail, next)
}

/// A damaged marker keeps the unit from starting: systemd only asks whether the file exists.
fn damaged(step: Step, findings: &Findings<'_>) -> Option<StepStatus> {
    let names = ["joined", "initialized"].map(|word| format!(".{}-{word}", step.service_name()));
    let is_one = |path: &Path| names.iter().any(|name| path.file_name().is_some_and(|file| file == name.as_str()));
    let (path, reason) = findings.damaged_markers.iter().find(|(path, _)| is_one(path))?;
    let detail = format!("its marker {} is damaged ({reason})", path.display());
    // Whatever has the name: a file, a link, a directory with something in it. Nothing is lost.
    let next = format!("mv -T {0} {0}.damaged && systemctl restart --no-block {1}", quoted(path), step.unit());
    Some(StepStatus::new(step, State::Failed, detail, Some(next)))
}

/// A step that has no marker.
struct ToDo<'a> {
    config: &'a Config,
    step: Step,
    action: &'a str,
    /// The step that must be done first, where it is not.
    awaited: Option<Step>,
    units: &'a StepUnits,
}

impl ToDo<'_> {
    /// What does the unit say?
    fn under_way(&self, trouble: Option<&Trouble>) -> StepStatus {
        let step = self.step;
        let Some(unit) = &self.units.unit else {
            return StepStatus::new(step, State::Waiting, format!("to do: {}", self.action), Some(self.start()));
        };
        match trouble {
            // A unit that was stopped, or has succeeded, is held up by nothing that it has met before.
            Some(trouble) if matches!(unit.active, ActiveState::Activating | ActiveState::Failed) => {
                self.held_up(unit, trouble)
            }
            _ => {
                let (state, detail, next) = self.as_the_unit_says(unit);
                StepStatus::new(step, state, detail, next)
            }
        }
    }

    /// Its run has noted why, and what to do.
    fn held_up(&self, unit: &UnitState, trouble: &Trouble) -> StepStatus {
        let Trouble { hold, reason, remedy, looks_again, .. } = trouble;
        let state = state_of(*hold, unit);
        let (detail, remedy) = with_command(reason.clone(), remedy);
        // A run that has ended looks no more.
        let runs = unit.active == ActiveState::Activating && !unit.awaits_restart();
        let looks_again = looks_again.as_ref().filter(|_| runs);
        let then = match looks_again {
            Some(time) => format!("; looks again at {time}"),
            None if unit.awaits_restart() => format!("; {}", restarts(unit)),
            None => String::new(),
        };
        let next = self.start_of_service().filter(|_| state != State::Blocked).unwrap_or(remedy);
        let status = StepStatus::new(self.step, state, format!("{detail}{then}"), Some(next));
        StepStatus { looks_again: looks_again.is_some() || unit.awaits_restart(), ..status }
    }

    fn as_the_unit_says(&self, unit: &UnitState) -> (State, String, Option<String>) {
        let step = self.step;
        let said = if unit.status_text.is_empty() { self.action } else { &unit.status_text };
        match unit.active {
            // Longer than that no run may take, however well it waits.
            ActiveState::Activating if unit.awaits_restart() && unit.result == "timeout" => {
                let detail = format!("{said}; the time of its run was over; {}", restarts(unit));
                (State::Waiting, detail, self.start_of_service())
            }
            ActiveState::Activating if unit.awaits_restart() => {
                let next = self.start_of_service().unwrap_or_else(|| journal(step));
                (State::Failed, format!("{said}; {}", restarts(unit)), Some(next))
            }
            ActiveState::Activating => (State::Working, said.to_owned(), self.start_of_service()),
            ActiveState::Failed if unit.exec_main_status == super::Exit::Blocked as i32 => {
                (State::Blocked, said.to_owned(), Some(journal(step)))
            }
            ActiveState::Failed => (State::Failed, said.to_owned(), Some(journal(step))),
            ActiveState::Active => (
                State::Failed,
                "the unit is done, but its marker is missing".to_owned(),
                Some(format!("systemctl restart --no-block {}", step.unit())),
            ),
            _ if unit.job_pending => (State::Waiting, "waits for the units before it".to_owned(), None),
            _ => {
                let (detail, next) = self.not_started();
                (State::Waiting, detail, next)
            }
        }
    }

    /// It was never started, or it was stopped, as a reset does: with its service, and with what would wake it.
    fn not_started(&self) -> (String, Option<String>) {
        let action = self.action;
        match (self.raft(), self.awaited) {
            (Some(raft), _) if self.stopped_service().is_some() => {
                (format!("not started, and {} is stopped: {action}", raft.unit), Some(to_join_again(&[raft])))
            }
            // Where systemd says nothing of the path unit, it is taken to be as it should.
            (_, Some(needed)) if self.units.path.is_some() && !self.units.wakes() => {
                let (needed, path) = (needed.label(), self.step.path_unit());
                (format!("waits for {needed}, and {path}, which would start it, does not run"), Some(self.start()))
            }
            (_, Some(needed)) => (format!("starts when {} is done", needed.label()), None),
            (None, None)
                if self.stopped_service().is_some()
                    && let Some(unit) = self.service().map(Service::unit) =>
            {
                let next = format!("systemctl start {unit} && {}", self.start());
                (format!("not started, and {unit} is stopped: {action}"), Some(next))
            }
            (_, None) => (format!("not started: {action}"), Some(self.start())),
        }
    }

    /// How the service is, where it does not run and has to be started by hand: what is added to its cluster first is
    /// started by the step.
    fn stopped_service(&self) -> Option<ActiveState> {
        let service = self.units.service.as_ref()?;
        let is_stopped = match service.active {
            ActiveState::Inactive => !self.raft().is_some_and(|service| service.api.is_added_first()),
            active => active == ActiveState::Failed,
        };
        (is_stopped && service.load == LoadState::Loaded && !service.job_pending).then_some(service.active)
    }

    /// What starts the service that a run would wait for without end; where it has failed, what shows why. IAM's waits for
    /// flaredb.
    fn start_of_service(&self) -> Option<String> {
        let stopped = self.stopped_service()?;
        let unit = self.service()?.unit();
        match (stopped, self.raft()) {
            (ActiveState::Failed, _) => Some(format!("journalctl -b -u {unit}")),
            (_, Some(raft)) if raft.mode.is_bootstrap() => Some(to_join_again(&[raft])),
            (_, None) if self.awaited.is_some() => None,
            _ => Some(format!("systemctl start {unit}")),
        }
    }

    /// A service that was a member and is none any more, after a `leave` or a removal, keeps the data of that membership: it
    /// looks for its old cluster, is never healthy, and so never joins, however often the step is started.
    fn after_an_earlier_membership(&self, findings: &Findings<'_>, status: StepStatus) -> StepStatus {
        let id = &self.config.node.id;
        let is_member_no_more = |raft: &&MemberService| {
            let is_own = |endpoint: &&EndpointFinding| endpoint.own && endpoint.service == raft.name;
            let group = findings.groups.iter().find(|group| group.service.name == raft.name);
            // By a list that knows a leader: another one may be old.
            let is_out = |group: &GroupFinding<'_>| {
                let list = group.list.as_ref().ok().filter(|list| list.leader.id().is_some());
                list.is_some_and(|list| list.entry_of(id, raft).is_none()) && group.listed_as.is_none()
            };
            findings.endpoints.iter().find(is_own).is_some_and(EndpointFinding::is_unready) && group.is_some_and(is_out)
        };
        let Some(raft) = self.raft().filter(is_member_no_more).filter(|_| status.state != State::Blocked) else {
            return status;
        };
        let detail = format!(
            "{}; {} answers HTTP 503 and is in no member list: if this node was a member before (leave, a removal), its data \
             is of that membership, and only a reset makes it join again; if it is to stay out, disable {} and the units of this agent",
            status.detail, raft.unit, raft.unit
        );
        StepStatus { detail, next: Some(reset_command(raft)), ..status }
    }

    fn service(&self) -> Option<&Service> {
        self.config.service(self.step.marked_by()?)
    }

    fn raft(&self) -> Option<&MemberService> {
        self.service().and_then(Service::members)
    }

    /// Without `--no-block` it would return when the step is done, which may take as long as the cluster is away.
    fn start(&self) -> String {
        format!("systemctl start --no-block {}", self.step.unit())
    }
}

fn restarts(unit: &UnitState) -> String {
    format!("restarts within {} s, {} restarts so far", unit.restart_delay_us / 1_000_000, unit.n_restarts)
}

fn health(config: &Config, findings: &Findings<'_>, units: &[StepUnits]) -> StepStatus {
    let of_step =
        |wanted: Step| Step::all(config).into_iter().zip(units).find(|(step, _)| *step == wanted).map(|(_, of)| of);
    let (state, detail) = match findings.verdict() {
        Verdict::Healthy => (State::Done, "healthy".to_owned()),
        Verdict::Degraded(reasons) => (State::Done, format!("degraded: {}", reasons.join("; "))),
        Verdict::Unhealthy(reasons) => {
            let unit = of_step(Step::HealthCheck).and_then(|of| of.unit.as_ref());
            let working = unit.is_some_and(|unit| unit.active == ActiveState::Activating || unit.job_pending);
            let detail = format!("not healthy: {}", reasons.join("; "));
            let busy = findings.only_busy();
            if working {
                (State::Working, detail)
            } else if busy.is_empty() {
                (State::Failed, detail)
            } else {
                let busy: Vec<&str> = busy.iter().map(ServiceName::as_str).collect();
                (State::Waiting, format!("{detail}; waits until {} is less busy", busy.join(" and ")))
            }
        }
    };
    let own = findings.own_failing();
    if let Some(remedy) = own.and_then(|own| own.remedy.as_ref()).filter(|_| state == State::Failed) {
        let (detail, next) = with_command(detail, remedy);
        return StepStatus::new(Step::HealthCheck, state, detail, Some(next));
    }
    let next = (state == State::Failed).then(|| match own.and_then(|own| config.service(own.service)) {
        Some(service) => {
            let runs = |of: &StepUnits| of.service.as_ref().is_some_and(|unit| unit.active == ActiveState::Active);
            let of_service = of_step(service.name().into()).filter(|of| runs(of));
            let lost = of_service.and_then(|_| lost_quorum(findings, service.members()?));
            lost.unwrap_or_else(|| format!("systemctl status {}", service.unit()))
        }
        None => journal(Step::HealthCheck),
    });
    StepStatus::new(Step::HealthCheck, state, detail, next)
}

/// Where this node's service runs and cannot serve for want of a quorum, the others are what to look at.
fn lost_quorum(findings: &Findings<'_>, service: &MemberService) -> Option<String> {
    let name = service.name;
    let group = findings.groups.iter().find(|group| group.service.name == name)?;
    let has_quorum = group.list.as_ref().is_ok_and(|list| {
        list.leader != Leader::Unknown && list.voters().filter(|voter| voter.is_healthy()).count() >= list.quorum()
    });
    if has_quorum {
        return None;
    }
    let others = findings.endpoints.iter().filter(|endpoint| !endpoint.own && endpoint.service == name);
    let refusing: Vec<String> = others
        .filter_map(|endpoint| Some(format!("{} ({})", endpoint.member, endpoint.answer.as_ref().err()?)))
        .take(NAMED)
        .collect();
    if !refusing.is_empty() {
        return Some(format!("bring back the members of {name} that do not answer: {}", refusing.join(", ")));
    }
    let peers = service.endpoints_for_change();
    let peers: Vec<String> = peers.iter().take(NAMED).map(ToString::to_string).collect();
    (!peers.is_empty()).then(|| format!("check the other members of {name}: {}", peers.join(", ")))
}

pub(super) fn journal(step: Step) -> String {
    format!("journalctl -b -x -u {}", step.unit())
}

#[cfg(test)]
mod tests;
