//! This node's part in a service's cluster: who the peers are, whom to ask, where its
//! own API is. Must not reach out to any of them.

use super::{
    fields::{Fields, Row},
    group::Group,
    model::{MemberService, Mode, Node, Peer},
    protocols::Api,
    service_table::SERVICE,
    services::{needs, with_members},
    table::WHOLE,
    value::{Endpoint, Host, HostPort},
};
use std::collections::HashSet;

/// Builds the configuration of a service from what the config says about its group.
pub(crate) fn service_config(fields: &mut Fields, group: &Group, node: &Node) -> Option<MemberService> {
    let own_addresses = group.own_addresses(node);
    note_peers(fields, group, &own_addresses);
    let known_host = known_host(group, node, &own_addresses);
    let url = own_url(fields, group.row, group.api_port, known_host)?;
    let mode = mode(fields, group)?;
    let config = MemberService {
        name: group.row.name,
        needs: needs(fields, group.row),
        enable: fields.get(SERVICE.enable.of(group.row.name))?,
        unit: fields.get(SERVICE.unit.of(group.row.name))?,
        data_dir: fields.get(SERVICE.data_dir.of(group.row.name))?,
        url,
        api_port: group.api_port,
        mode,
        raft_port: group.raft_port,
        peers: peers(group, &own_addresses)?,
        listed_as: group.members.iter().find(|member| own_addresses.contains(member)).cloned(),
        own_addresses,
        api: Api::read(fields, group.row)?,
    };
    check_leader(fields, group, &config);
    check_ports(fields, group, &config);
    Some(config)
}

fn mode(fields: &Fields, group: &Group) -> Option<Mode> {
    if fields.get(WHOLE.bootstrap)? {
        return Some(Mode::Bootstrap { address: group.raft_addr.clone() });
    }
    let leader = group.leader.as_ref()?.endpoint(group.api_port).ok()?;
    Some(Mode::Join { leader, address: group.raft_addr.clone()? })
}

fn peers(group: &Group, own: &[HostPort]) -> Option<Vec<Peer>> {
    let mut peers: Vec<Peer> = Vec::new();
    for raft in group.members.iter().filter(|member| !own.contains(member)) {
        if peers.iter().all(|peer| peer.raft != *raft) {
            let url = Endpoint::at(HostPort::new(raft.host().clone(), group.api_port).ok()?).ok()?;
            peers.push(Peer { raft: raft.clone(), url });
        }
    }
    Some(peers)
}

/// A node cannot join through itself, nor through another service, which may speak the same language.
fn check_leader(fields: &mut Fields, group: &Group, config: &MemberService) {
    let Mode::Join { leader, .. } = &config.mode else { return };
    let own = SERVICE.leader_url.of(group.row.name);
    let path = &if fields.is_given(&own) { own } else { WHOLE.leader_url }.to_string();
    let name = group.row.name;
    let mut others = with_members(fields).filter(|row| row.name != name);
    let is_its_port = |row: &Row| fields.get(SERVICE.api_port.of(row.name)) == Some(leader.port());
    if let Some(others) = others.find(is_its_port).filter(|_| leader.port() != group.api_port) {
        let others = others.name;
        let hidden = format!("a URL with the port of {others}");
        let found = fields.quotes.either(format!("{leader}, the port of {others}"), &hidden);
        let expected = format!("the API of {name}, usually at port {}", group.api_port);
        fields.problem(path, found, expected, Some(format!("give the port of {name}, or leave it out")));
    }
    // What is derived of the first one's was reported there.
    let is_first = with_members(fields).next().is_some_and(|first| first.name == name);
    let is_reported = !is_first && !fields.is_given(&own);
    if config.enable && !is_reported && config.is_own_api(leader) {
        let found = fields.quotes.either(format!("{leader}, which is this node"), "the URL of this node");
        let hint = "name another node of that cluster; set `bootstrap` to true only if there is no cluster yet and this \
                    node is to start it";
        fields.problem(path, found, "a member of the cluster that this node joins", Some(hint.to_owned()));
    }
}

/// What is started as a member would not find its second port free. The platform's own are left as configured.
fn check_ports(fields: &mut Fields, group: &Group, config: &MemberService) {
    let Some(raft) = config.raft_addr().filter(|raft| config.enable && raft.port() == config.url.port()) else {
        return;
    };
    let own = SERVICE.raft_addr.of(group.row.name);
    let path = if fields.is_given(&own) { own } else { WHOLE.raft_addr }.to_string();
    let found = fields.quotes.either(format!("{raft}, the port of its API"), "the port of its API");
    let expected = format!("this node's Raft address, usually at port {}", group.raft_port);
    let hint = Some("use another port in `raft_addr`, or in `api_port` or `url`".to_owned());
    if config.api.is_added_first() && raft.host() == config.url.host() {
        fields.problem(&path, found, expected, hint);
    } else {
        fields.warn(&path, found, &expected, hint);
    }
}

/// Warns of member lists that will not mean what their writer meant. What is odd in a derived list was reported for the one
/// that it is derived from.
fn note_peers(fields: &mut Fields, group: &Group, own: &[HostPort]) {
    let path = &group.members_key.to_string();
    if !fields.is_given(path) {
        return;
    }
    for (index, member) in group.members.iter().enumerate() {
        if group.members.iter().take(index).any(|earlier| earlier == member) {
            let hint = "counted once; was another node meant?".to_owned();
            let found = fields.quotes.either(format!("{member} again"), "a member again");
            fields.warn(&format!("{path}[{index}]"), found, "each member once", Some(hint));
        }
    }
    let bootstrap = fields.get(WHOLE.bootstrap).unwrap_or(false);
    let distinct = group.members.iter().collect::<HashSet<_>>().len();
    if bootstrap && distinct > 0 && distinct.is_multiple_of(2) {
        let hint =
            format!("{distinct} members survive the loss of {}, the same as {}", (distinct - 1) / 2, distinct - 1);
        fields.advise(path, format!("{distinct} members"), "an odd number of members", hint);
    }
    if bootstrap && !group.members.is_empty() && !group.members.iter().any(|member| own.contains(member)) {
        let hint = "give `raft_addr` or `node_ip` as it is in the list, or set `bootstrap` to false if this node joins";
        let expected = "this node among the nodes that bootstrap";
        fields.warn(path, "no entry that means this node", expected, Some(hint.to_owned()));
    }
}

/// The host under which others know this node, since that is the one its certificate is made for, and where it is said.
fn known_host(group: &Group, node: &Node, own: &[HostPort]) -> Option<(Host, String)> {
    let by_list = group.members.iter().find(|member| own.contains(member));
    let (host, from) = match (&group.raft_addr, by_list) {
        (Some(address), _) => (address.host().clone(), "raft_addr"),
        (None, Some(member)) => (member.host().clone(), "initial_peers"),
        (None, None) => own_host(node)?,
    };
    Some((host, if from.is_empty() { "api_port".to_owned() } else { format!("{from}, api_port") }))
}

/// The host of this node where no cluster has it, and the field that says so.
pub(crate) fn own_host(node: &Node) -> Option<(Host, &'static str)> {
    Some(match (&node.fqdn, node.ip) {
        (Some(name), _) => (Host::Name(name.clone()), "node_fqdn"),
        (None, Some(ip)) => (Host::Ip(ip), "node_ip"),
        (None, None) => ("localhost".parse().ok()?, ""),
    })
}

/// A service's own API: as given, else at this host, noted as derived.
pub(crate) fn own_url(fields: &mut Fields, row: Row, port: u16, derived: Option<(Host, String)>) -> Option<Endpoint> {
    let key = SERVICE.url.of(row.name);
    if let Some(url) = fields.get(key) {
        return url.endpoint(port).ok();
    }
    let (host, from) = derived?;
    let at = HostPort::new(host, port).ok()?;
    fields.derive(key, at.clone().into(), &from);
    Endpoint::at(at).ok()
}
