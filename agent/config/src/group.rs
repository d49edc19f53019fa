//! What the config says about one cluster before this node's part in it is
//! worked out. That of a service which is not the first is made from the first one's wherever the config does not
//! say otherwise. Must not decide which of the addresses are this node's.

use super::{
    fields::{Fields, Row},
    kind::Value,
    value::{BaseUrl, Host, HostPort, ServiceName},
};

/// One cluster as the config tells it.
#[derive(Debug)]
pub(crate) struct Group {
    pub(crate) row: Row,
    pub(crate) api_port: u16,
    pub(crate) raft_port: u16,
    /// The member to ask first, where the config names one.
    pub(crate) leader: Option<BaseUrl>,
    pub(crate) raft_addr: Option<HostPort>,
    /// The initial members, this node among them.
    pub(crate) members: Vec<HostPort>,
    /// The field that `members` came from.
    pub(crate) members_path: String,
}

impl Group {
    /// The path of one of the service's fields.
    pub(crate) fn path(&self, key: &str) -> String {
        self.row.path(key)
    }

    /// The cluster of a service: of the first one the top of the config, of others the first one's hosts with their own
    /// ports, unless `services` says otherwise.
    pub(crate) fn of(fields: &mut Fields, row: Row, first: Option<&Self>) -> Option<Self> {
        let mut group = Self {
            row,
            api_port: fields.get(&row.path("api_port"))?,
            raft_port: fields.get(&row.path("raft_port"))?,
            leader: fields.get(&row.path("leader_url")),
            raft_addr: fields.get(&row.path("raft_addr")),
            members: Vec::new(),
            members_path: members_path(fields, row, first),
        };
        group.members = fields.list(&group.members_path).unwrap_or_default();
        match first {
            None => group.complete_from_top(fields),
            Some(first) => group.complete_from(fields, first),
        }
        Some(group)
    }

    fn complete_from_top(&mut self, fields: &mut Fields) {
        if self.leader.is_none() {
            self.leader = fields.get("$.leader_url");
            self.note_leader(fields, "$.leader_url");
        }
        if self.raft_addr.is_none() {
            self.raft_addr = fields.get("$.raft_addr");
            self.note_raft_addr(fields, "$.raft_addr");
        }
    }

    fn complete_from(&mut self, fields: &mut Fields, first: &Self) {
        let (api_port, raft_port, name) = (self.api_port, self.raft_port, first.row.name);
        if self.leader.is_none() {
            let there = |host: &Host| HostPort::new(host.clone(), api_port).ok();
            self.leader = first.leader.as_ref().and_then(|url| there(url.host())).map(BaseUrl::from);
            self.note_leader(fields, &format!("the host of {name}'s leader_url, api_port"));
        }
        let here = |address: &HostPort| HostPort::new(address.host().clone(), raft_port).ok();
        if self.raft_addr.is_none() {
            self.raft_addr = first.raft_addr.as_ref().and_then(here);
            self.note_raft_addr(fields, &format!("the host of {name}'s raft_addr, raft_port"));
        }
        if !fields.is_given(&self.members_path) && !first.members.is_empty() {
            self.members = first.members.iter().filter_map(here).collect();
            let list = self.members.iter().cloned().map(Value::Address).collect();
            fields.derive(&self.members_path, Value::List(list), "the hosts of initial_peers, raft_port");
        }
    }

    fn note_leader(&self, fields: &mut Fields, from: &str) {
        if let Some(leader) = &self.leader {
            fields.derive(self.path("leader_url"), Value::Url(leader.clone()), from);
        }
    }

    fn note_raft_addr(&self, fields: &mut Fields, from: &str) {
        if let Some(address) = &self.raft_addr {
            fields.derive(self.path("raft_addr"), Value::Address(address.clone()), from);
        }
    }
}

/// flaredb's stand at the top as well.
fn members_path(fields: &Fields, row: Row, first: Option<&Group>) -> String {
    let own = row.path("initial_peers");
    if fields.is_given(&own) {
        return own;
    }
    match first {
        None => "$.initial_peers".to_owned(),
        Some(_) if row.name == ServiceName::FLAREDB => "$.flaredb_peers".to_owned(),
        Some(_) => own,
    }
}
