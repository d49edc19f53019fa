//! `cargo bench --bench storm`: what becomes of 10, 100 and 1,000 nodes that want to join at once.
//!
//! Each runs the agent's real planning, retry and cluster-sequencing code through its ports, on tokio's paused clock,
//! against one model of a leader; beside it the baseline script against the same leader. Prints; keeps nothing.

mod leader;
mod node;
mod report;
mod seed;
mod trial;

use std::process::ExitCode;

fn main() -> ExitCode {
    match report::table() {
        Ok(table) => {
            println!("{table}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("no figures: {error}");
            ExitCode::FAILURE
        }
    }
}
