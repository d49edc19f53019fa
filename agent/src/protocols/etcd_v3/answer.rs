//! What etcd answers: gRPC's codes and texts in JSON. The HTTP status differs from version to version, and says nothing here.

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::config::ServiceName;
use crate::http::{Answer, Object};
use crate::plan::Cause;
use crate::plan::member::{Answered, Member, MemberAddress, MemberList, Word};
use crate::run::ports::{Class, Fault};

use super::leader_of;

/// One answer.
pub(super) struct Said {
    answer: Answer,
    /// gRPC's message; empty where all is well.
    message: String,
    service: ServiceName,
}

impl Said {
    pub(super) fn of(answer: Answer, service: ServiceName) -> Self {
        let body = answer.json();
        // 3.4 has the text twice, 3.5 as `message` alone; a plain text is the gateway's own.
        let told = body.get("message").or_else(|| body.get("error")).and_then(Value::as_str);
        let message = match (answer.status, told) {
            (200, _) => String::new(),
            (_, Some(told)) => told.to_owned(),
            (_, None) if answer.is_html() => String::new(),
            (_, None) => answer.text(),
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

    /// The object that it is.
    pub(super) fn read<T: DeserializeOwned>(&self, what: &str) -> Result<T, Fault> {
        self.done()?;
        self.answer.object(what)
    }

    /// A fault of this answer without any of its text.
    pub(super) fn without_body(&self, fault: Fault) -> Fault {
        let advice = self.who_asks().map_or_else(String::new, |advice| format!(": {advice}"));
        Fault { message: format!("answered HTTP {} to the login{advice}", self.answer.status), ..fault }
    }

    /// Where it came from.
    pub(super) fn answered(&self) -> Answered {
        self.answer.answered
    }

    pub(super) fn transient(&self, message: &str) -> Fault {
        self.answer.transient(message)
    }

    fn fault(&self) -> Fault {
        let fault = self.answer.fault();
        let class = if self.is_one_of(&["too many learner members"]) {
            // One at a time: this one waits its turn.
            Class::Busy { retry_after: None }
        } else if self.is_one_of(&["no leader", "leader changed", "raft: stopped"]) {
            Class::Leaderless
        } else if self.is_one_of(&["rpc not supported for learner"]) {
            Class::NotLeader(None)
        } else if self.is_one_of(&["unhealthy cluster", "timed out", "deadline exceeded", "member not found"]) {
            Class::Transient { retry_after: None }
        } else {
            match self.who_asks() {
                Some(advice) => {
                    let message = format!("{}: {advice}", fault.message);
                    return Fault { class: Class::Permanent(Cause::Refused), message, ..fault };
                }
                None => fault.class,
            }
        };
        Fault { class, ..fault }
    }

    /// What to do where etcd does not like who asks.
    fn who_asks(&self) -> Option<String> {
        let name = self.service;
        if self.is_one_of(&["CommonName of client"]) {
            // etcd's gateway refuses every certificate with one, for it would act under the server's.
            Some(
                "with authentication on, this node's certificate (tls.cert) must have no CommonName: issue it without"
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

/// The answer of `/v3/cluster/member/list`; what is absent is false or empty.
#[derive(Deserialize)]
pub(super) struct List {
    header: Header,
    #[serde(default)]
    members: Vec<Object<Entry>>,
}

#[derive(Deserialize, Default)]
struct Header {
    #[serde(default)]
    cluster_id: Option<Word>,
}

#[derive(Deserialize)]
struct Entry {
    #[serde(rename = "ID")]
    id: Word,
    #[serde(default)]
    name: String,
    #[serde(default, rename = "peerURLs")]
    peer_urls: Vec<String>,
    #[serde(default, rename = "isLearner")]
    is_learner: bool,
}

impl List {
    /// As the plan sees it, with who leads.
    pub(super) fn members(self, leader: Option<&str>, answered: Answered) -> MemberList {
        let members: Vec<Member> = self.members.into_iter().map(|Object(entry)| entry.into()).collect();
        let leader = leader_of(&members, leader);
        MemberList { members, leader, cluster_id: self.header.cluster_id.map(|id| hexadecimal(&id)), answered }
    }
}

impl From<Entry> for Member {
    fn from(Entry { id, name, peer_urls, is_learner }: Entry) -> Self {
        let raft_addr = MemberAddress::of_several(&peer_urls);
        // Whoever bootstraps does not know what the others are called, and calls them by their addresses until they say it.
        let is_named = !peer_urls.iter().any(|url| url.split_once("://").is_some_and(|(_, address)| address == name));
        let is_started = is_named && !name.is_empty();
        Self {
            // A member id is one membership, and from its first start on there is data behind it.
            incarnation: is_started.then(|| Word::new(&format!("{:0>16}", hexadecimal(&id).as_str()))),
            key: hexadecimal(&id),
            id: if is_named { Word::new(&name) } else { Word::default() },
            raft_addr,
            status: Word::default(),
            role: Some(if is_learner { "learner" } else { "voter" }.into()),
        }
    }
}

/// The answer of `/v3/maintenance/status`.
#[derive(Deserialize)]
pub(super) struct Status {
    #[serde(default)]
    leader: Option<Word>,
}

impl Status {
    /// The id of who leads; without a quorum there is none.
    pub(super) fn leader(&self) -> Option<String> {
        self.leader.as_ref().filter(|id| !id.is_nobody()).map(|id| hexadecimal(id).as_str().to_owned())
    }
}

/// An id as etcdctl shows it.
fn hexadecimal(id: &Word) -> Word {
    id.as_str().parse::<u64>().map_or_else(|_| id.clone(), |id| Word::new(&format!("{id:x}")))
}
