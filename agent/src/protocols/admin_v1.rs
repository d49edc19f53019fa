//! `admin-v1`: the admin API of chainfire and flaredb. It reads like the table in design.md.

mod wire;

use serde_json::json;

use crate::config::{ApiPaths, Endpoint};
use crate::http::{Answer, Method};
use crate::plan::member::MemberList;
use crate::run::ports::{Added, Class, Fault, Health, NewMember, Promoted};

use super::{Calls, Protocol};

impl Protocol for Calls<'_, ApiPaths> {
    async fn members(&self, at: &Endpoint) -> Result<MemberList, Fault> {
        let answer = self.client.send(Method::GET, at, self.own.members.as_str(), None).await?;
        match answer.status {
            200 => member_list(&answer),
            // An older service, or something else on its port: one of the peers may be right, and this one later.
            404 => Err(answer.transient("answered HTTP 404: no member list at this path")),
            _ => Err(answer.fault()),
        }
    }

    async fn add(&self, at: &Endpoint, member: NewMember<'_>) -> Result<Added, Fault> {
        let mut body = json!({"id": member.id.as_str(), "raft_addr": member.raft_addr.to_string()});
        if let Some(incarnation) = member.incarnation {
            body["incarnation"] = incarnation.as_str().into();
        }
        let body = Some(body.to_string().into_bytes());
        let answer = self.client.send(Method::POST, at, self.own.add.as_str(), body).await?;
        match answer.status {
            200 | 201 if !answer.is_html() => Ok(Added::Accepted),
            409 => Ok(Added::AlreadyMember),
            _ => Err(answer.fault()),
        }
    }

    /// The service does it by itself.
    async fn promote(&self, _at: &Endpoint, _key: &str) -> Result<Promoted, Fault> {
        Ok(Promoted::NotYet)
    }

    async fn remove(&self, at: &Endpoint, key: &str) -> Result<(), Fault> {
        let answer = self.client.send(Method::DELETE, at, &self.own.member.of(key), None).await?;
        match answer.status {
            // 404: it is no member, which is what was asked for.
            200 | 202 | 204 | 404 if !answer.is_html() => Ok(()),
            _ => Err(answer.fault()),
        }
    }

    async fn read_after_write(&self, at: &Endpoint, key: &str, value: &str) -> Result<(), Fault> {
        let path = self.own.kv.of(key);
        let mut at = at.clone();
        // A follower names the leader once; the probe is no place for a longer chase.
        for _hop in 0..2 {
            let written = self.client.send(Method::PUT, &at, &path, Some(value.as_bytes().to_vec())).await?;
            if !matches!(written.status, 200 | 201 | 204) {
                let fault = written.fault();
                let Class::NotLeader(Some(leader)) = &fault.class else { return Err(fault) };
                at = leader.clone();
                continue;
            }
            let read = self.client.send(Method::GET, &at, &path, None).await?;
            return match read.status {
                200 if read.body == value.as_bytes() => Ok(()),
                200 => Err(read.transient("the value read is not the value written")),
                _ => Err(read.fault()),
            };
        }
        Err(Fault {
            class: Class::NotLeader(None),
            endpoint: at,
            message: format!("no leader of {} for a write", self.service.name),
        })
    }
}

/// The member list that an answer is; anything else is a fault that may pass.
pub(crate) fn member_list(answer: &Answer) -> Result<MemberList, Fault> {
    answer.read("a member list", |body| wire::list(body, answer.answered))
}

/// What a health endpoint says beside its 200; a body of another form says nothing.
pub(super) fn health(answer: &Answer) -> Health {
    let body = answer.json();
    let reported = |key| body.get(key).and_then(wire::identity);
    Health { node_id: reported("node_id"), cluster_id: reported("cluster_id"), incarnation: reported("incarnation") }
}

/// A member list as a service would have written it, for the tests of the code that judges it.
#[cfg(test)]
pub(crate) fn read(json: &str) -> Option<MemberList> {
    wire::list(&serde_json::from_str(json).ok()?, crate::plan::member::Answered::Elsewhere)
}
