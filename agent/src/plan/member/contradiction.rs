//! A member list that contradicts itself, of which nothing can be believed.

use std::collections::HashMap;

use crate::config::MemberService;

use super::{Member, MemberList};

impl MemberList {
    /// Why at most one of two entries can be true: they have one id, or one address in whatever spelling, two names of this node
    /// among them. Such a list can be believed in nothing, for a node that is listed twice makes a majority that is none.
    #[must_use]
    pub fn contradiction(&self, service: &MemberService) -> Option<String> {
        let found = |shared: &str, one: &Member, other: &Member| {
            format!("the member list contradicts itself, two entries have the same {shared}: {one}, and {other}")
        };
        let (mut ids, mut keys, mut addresses, mut own) = (HashMap::new(), HashMap::new(), HashMap::new(), None);
        for member in &self.members {
            let is_named = member.key != *member.name();
            let key = is_named.then_some(&member.key);
            if let Some(one) =
                key.and_then(|key| keys.insert(key, member)).or_else(|| ids.insert(member.name(), member))
            {
                return Some(found("id", one, member));
            }
            if member.raft_addr.is_own(service)
                && let Some(one) = own.replace(member)
            {
                return Some(found("address", one, member));
            }
            for key in member.raft_addr.meanings(service.raft_port) {
                if let Some(one) = addresses.insert(key, member)
                    && !std::ptr::eq(one, member)
                {
                    return Some(found("address", one, member));
                }
            }
        }
        None
    }
}
