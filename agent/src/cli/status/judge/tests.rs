//! Every line of `status` as a table.

use super::*;
use crate::cli::status::layout::Layout;
use crate::cli::status::{show, without_root};
use crate::config::{self, DefaultServices as _, ServiceName};
use crate::markers::{Achievement, Identity, MarkerState};
use crate::plan::member::{Member, MemberAddress, MemberList, Word};

const JOINING: &str = r#"{"node_id": "node04", "leader_url": "https://node01", "raft_addr": "10.0.1.13:2380"}"#;
const BOOTSTRAPPING: &str =
    r#"{"node_id": "node01", "bootstrap": true, "initial_peers": ["node01:2380", "node02:2380"]}"#;

fn unit(active: ActiveState, sub: &str, said: &str) -> UnitState {
    UnitState { active, sub: sub.to_owned(), status_text: said.to_owned(), ..UnitState::default() }
}

fn loaded(active: ActiveState) -> UnitState {
    UnitState { load: LoadState::Loaded, ..unit(active, "", "") }
}

/// What becomes of a step without a marker.
fn to_do(config: &str, step: Step, awaited: Option<Step>, units: &StepUnits, noted: Option<&Trouble>) -> StepStatus {
    ToDo { config: &config::of(config), step, action: "join", awaited, units }.under_way(noted)
}

fn only(unit: Option<UnitState>) -> StepUnits {
    StepUnits { unit, ..StepUnits::default() }
}

fn next_of(status: &StepStatus) -> &str {
    status.next.as_deref().unwrap_or_default()
}

#[test]
fn a_step_that_is_not_done_is_as_its_unit_says() {
    let blocked = UnitState { exec_main_status: 78, ..unit(ActiveState::Failed, "failed", "blocked: no; do this") };
    let queued = UnitState { job_pending: true, ..unit(ActiveState::Inactive, "dead", "") };
    for (unit, awaited, state, detail) in [
        (Some(unit(ActiveState::Activating, "start", "waiting for it")), None, State::Working, "waiting for it"),
        (Some(unit(ActiveState::Activating, "auto-restart", "failed")), None, State::Failed, "restarts within"),
        (
            Some(UnitState {
                result: "timeout".to_owned(),
                ..unit(ActiveState::Activating, "auto-restart", "joining: the cluster is busy")
            }),
            None,
            State::Waiting,
            "the cluster is busy; the time of its run was over; restarts within",
        ),
        (Some(unit(ActiveState::Failed, "failed", "")), None, State::Failed, "join"),
        (Some(blocked), None, State::Blocked, "blocked: no; do this"),
        (Some(queued), None, State::Waiting, "for the units before it"),
        (Some(unit(ActiveState::Inactive, "dead", "")), None, State::Waiting, "not started"),
        (Some(unit(ActiveState::Active, "exited", "")), None, State::Failed, "marker is missing"),
        (
            Some(unit(ActiveState::Inactive, "dead", "")),
            Some(Step::CHAINFIRE),
            State::Waiting,
            "when chainfire is done",
        ),
        (None, None, State::Waiting, "to do: join"),
    ] {
        let found = to_do(JOINING, Step::FLAREDB, awaited, &only(unit), None);
        assert_eq!(found.state, state, "{}", found.detail);
        assert!(found.detail.contains(detail), "{}", found.detail);
        let needs_a_hand = matches!(state, State::Failed | State::Blocked);
        assert!(!needs_a_hand || found.next.is_some(), "what to do about {}?", found.detail);
        assert!(!found.detail.contains("busy") || found.next.is_none(), "nothing is to be done: {found:?}");
    }
}

#[test]
fn what_a_run_has_noted_comes_back_as_it_was() {
    let noted = |hold, looks_again: Option<&str>| Trouble {
        invocation_id: "1".to_owned(),
        hold,
        reason: "no; really: no".to_owned(),
        remedy: "do this; then that".to_owned(),
        looks_again: looks_again.map(str::to_owned),
    };
    let failed = || unit(ActiveState::Failed, "failed", "a sentence that was cut o");
    let waits = || unit(ActiveState::Activating, "start", "blocked: no");
    let restarts = || unit(ActiveState::Activating, "auto-restart", "failed: no");
    for (unit, noted, state, detail) in [
        (failed(), noted(Hold::Blocked, None), State::Blocked, "no; really: no"),
        (failed(), noted(Hold::Failed, None), State::Failed, "no; really: no"),
        (failed(), noted(Hold::Waiting, None), State::Failed, "no; really: no"),
        (
            waits(),
            noted(Hold::Blocked, Some("10:30:45 UTC")),
            State::Blocked,
            "no; really: no; looks again at 10:30:45 UTC",
        ),
        (waits(), noted(Hold::Waiting, None), State::Working, "no; really: no"),
        // It was ended while it waited for the next look, which is none of the next run's.
        (failed(), noted(Hold::Blocked, Some("10:30:45 UTC")), State::Blocked, "no; really: no"),
        (
            restarts(),
            noted(Hold::Blocked, Some("10:30:45 UTC")),
            State::Blocked,
            "no; really: no; restarts within 0 s, 0 restarts so far",
        ),
        (
            restarts(),
            noted(Hold::Failed, None),
            State::Failed,
            "no; really: no; restarts within 0 s, 0 restarts so far",
        ),
    ] {
        let found = to_do(JOINING, Step::CHAINFIRE, None, &only(Some(unit)), Some(&noted));
        assert_eq!((found.state, found.detail.as_str()), (state, detail));
        assert_eq!(found.next.as_deref(), Some("do this; then that"));
    }
    for (active, sub, detail) in
        [(ActiveState::Active, "exited", "marker is missing"), (ActiveState::Inactive, "dead", "not started")]
    {
        let units = only(Some(unit(active, sub, "")));
        let found = to_do(JOINING, Step::CHAINFIRE, None, &units, Some(&noted(Hold::Blocked, None)));
        assert!(
            found.detail.contains(detail),
            "a run that succeeded, or was stopped, holds nothing up: {}",
            found.detail
        );
    }
}

#[test]
fn an_arrow_is_the_command_alone_where_the_remedy_has_one() {
    for (remedy, detail, next) in [
        ("remove it: rm /a/.chainfire-joined", "no; remove it", "rm /a/.chainfire-joined"),
        ("run: chmod 600 /a/b.key", "no", "chmod 600 /a/b.key"),
        ("look further: journalctl -b -u a.service", "no; look further", "journalctl -b -u a.service"),
        (
            "if it is a leftover, remove it: curl 'a'; else correct it",
            "no",
            "if it is a leftover, remove it: curl 'a'; else correct it",
        ),
        ("bring them back", "no", "bring them back"),
    ] {
        assert_eq!(with_command("no".to_owned(), remedy), (detail.to_owned(), next.to_owned()));
    }
}

#[test]
fn after_a_reset_the_arrow_starts_the_service_as_well_and_warns_a_node_that_would_bootstrap() {
    let stopped = || StepUnits {
        unit: Some(loaded(ActiveState::Inactive)),
        path: Some(loaded(ActiveState::Inactive)),
        service: Some(loaded(ActiveState::Inactive)),
        ..StepUnits::default()
    };
    let found = to_do(JOINING, Step::CHAINFIRE, None, &stopped(), None);
    assert!(next_of(&found).starts_with("systemctl start chainfire.service && "), "{found:?}");
    assert!(next_of(&found).contains("systemctl restart --no-block chainfire-cluster-join.service"), "{found:?}");
    for step in [Step::CHAINFIRE, Step::FLAREDB] {
        let running = StepUnits { unit: Some(loaded(ActiveState::Activating)), ..stopped() };
        for units in [stopped(), running] {
            let found = to_do(BOOTSTRAPPING, step, None, &units, None);
            assert!(next_of(&found).contains("set bootstrap to false"), "{found:?}");
        }
        let healthy = StepUnits { service: Some(loaded(ActiveState::Active)), ..stopped() };
        let found = to_do(BOOTSTRAPPING, step, None, &healthy, None);
        assert_eq!(next_of(&found), format!("systemctl start --no-block {}", step.unit()));
    }
    let running = StepUnits { unit: Some(loaded(ActiveState::Activating)), ..stopped() };
    let found = to_do(JOINING, Step::CHAINFIRE, None, &running, None);
    assert_eq!((found.state, next_of(&found)), (State::Working, "systemctl start chainfire.service"));
    let unknown = StepUnits { service: Some(unit(ActiveState::Inactive, "dead", "")), ..running };
    let found = to_do(JOINING, Step::CHAINFIRE, None, &unknown, None);
    assert_eq!(found.next, None, "a unit that systemd does not have cannot be started");
}

#[test]
fn a_step_starts_when_the_one_before_it_is_done_only_where_its_path_unit_runs() {
    let units = |path| StepUnits { path: Some(loaded(path)), ..only(Some(loaded(ActiveState::Inactive))) };
    let found = to_do(JOINING, Step::IAM, Some(Step::FLAREDB), &units(ActiveState::Active), None);
    assert_eq!((found.detail.as_str(), found.next), ("starts when flaredb is done", None));
    for path in [ActiveState::Inactive, ActiveState::Failed] {
        let found = to_do(JOINING, Step::IAM, Some(Step::FLAREDB), &units(path), None);
        assert!(found.detail.contains("iam-initial-setup.path"), "{}", found.detail);
        assert_eq!(next_of(&found), "systemctl start --no-block iam-initial-setup.service");
    }
}

fn member(number: usize, status: &str) -> Member {
    Member {
        key: Word::new(&format!("node0{number}")),
        id: Word::new(&format!("node0{number}")),
        raft_addr: MemberAddress::new(&format!("10.0.1.1{}:2380", number - 1)),
        status: status.into(),
        role: Some("voter".into()),
        incarnation: None,
    }
}

fn endpoint(number: usize, answer: Result<(), &str>) -> EndpointFinding {
    EndpointFinding {
        service: ServiceName::CHAINFIRE,
        member: format!("node0{number}"),
        url: format!("https://10.0.1.1{}:2379/health", number - 1),
        own: number == 4,
        answer: answer.map_err(str::to_owned),
        remedy: None,
    }
}

/// chainfire of node04, as the list and the endpoints of these members have it.
fn findings<'a>(
    config: &'a Config,
    members: &[(usize, &str)],
    leader: Leader,
    endpoints: Vec<EndpointFinding>,
) -> Findings<'a> {
    let members = members.iter().map(|(number, status)| member(*number, status)).collect();
    let group = GroupFinding {
        service: config.chainfire(),
        list: Ok(MemberList { members, leader, ..MemberList::default() }),
        holds_this_node: false,
        marker_claims_membership: false,
        two_clusters: None,
        listed_as: None,
        probe: None,
    };
    Findings { groups: vec![group], endpoints, ..Findings::default() }
}

#[test]
fn a_service_with_the_data_of_a_membership_that_has_ended_is_to_be_reset() {
    let config = config::of(JOINING);
    let units = StepUnits { service: Some(loaded(ActiveState::Active)), ..only(Some(loaded(ActiveState::Activating))) };
    let step = ToDo { config: &config, step: Step::CHAINFIRE, action: "join", awaited: None, units: &units };
    let three = [(1, "healthy"), (2, "healthy"), (3, "healthy")];
    let leader = || Leader::Known("node01".into());
    let with = |found: &Findings| step.after_an_earlier_membership(found, step.under_way(None));
    let found = with(&findings(&config, &three, leader(), vec![endpoint(4, Err("answered HTTP 503: no leader"))]));
    assert!(next_of(&found).starts_with("first-boot-agent reset chainfire && systemctl start "), "{found:?}");
    assert!(found.detail.contains("if it is to stay out"), "{found:?}");

    let four = [(1, "healthy"), (2, "healthy"), (3, "healthy"), (4, "healthy")];
    for (members, answer) in
        [(&three[..], Err("connection refused")), (&three, Ok(())), (&four, Err("answered HTTP 503"))]
    {
        let found = with(&findings(&config, members, leader(), vec![endpoint(4, answer)]));
        assert_eq!(found.next, None, "{found:?}");
    }
}

#[test]
fn a_lost_quorum_names_the_members_that_refuse_and_not_this_nodes_own_unit() {
    let config = config::of(JOINING);
    let of = |service, active| StepUnits { service: Some(loaded(service)), ..only(Some(loaded(active))) };
    let units =
        |service| [of(service, ActiveState::Active), only(None), only(None), only(Some(loaded(ActiveState::Failed)))];
    let endpoints = || {
        vec![
            endpoint(4, Err("answered HTTP 503: no leader")),
            endpoint(1, Err("connection refused")),
            endpoint(2, Ok(())),
            endpoint(3, Err("no answer within 5 s")),
        ]
    };
    let members = [(1, "unreachable"), (2, "healthy"), (3, "unreachable"), (4, "healthy")];
    let lost = findings(&config, &members, Leader::Unknown, endpoints());
    let found = health(&config, &lost, &units(ActiveState::Active));
    assert!(next_of(&found).contains("node01 (connection refused), node03 (no answer within 5 s)"), "{found:?}");
    let found = health(&config, &lost, &units(ActiveState::Failed));
    assert_eq!(next_of(&found), "systemctl status chainfire.service");
    let others = members.map(|(number, _)| (number, "healthy"));
    let kept = findings(&config, &others, Leader::Known("node02".into()), endpoints());
    assert_eq!(next_of(&health(&config, &kept, &units(ActiveState::Active))), "systemctl status chainfire.service");
    let mut nobody = findings(&config, &[], Leader::Unknown, vec![endpoint(4, Err("answered HTTP 503"))]);
    nobody.groups[0].list = Err("connection refused".to_owned());
    assert!(next_of(&health(&config, &nobody, &units(ActiveState::Active))).contains("https://node01"));
}

#[test]
fn a_fault_of_the_own_endpoint_that_has_a_remedy_keeps_it() {
    let config = config::of(JOINING);
    let show = "openssl s_client -connect 10.0.1.13:2379 </dev/null";
    let remedy = Some(format!("compare its certificate with tls.ca: {show}"));
    let own = EndpointFinding { remedy, ..endpoint(4, Err("its certificate was not accepted")) };
    let found = health(&config, &findings(&config, &[(1, "healthy")], Leader::Unknown, vec![own]), &[]);
    assert_eq!((found.state, next_of(&found)), (State::Failed, show));
    assert!(found.detail.ends_with("; compare its certificate with tls.ca"), "{found:?}");
}

#[test]
fn what_the_machine_lacks_for_now_is_a_warning_and_what_it_lacks_for_good_is_the_steps() {
    let unmet =
        |outlook| Unmet { outlook, expected: "more".to_owned(), found: "less".to_owned(), remedy: "add it".to_owned() };
    let all = [Outlook::Lasting, Outlook::Passing, Outlook::Unjudged].map(unmet);
    assert_eq!(
        not_yet(&all),
        [
            "the machine: expected more, found less (waited for); add it",
            "the machine: expected more, found less (cannot be judged); add it",
        ]
    );
}

#[test]
fn a_marker_is_only_as_good_as_the_live_list() {
    let config = config::of(JOINING);
    let group = |holds_this_node| GroupFinding {
        service: config.chainfire(),
        list: Ok(crate::plan::member::MemberList::default()),
        holds_this_node,
        marker_claims_membership: true,
        two_clusters: None,
        listed_as: None,
        probe: None,
    };
    for (holds, state) in [(true, State::Done), (false, State::Failed)] {
        let findings = Findings { groups: vec![group(holds)], ..Findings::default() };
        let found = done(Step::CHAINFIRE, "then", Some(&findings));
        assert_eq!(found.state, state);
        assert!(holds || found.next.is_some_and(|next| next.contains("first-boot-agent reset chainfire && ")));
    }
}

fn marker(node: Option<&str>, machine: Option<&str>) -> MarkerState {
    MarkerState::Present {
        path: "/state/.chainfire-joined".into(),
        achievement: Achievement::Joined,
        written: "2025-12-10".to_owned(),
        identity: Identity {
            node_id: node.map(str::to_owned),
            machine_id: machine.map(str::to_owned),
            ..Identity::default()
        },
    }
}

#[test]
fn without_root_a_marker_that_may_be_another_nodes_is_not_called_done() {
    let damaged = || MarkerState::Damaged { path: "/state/.chainfire-joined".into(), reason: "it is empty".to_owned() };
    let here = Identity { machine_id: Some("a1".to_owned()), ..Identity::default() };
    let of = |markers: [MarkerState; 2]| {
        let steps = [Step::CHAINFIRE, Step::FLAREDB].into_iter().zip(markers);
        let steps: Vec<_> = steps.map(|(step, marker)| (step, marker, only(None))).collect();
        without_root::status("cannot read it", &steps, &here).steps
    };
    for (markers, states, word) in [
        (
            [marker(Some("node04"), Some("a1")), marker(Some("node04"), None)],
            [State::Done; 2],
            " for node04; not compared",
        ),
        ([marker(Some("node04"), None), marker(Some("node05"), None)], [State::Failed; 2], "for another node"),
        ([marker(Some("node04"), Some("b2")), marker(None, None)], [State::Failed, State::Done], "another machine"),
        ([damaged(), MarkerState::Absent], [State::Failed, State::Waiting], "is damaged (it is empty)"),
    ] {
        let found = of(markers);
        assert_eq!([found[0].state, found[1].state], states, "{found:?}");
        assert!(found[0].detail.contains(word), "{found:?}");
        assert!(found.iter().all(|step| step.next.is_some() == (step.state == State::Failed)), "{found:?}");
    }
    let hostile = &of([marker(Some("\u{1b}[2Jnode"), None), MarkerState::Absent])[0];
    assert!(!hostile.detail.contains('\u{1b}'), "{hostile:?}");
}

/// The state directory may be closed as well, or only a marker.
#[test]
fn without_root_a_marker_that_may_not_be_read_is_not_called_damaged() {
    let refused = || MarkerState::NotPermitted { path: "/state/.chainfire-joined".into(), reason: "no".to_owned() };
    let here = Identity::default();
    for (active, state, words) in [
        (None, State::Waiting, "systemd cannot be asked"),
        (Some(ActiveState::Inactive), State::Waiting, "not started"),
        (Some(ActiveState::Activating), State::Working, "its unit is running"),
        (Some(ActiveState::Failed), State::Failed, "its unit has failed"),
    ] {
        let unit = active.map(|active| UnitState { active, ..UnitState::default() });
        let step = (Step::CHAINFIRE, refused(), only(unit));
        let found = &without_root::status("cannot read it", &[step], &here).steps[0];
        assert_eq!(found.state, state, "{found:?}");
        assert_eq!(found.detail, format!("{words}; its marker cannot be read without root"));
        assert_eq!(found.next.is_some(), state == State::Failed, "{found:?}");
    }
}

/// Markers and what systemd says are open to everybody, the configuration and the member lists are not.
#[test]
fn without_root_markers_and_units_are_shown_and_nothing_is_called_well() {
    let noted = Trouble { invocation_id: "1".to_owned(), ..Trouble::new(Hold::Failed, "no answer", "look there") };
    let failed = StepUnits { trouble: Some(noted), ..only(Some(unit(ActiveState::Failed, "failed", "cut o"))) };
    let ran = |result: &str| UnitState {
        invocation_id: "2".to_owned(),
        result: result.to_owned(),
        ..unit(ActiveState::Inactive, "dead", "")
    };
    let status = without_root::status(
        "cannot read it",
        &[
            (Step::CHAINFIRE, marker(Some("node04"), None), only(Some(ran("success")))),
            (Step::FLAREDB, MarkerState::Absent, failed),
            (ServiceName::IAM.into(), MarkerState::Absent, only(Some(ran("success")))),
            (Step::HealthCheck, MarkerState::Absent, only(Some(ran("success")))),
            (Step::HealthCheck, MarkerState::Absent, only(Some(unit(ActiveState::Activating, "start", "asking")))),
            (Step::HealthCheck, MarkerState::Absent, only(None)),
        ],
        &Identity::default(),
    );
    let found: Vec<_> = status.steps.iter().map(|step| (step.state, step.detail.as_str())).collect();
    let expected = [
        (State::Done, "marked at 2025-12-10 for node04; not compared with the configuration and the member list"),
        (State::Failed, "no answer"),
        (State::Waiting, "not started"),
        (State::Done, "its last run was successful"),
        (State::Working, "asking"),
        (State::Waiting, "systemd cannot be asked"),
    ];
    assert_eq!(found, expected);
    assert_eq!((status.overall, status.needs_root), (State::Blocked, true));
    let text = crate::cli::status::show::text(&status, crate::cli::status::layout::Layout::Plain);
    assert!(text.contains("Run it as root") && !text.contains("fix"), "{text}");
}

#[test]
fn m10_a_busy_cluster_is_waited_for_and_nothing_is_to_be_done() {
    let config = config::of(JOINING);
    let units = [only(None), only(None), only(None), only(Some(loaded(ActiveState::Inactive)))];
    let mut found = findings(&config, &[], Leader::Unknown, vec![endpoint(4, Ok(()))]);
    found.groups[0].list = Err("answered HTTP 503 (https://node01:2379)".to_owned());
    let journal = Some(journal(Step::HealthCheck));
    let unheard = health(&config, &found, &units);
    assert_eq!((unheard.state, unheard.next), (State::Failed, journal.clone()), "it may be anything");
    found.busy = vec![ServiceName::CHAINFIRE];
    let busy = health(&config, &found, &units);
    assert_eq!((busy.state, busy.next), (State::Waiting, None));
    assert!(busy.detail.ends_with("; waits until chainfire is less busy"), "{}", busy.detail);
    found.endpoints = vec![endpoint(4, Err("connection refused"))];
    assert_eq!(health(&config, &found, &units).state, State::Failed, "this is not the cluster's");

    let failed = || StepStatus::new(Step::HealthCheck, State::Failed, "not healthy: no".to_owned(), journal.clone());
    for (before, state, detail) in [
        (State::Working, State::Waiting, "not healthy: no; waits for chainfire"),
        (State::Waiting, State::Failed, "not healthy: no"),
        (State::Done, State::Failed, "not healthy: no"),
    ] {
        let mut steps = [StepStatus::new(Step::CHAINFIRE, before, String::new(), None), failed()];
        health_after_what_is_under_way(&mut steps);
        assert_eq!((steps[1].state, steps[1].detail.as_str()), (state, detail));
        assert_eq!(steps[1].next.is_some(), state == State::Failed);
    }
}

#[test]
fn a_service_that_the_configuration_does_not_have_and_a_unit_joins_is_blocked() {
    let etcd = Step::from("etcd".parse::<ServiceName>().unwrap());
    let steps = vec![StepStatus::new(Step::HealthCheck, State::Done, "healthy".to_owned(), None)];
    let done = Status { steps, overall: State::Done, verdict: Some("healthy"), ..Status::default() };
    assert_eq!(done.clone().with_unconfigured(&[], &[]).overall, State::Done);
    let path = Some(loaded(ActiveState::Active));
    let units = [StepUnits { path, ..StepUnits::default() }];
    let status = done.clone().with_unconfigured(&[etcd], &units);
    assert_eq!((status.verdict, status.steps[1].detail.as_str()), (None, "waits for etcd"), "of etcd nothing is known");
    let labels: Vec<&str> = status.steps.iter().map(|step| step.step.label()).collect();
    assert_eq!((labels, status.overall), (vec!["etcd", "health"], State::Blocked));
    let found = &status.steps[0];
    assert!(
        found.is_woken
            && found.detail.contains("no service etcd")
            && found.detail.contains("cluster-join@etcd.service"),
        "{found:?}"
    );
    let failed = [StepUnits { unit: Some(loaded(ActiveState::Failed)), ..StepUnits::default() }];
    let cleared = next_of(&done.clone().with_unconfigured(&[etcd], &failed).steps[0]).to_owned();
    assert!(
        cleared.contains("cluster-health-check.service && systemctl reset-failed cluster-join@etcd.service; "),
        "{cleared}"
    );
    let alone = "systemctl disable --now cluster-join@etcd.service cluster-health-check.service; on NixOS, turn it off";
    assert!(next_of(found).starts_with("add etcd to services") && next_of(found).contains(alone), "{found:?}");
    let chainfire = StepStatus::new(Step::CHAINFIRE, State::Done, String::new(), None);
    let steps = vec![chainfire, done.steps[0].clone()];
    let beside = Status { steps, ..done }.with_unconfigured(&[etcd], &units);
    assert!(!next_of(&beside.steps[1]).contains("cluster-health-check"), "it has another to check: {beside:?}");
}

#[test]
fn nothing_that_somebody_has_typed_reaches_a_terminal_as_it_is() {
    let typed = || "/a\u{1b}[2J\u{9b}2J\u{202e}".to_owned();
    let step = StepStatus::new(Step::CHAINFIRE, State::Failed, typed(), Some(typed()));
    let status = Status {
        source: Some(typed()),
        steps: vec![step],
        warnings: vec![format!("two\nlines {}", typed())],
        ..Status::default()
    };
    let status = status.fit_to_be_shown();
    let text = show::text(&status, Layout::Plain);
    for shown in [&text, &show::json(&status).to_string()] {
        assert!(!shown.contains(['\u{1b}', '\u{9b}', '\u{202e}']), "{shown:?}");
    }
    assert!(text.contains("two\n") && text.contains("/a\\u{1b}[2J\\u{9b}2J"), "{text}");
}
