//! What the config says about one cluster, and which of its addresses mean this node: the difference between "we are a
//! member" and "somebody else has our name". That of a service which is not the first is made from the first one's wherever
//! the config does not say otherwise. Must not guess where two answers are possible.

use super::{
    fields::{Fields, Row},
    kind::Value,
    model::Node,
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
    /// The cluster of a service: of the first one the top of the config, of others the first one's hosts with their own
    /// ports, unless `services` says otherwise.
    pub(crate) fn of(fields: &mut Fields, row: Row, first: Option<&Self>) -> Option<Self> {
        let api_port = fields.get(&row.path("api_port"))?;
        let raft_port = fields.get(&row.path("raft_port"))?;
        let here = |address: &HostPort| HostPort::new(address.host().clone(), raft_port).ok();
        let leader = fields.get(&row.path("leader_url")).or_else(|| {
            let (leader, from) = match first {
                None => (fields.get::<BaseUrl>("$.leader_url")?, "$.leader_url".to_owned()),
                Some(Self { leader, row, .. }) => {
                    let at = HostPort::new(leader.as_ref()?.host().clone(), api_port).ok()?;
                    (at.into(), format!("the host of {}'s leader_url, api_port", row.name))
                }
            };
            fields.derive(row.path("leader_url"), Value::Url(leader.clone()), &from);
            Some(leader)
        });
        let raft_addr = fields.get(&row.path("raft_addr")).or_else(|| {
            let (address, from) = match first {
                None => (fields.get::<HostPort>("$.raft_addr")?, "$.raft_addr".to_owned()),
                Some(Self { raft_addr, row, .. }) => {
                    (here(raft_addr.as_ref()?)?, format!("the host of {}'s raft_addr, raft_port", row.name))
                }
            };
            fields.derive(row.path("raft_addr"), Value::Address(address.clone()), &from);
            Some(address)
        });
        let members_path = members_path(fields, row, first);
        let mut members: Vec<HostPort> = fields.list(&members_path).unwrap_or_default();
        if let Some(first) = first.filter(|first| !fields.is_given(&members_path) && !first.members.is_empty()) {
            members = first.members.iter().filter_map(here).collect();
            let list = members.iter().cloned().map(Value::Address).collect();
            fields.derive(&members_path, Value::List(list), "the hosts of initial_peers, raft_port");
        }
        Some(Self { row, api_port, raft_port, leader, raft_addr, members, members_path })
    }

    /// Every Raft address of it that means this node.
    pub(crate) fn own_addresses(&self, node: &Node) -> Vec<HostPort> {
        let hosts = self.own_hosts(node);
        let port = self.own_port(&hosts);
        let mut own: Vec<HostPort> = hosts.into_iter().filter_map(|host| HostPort::new(host, port).ok()).collect();
        if !self.members.iter().any(|member| own.contains(member)) {
            let id = node.id.as_str();
            own.extend(only(self.members.iter().filter(|member| member.host().begins_with_label(id))).cloned());
        }
        own
    }

    /// The hosts that mean this node, the most certain first.
    fn own_hosts(&self, node: &Node) -> Vec<Host> {
        let by_address = self.raft_addr.as_ref().map(|address| address.host().clone());
        let by_ip = node.ip.map(Host::Ip);
        let by_node_id = node.id.as_str().parse().ok();
        let by_name = node.fqdn.clone().map(Host::Name);
        let mut hosts = Vec::new();
        for host in [by_address, by_ip, by_node_id, by_name].into_iter().flatten() {
            if !hosts.contains(&host) {
                hosts.push(host);
            }
        }
        hosts
    }

    /// The port of this node's own address: as given, else as the member list has it for one of the hosts, else the
    /// service's usual one.
    fn own_port(&self, hosts: &[Host]) -> u16 {
        let listed = || only(self.members.iter().filter(|member| hosts.contains(member.host())));
        self.raft_addr.as_ref().or_else(listed).map_or(self.raft_port, HostPort::port)
    }
}

/// flaredb's stand at the top as well.
fn members_path(fields: &Fields, row: Row, first: Option<&Group>) -> String {
    let own = row.path("initial_peers");
    match first {
        _ if fields.is_given(&own) => own,
        None => "$.initial_peers".to_owned(),
        Some(_) if row.name == ServiceName::FLAREDB => "$.flaredb_peers".to_owned(),
        Some(_) => own,
    }
}

/// The item of a sequence that has just one.
fn only<T>(mut items: impl Iterator<Item = T>) -> Option<T> {
    items.next().filter(|_| items.next().is_none())
}
