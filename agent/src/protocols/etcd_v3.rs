//! `etcd-v3`: etcd over its JSON gateway (etcd 3.4 to 3.6), and whatever speaks the same.
//!
//! A node is added as a learner, started, and promoted when it is in sync: a voter that never comes up would cost the others
//! their quorum. Members have 64-bit ids, written here in hexadecimal, as etcdctl does it, and decimal in requests.

mod answer;
mod environment;
mod login;

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::{Value, json};

use crate::config::{Endpoint, Etcd, NodeId};
use crate::http::{Answer, Method};
use crate::inventory;
use crate::plan::Blocker;
use crate::plan::member::{MemberList, Word};
use crate::run::ports::{Added, Class, Environment, Fault, NewMember, Promoted};

use super::{Calls, Protocol};

pub(super) use login::Logins;

use answer::Said;

/// The pause where a cluster is too young for changes, or takes one after the other.
const YOUNG: Duration = Duration::from_secs(1);
/// Members whose health is asked for where the cluster is called unhealthy: as many as any has. If one is not asked, it is unknown
/// whether the cluster is only young.
const MOST_ASKED: usize = 15;

impl Protocol for Calls<'_, Etcd> {
    /// Every voter answers from what it has, also when it is cut off; the leader that it knows is what a list is worth.
    async fn members(&self, at: &Endpoint) -> Result<MemberList, Fault> {
        let said = self.ask(at, "/v3/cluster/member/list", json!({})).await?;
        let status = self.ask(at, "/v3/maintenance/status", json!({})).await?;
        let leader = status.read("a status", |body| Some(answer::leader(body)))?;
        let own = inventory::addresses();
        said.read("a member list", |body| answer::list(body, leader.as_ref(), said.answer.answered, &own))
    }

    /// The list does not say it; the leader's metrics have the peers that it is connected to.
    async fn has_lost(&self, at: &Endpoint, list: &MemberList, key: &Word) -> bool {
        let Some(leader) = list.leader() else { return false };
        for at in [&list.to_ask(self.service, at), at] {
            let metrics = self.client.send(Method::GET, at, "/metrics", None).await;
            if metrics.is_ok_and(|metrics| answer::has_lost(&metrics.body, &leader.key, key)) {
                return true;
            }
        }
        false
    }

    async fn add(&self, at: &Endpoint, member: NewMember<'_>) -> Result<Added, Fault> {
        let body = json!({"peerURLs": [format!("https://{}", member.raft_addr)], "isLearner": true});
        let said = self.ask(at, "/v3/cluster/member/add", body).await?;
        match said.read("the answer to an add", |body| body.get("member").filter(|member| member.is_object()).map(drop))
        {
            Ok(()) => Ok(Added::Accepted),
            Err(_) if said.is_one_of(&["member ID already exist", "Peer URLs already exists"]) => {
                Ok(Added::AlreadyMember)
            }
            Err(fault) if said.is_one_of(&["unhealthy cluster"]) => Err(self.with_the_dead(at, fault).await),
            Err(fault) if said.is_one_of(&["too many learner"]) => Err(self.with_the_learner(at, fault).await),
            Err(fault) => Err(fault),
        }
    }

    async fn promote(&self, at: &Endpoint, key: &str) -> Result<Promoted, Fault> {
        let said = self.ask(at, "/v3/cluster/member/promote", json!({"ID": decimal(key)})).await?;
        match said.done() {
            Ok(()) => Ok(Promoted::Done),
            Err(_) if said.is_one_of(&["in sync with leader"]) => Ok(Promoted::NotYet),
            // It is a voter; or it was removed, which the list shows.
            Err(_) if said.is_one_of(&["can only promote a learner member", "member not found"]) => Ok(Promoted::Done),
            Err(fault) => Err(fault),
        }
    }

    async fn remove(&self, at: &Endpoint, key: &str) -> Result<(), Fault> {
        let said = self.ask(at, "/v3/cluster/member/remove", json!({"ID": decimal(key)})).await?;
        match said.read("the answer to a removal", |body| body.get("members")?.as_array().map(drop)) {
            Err(_) if said.is_one_of(&["member not found"]) => Ok(()),
            Err(fault) if said.is_one_of(&["unhealthy cluster"]) => Err(self.with_the_dead(at, fault).await),
            done => done,
        }
    }

    async fn read_after_write(&self, at: &Endpoint, key: &str, value: &str) -> Result<(), Fault> {
        let (key, value) = (BASE64.encode(key), BASE64.encode(value));
        self.ask(at, "/v3/kv/put", json!({"key": key, "value": value})).await?.done()?;
        let said = self.ask(at, "/v3/kv/range", json!({"key": key})).await?;
        let is_it = |body: &Value| Some(body.pointer("/kvs/0/value")?.as_str()? == value);
        if said.read("a range", is_it)? {
            Ok(())
        } else {
            Err(said.answer.transient("the value read is not the value written"))
        }
    }

    fn environment(&self, id: &NodeId, list: Option<&MemberList>) -> Result<Option<Environment>, Blocker> {
        environment::environment(self.service, self.own, id, list).map(Some)
    }
}

impl Calls<'_, Etcd> {
    /// Asks once, and once more with a new token where etcd no longer takes the one that it has given.
    async fn ask(&self, at: &Endpoint, path: &str, body: Value) -> Result<Said, Fault> {
        let token = self.logins.token(self, at).await?;
        let said = self.send(token.as_deref(), at, path, &body).await?;
        // The second one where users have been changed since (with tokens of the kind jwt).
        if token.is_none() || !said.is_one_of(&["invalid auth token", "revision of auth store is old"]) {
            return Ok(said);
        }
        self.logins.forget(self.service.name);
        let token = self.logins.token(self, at).await?;
        self.send(token.as_deref(), at, path, &body).await
    }

    async fn send(&self, token: Option<&str>, at: &Endpoint, path: &str, body: &Value) -> Result<Said, Fault> {
        let body = Some(body.to_string().into_bytes());
        let answer: Answer = self.client.send_as(token, Method::POST, at, path, body).await?;
        Ok(Said::of(answer, self.service.name))
    }

    /// The fault with the learners of the cluster: an operator has to remove one that never starts.
    async fn with_the_learner(&self, at: &Endpoint, mut fault: Fault) -> Fault {
        let list = self.members(at).await.unwrap_or_default();
        for learner in list.members.iter().filter(|member| !member.is_full()) {
            fault.message = format!("{}; waits for {learner}", fault.message);
        }
        fault
    }

    /// The fault with the names of those voters that do not answer: an "unhealthy cluster" names none.
    async fn with_the_dead(&self, at: &Endpoint, mut fault: Fault) -> Fault {
        let Ok(list) = self.members(at).await else { return fault };
        let (mut dead, mut asked) = (Vec::new(), 0);
        for member in list.members.iter().filter(|member| member.is_full()).take(MOST_ASKED) {
            let Some(url) = member.api(self.service) else { continue };
            asked += 1;
            let health = self.client.send(Method::GET, &url, self.own.health_path.as_str(), None).await;
            if !health.is_ok_and(|answer| answer.status == 200) {
                dead.push(format!("{} ({url})", member.name()));
            }
        }
        if dead.is_empty() && asked == list.voters().count() {
            // etcd wants all voters to have been connected for 5 s: nothing failed, and nothing is to be fixed.
            fault.message.push_str("; all members answer, so it is a matter of seconds");
            fault.class = Class::Busy { retry_after: Some(YOUNG) };
        } else if !dead.is_empty() {
            fault.message = format!("{}; not healthy: {}", fault.message, dead.join(", "));
        }
        fault
    }
}

/// An id as requests have it.
fn decimal(key: &str) -> String {
    u64::from_str_radix(key, 16).map_or_else(|_| key.to_owned(), |id| id.to_string())
}
