//! Names become addresses: `/etc/hosts`, then the name servers of `/etc/resolv.conf`.
//!
//! Both are read for every lookup, so a lease that DHCP brings late is used at once; a
//! machine without name servers gets an error, never a public resolver. No loadable module
//! of the C library takes part, so the static binary resolves like any other.

use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use hickory_resolver::TokioResolver;
use hickory_resolver::config::{ResolverConfig, ResolverOpts};
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::system_conf::read_system_conf;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};

type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// What a dead name server may cost before the next one is asked.
const SERVER_TIMEOUT: Duration = Duration::from_secs(1);

/// The machine's own configuration of names.
#[derive(Debug, Clone, Copy)]
pub(super) struct SystemNames;

impl Resolve for SystemNames {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move { lookup(name.as_str()).await })
    }
}

async fn lookup(name: &str) -> Result<Addrs, BoxError> {
    if name == "localhost" || name.ends_with(".localhost") {
        // RFC 6761, 6.3: loopback, whatever the machine's files say.
        let loopback = [Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()];
        return Ok(addresses(loopback.into_iter()));
    }
    let (config, mut options, no_servers) = match read_system_conf() {
        Ok((config, options)) => (config, options, None),
        Err(error) => {
            (ResolverConfig::from_parts(None, Vec::new(), Vec::new()), ResolverOpts::default(), Some(error.to_string()))
        }
    };
    options.timeout = options.timeout.min(SERVER_TIMEOUT);
    options.cache_size = 0;
    let resolver =
        TokioResolver::builder_with_config(config, TokioRuntimeProvider::default()).with_options(options).build()?;
    match resolver.lookup_ip(name).await {
        Ok(found) => {
            let found: Vec<_> = found.iter().collect();
            Ok(addresses(found.into_iter()))
        }
        Err(error) => Err(match no_servers {
            Some(missing) => failed(name, &format!("it is not in /etc/hosts, and /etc/resolv.conf: {missing}")),
            None => failed(name, &error.to_string()),
        }),
    }
}

fn addresses(found: impl Iterator<Item = std::net::IpAddr> + Send + 'static) -> Addrs {
    // The port is replaced by the one of the URL.
    Box::new(found.map(|address| SocketAddr::new(address, 0)))
}

fn failed(name: &str, reason: &str) -> BoxError {
    io::Error::other(format!("name {name} does not resolve: {reason}")).into()
}
