//! Stand-ins for chainfire, flaredb and IAM, so that the agent can be tested against a cluster
//! that really elects, replicates and changes its members.
//!
//! chainfire and flaredb are one server ([`RaftServer`]) on the openraft library with a durable
//! store; IAM ([`IamServer`]) keeps its setup in flaredb. Both use TLS only, and both can be made
//! to misbehave ([`Faults`]), and so can a [`Relay`] before a real server. [`cluster_of`] starts a whole cluster inside a
//! test.
//!
//! Nothing here is meant to hold real data: it is built for tests only.

mod clock;
mod endless;
mod error;
mod faults;
mod iam;
mod identity;
mod interception;
mod listener;
mod piecemeal;
pub mod pki;
mod raft;
mod relay;
mod requests;
mod tokens;
mod trial;

pub use error::StandinError;
pub use faults::{Fault, Faults, Rule};
pub use iam::{IamOptions, IamServer};
pub use identity::Identity;
pub use raft::{Admission, InitialMember, RaftOptions, RaftServer, Service, Waiting};
pub use relay::Relay;
pub use requests::{ReceivedRequest, Requests};
pub use trial::{TrialCluster, cluster_of};
