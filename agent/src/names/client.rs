//! Names for an HTTP client, looked up before it connects: what DNS costs is no part of the limits of a connection or a
//! request, and what is wrong with a name is said as such.
//!
//! The client asks for addresses only when it opens a connection. Where none are held for it then, it fails before
//! anything is sent; the name is looked up, and the request sent again. Must not look up a name for a connection that is
//! there already.

use std::collections::HashMap;
use std::error::Error;
use std::iter::successors;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::{RequestBuilder, Response};

use crate::config::value::Host;

use super::{GRACE, Names, Unresolved};

/// Where half of the answers led to no connection again and again, the other half is waited for ever longer, up to this.
const LONGEST_GRACE: Duration = Duration::from_secs(2);

/// The names of this machine, for one client.
#[derive(Debug, Clone, Default)]
pub(crate) struct ClientNames {
    pub(super) names: Names,
    pub(super) held: Arc<Mutex<HashMap<String, Held>>>,
}

/// What is known of one name.
#[derive(Debug, Clone, Default)]
pub(super) struct Held {
    /// For the connections that are about to be made: there for as long as a request needs them; the next one looks again.
    pub(super) addresses: Weak<Vec<IpAddr>>,
    /// In a row, how many lookups have led to no connection.
    in_vain: u32,
}

/// Why a request has no answer.
#[derive(Debug)]
pub(crate) enum SendError {
    /// There is no address to send it to.
    Name(Unresolved),
    /// Anything later.
    Http(reqwest::Error),
}

/// The client wants to connect, and no addresses are held for it.
#[derive(Debug, thiserror::Error)]
#[error("the name was not looked up")]
struct NotHeld;

impl Resolve for ClientNames {
    fn resolve(&self, name: Name) -> Resolving {
        let addresses = self.with(name.as_str(), |held| held.addresses.upgrade()).ok_or_else(|| NotHeld.into());
        // The port is replaced by the one of the URL.
        let with_port = |address| SocketAddr::new(address, 0);
        Box::pin(async move { addresses.map(|all| Box::new(Vec::clone(&all).into_iter().map(with_port)) as Addrs) })
    }
}

impl ClientNames {
    /// Sends a request to a host by the client that these names belong to.
    pub(crate) async fn send(&self, request: RequestBuilder, host: &Host) -> Result<Response, SendError> {
        // A body that is a stream could not be sent again; none is.
        let (Host::Name(name), Some(first)) = (host, request.try_clone()) else {
            return request.send().await.map_err(SendError::Http);
        };
        let name = name.as_str();
        match first.send().await {
            Err(error) if is_not_held(&error) => {}
            outcome => return self.noted(name, outcome),
        }
        let in_vain = self.with(name, |held| held.in_vain);
        let grace = GRACE.saturating_mul(2_u32.saturating_pow(in_vain)).min(LONGEST_GRACE);
        let addresses = self.names.lookup(name, grace).await.map_err(SendError::Name)?;
        let addresses = Arc::new(addresses);
        // Where another request has looked at the same time, it is its addresses that both use.
        let _held = self.with(name, |held| {
            let others = held.addresses.upgrade();
            if others.is_none() {
                held.addresses = Arc::downgrade(&addresses);
            }
            others.unwrap_or(addresses)
        });
        self.noted(name, request.send().await)
    }

    fn noted(&self, name: &str, outcome: reqwest::Result<Response>) -> Result<Response, SendError> {
        let is_in_vain = outcome.as_ref().is_err_and(reqwest::Error::is_connect);
        self.with(name, |held| held.in_vain = if is_in_vain { held.in_vain.saturating_add(1) } else { 0 });
        outcome.map_err(SendError::Http)
    }

    pub(super) fn with<T>(&self, name: &str, act: impl FnOnce(&mut Held) -> T) -> T {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        act(held.entry(name.to_owned()).or_default())
    }
}

fn is_not_held(error: &reqwest::Error) -> bool {
    let first: &(dyn Error + 'static) = error;
    successors(Some(first), |error| (*error).source()).any(<dyn Error>::is::<NotHeld>)
}
