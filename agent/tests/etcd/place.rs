//! A loopback address that one server has to itself, so that each has etcd's usual ports and no two tests meet.

use std::hash::{BuildHasher, RandomState};
use std::net::{Ipv4Addr, TcpListener};

/// What etcd listens on where nothing else is said.
const CLIENTS: u16 = 2379;
const PEERS: u16 = 2380;
/// No server listens there, unless a test has taken the address.
const CLAIM: u16 = 2378;
/// There are 16 million addresses, and a machine runs a few dozen servers.
const TRIES: u32 = 100;

/// Where a server lives, as long as this does: also while the server is down, and its port free.
pub(crate) struct Place {
    address: Ipv4Addr,
    _claim: TcpListener,
}

impl Place {
    pub(crate) fn take() -> Self {
        let random = RandomState::new();
        let mut obstacle = String::new();
        for trial in 0..TRIES {
            let [a, b, c, ..] = random.hash_one(trial).to_ne_bytes();
            // The first ones are where other tests and the machine's own services listen.
            let address = Ipv4Addr::new(127, a.max(1), b, c.clamp(1, 254));
            match TcpListener::bind((address, CLAIM)).and_then(|claim| {
                // Taken by a server that listens on every address.
                TcpListener::bind((address, CLIENTS))?;
                TcpListener::bind((address, PEERS))?;
                Ok(claim)
            }) {
                Ok(claim) => return Self { address, _claim: claim },
                Err(error) => obstacle = error.to_string(),
            }
        }
        panic!("no loopback address with the ports {CLAIM} to {PEERS} free: does an etcd run here? {obstacle}")
    }

    pub(crate) fn address(&self) -> String {
        self.address.to_string()
    }

    pub(crate) fn client_url(&self) -> String {
        format!("https://{}:{CLIENTS}", self.address)
    }

    pub(crate) fn peer_url(&self) -> String {
        format!("https://{}:{PEERS}", self.address)
    }
}
