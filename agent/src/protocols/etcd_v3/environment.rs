//! What etcd must know before it starts, as its unit's environment: who it is, and of whom its cluster is made.
//!
//! Of a cluster that exists, that is what the cluster itself has just listed, never what the configuration says: etcd counts
//! (failure row E4). With data there, etcd ignores all of it. TLS is the unit's own: its keys are not this agent's.

use crate::config::{Etcd, Host, MemberService, NodeId, RaftAddr};
use crate::foreign_text;
use crate::plan::member::{MemberList, Whose};
use crate::plan::{Blocker, Cause};
use crate::run::ports::Environment;

/// Characters of a member that are shown.
const LONGEST_SHOWN: usize = 128;

/// The environment of a member that joins the cluster with this list, or begins one with the initial peers.
pub(super) fn environment(
    service: &MemberService,
    etcd: &Etcd,
    id: &NodeId,
    list: Option<&MemberList>,
) -> Result<Environment, Blocker> {
    let Some(at) = own_address(service, list) else { return Err(without_own(service)) };
    let (state, members) = match list {
        Some(list) => ("existing", listed(service, id, list)?),
        None => ("new", initial(service, id, at)),
    };
    let own: Vec<&str> = members.iter().filter(|(name, _)| name == id.as_str()).map(|(_, url)| url.as_str()).collect();
    let cluster: Vec<String> = members.iter().map(|(name, url)| format!("{name}={url}")).collect();
    let values = [
        ("NAME", id.to_string()),
        ("DATA_DIR", service.data_dir.display().to_string()),
        ("INITIAL_ADVERTISE_PEER_URLS", own.join(",")),
        ("LISTEN_PEER_URLS", listening(at.host(), at.port())),
        ("ADVERTISE_CLIENT_URLS", service.url.to_string()),
        ("LISTEN_CLIENT_URLS", listening(service.url.host(), service.url.port())),
        ("INITIAL_CLUSTER", cluster.join(",")),
        ("INITIAL_CLUSTER_STATE", state.to_owned()),
        ("INITIAL_CLUSTER_TOKEN", etcd.token.clone()),
    ];
    let text = values.map(|(name, value)| format!("ETCD_{name}={value}\n")).concat();
    Ok(Environment { path: etcd.environment_file.clone(), text })
}

/// Every member of a list under a name of its own, this node under its id.
fn listed(service: &MemberService, id: &NodeId, list: &MemberList) -> Result<Vec<(String, String)>, Blocker> {
    // They are the words of others: one with a comma would be another member, one with a line feed another variable.
    let is_plain = |text: &str| text.chars().all(|c| c.is_ascii_alphanumeric() || "-._~:/[]%".contains(c));
    let refused = |reason, remedy: &str| Blocker { cause: Cause::Contradiction, reason, remedy: remedy.to_owned() };
    let mut members: Vec<(String, String)> = Vec::new();
    let mut has_own = false;
    for member in &list.members {
        let is_own = member.whose(id, service) == Whose::Own;
        has_own |= is_own;
        // One that has not started has no name yet; etcd compares URLs.
        let name = if is_own { id.as_str() } else { member.name().as_str() };
        let urls = member.raft_addr.text().split(',');
        if let Some(url) = urls.clone().find(|url| !is_plain(name) || !is_plain(url)) {
            let shown = foreign_text::shown(&format!("{name}={url}"), LONGEST_SHOWN);
            return Err(refused(
                format!("the member {shown} cannot be written into the environment of {}", service.unit),
                "correct the name or the peer URL of that member",
            ));
        }
        if members.iter().any(|(other, _)| other == name) {
            return Err(refused(
                format!("two members of the list are called {name}, and etcd would merge them"),
                "remove the entry of the one that no longer exists, or give this node another node_id",
            ));
        }
        members.extend(urls.map(|url| (name.to_owned(), url.to_owned())));
    }
    if has_own { Ok(members) } else { Err(without_own(service)) }
}

/// The initial peers, this node under its id, the others by their addresses: what they are called they say when they start.
fn initial(service: &MemberService, id: &NodeId, own: &RaftAddr) -> Vec<(String, String)> {
    let peers = service.peers.iter().map(|peer| (peer.raft.to_string(), format!("https://{}", peer.raft)));
    std::iter::once((id.to_string(), format!("https://{own}"))).chain(peers).collect()
}

/// Where this node's peers reach it: in a cluster that is begun as all of its first nodes list it, since its ids are made of
/// these very texts.
fn own_address<'a>(service: &'a MemberService, list: Option<&MemberList>) -> Option<&'a RaftAddr> {
    if list.is_none() { service.listed_as.as_ref() } else { service.raft_addr().or(service.own_addresses.first()) }
}

fn without_own(service: &MemberService) -> Blocker {
    Blocker {
        cause: Cause::Contradiction,
        reason: format!("{} would start without an address of this node in its cluster", service.unit),
        remedy: "set raft_addr to this node's address as the other members reach it, and as initial_peers has it"
            .to_owned(),
    }
}

/// etcd listens on addresses, not on names: where there is a name, on all that the machine has.
fn listening(host: &Host, port: u16) -> String {
    match host {
        Host::Ip(_) => format!("https://{host}:{port}"),
        Host::Name(_) => format!("https://0.0.0.0:{port}"),
    }
}
