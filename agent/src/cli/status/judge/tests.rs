//! Every line of `status` as a table.

use super::*;
use crate::config::{self, RaftService};

fn unit(active: ActiveState, sub: &str, said: &str) -> UnitState {
    UnitState { active, sub: sub.to_owned(), status_text: said.to_owned(), ..UnitState::default() }
}

#[test]
fn a_step_that_is_not_done_is_as_its_unit_says() {
    let blocked = UnitState { exec_main_status: 78, ..unit(ActiveState::Failed, "failed", "blocked: no; do this") };
    let queued = UnitState { job_pending: true, ..unit(ActiveState::Inactive, "dead", "") };
    for (unit, awaited, state, detail) in [
        (Some(unit(ActiveState::Activating, "start", "waiting for it")), None, State::Working, "waiting for it"),
        (Some(unit(ActiveState::Activating, "auto-restart", "failed")), None, State::Failed, "started again within"),
        (Some(unit(ActiveState::Failed, "failed", "")), None, State::Failed, "join"),
        (Some(blocked), None, State::Blocked, "no"),
        (Some(queued), None, State::Waiting, "for the units before it"),
        (Some(unit(ActiveState::Inactive, "dead", "")), None, State::Waiting, "not started"),
        (Some(unit(ActiveState::Active, "exited", "")), None, State::Failed, "marker is gone"),
        (
            Some(unit(ActiveState::Inactive, "dead", "")),
            Some(Step::Chainfire),
            State::Waiting,
            "when chainfire is done",
        ),
        (None, None, State::Waiting, "to do: join"),
    ] {
        let found = under_way(Step::Flaredb, "join", awaited, unit.as_ref());
        assert_eq!(found.state, state, "{unit:?}");
        assert!(found.detail.contains(detail), "{}", found.detail);
        let needs_a_hand = matches!(state, State::Failed | State::Blocked);
        assert!(!needs_a_hand || found.next.is_some(), "what to do about {}?", found.detail);
        assert!(found.detail != "no" || found.next.as_deref() == Some("do this"));
    }
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
    let config = config::of(r#"{"node_id": "node04", "leader_url": "https://node01", "raft_addr": "10.0.1.13:2380"}"#);
    let group = |holds_this_node| GroupFinding {
        service: RaftService::Chainfire,
        list: Ok(crate::plan::membership::MemberList::default()),
        holds_this_node,
        marker_claims_membership: true,
        probe: None,
    };
    for (holds, state) in [(true, State::Done), (false, State::Failed)] {
        let findings = Findings { groups: vec![group(holds)], ..Findings::default() };
        let found = done(&config, Step::Chainfire, "then", Some(&findings));
        assert_eq!(found.state, state);
        assert!(holds || found.next.is_some_and(|next| next.contains("first-boot-agent reset chainfire && ")));
    }
}
