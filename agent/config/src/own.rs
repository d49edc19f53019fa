//! Which addresses mean this node: the difference between "we are a member" and
//! "somebody else has our name". Must not guess where two answers are possible.

use super::{
    group::Group,
    model::Node,
    value::{Host, HostPort},
};

/// Every Raft address of a group that means this node.
pub(crate) fn own_addresses(group: &Group, node: &Node) -> Vec<HostPort> {
    let hosts = own_hosts(group, node);
    let port = own_port(group, &hosts);
    let mut own: Vec<HostPort> = hosts.into_iter().filter_map(|host| HostPort::new(host, port).ok()).collect();
    if !group.members.iter().any(|member| own.contains(member)) {
        own.extend(
            only(group.members.iter().filter(|member| member.host().begins_with_label(node.id.as_str()))).cloned(),
        );
    }
    own
}

/// The hosts that mean this node, the most certain first.
fn own_hosts(group: &Group, node: &Node) -> Vec<Host> {
    let by_address = group.raft_addr.iter().map(|address| address.host().clone());
    let by_ip = node.ip.map(Host::Ip);
    let by_node_id = node.id.as_str().parse::<Host>().ok();
    let by_name = node.fqdn.clone().map(Host::Name);
    let mut hosts = Vec::new();
    for host in by_address.chain(by_ip).chain(by_node_id).chain(by_name) {
        if !hosts.contains(&host) {
            hosts.push(host);
        }
    }
    hosts
}

/// The port of this node's own address: as given, else as the member list has
/// it for one of the hosts, else the service's usual one.
fn own_port(group: &Group, hosts: &[Host]) -> u16 {
    let given = group.raft_addr.as_ref().map(HostPort::port);
    let listed = || only(group.members.iter().filter(|member| hosts.contains(member.host()))).map(HostPort::port);
    given.or_else(listed).unwrap_or(group.raft_port)
}

/// The item of a sequence that has just one.
fn only<T>(mut items: impl Iterator<Item = T>) -> Option<T> {
    items.next().filter(|_| items.next().is_none())
}
