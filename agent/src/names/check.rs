//! Which of the names that a configuration uses do not resolve, for `status`. Must not judge what that means.

use std::collections::HashSet;
use std::net::IpAddr;

use futures_util::future::join_all;

use crate::config::value::Host;
use crate::config::{Config, Mode};

use super::{GRACE, Names, Unresolved};

/// A cluster has a handful of members; with more names, the first ones say enough.
const MOST: usize = 32;

/// Looks up every name that a configuration uses, all at once, which takes no longer than one lookup; returns those that
/// do not resolve. Addresses and names in the hosts file cost nothing.
pub(crate) async fn check(names: &Names, config: &Config) -> Vec<Unresolved> {
    look_up(names, config).await.into_iter().filter_map(|(_, found)| found.err()).collect()
}

/// Looks up every name that a configuration uses.
pub(crate) async fn look_up(names: &Names, config: &Config) -> Vec<(String, Result<Vec<IpAddr>, Unresolved>)> {
    let lookups = used(config).into_iter().map(async |name| {
        let found = names.lookup(&name, GRACE).await;
        (name, found)
    });
    join_all(lookups).await
}

/// The names by which the services that are enabled are asked, each once.
fn used(config: &Config) -> Vec<String> {
    let raft = config.with_members().filter(|service| service.enable);
    let of_raft = raft.flat_map(|service| {
        let leader = match &service.mode {
            Mode::Join { leader, .. } => Some(leader),
            Mode::Bootstrap { .. } => None,
        };
        leader.into_iter().chain(service.peers.iter().map(|peer| &peer.url)).chain([&service.url])
    });
    let set_up = config.set_up_once().filter(|service| service.enable).map(|service| &service.url);
    let names = of_raft.chain(set_up).filter_map(|endpoint| match endpoint.host() {
        Host::Name(name) => Some(name.as_str()),
        Host::Ip(_) => None,
    });
    let mut seen = HashSet::new();
    names.filter(|name| seen.insert(*name)).take(MOST).map(str::to_owned).collect()
}
