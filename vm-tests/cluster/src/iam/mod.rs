//! IAM: a stateless server over flaredb that knows one thing, whether its setup was done.

mod flaredb;
mod server;

pub use server::{IamOptions, IamServer};
