//! Every call of the agent, with every wrong answer: over real TLS, against real Raft members on loopback.
//!
//! The cases run beside each other, in lanes with a small cluster each; what fails is reported all at once. A call
//! that the agent learns to make is one more row.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod faults;
#[allow(dead_code, reason = "each test file uses its share")]
mod node;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use faults::FAULTS;
use faults::case::Command::{Bootstrap, Check, Join, SetUp};
use faults::case::Whose::{Iam, Other, OtherLater, Own};
use faults::case::{self, Case, Row};
use faults::stage::Stage;
use tokio::task::JoinSet;
use tokio::time::timeout;

const MEMBERS: &str = "/admin/cluster/members";

/// The ending where the fault happens once, and where it always does: done, transient, blocked. The columns are the kinds
/// of `faults::Kind`: harmless, page, lost, broken, busy, portal, refused, absent, conflict, misled, moved, believable.
const ROWS: &[Row] = &[
    row(Join, Own, "GET", "/health", "               dd dt dt dt dt dt dt dt dt dt dt dd"),
    row(Join, Other, "GET", MEMBERS, "               dd dd dt dt d- dt bb dt bb dt dt dt"),
    row(Join, OtherLater, "GET", MEMBERS, "          dd dd dt dt d- dt bb dt bb dt dt dt"),
    row(Join, Other, "POST", "/admin/member/add", "  dd dd dd dt d- dt bb bb dt dt dt tt"),
    row(Bootstrap, Own, "GET", "/health", "          dd dt dt dt dt dt dt dt dt dt dt dd"),
    row(Bootstrap, Own, "GET", MEMBERS, "            dd dd dt dt dt dt bb dt bb dt dt dt"),
    row(Bootstrap, Other, "GET", MEMBERS, "          dd dd dd dd dd dd dd dd dd dd dd dd"),
    row(Check, Own, "GET", "/health", "              dd dt dt dt dt dt dt dt dt dt dt dd"),
    row(Check, Own, "GET", MEMBERS, "                dd dd dt dt dt dt dt dt dt dt dt dt"),
    row(Check, Own, "PUT", "/v1/kv/*", "             dd dd dt dt dt dt dt dt dt dt dt dt"),
    row(Check, Own, "GET", "/v1/kv/*", "             dd dd dt dt dt dt dt dt dt dt dt dt"),
    row(SetUp, Iam, "GET", "/health", "              dd dt dt dt dt dt dt dt dt dt dt dd"),
    row(SetUp, Iam, "GET", "/admin/setup", "         dd dd dt dt dt dd dd dd dd dt dt dd"),
    row(SetUp, Iam, "POST", "/admin/setup", "        dd dd dd dt dt dt bb bb dt dt dt dt"),
];

const fn row(
    command: case::Command,
    whose: case::Whose,
    method: &'static str,
    path: &'static str,
    endings: &'static str,
) -> Row {
    Row { command, whose, method, path, endings }
}

/// Cases that are played one after the other; most of their time is waiting.
const CASES_IN_A_LANE: usize = 30;
/// A case that is not over by then hangs.
const LONGEST: Duration = Duration::from_mins(12);

#[tokio::test(flavor = "multi_thread")]
async fn m1_m2_n5_n6_every_call_with_every_wrong_answer_ends_as_the_table_says() {
    let cases = cases();
    let count = cases.len();
    let mut lanes = Vec::new();
    for group in cases.chunk_by(Case::shares_stage_with) {
        let left = Arc::new(Mutex::new(group.to_vec()));
        for _ in 0..group.len().div_ceil(CASES_IN_A_LANE) {
            // All are set before the first case: members that start while many agents run find no leader in time.
            lanes.push(lane(group[0].stage().await, Arc::clone(&left)));
        }
    }
    let lanes: JoinSet<Vec<String>> = lanes.into_iter().collect();
    let mut failures: Vec<String> = lanes.join_all().await.into_iter().flatten().collect();
    failures.sort();
    assert!(failures.is_empty(), "{} of {count} cases failed:\n{}", failures.len(), failures.join("\n"));
}

/// Every row with every fault. Where both end alike, a fault that never ends shows all that one that ends would.
fn cases() -> Vec<Case> {
    let crossed = ROWS.iter().flat_map(|row| FAULTS.iter().map(move |wrong| (*row, wrong)));
    crossed
        .flat_map(|(row, wrong)| [false, true].map(|always| Case { row, wrong, always }))
        .filter(|case| case.row.ending(case.wrong.kind, case.always) != '-')
        .filter(|case| case.always || case.row.ending(case.wrong.kind, false) != case.row.ending(case.wrong.kind, true))
        .collect()
}

/// Plays what is left, and reports what failed.
async fn lane(stage: Stage, left: Arc<Mutex<Vec<Case>>>) -> Vec<String> {
    let next = || left.lock().unwrap().pop();
    let (mut stage, mut failures) = (Some(stage), Vec::new());
    while let Some(case) = next() {
        let problems = timeout(LONGEST, case.play(&mut stage)).await.unwrap_or_else(|_| vec!["hangs".to_owned()]);
        if !problems.is_empty() {
            failures.push(format!("{case}\n  {}", problems.join("\n").replace('\n', "\n  ")));
        }
    }
    if let Some(stage) = stage {
        stage.strike().await;
    }
    failures
}
