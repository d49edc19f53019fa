//! Where an API is reached: an HTTPS base URL and the paths under it. Must not
//! take a URL that would make the agent speak in the clear or carry a secret.

use super::{Host, HostPort, ValueError, address::port_number, plain_or};
use std::{fmt, str::FromStr};
use url::Url;

/// An HTTPS base URL, `https://node01:2379/`. It has no credentials, no query
/// and no path, so that every request path is the service's own.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Endpoint {
    at: HostPort,
    url: Url,
}

impl Endpoint {
    /// The endpoint at a host and port.
    ///
    /// # Errors
    /// When the URL library refuses what the host type let through.
    pub fn at(at: HostPort) -> Result<Self, ValueError> {
        let url = Url::parse(&format!("https://{at}/")).map_err(|cause| {
            ValueError::new(format!("`{at}` is not valid in a URL ({cause}); use another hostname"))
        })?;
        Ok(Self { at, url })
    }

    /// The machine and port.
    #[must_use]
    pub fn address(&self) -> &HostPort {
        &self.at
    }

    /// The machine.
    #[must_use]
    pub fn host(&self) -> &Host {
        self.at.host()
    }

    /// The port, never 0.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.at.port()
    }

    /// The URL of a path below this endpoint.
    #[must_use]
    pub fn join(&self, path: &str) -> Url {
        let mut url = self.url.clone();
        url.set_path(path);
        url
    }
}

/// An HTTPS base URL as the config writes it: the port may be left out, and is
/// then the one of the service that is meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BaseUrl {
    host: Host,
    port: Option<u16>,
}

impl BaseUrl {
    /// The machine.
    pub(crate) fn host(&self) -> &Host {
        &self.host
    }

    /// The port, where one is given.
    pub(crate) fn port(&self) -> Option<u16> {
        self.port
    }

    /// The endpoint, for a service that listens on `default_port`.
    ///
    /// # Errors
    /// When `default_port` is used and is 0.
    pub fn endpoint(&self, default_port: u16) -> Result<Endpoint, ValueError> {
        Endpoint::at(HostPort::new(self.host.clone(), self.port.unwrap_or(default_port))?)
    }
}

impl From<HostPort> for BaseUrl {
    fn from(at: HostPort) -> Self {
        Self { host: at.host().clone(), port: Some(at.port()) }
    }
}

impl FromStr for BaseUrl {
    type Err = ValueError;

    fn from_str(text: &str) -> Result<Self, ValueError> {
        let authority = base(text)?;
        let (host, port) = match authority.rsplit_once(':') {
            Some((host, port)) if !port.contains(']') => (host, Some(port_number(port)?)),
            _ => (authority, None),
        };
        if host.is_empty() {
            return Err(ValueError::new("put a host after `https://`"));
        }
        Ok(Self { host: host.parse()?, port })
    }
}

impl fmt::Display for BaseUrl {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.port {
            Some(port) => write!(out, "https://{}:{port}", self.host),
            None => write!(out, "https://{}", self.host),
        }
    }
}

/// The host and port part of a plain HTTPS base URL.
fn base(text: &str) -> Result<&str, ValueError> {
    let Some((scheme, rest)) = text.split_once("://") else {
        let host = plain_or(text, "node01:2379");
        return Err(ValueError::new(format!("begin with `https://`, as in `https://{host}`")));
    };
    if !scheme.eq_ignore_ascii_case("https") {
        return Err(ValueError::new("use `https://`: the agent does not use plain HTTP"));
    }
    let end = rest.find(['/', '?', '#', '\\']).unwrap_or(rest.len());
    let (authority, tail) = rest.split_at(end);
    if authority.contains('@') {
        return Err(ValueError::new("remove the user and password from the URL; certificates identify nodes"));
    }
    if !tail.is_empty() && tail != "/" {
        return Err(ValueError::new("end the URL after host and port; paths are set under `services.SERVICE.paths`"));
    }
    Ok(authority)
}

impl fmt::Display for Endpoint {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "https://{}", self.at)
    }
}
