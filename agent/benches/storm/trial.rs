//! One storm: many nodes come at once, the leader is lost in the middle, and the clock is tokio's own, so that a minute
//! takes a second. Must not judge what comes out.

use std::io;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::time::Duration;

use first_boot_agent::config::ServiceName;
use first_boot_agent::markers::{MarkerState, Markers};
use tokio::task::{LocalSet, spawn_local};
use tokio::time::{Instant, sleep};

use crate::leader::{CHANGE, Cluster, HOSTS};
use crate::node::{self, BadConfig, Fate};
use crate::seed;

/// All nodes come within this time.
const ARRIVAL: Duration = Duration::from_millis(100);

/// Who joins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Joiner {
    /// The agent.
    Agent,
    /// The script it replaces.
    Seed,
}

/// What kind of storm.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Storm {
    /// How many nodes come.
    pub(crate) nodes: usize,
    /// Whether the leader gives each node a time of its own.
    pub(crate) admits: bool,
    /// Whether the leader is lost half way.
    pub(crate) loses_leader: bool,
    /// The order in which they come.
    pub(crate) order: u64,
}

/// What came of it.
#[derive(Debug, Default)]
pub(crate) struct Figures {
    /// Until the last node that joined had.
    pub(crate) whole: Duration,
    /// The longest from a node's start to its marker.
    pub(crate) worst_wait: Duration,
    /// All requests of all nodes.
    pub(crate) requests: u64,
    /// Nodes whose run ended otherwise than with the membership.
    pub(crate) gave_up: usize,
    /// Nodes that are not in the list as a voter exactly once.
    pub(crate) not_once: usize,
    /// Agents with a marker and no membership, or the other way round.
    pub(crate) wrong_markers: usize,
    /// Entries that the list should not have.
    pub(crate) surplus: usize,
}

/// Why there are no figures.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failed {
    #[error(transparent)]
    Config(#[from] BadConfig),
    #[error("the storm cannot run: {0}")]
    Machine(#[from] io::Error),
    #[error("a node ended in a panic: {0}")]
    Node(#[from] tokio::task::JoinError),
}

impl Storm {
    /// The changes one after the other, without a gap: nothing can be quicker.
    pub(crate) fn bound(&self) -> Duration {
        CHANGE * u32::try_from(self.nodes).unwrap_or(u32::MAX)
    }

    /// Lets it happen.
    pub(crate) fn run(self, joiner: Joiner) -> Result<Figures, Failed> {
        // In memory: the storm is not about the disk.
        let memory = Path::new("/dev/shm");
        let parent = if memory.is_dir() { memory.to_owned() } else { std::env::temp_dir() };
        let folder = tempfile::tempdir_in(parent)?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build()?;
        LocalSet::new().block_on(&runtime, self.happen(joiner, folder.path()))
    }

    async fn happen(self, joiner: Joiner, folder: &Path) -> Result<Figures, Failed> {
        let cluster = Cluster::new(self.admits);
        let began = Instant::now();
        let mut order = Order(self.order);
        let mut nodes = Vec::new();
        for number in 1..=self.nodes {
            let state = folder.join(node::id(number));
            std::fs::create_dir(&state)?;
            let (cluster, config) = (Rc::clone(&cluster), node::config(number)?);
            let starts = order.within(ARRIVAL);
            nodes.push(spawn_local(async move {
                sleep(starts).await;
                let started = Instant::now();
                let fate = match joiner {
                    Joiner::Agent => node::join(cluster, config, Markers::new(state)).await,
                    Joiner::Seed => seed::join(cluster, number).await,
                };
                (fate, started.elapsed(), began.elapsed())
            }));
        }
        if self.loses_leader {
            let cluster = Rc::clone(&cluster);
            let middle = self.bound() / 2;
            spawn_local(async move {
                sleep(middle).await;
                cluster.lose_leader().await;
            });
        }
        let mut figures = Figures::default();
        for (number, node) in (1..).zip(nodes) {
            let (fate, waited, ended) = node.await?;
            figures.take_in(fate, waited, ended);
            if joiner == Joiner::Agent {
                let marked = has_marker(folder.join(node::id(number)));
                figures.wrong_markers += usize::from(marked != fate.joined);
            }
        }
        // The last changes may still be in progress when their callers have given up.
        sleep(CHANGE).await;
        figures.not_once = (1..=self.nodes).filter(|number| cluster.voters(&node::id(*number)) != 1).count();
        figures.surplus = (cluster.size() + figures.not_once).saturating_sub(self.nodes + HOSTS.len());
        Ok(figures)
    }
}

fn has_marker(state: PathBuf) -> bool {
    matches!(Markers::new(state).read(ServiceName::CHAINFIRE), MarkerState::Present { .. })
}

impl Figures {
    fn take_in(&mut self, fate: Fate, waited: Duration, ended: Duration) {
        self.requests += fate.requests;
        self.worst_wait = self.worst_wait.max(waited);
        if fate.joined {
            self.whole = self.whole.max(ended);
        } else {
            self.gave_up += 1;
        }
    }
}

/// The same numbers for the same seed: splitmix64 (<https://prng.di.unimi.it/splitmix64.c>).
struct Order(u64);

impl Order {
    fn within(&mut self, most: Duration) -> Duration {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^= mixed >> 31;
        let part = u32::try_from(mixed >> 32).unwrap_or_default();
        most * part / u32::MAX
    }
}
