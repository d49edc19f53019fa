//! `toy`: its calls, which another member's servers happen to understand.

use serde_json::json;

use first_boot_config::protocols::Toy;
use crate::config::{Endpoint, NodeId};
use crate::http::Method;
use crate::plan::member::MemberList;
use crate::run::ports::{Added, Fault, NewMember, Promoted};

use super::admin_v1::member_list;
use super::{Calls, Protocol};

impl Protocol for Calls<'_, Toy> {
    async fn members(&self, at: &Endpoint) -> Result<MemberList, Fault> {
        member_list(&self.client.send(Method::GET, at, self.own.book.as_str(), None).await?)
    }

    async fn add(&self, at: &Endpoint, member: NewMember<'_>) -> Result<Added, Fault> {
        let id: &NodeId = member.id;
        let body = json!({"id": id.as_str(), "raft_addr": member.raft_addr.to_string()}).to_string().into_bytes();
        let answer = self.client.send(Method::POST, at, "/admin/member/add", Some(body)).await?;
        if answer.status == 200 { Ok(Added::Accepted) } else { Err(answer.fault()) }
    }

    async fn promote(&self, _at: &Endpoint, _key: &str) -> Result<Promoted, Fault> {
        Ok(Promoted::NotYet)
    }

    async fn remove(&self, _at: &Endpoint, _key: &str) -> Result<(), Fault> {
        Ok(())
    }

    async fn read_after_write(&self, _at: &Endpoint, _key: &str, _value: &str) -> Result<(), Fault> {
        Ok(())
    }
}
