//! Promise 1 at every instant: the agent is killed before and after each of its effects, and started again.
//!
//! The places are those that the code itself marks (`crash_point!`), so a new effect is a new case.

use super::model::{ModelCluster, unit_phases, voter};
use super::{Outcome, TestNode};
use crate::config::{DefaultServices as _, ServiceName};
use crate::crash::{count, crash_at};
use crate::markers::MarkerState;
use crate::plan::Step;
use crate::run::{Quorum, leave, reset};

const THREE: [(&str, &str); 3] =
    [("node01", "10.0.1.10:2380"), ("node02", "10.0.1.11:2380"), ("node03", "10.0.1.12:2380")];
const FOUR: [(&str, &str); 4] = [THREE[0], THREE[1], THREE[2], ("node04", "10.0.1.13:2380")];

/// Of the places for a second crash, every so manieth is tried with each first one.
const STRIDE: usize = 4;

/// A node and its cluster before the run, and what is true after it.
struct Case {
    node: TestNode,
    cluster: ModelCluster,
    what: What,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum What {
    Bootstrap,
    Join,
    JoinAsLearner,
    Replace,
    SetUpIam,
    Leave,
    Reset,
}

impl Case {
    fn new(what: What) -> Self {
        let (node, cluster) = match what {
            What::Bootstrap | What::SetUpIam => (TestNode::bootstrapping(), ModelCluster::of(&THREE)),
            What::Join | What::JoinAsLearner => (TestNode::joining(), ModelCluster::of(&THREE)),
            What::Leave | What::Reset => (TestNode::joining(), ModelCluster::of(&FOUR)),
            What::Replace => {
                let (mut node, cluster) = (TestNode::joining(), ModelCluster::of(&THREE));
                node.config.replace = true;
                let mut dead = voter("node04", "10.0.1.99:2380");
                dead.status = "unreachable".into();
                cluster.0.borrow_mut().members.push(dead);
                (node, cluster)
            }
        };
        if what == What::JoinAsLearner {
            cluster.0.borrow_mut().learner_for = 3;
        }
        let case = Self { node, cluster, what };
        if matches!(what, What::Leave | What::Reset) {
            case.node.write_marker(ServiceName::CHAINFIRE);
            std::fs::create_dir_all(case.node.config.chainfire().data_dir.join("raft")).unwrap();
            std::fs::write(case.node.config.chainfire().data_dir.join("raft/log"), "precious").unwrap();
        }
        case
    }

    async fn run(&self) -> Outcome {
        let Self { node, cluster, what } = self;
        match what {
            What::Bootstrap | What::Join | What::JoinAsLearner | What::Replace => {
                node.run(Step::CHAINFIRE, None, cluster).await
            }
            What::SetUpIam => node.run(Step::IAM, None, cluster).await,
            What::Leave => {
                let context = node.context(None, cluster);
                Box::pin(leave(&context, node.config.chainfire(), Quorum::Keep, &node.events)).await
            }
            What::Reset => {
                let context = node.context(Some(unit_phases(&[])), cluster);
                Box::pin(reset(&context, node.config.chainfire(), Quorum::Keep, &node.events)).await
            }
        }
    }

    fn service(&self) -> ServiceName {
        if self.what == What::SetUpIam { ServiceName::IAM } else { ServiceName::CHAINFIRE }
    }

    fn is_marked(&self) -> bool {
        match self.node.markers.read(self.service()) {
            MarkerState::Present { .. } => true,
            MarkerState::Absent => false,
            MarkerState::Damaged { path, reason } | MarkerState::NotPermitted { path, reason } => {
                panic!("torn marker {}: {reason}", path.display())
            }
        }
    }

    /// Whether what the marker stands for is so.
    fn is_so(&self) -> bool {
        let state = self.cluster.0.borrow();
        if self.what == What::SetUpIam {
            return state.iam_is_set_up;
        }
        let id = self.node.config.node.id.as_str();
        let own = state.members.iter().filter(|member| member.id.as_str() == id).count();
        assert!(own <= 1, "{own} entries of {id}");
        own == 1
    }

    /// The data, wherever it is: it may be moved, never lost.
    fn data(&self) -> Vec<String> {
        let parent = self.node.config.chainfire().data_dir.parent().unwrap().to_owned();
        std::fs::read_dir(parent)
            .unwrap()
            .filter_map(|entry| std::fs::read_to_string(entry.unwrap().path().join("raft/log")).ok())
            .collect()
    }

    fn assert_done(&self, place: &str) {
        match self.what {
            What::Leave | What::Reset => {
                assert!(!self.is_marked() && !self.is_so(), "{place}");
                assert_eq!(self.data(), ["precious"], "{place}");
            }
            _ => assert!(self.is_marked() && self.is_so(), "{place}"),
        }
    }
}

async fn crash_everywhere(what: What, least: usize) {
    let whole = Case::new(what);
    let (outcome, places) = count(whole.run()).await;
    assert_eq!(outcome, Outcome::Done, "{}", whole.node.events.text());
    whole.assert_done("without a crash");
    assert!(places.len() >= least, "{places:?}");

    for (index, place) in places.iter().enumerate() {
        let case = Case::new(what);
        assert_eq!(crash_at(index + 1, case.run()).await, None, "{what:?} is killed at {place}");
        let is_leaving = matches!(what, What::Leave | What::Reset);
        // A marker that outlives its membership by a moment is what the health check calls drift; one that precedes it is
        // what must not be.
        assert!(is_leaving || !case.is_marked() || case.is_so(), "a marker ahead of its effect at {place}");
        if is_leaving {
            assert_eq!(case.data(), ["precious"], "{place}");
        }
        assert_eq!(case.run().await, Outcome::Done, "{what:?} after {place}: {}", case.node.events.text());
        case.assert_done(place);
        // A power cut seldom comes alone: killed again in the second run, at each place over all the first ones.
        for again in (index % STRIDE + 1..=places.len()).step_by(STRIDE) {
            let case = Case::new(what);
            assert_eq!(crash_at(index + 1, case.run()).await, None);
            if crash_at(again, case.run()).await.is_none() {
                assert!(is_leaving || !case.is_marked() || case.is_so(), "{place}, then {again}");
            }
            assert_eq!(case.run().await, Outcome::Done, "{what:?} after {place} and {again}");
            case.assert_done(place);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn s1_s2_a_bootstrap_survives_a_crash_at_every_step() {
    crash_everywhere(What::Bootstrap, 7).await;
}

#[tokio::test(start_paused = true)]
async fn m1_m3_a_join_survives_a_crash_at_every_step() {
    crash_everywhere(What::Join, 8).await;
    crash_everywhere(What::JoinAsLearner, 10).await;
}

#[tokio::test(start_paused = true)]
async fn m4_a_replacement_survives_a_crash_at_every_step() {
    crash_everywhere(What::Replace, 11).await;
}

#[tokio::test(start_paused = true)]
async fn a_setup_of_iam_survives_a_crash_at_every_step_with_one_password() {
    crash_everywhere(What::SetUpIam, 9).await;
}

#[tokio::test(start_paused = true)]
async fn m3_a_leave_survives_a_crash_at_every_step() {
    crash_everywhere(What::Leave, 5).await;
}

#[tokio::test(start_paused = true)]
async fn m5_a_reset_survives_a_crash_at_every_step_and_loses_no_data() {
    crash_everywhere(What::Reset, 7).await;
}
