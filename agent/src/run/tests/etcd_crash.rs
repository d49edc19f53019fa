//! Promises 1 and 3 against etcd itself: the agent is killed before and after each of its effects, alone or with the machine's
//! own etcd, and started again. Nothing is a model here but systemd.
//!
//! The places are those that the code itself marks (`crash_point!`), as a whole run has reached them.

#![allow(clippy::await_holding_refcell_ref, reason = "a lane is one task, and nothing of it starts anything meanwhile")]

mod lanes;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::etcd::{ADD, Answer, EtcdCluster, PUT, REMOVE, until};
use super::etcd_node::{Node, Shared, etcd};
use super::{Identity, Outcome};
use crate::crash::{count, crash_at_nth};
use crate::markers::MarkerState;

/// Of the places where a run asks again and again, so many are tried, and the last one.
const TIMES: usize = 2;
/// Base64.
const KEY: &str = "cHJlY2lvdXM=";
const VALUE: &str = "ZGF0YQ==";

#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Serialize)]
enum What {
    /// The fourth member of three.
    Join,
    /// A third one, whose two peers are there.
    Bootstrap,
    Leave,
    Reset,
}
use What::{Bootstrap, Join, Leave, Reset};

/// A place by its name, and which time it is reached there.
#[derive(Debug, Deserialize, Serialize)]
struct Place {
    what: What,
    name: String,
    time: usize,
    /// Where the run after it is killed as well, when the power fails; it fails at every second place.
    again: Option<(String, usize)>,
}

/// Servers, and a node whose etcd the agent brings up.
struct Lane {
    cluster: Shared,
    node: Node,
    own: usize,
}

impl Lane {
    /// Three voters and a server for the node, or two and the node's where they are to form their cluster with it.
    async fn ready(what: What) -> Self {
        let own = if what == Bootstrap { 2 } else { 3 };
        let mut servers = if what == Bootstrap { EtcdCluster::prepared(3) } else { EtcdCluster::start(3).await };
        "trial-etcd".clone_into(&mut servers.token);
        let cluster = Shared::new(servers.into());
        if what != Bootstrap {
            cluster.borrow_mut().prepare();
            // Not before all voters have been connected for 5 s: an add of what is there shows it.
            let there = cluster.borrow().member(0).peer_url();
            let probe = (ADD, json!({"peerURLs": [there], "isLearner": true}));
            cluster.borrow().ask_until(0, probe, "a cluster that takes changes", |answer| answer.code == 9).await;
            write(&cluster).await;
        }
        let address = |number| cluster.borrow().member(number).peer_url().trim_start_matches("https://").to_owned();
        let peers: Vec<String> = (0..3).map(address).collect();
        let node = if what == Bootstrap {
            Node::bootstrapping(&cluster, own, &peers)
        } else {
            let leader = cluster.borrow().member(0).client_url();
            Node::new(&cluster, own, json!({"leader_url": leader, "initial_peers": peers}))
        };
        Self { cluster, node, own }
    }

    /// As it is before the run: whatever the last one has left is removed.
    async fn set(&self, what: What) {
        let Self { cluster, node, own } = self;
        cluster.borrow_mut().kill(*own);
        if what == Bootstrap {
            for other in [0, 1] {
                cluster.borrow_mut().kill(other);
                cluster.borrow_mut().wipe(other);
            }
            // Those who begin call a third one by its address, until it says what it is called.
            let initial = cluster.borrow().initial_cluster();
            let (name, peer_url) = {
                let cluster = cluster.borrow();
                (cluster.member(*own).name.clone(), cluster.member(*own).peer_url())
            };
            let initial =
                initial.replace(&format!("{name}="), &format!("{}=", peer_url.trim_start_matches("https://")));
            for other in [0, 1] {
                cluster.borrow_mut().spawn_member(other, &initial, "new");
            }
            for other in [0, 1] {
                cluster.borrow_mut().healthy(other).await;
            }
            write(cluster).await;
        } else {
            for entry in self.entries().await {
                let removal = (REMOVE, json!({"ID": entry["ID"]}));
                let gone = |answer: &Answer| answer.status == 200 || answer.code == 5;
                cluster.borrow().ask_until(0, removal, "a removal", gone).await;
            }
        }
        cluster.borrow_mut().wipe(*own);
        node.forget_all();
        if matches!(what, Leave | Reset) {
            assert_eq!(node.join().await, Outcome::Done, "{}", node.said());
        }
    }

    async fn run(&self, what: What) -> Outcome {
        match what {
            Join | Bootstrap => self.node.join().await,
            Leave => self.node.leave().await,
            Reset => self.node.reset().await,
        }
    }

    /// The power fails: etcd goes with the agent. A member that was marked is started by its unit again, without the agent.
    fn cut_off(&self) {
        self.cluster.borrow_mut().kill(self.own);
        if self.node.is_marked() && self.node.has_environment() {
            self.cluster.borrow_mut().restart_as_it_was(self.own, &self.node.environment());
        }
    }

    fn is_running(&self) -> bool {
        self.cluster.borrow_mut().member_mut(self.own).process.is_running()
    }

    /// The list in which all the others agree.
    async fn list(&self) -> Answer {
        let others: Vec<usize> = (0..3).filter(|other| *other != self.own).collect();
        let cluster = self.cluster.borrow();
        until("one list of all", async || {
            let first = cluster.list(others[0]).await;
            for other in &others[1..] {
                let second = cluster.list(*other).await;
                if first.body["members"] != second.body["members"] {
                    return Err(format!("{first}, and {second}"));
                }
            }
            Ok(first)
        })
        .await
    }

    /// The node's entries, by address or by name.
    async fn entries(&self) -> Vec<Value> {
        let (name, peer_url) = {
            let cluster = self.cluster.borrow();
            (cluster.member(self.own).name.clone(), cluster.member(self.own).peer_url())
        };
        let is_own = |entry: &&Value| entry["name"] == name || entry["peerURLs"][0] == peer_url;
        let list = self.list().await;
        assert!(list.members().iter().filter(|entry| !is_own(entry)).count() == self.others(), "{list}");
        list.members().iter().filter(is_own).cloned().collect()
    }

    fn others(&self) -> usize {
        if self.own == 2 { 2 } else { 3 }
    }

    /// What holds at every instant. A marker that outlives its membership by a moment is drift; one that precedes it is what
    /// must not be.
    async fn assert_sound(&self, what: What, place: &str) {
        let entries = self.entries().await;
        assert!(entries.len() <= 1, "{place}: {entries:?}");
        if matches!(what, Join | Bootstrap) && self.node.is_marked() {
            assert!(entries.len() == 1 && entries[0]["isLearner"] != true, "{place}: a marker ahead of {entries:?}");
        }
        if matches!(what, Leave | Reset) {
            assert_eq!(self.node.data().len(), 1, "{place}: the data is where it was, or aside");
        }
    }

    async fn assert_done(&self, what: What, place: &str) {
        self.assert_sound(what, place).await;
        let entries = self.entries().await;
        if matches!(what, Leave | Reset) {
            assert!(entries.is_empty() && !self.node.is_marked() && !self.is_running(), "{place}: {entries:?}");
            return;
        }
        assert_eq!((entries.len(), self.node.is_marked()), (1, true), "{place}: {entries:?}");
        let list = self.list().await;
        let id: u64 = list.body["header"]["cluster_id"].as_str().unwrap().parse().unwrap();
        let MarkerState::Present { identity: Identity { cluster_id, node_id, .. }, .. } =
            self.node.markers.read(etcd())
        else {
            panic!("{place}: no marker");
        };
        let name = self.cluster.borrow().member(self.own).name.clone();
        assert_eq!((cluster_id, node_id), (Some(format!("{id:x}")), Some(name)), "{place}");
        let read = ("/v3/kv/range", json!({"key": KEY, "serializable": true}));
        let is_there = |answer: &Answer| answer.body["kvs"][0]["value"] == VALUE;
        self.cluster.borrow().ask_until(self.own, read, "what was written before", is_there).await;
    }

    /// A whole run, and all that it has reached.
    async fn places(&self, what: What) -> Vec<Place> {
        self.set(what).await;
        let (outcome, reached) = count(self.run(what)).await;
        assert_eq!(outcome, Outcome::Done, "{}", self.node.said());
        self.assert_done(what, "without a crash").await;
        let times = |until: usize| reached[..until].iter().filter(|name| **name == reached[until - 1]).count();
        let is_last = |index: usize| !reached[index + 1..].contains(&reached[index]);
        let tried: Vec<(String, usize)> = (0..reached.len())
            .map(|index| (index, times(index + 1)))
            .filter(|(index, time)| *time <= TIMES || is_last(*index))
            .map(|(index, time)| (reached[index].clone(), time))
            .collect();
        let again = |index: usize| tried[index * 7 % tried.len()].clone();
        let place = |(index, (name, time)): (usize, &(String, usize))| Place {
            what,
            name: name.clone(),
            time: *time,
            again: (index % 2 == 0).then(|| again(index + 1)),
        };
        tried.iter().enumerate().map(place).collect()
    }

    /// The agent is killed here and started again; once more with its etcd, and a second time in the run after that. Reports
    /// whether the place was reached: a run may have less to ask for.
    async fn play(&self, Place { what, name, time, again }: &Place) -> bool {
        let what = *what;
        for again in [None, again.as_ref()].iter().take(1 + usize::from(again.is_some())) {
            let place = format!("{what:?} at {name}, time {time}, and then, after a power cut, {again:?}");
            self.set(what).await;
            if crash_at_nth(name, *time, self.run(what)).await.is_some() {
                self.assert_done(what, &place).await;
                return false;
            }
            self.assert_sound(what, &place).await;
            if let Some((name, time)) = again {
                self.cut_off();
                if crash_at_nth(name, *time, self.run(what)).await.is_none() {
                    self.assert_sound(what, &place).await;
                    self.cut_off();
                }
            }
            let was_running = self.is_running();
            assert_eq!(self.run(what).await, Outcome::Done, "{place}: {}", self.node.said());
            self.assert_done(what, &place).await;
            if !was_running {
                // Without an etcd that runs, a power cut is nothing else.
                break;
            }
        }
        true
    }
}

/// What must not be lost.
async fn write(cluster: &Shared) {
    let put = (PUT, json!({"key": KEY, "value": VALUE}));
    cluster.borrow().ask_until(0, put, "a write", |answer| answer.status == 200).await;
}

#[test]
fn m1_m3_m5_e1_e11_join_leave_and_reset_of_an_etcd_member_survive_a_crash_at_every_effect() {
    lanes::play(&[(Join, 25), (Leave, 20), (Reset, 22)]);
}

#[test]
fn m11_e11_a_bootstrap_of_etcd_survives_a_crash_at_every_effect() {
    lanes::play(&[(Bootstrap, 16)]);
}
