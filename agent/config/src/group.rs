//! What the config says about one cluster, and which of its addresses mean this node: the difference between "we are a
//! member" and "another node has our name". That of a service which is not the first is made from the first one's wherever
//! the config does not say otherwise. Must not guess where two answers are possible.

use super::{
    fields::{Fields, Row},
    key::Key,
    model::Node,
    service_table::SERVICE,
    table::WHOLE,
    value::{BaseUrl, Host, HostPort, ServiceName},
};

/// One cluster as the config describes it.
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
    pub(crate) members_key: Key<Vec<HostPort>>,
}

impl Group {
    /// The cluster of a service: of the first one the top of the config, of others the first one's hosts with their own
    /// ports, unless `services` says otherwise.
    pub(crate) fn of(fields: &mut Fields, row: Row, first: Option<&Self>) -> Option<Self> {
        let api_port = fields.get(SERVICE.api_port.of(row.name))?;
        let raft_port = fields.get(SERVICE.raft_port.of(row.name))?;
        let here = |address: &HostPort| HostPort::new(address.host().clone(), raft_port).ok();
        let leader = fields.get(SERVICE.leader_url.of(row.name)).or_else(|| {
            let (leader, from) = match first {
                None => (fields.get(WHOLE.leader_url)?, WHOLE.leader_url.to_string()),
                Some(Self { leader, row, .. }) => {
                    let at = HostPort::new(leader.as_ref()?.host().clone(), api_port).ok()?;
                    (at.into(), format!("the host of {}'s leader_url, api_port", row.name))
                }
            };
            fields.derive(SERVICE.leader_url.of(row.name), leader.clone(), &from);
            Some(leader)
        });
        let raft_addr = fields.get(SERVICE.raft_addr.of(row.name)).or_else(|| {
            let (address, from) = match first {
                None => (fields.get(WHOLE.raft_addr)?, WHOLE.raft_addr.to_string()),
                Some(Self { raft_addr, row, .. }) => {
                    (here(raft_addr.as_ref()?)?, format!("the host of {}'s raft_addr, raft_port", row.name))
                }
            };
            fields.derive(SERVICE.raft_addr.of(row.name), address.clone(), &from);
            Some(address)
        });
        let members_key = members_key(fields, row, first);
        let mut members = fields.get(members_key).unwrap_or_default();
        if let Some(first) = first.filter(|first| !fields.is_given(&members_key) && !first.members.is_empty()) {
            members = first.members.iter().filter_map(here).collect();
            fields.derive(members_key, members.clone(), "the hosts of initial_peers, raft_port");
        }
        Some(Self { row, api_port, raft_port, leader, raft_addr, members, members_key })
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

/// flaredb's may also be given at the top level.
fn members_key(fields: &Fields, row: Row, first: Option<&Group>) -> Key<Vec<HostPort>> {
    let own = SERVICE.initial_peers.of(row.name);
    match first {
        _ if fields.is_given(&own) => own,
        None => WHOLE.initial_peers,
        Some(_) if row.name == ServiceName::FLAREDB => WHOLE.flaredb_peers,
        Some(_) => own,
    }
}

/// The item of a sequence that has just one.
fn only<T>(mut items: impl Iterator<Item = T>) -> Option<T> {
    items.next().filter(|_| items.next().is_none())
}
