//! Three voters and a node that is to join them, each of their APIs behind a relay; what a case has left is taken away before
//! the next one.

use std::cell::RefCell;

use cluster_standin::{Relay, Rule};
use first_boot_agent::run::Outcome;
use serde_json::{Value, json};

use super::etcd::{ADD, Answer, EtcdCluster, PROMOTE, RELAYS, REMOVE, until};
use super::etcd_node::{Node, Shared};
use super::etcd_wrong::{Kind, Wrong};

/// The node's own.
const OWN: usize = 3;

/// Whose answers are wrong.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Whose {
    /// Those of the members.
    Theirs,
    /// Those of the etcd on the node itself.
    Own,
}

/// A call of a join: the n-th one of its kind, counted from one.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Call {
    pub(crate) whose: Whose,
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) number: usize,
}

pub(crate) struct Lane {
    cluster: Shared,
    relays: Vec<Relay>,
    node: Node,
    voters: Vec<Value>,
    /// Cases whose call was not made: a join may have less to ask for than the first one.
    pub(crate) missed: usize,
}

impl Lane {
    pub(crate) async fn start() -> Self {
        let mut servers = EtcdCluster::start(3).await;
        servers.prepare();
        let mut relays = Vec::new();
        for number in 0..=OWN {
            relays.push(servers.relay(number).await);
        }
        let first = servers.member(0).peer_url();
        // Not before all voters have been connected for 5 s: an add of what is there shows it.
        let probe = (ADD, json!({"peerURLs": [first], "isLearner": true}));
        servers.ask_until(0, probe, "a cluster that takes changes", |answer| answer.code == 9).await;
        let cluster = Shared::new(RefCell::new(servers));
        let mut node = Node::new(&cluster, OWN, json!({"leader_url": relays[0].url()}));
        let own = relays[OWN].url().to_owned();
        node.edit(|config| {
            config["services"]["etcd"]["url"] = own.into();
            // Where a leader is taken to have its API is a relay as well.
            config["services"]["etcd"]["api_port"] = RELAYS.into();
        });
        let voters = cluster.borrow().list(0).await.members().clone();
        Self { cluster, relays, node, voters, missed: 0 }
    }

    /// A join that can succeed meets its limits on no machine; one that cannot is over soon.
    pub(crate) fn limit(&mut self, can_succeed: bool, is_slow: bool) {
        self.node.edit(|config| {
            let limit = if can_succeed { "120s" } else { "1500ms" };
            config["policies"] = json!({
                "health": {"limit": limit, "max_delay": "200ms"},
                "promotion": {"limit": limit, "max_delay": "100ms"},
                "join": {"attempts": if can_succeed { 200 } else { 3 }, "scale": "20ms", "max_delay": "200ms"},
                "request": {"connect": "1s", "total": if is_slow { "1s" } else { "10s" }, "max_body": "64KiB"},
            });
        });
    }

    /// As before the first case.
    pub(crate) async fn clear(&self) {
        self.relays.iter().for_each(|relay| relay.faults().clear());
        // An add that is carried out late would be the next case's.
        let is_settled =
            async || self.relays.iter().all(Relay::is_settled).then_some(()).ok_or("a request to come".to_owned());
        until("relays that have handed on all", is_settled).await;
        self.cluster.borrow_mut().kill(OWN);
        for entry in self.entries().await {
            let removal = (REMOVE, json!({"ID": entry["ID"]}));
            let gone = |answer: &Answer| answer.status == 200 || answer.code == 5;
            self.cluster.borrow().ask_until(0, removal, "a removal", gone).await;
        }
        self.cluster.borrow_mut().wipe(OWN);
        self.node.forget_all();
    }

    /// The calls of a join in which nothing goes wrong.
    pub(crate) async fn calls(&mut self) -> Vec<Call> {
        self.limit(true, false);
        self.clear().await;
        assert_eq!(self.node.join().await, Outcome::Done, "{}", self.node.said());
        let mut calls: Vec<Call> = Vec::new();
        for (number, relay) in self.relays.iter().enumerate() {
            let whose = if number == OWN { Whose::Own } else { Whose::Theirs };
            for request in relay.requests().all() {
                let is_same =
                    |call: &&Call| (call.whose, &call.method, &call.path) == (whose, &request.method, &request.path);
                let number = calls.iter().filter(is_same).count() + 1;
                calls.push(Call { whose, method: request.method, path: request.path, number });
            }
        }
        calls
    }

    /// Whether a call has been made, since each of the relays was asked last before.
    fn is_made(&self, call: &Call, before: &[u64]) -> bool {
        let relays = self.relays.iter().zip(before).enumerate();
        let of_whom = relays.filter(|(number, _)| (*number == OWN) == (call.whose == Whose::Own));
        let count = of_whom.map(|(_, (relay, before))| {
            let asked = relay.requests().all();
            asked
                .iter()
                .filter(|one| one.at_us > *before && (&one.method, &one.path) == (&call.method, &call.path))
                .count()
        });
        count.max().is_some_and(|count| count >= call.number)
    }

    fn last_asked(&self) -> Vec<u64> {
        let last = |relay: &Relay| relay.requests().all().last().map_or(0, |request| request.at_us);
        self.relays.iter().map(last).collect()
    }

    /// These faults, one after the other from a call on, or one of them for ever.
    fn spoil(&self, call: &Call, wrongs: &[&Wrong], always: bool) {
        let relays: Vec<&Relay> = match call.whose {
            Whose::Own => vec![&self.relays[OWN]],
            Whose::Theirs => self.relays[..OWN].iter().collect(),
        };
        let rule = |fault| {
            let times = (!always).then_some(1);
            Rule { method: Some(call.method.clone()), path: call.path.clone(), fault, times }
        };
        let before =
            Rule { times: u32::try_from(call.number - 1).ok(), ..rule(cluster_standin::Fault::Delay { ms: 0 }) };
        for relay in relays {
            let rules = wrongs.iter().map(|wrong| rule((wrong.make)()));
            relay.faults().set([before.clone()].into_iter().chain(rules).collect());
        }
    }

    /// Plays a join, or a leave where it is a removal's call, in which these faults happen at a call, one after the other, and
    /// returns what is not as it should be: what may pass passes within the run, and what is refused says why, each once.
    pub(crate) async fn once(&mut self, call: &Call, wrongs: &[&Wrong]) -> Vec<String> {
        self.clear().await;
        let is_leave = call.path == REMOVE;
        self.limit(true, false);
        if is_leave && self.node.join().await != Outcome::Done {
            return vec![format!("no join before it leaves: {}", self.node.said())];
        }
        self.limit(true, wrongs.iter().any(|wrong| is_slow(wrong)));
        let before = self.last_asked();
        self.spoil(call, wrongs, false);
        let refusals = wrongs.iter().filter(|wrong| matches!(wrong.kind, Kind::Refused | Kind::Foreign)).count();
        let mut problems = Vec::new();
        for run in 0..=refusals {
            let outcome = if is_leave { self.node.leave().await } else { self.node.join().await };
            self.judge(is_leave, outcome, &mut problems).await;
            if outcome == Outcome::Done {
                self.missed += usize::from(!self.is_made(call, &before));
                return problems;
            }
            if run == refusals {
                problems.push(format!("{outcome:?} where all would pass: {}", self.node.said()));
            }
        }
        problems
    }

    /// Plays a join in which a fault happens at each such call for ever; after one that asks for changes, one without it.
    pub(crate) async fn always(&mut self, call: &Call, wrong: &Wrong, succeeds: bool) -> Vec<String> {
        self.clear().await;
        self.limit(succeeds, is_slow(wrong));
        self.spoil(call, &[wrong], true);
        let mut problems = Vec::new();
        let outcome = self.node.join().await;
        self.judge(false, outcome, &mut problems).await;
        if (outcome == Outcome::Done) != succeeds {
            problems.push(format!("{outcome:?}, success expected: {succeeds}: {}", self.node.said()));
        }
        if succeeds || ![ADD, PROMOTE].contains(&call.path.as_str()) {
            return problems;
        }
        // Whatever became of the changes that were asked for.
        self.relays.iter().for_each(|relay| relay.faults().clear());
        self.limit(true, false);
        let outcome = self.node.join().await;
        self.judge(false, outcome, &mut problems).await;
        if outcome != Outcome::Done {
            problems.push(format!("{outcome:?} after all is well again: {}", self.node.said()));
        }
        problems
    }

    /// What holds after every run.
    async fn judge(&self, is_leave: bool, outcome: Outcome, problems: &mut Vec<String>) {
        let entries = self.entries().await;
        let is_voter = entries.iter().any(|entry| entry["isLearner"] != true);
        let (is_done, is_marked) = (outcome == Outcome::Done, self.node.is_marked());
        // A marker may outlive its membership while a leave goes on.
        let is_wrong = if is_leave {
            is_marked == is_done || is_done && !entries.is_empty()
        } else {
            is_marked != is_done || is_marked && !is_voter
        };
        if entries.len() > 1 || is_wrong {
            problems.push(format!("{outcome:?}, marked: {is_marked}, entries: {entries:?}: {}", self.node.said()));
        }
        if !is_done {
            let said = self.node.said();
            let last = said.lines().last().unwrap_or_default();
            // The reason, who was asked, and what to do.
            if !(last.contains("https://127.") && last.contains("; ")) {
                problems.push(format!("{outcome:?} without a reason and a remedy: {last}"));
            }
        }
    }

    /// The node's entries, by address or by name, in the list in which all others agree and in which none of them is missing.
    async fn entries(&self) -> Vec<Value> {
        let cluster = self.cluster.borrow();
        let list = until("one list of all", async || {
            let lists = [cluster.list(0).await, cluster.list(1).await, cluster.list(2).await];
            let is_one = lists.iter().all(|list| list.body["members"] == lists[0].body["members"]);
            let [first, ..] = lists;
            if is_one { Ok(first) } else { Err(first.to_string()) }
        })
        .await;
        let (others, own): (Vec<&Value>, Vec<&Value>) =
            list.members().iter().partition(|entry| self.voters.contains(entry));
        assert_eq!(others.len(), self.voters.len(), "a member of another node was removed: {list}");
        own.into_iter().cloned().collect()
    }
}

/// Whether it is the agent's deadline that ends it.
fn is_slow(wrong: &Wrong) -> bool {
    use cluster_standin::Fault::{Late, Stall};
    matches!((wrong.make)(), Late { .. } | Stall)
}
