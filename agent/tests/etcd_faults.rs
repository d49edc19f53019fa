//! Every call of a join to real etcd servers, and the removal of a leave, with every wrong answer: at the n-th call of its kind,
//! for each n that a join has, and at all of them for ever.
//!
//! Servers are started once for each lane. Questions change nothing, so several faults follow one another in one join; each
//! change that is asked for has a join of its own for each fault.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]
#![allow(clippy::await_holding_refcell_ref, reason = "a lane is one task, and nothing of it starts anything meanwhile")]

#[allow(dead_code, reason = "each test file uses its share")]
mod etcd;
mod etcd_lane;
#[allow(dead_code, reason = "each test file uses its share")]
mod etcd_node;
mod etcd_wrong;

use std::cell::RefCell;
use std::collections::VecDeque;
use std::fmt;
use std::time::Duration;

use etcd::{ADD, LIST, PROMOTE, REMOVE, STATUS};
use etcd_lane::{Call, Lane, Whose};
use etcd_wrong::{Kind, WRONGS, Wrong};
use futures_util::future::join_all;
use tokio::time::timeout;

const LANES: usize = 4;
/// Of the calls that a join makes again and again, the first ones.
const NUMBERS: usize = 3;
/// Faults of questions that follow one another in one join.
const IN_A_ROW: usize = 13;
/// A case that is not over by then hangs.
const LONGEST: Duration = Duration::from_mins(8);

struct Case {
    call: Call,
    wrongs: Vec<&'static Wrong>,
    always: bool,
}

impl fmt::Display for Case {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Call { whose, method, path, number } = &self.call;
        let names: Vec<&str> = self.wrongs.iter().map(|wrong| wrong.name).collect();
        let often = if self.always { "always" } else { "once" };
        write!(formatter, "{whose:?} {method} {path} from the {number}. on: {}, {often}", names.join(", "))
    }
}

impl Case {
    /// Whether a join succeeds although this happens for ever.
    fn succeeds(&self) -> bool {
        let Call { whose, path, .. } = &self.call;
        match self.wrongs[0].kind {
            Kind::Harmless => true,
            // The list shows what was carried out.
            Kind::Lost => [ADD, PROMOTE].contains(&path.as_str()) || self.is_left_out(),
            Kind::Broken | Kind::Refused | Kind::Busy => self.is_left_out(),
            // Health is a status, and no more.
            Kind::Believable => *whose == Whose::Own,
            Kind::Foreign => *whose == Whose::Own && path != LIST,
        }
    }

    /// The own service is asked for its cluster where it can say it, and no more.
    fn is_left_out(&self) -> bool {
        self.call.whose == Whose::Own && [LIST, STATUS].contains(&self.call.path.as_str())
    }
}

#[tokio::test]
async fn m1_m2_n5_n6_e1_e11_every_call_to_etcd_with_every_wrong_answer_ends_in_one_entry_or_with_a_reason() {
    let mut lanes = join_all((0..LANES).map(|_| Lane::start())).await;
    let calls = lanes[0].calls().await;
    let cases = RefCell::new(cases(&calls));
    let count = cases.borrow().len();
    eprintln!("{} calls, {} faults, {count} cases", calls.len(), WRONGS.len());
    let failures = join_all(lanes.iter_mut().map(|lane| play(lane, &cases))).await;
    let missed: usize = lanes.iter().map(|lane| lane.missed).sum();
    eprintln!("{missed} without the call that was to go wrong");
    let mut failures: Vec<String> = failures.into_iter().flatten().collect();
    failures.sort();
    assert!(failures.is_empty(), "{} of {count} cases failed:\n{}", failures.len(), failures.join("\n"));
    assert!(missed * 10 < count, "{missed} of {count}");
}

/// Plays what is left, and reports what failed.
async fn play(lane: &mut Lane, cases: &RefCell<VecDeque<Case>>) -> Vec<String> {
    let next = || cases.borrow_mut().pop_front();
    let mut failures = Vec::new();
    while let Some(case) = next() {
        let played = async {
            if case.always {
                lane.always(&case.call, case.wrongs[0], case.succeeds()).await
            } else {
                lane.once(&case.call, &case.wrongs).await
            }
        };
        let problems = timeout(LONGEST, played).await.unwrap_or_else(|_| vec!["hangs".to_owned()]);
        if !problems.is_empty() {
            failures.push(format!("{case}\n  {}", problems.join("\n").replace('\n', "\n  ")));
        }
    }
    failures
}

fn cases(calls: &[Call]) -> VecDeque<Case> {
    let mut cases = VecDeque::new();
    // And one of a leave, which asks the same questions else.
    let removal = Call { whose: Whose::Theirs, method: "POST".to_owned(), path: REMOVE.to_owned(), number: 1 };
    for call in calls.iter().chain([&removal]).filter(|call| call.number <= NUMBERS) {
        let is_change = [ADD, PROMOTE, REMOVE].contains(&call.path.as_str());
        // To each leave belongs a join: where nothing was carried out, a removal is asked for again as an add is.
        let is_played = |wrong: &&Wrong| *call != removal || wrong.kind != Kind::Broken;
        let wrongs: Vec<&Wrong> = WRONGS.iter().filter(is_played).collect();
        for wrongs in wrongs.chunks(if is_change { 1 } else { IN_A_ROW }) {
            cases.push_back(Case { call: call.clone(), wrongs: wrongs.to_vec(), always: false });
        }
        for wrong in wrongs.into_iter().filter(|_| call.number == 1 && *call != removal) {
            let case = Case { call: call.clone(), wrongs: vec![wrong], always: true };
            // Who asks to come later is waited for without an end; and where nothing follows from an answer, it was wrong often
            // enough above.
            if wrong.kind != Kind::Busy && !case.is_left_out() {
                cases.push_back(case);
            }
        }
    }
    cases
}
