//! chainfire and flaredb: a small replicated key-value store with the admin API that the agent uses.
//!
//! From the wire inwards: `api` (admin and key-value routes), `member` (what a member knows), `health`
//! (whether it is well) and `changes` (what it can be asked to do), `admission` (who may wait for a turn), `steward` (what a leader does unasked), the Raft library,
//! `network` and `peer_routes` (both ends of the talk between members), `store` (the durable part).
//! `server` puts them together.

mod admission;
mod api;
mod changes;
mod health;
mod member;
mod network;
mod options;
mod peer_routes;
mod peers;
mod refusal;
mod roster;
mod server;
mod steward;
mod store;
mod types;

pub use admission::{Admission, Waiting};
pub use options::{InitialMember, RaftOptions};
pub use server::RaftServer;
pub use types::Service;
