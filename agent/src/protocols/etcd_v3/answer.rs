//! What etcd answers: gRPC's codes and texts in JSON. The HTTP status differs from version to version, and says nothing here.

use std::net::IpAddr;

use serde_json::Value;

use crate::config::ServiceName;
use crate::http::Answer;
use crate::plan::Cause;
use crate::plan::member::{Answered, Leader, Member, MemberAddress, MemberList, Word};
use crate::run::ports::{Class, Fault};

use super::YOUNG;

/// What etcd says of itself and its cluster, and what that means for the next try.
const KNOWN: &[(&[&str], Class)] = &[
    // One at a time: nothing was changed, and this one waits its turn.
    (&["too many learner members"], Class::Busy { retry_after: Some(YOUNG) }),
    // Only while all voters are there.
    (&["unhealthy cluster", "not enough started members", "too many requests"], Class::Busy { retry_after: None }),
    (&["no leader", "leader changed", "raft: stopped"], Class::Leaderless),
    (&["rpc not supported for learner", "etcdserver: not leader"], Class::NotLeader(None)),
    // The last one where it has only just started, and does not know its cluster's version yet.
    (
        &["timed out", "deadline exceeded", "canceled", "member not found", "not capable"],
        Class::Transient { retry_after: None },
    ),
];

/// One answer.
pub(super) struct Said {
    pub(super) answer: Answer,
    /// gRPC's message; empty where all is well.
    message: String,
    service: ServiceName,
}

impl Said {
    pub(super) fn of(answer: Answer, service: ServiceName) -> Self {
        let body = answer.json();
        // 3.4 has the text twice, 3.5 as `message` alone; a plain text is the gateway's own.
        let reported = body.get("message").or_else(|| body.get("error")).and_then(Value::as_str);
        let message = match (answer.status, reported) {
            (200, _) => String::new(),
            (_, Some(reported)) => reported.to_owned(),
            (_, None) if answer.is_html() => String::new(),
            (_, None) => String::from_utf8_lossy(&answer.body).trim().to_owned(),
        };
        Self { answer, message, service }
    }

    /// Whether etcd has said one of these.
    pub(super) fn is_one_of(&self, texts: &[&str]) -> bool {
        texts.iter().any(|text| self.message.contains(text))
    }

    /// Well, or what it means.
    pub(super) fn done(&self) -> Result<(), Fault> {
        if self.answer.status == 200 && !self.answer.is_html() { Ok(()) } else { Err(self.fault()) }
    }

    /// What a reader makes of it; a fault that may pass, where that is nothing.
    pub(super) fn read<T>(&self, what: &str, reader: impl FnOnce(&Value) -> Option<T>) -> Result<T, Fault> {
        self.done()?;
        self.answer.read(what, reader)
    }

    /// The fault of a login without any text of the answer, and with where the password is from.
    pub(super) fn of_login(&self, fault: Fault, place: &str) -> Fault {
        let advice = self.who_asks().map_or_else(String::new, |advice| format!(": {advice}"));
        let message = format!("answered HTTP {} to the login with the password in {place}{advice}", self.answer.status);
        Fault { message, ..fault }
    }

    fn fault(&self) -> Fault {
        let fault = self.answer.fault();
        if let Some((_, class)) = KNOWN.iter().find(|(texts, _)| self.is_one_of(texts)) {
            return Fault { class: class.clone(), ..fault };
        }
        match self.who_asks() {
            Some(advice) => {
                let message = format!("{}: {advice}", fault.message);
                Fault { class: Class::Permanent(Cause::Refused), message, ..fault }
            }
            None => fault,
        }
    }

    /// What to do where etcd does not like who asks.
    fn who_asks(&self) -> Option<String> {
        let name = self.service;
        if self.is_one_of(&["CommonName of client"]) {
            // etcd's gateway refuses every certificate with one, for it would act under the server's; but only where
            // certificates are to be accounts.
            Some(
                "with authentication on, leave client-cert-auth out at this etcd (trusted-ca-file alone asks for \
                 certificates as well), or issue this node's certificate (tls.cert) without a CommonName"
                    .to_owned(),
            )
        } else if self.is_one_of(&["user name is empty", "user name not found"]) {
            Some(format!("authentication is on: give services.{name}.user and services.{name}.password_file"))
        } else if self.is_one_of(&["authentication failed", "authentication is not enabled", "invalid auth token"]) {
            Some(format!(
                "correct services.{name}.user and its password, or leave them out where authentication is off"
            ))
        } else if self.is_one_of(&["permission denied"]) {
            Some(format!("give the account of services.{name}.user the role root, which changes of membership need"))
        } else {
            None
        }
    }
}

/// The member list that `/v3/cluster/member/list` has answered, with the id of who leads; what is absent is false or empty.
/// `None` where it is none. What was `answered` here, at one of `own` addresses, may come from another member, behind a balancer.
pub(super) fn list(body: &Value, leader: Option<&Word>, answered: Answered, own: &[IpAddr]) -> Option<MemberList> {
    let cluster_id = id(body.pointer("/header/cluster_id")?)?;
    let entries = body.get("members").map_or(Some(&[][..]), |members| members.as_array().map(Vec::as_slice))?;
    let members = entries.iter().map(member).collect::<Option<Vec<Member>>>()?;
    let leader = leader.and_then(|id| members.iter().find(|member| member.key == *id));
    let leader = leader.map_or(Leader::Unknown, |leader| Leader::Known(leader.name().clone()));
    let by = body.pointer("/header/member_id").and_then(id).unwrap_or_default();
    let is_anothers = members.iter().any(|member| member.key == by && member.raft_addr.is_elsewhere(own));
    let answered = if is_anothers { Answered::Elsewhere } else { answered };
    Some(MemberList { members, leader, cluster_id: Some(cluster_id), answered })
}

fn member(entry: &Value) -> Option<Member> {
    let name = entry.get("name").map_or(Some(""), Value::as_str)?;
    let urls = entry.get("peerURLs").map_or(Some(&[][..]), |urls| urls.as_array().map(Vec::as_slice))?;
    let urls = urls.iter().map(Value::as_str).collect::<Option<Vec<&str>>>()?;
    let is_learner = entry.get("isLearner").map_or(Some(false), Value::as_bool)?;
    // A bootstrapping node does not know the others' names and uses their addresses until they report them.
    let is_named = !urls.iter().any(|url| url.split_once("://").is_some_and(|(_, address)| address == name));
    let is_started = is_named && !name.is_empty();
    let key = id(entry.get("ID")?)?;
    Some(Member {
        // A member id is one membership, and from its first start on there is data behind it.
        incarnation: is_started.then(|| Word::new(&format!("{:0>16}", key.as_str()))),
        key,
        id: if is_named { Word::new(name) } else { Word::default() },
        raft_addr: MemberAddress::of_several(&urls),
        status: Word::default(),
        role: Some(if is_learner { "learner" } else { "voter" }.into()),
    })
}

/// The id of who leads, which `/v3/maintenance/status` has answered; without a quorum there is none.
pub(super) fn leader(body: &Value) -> Option<Word> {
    id(body.get("leader")?).filter(|id| !id.is_nobody())
}

/// Whether these are the metrics of one member, and say that it is no longer connected to another one (since 3.3).
pub(super) fn has_lost(metrics: &[u8], local: &Word, remote: &Word) -> bool {
    let line = format!("etcd_network_active_peers{{Local=\"{local}\",Remote=\"{remote}\"}} 0");
    metrics.split(|byte| *byte == b'\n').any(|each| each == line.as_bytes())
}

/// An id as etcdctl shows it; requests and answers have it in decimal.
fn id(value: &Value) -> Option<Word> {
    let id = Word::read(value)?;
    Some(id.as_str().parse::<u64>().map_or_else(|_| id.clone(), |id| Word::new(&format!("{id:x}"))))
}

#[cfg(test)]
mod tests;
