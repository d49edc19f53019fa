//! The baseline script in the same storm: an add every 10 s, five times, always at `leader_url`; then it gives up.
//!
//! It lists nothing and heeds no `Retry-After`, as `vm-tests/bench/seed-join.sh` does not.

use std::rc::Rc;
use std::time::Duration;

use tokio::time::sleep;

use crate::leader::{Cluster, HOSTS, Refusal};
use crate::node::{Fate, NETWORK, id};

const ATTEMPTS: u64 = 5;
const PAUSE: Duration = Duration::from_secs(10);

/// Runs the script once.
pub(crate) async fn join(cluster: Rc<Cluster>, number: usize) -> Fate {
    let id = id(number);
    let raft_addr = format!("{id}:2380");
    // The local service, healthy from the start.
    sleep(NETWORK).await;
    for attempt in 1..=ATTEMPTS {
        let answer = cluster.add(HOSTS[0], &id, &raft_addr).await;
        sleep(NETWORK).await;
        if matches!(answer, Ok(()) | Err(Refusal::AlreadyMember)) {
            return Fate { joined: true, requests: 1 + attempt };
        }
        if attempt < ATTEMPTS {
            sleep(PAUSE).await;
        }
    }
    Fate { joined: false, requests: 1 + ATTEMPTS }
}
