//! What the config says about one Raft group before this node's part in it is
//! worked out. flaredb's is made from chainfire's wherever the config does not
//! say otherwise. Must not decide which of the addresses are this node's.

use super::{
    fields::Fields,
    kind::Value,
    value::{BaseUrl, Host, HostPort, RaftService},
};

/// One Raft group as the config tells it.
#[derive(Debug)]
pub(crate) struct Group {
    pub(crate) service: RaftService,
    pub(crate) api_port: u16,
    pub(crate) raft_port: u16,
    /// The member to ask first, where the config names one.
    pub(crate) leader: Option<BaseUrl>,
    pub(crate) raft_addr: Option<HostPort>,
    /// The initial members, this node among them.
    pub(crate) members: Vec<HostPort>,
    /// The field that `members` came from.
    pub(crate) members_path: &'static str,
}

impl Group {
    /// The path of one of the service's fields.
    pub(crate) fn path(&self, key: &str) -> String {
        format!("$.services.{}.{key}", self.service)
    }

    fn new(service: RaftService, fields: &Fields, members_path: &'static str) -> Option<Self> {
        let path = |key: &str| format!("$.services.{service}.{key}");
        Some(Self {
            service,
            api_port: fields.get(&path("api_port"))?,
            raft_port: fields.get(&path("raft_port"))?,
            leader: fields.get(&path("leader_url")),
            raft_addr: fields.get(&path("raft_addr")),
            members: fields.list(members_path).unwrap_or_default(),
            members_path,
        })
    }

    /// chainfire's: the top of the config, unless `services` overrides it.
    pub(crate) fn chainfire(fields: &mut Fields) -> Option<Self> {
        let mut group = Self::new(RaftService::Chainfire, fields, "$.initial_peers")?;
        if group.leader.is_none() {
            group.leader = fields.get("$.leader_url");
            group.note_leader(fields, "$.leader_url");
        }
        if group.raft_addr.is_none() {
            group.raft_addr = fields.get("$.raft_addr");
            group.note_raft_addr(fields, "$.raft_addr");
        }
        Some(group)
    }

    /// flaredb's: chainfire's hosts with flaredb's ports, unless said otherwise.
    pub(crate) fn flaredb(fields: &mut Fields, chainfire: &Self) -> Option<Self> {
        let mut group = Self::new(RaftService::Flaredb, fields, "$.flaredb_peers")?;
        let (api_port, raft_port) = (group.api_port, group.raft_port);
        if group.leader.is_none() {
            let there = |host: &Host| HostPort::new(host.clone(), api_port).ok();
            group.leader = chainfire.leader.as_ref().and_then(|url| there(url.host())).map(BaseUrl::from);
            group.note_leader(fields, "the host of chainfire's leader_url, api_port");
        }
        let here = |address: &HostPort| HostPort::new(address.host().clone(), raft_port).ok();
        if group.raft_addr.is_none() {
            group.raft_addr = chainfire.raft_addr.as_ref().and_then(here);
            group.note_raft_addr(fields, "the host of chainfire's raft_addr, raft_port");
        }
        if !fields.is_given(group.members_path) && !chainfire.members.is_empty() {
            group.members = chainfire.members.iter().filter_map(here).collect();
            let list = group.members.iter().cloned().map(Value::Address).collect();
            fields.derive(group.members_path, Value::List(list), "the hosts of initial_peers, raft_port");
        }
        Some(group)
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
