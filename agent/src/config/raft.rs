//! This node's part in a Raft group: who the peers are, whom to ask, where its
//! own API is. Must not reach out to any of them.

use super::{
    fields::Fields,
    group::Group,
    kind::Value,
    model::{ApiPaths, Mode, Node, Peer, RaftServiceConfig},
    own::own_addresses,
    value::{BaseUrl, DnsName, Endpoint, Host, HostPort, RaftService},
};

/// Builds the configuration of a service from what is told about its group.
pub(crate) fn service_config(fields: &mut Fields, group: &Group, node: &Node) -> Option<RaftServiceConfig> {
    let own_addresses = own_addresses(group, node);
    note_peers(fields, group, &own_addresses);
    let url = own_url(fields, group, node, &own_addresses)?;
    let mode = mode(fields, group)?;
    let config = RaftServiceConfig {
        service: group.service,
        enable: fields.get(&group.path("enable"))?,
        unit: fields.get(&group.path("unit"))?,
        data_dir: fields.get(&group.path("data_dir"))?,
        url,
        api_port: group.api_port,
        mode,
        raft_port: group.raft_port,
        raft_addr: group.raft_addr.clone(),
        peers: peers(group, &own_addresses)?,
        own_addresses,
        paths: paths(fields, group)?,
    };
    check_leader(fields, group, &config);
    Some(config)
}

fn mode(fields: &Fields, group: &Group) -> Option<Mode> {
    if fields.get::<bool>("$.bootstrap")? {
        return Some(Mode::Bootstrap);
    }
    let leader = group.leader.as_ref()?.endpoint(group.api_port).ok()?;
    Some(Mode::Join { leader })
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

/// A node cannot join through itself, nor through the other service, which speaks the same language.
fn check_leader(fields: &mut Fields, group: &Group, config: &RaftServiceConfig) {
    let Mode::Join { leader } = &config.mode else { return };
    let own = group.path("leader_url");
    let path = if fields.is_given(&own) { own.as_str() } else { "$.leader_url" };
    let others = match group.service {
        RaftService::Chainfire => RaftService::Flaredb,
        RaftService::Flaredb => RaftService::Chainfire,
    };
    let others_port: Option<u16> = fields.get(&format!("$.services.{others}.api_port"));
    if others_port == Some(leader.port()) && leader.port() != group.api_port {
        fields.problem(
            path,
            fields
                .quotes
                .either(format!("{leader}, the port of {others}"), &format!("a URL with the port of {others}")),
            format!("the API of {}, usually at port {}", group.service, group.api_port),
            Some(format!("give the port of {}, or leave it out", group.service)),
        );
    }
    // What is derived of chainfire's was reported there.
    let is_reported = group.service == RaftService::Flaredb && !fields.is_given(&own);
    if config.enable && !is_reported && config.is_own_api(leader) {
        fields.problem(
            path,
            fields.quotes.either(format!("{leader}, which is this node"), "the URL of this node"),
            "a member of the cluster that this node joins".to_owned(),
            Some(
                "name another node of that cluster; only where there is no cluster yet, and this node is to begin it, set \
                 `bootstrap` to true"
                    .to_owned(),
            ),
        );
    }
}

/// Warns of member lists that will not mean what their writer meant. What is odd in a derived list was told of the one
/// that it is derived from.
fn note_peers(fields: &mut Fields, group: &Group, own: &[HostPort]) {
    let path = group.members_path;
    if !fields.is_given(path) {
        return;
    }
    for (index, member) in group.members.iter().enumerate() {
        if group.members.iter().take(index).any(|earlier| earlier == member) {
            let hint = "counted once; was another node meant?".to_owned();
            fields.warn(
                &format!("{path}[{index}]"),
                fields.quotes.either(format!("{member} again"), "a member again"),
                "each member once".to_owned(),
                Some(hint),
            );
        }
    }
    let bootstrap = fields.get("$.bootstrap").unwrap_or(false);
    if bootstrap && !group.members.is_empty() && !group.members.iter().any(|member| own.contains(member)) {
        let hint =
            "give `raft_addr` or `node_ip` as it stands in the list, or set `bootstrap` to false if this node joins";
        let expected = "this node among the nodes that bootstrap".to_owned();
        fields.warn(path, "no entry that means this node".to_owned(), expected, Some(hint.to_owned()));
    }
}

/// This node's own API: as given, else at the host under which others know it,
/// since that is the one its certificate is made for.
fn own_url(fields: &mut Fields, group: &Group, node: &Node, own: &[HostPort]) -> Option<Endpoint> {
    let path = group.path("url");
    if let Some(url) = fields.get::<BaseUrl>(&path) {
        return url.endpoint(group.api_port).ok();
    }
    let by_list = group.members.iter().find(|member| own.contains(member));
    let (host, from) = match (&group.raft_addr, by_list, &node.fqdn, node.ip) {
        (Some(address), ..) => (address.host().clone(), "raft_addr, api_port"),
        (_, Some(member), ..) => (member.host().clone(), "initial_peers, api_port"),
        (_, _, Some(name), _) => (Host::Name(name.clone()), "node_fqdn, api_port"),
        (_, _, _, Some(ip)) => (Host::Ip(ip), "node_ip, api_port"),
        _ => (Host::Name("localhost".parse::<DnsName>().ok()?), "api_port"),
    };
    derived_url(fields, &path, host, group.api_port, from)
}

/// An endpoint that the config does not give, noted as derived.
pub(crate) fn derived_url(fields: &mut Fields, path: &str, host: Host, port: u16, from: &str) -> Option<Endpoint> {
    let at = HostPort::new(host, port).ok()?;
    fields.derive(path, Value::Url(BaseUrl::from(at.clone())), from);
    Endpoint::at(at).ok()
}

fn paths(fields: &Fields, group: &Group) -> Option<ApiPaths> {
    let path = |key: &str| fields.get(&group.path(&format!("paths.{key}")));
    Some(ApiPaths {
        health: path("health")?,
        members: path("members")?,
        add: path("add")?,
        member: path("member")?,
        kv: path("kv")?,
    })
}
