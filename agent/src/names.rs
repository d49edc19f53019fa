//! Names become addresses, as `getent hosts` does it on the same machine: the hosts file, then the name servers of
//! resolv.conf.
//!
//! Both files are read for every lookup, so a lease that DHCP brings late is used at once. A machine without name servers
//! gets an error, never a public resolver. No loadable module of the C library takes part, so the static binary resolves
//! like any other. A lookup has a bound of its own, which is no part of the limits of the connection that it is for. Must
//! not connect to what it finds, and must not keep an answer for the next lookup.

mod ask;
mod check;
mod client;
mod exchange;
mod hosts;
mod message;
mod order;
mod resolv_conf;
mod search;
mod server;
#[cfg(test)]
mod tests;
mod text_file;
mod unresolved;

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::path::PathBuf;
use std::time::Duration;

pub(crate) use check::{check, look_up};
pub(crate) use client::{ClientNames, SendError};
pub use hosts::address_of;
pub(crate) use message::{Answer, Question, read as read_message};
pub(crate) use resolv_conf::Draft;

pub(crate) use unresolved::Unresolved;

/// How long the other family of addresses is waited for once one is there (RFC 8305, section 3: resolution delay).
pub(crate) const GRACE: Duration = Duration::from_millis(50);

/// Where name servers listen (RFC 1035, section 4.2).
const PORT: u16 = 53;

/// The names of a machine.
#[derive(Debug, Clone)]
pub(crate) struct Names {
    /// `/`, or what stands in for it in a test.
    root: PathBuf,
    /// The port of the name servers.
    port: u16,
    /// The machine's hostname, whose domain is searched where resolv.conf names none.
    host_name: fn() -> Option<String>,
}

impl Default for Names {
    /// This machine's.
    fn default() -> Self {
        let host_name = || nix::unistd::gethostname().ok()?.into_string().ok();
        Self { root: PathBuf::from("/"), port: PORT, host_name }
    }
}

impl Names {
    /// The addresses of a name: some, the best first.
    ///
    /// Once the addresses of one family are there, those of the other are waited for no longer than `grace`, or than the
    /// first took.
    pub(crate) async fn lookup(&self, name: &str, grace: Duration) -> Result<Vec<IpAddr>, Unresolved> {
        let is_absolute = name.ends_with('.');
        let bare = name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase();
        if bare == "localhost" || bare.ends_with(".localhost") {
            // RFC 6761, 6.3: loopback, whatever the machine's files say.
            return Ok(vec![Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()]);
        }
        // As the C library does: whatever the hosts file has of a name is all there is of it.
        let in_hosts = hosts::find(&self.root, &bare);
        if let Ok(found) = &in_hosts
            && !found.is_empty()
        {
            return Ok(order::best_first(found));
        }
        let mut hosts = in_hosts.err();
        let found = match resolv_conf::read(&self.root, (self.host_name)().as_deref()) {
            Ok(conf) => search::find(&conf, self.port, &bare, is_absolute, grace).await,
            Err(reason) => {
                hosts.get_or_insert_with(|| "it is not in /etc/hosts".to_owned());
                let remedy = "add `nameserver ADDRESS` to /etc/resolv.conf, or the name to /etc/hosts";
                Err(Unresolved::new(&bare, Vec::new(), reason, remedy))
            }
        };
        found.map(|found| order::best_first(&found)).map_err(|why| match hosts {
            Some(hosts) => Unresolved { reason: format!("{hosts}, and {}", why.reason), ..why },
            None => why,
        })
    }
}
